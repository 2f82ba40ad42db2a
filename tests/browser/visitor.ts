/**
 * A person in front of a real browser: Debian's Chromium, driven by
 * playwright-core. It notes whatever goes wrong behind the page's back: errors
 * in the console (a broken content security policy is one), exceptions,
 * requests to another host.
 *
 * @module
 */
import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  Page,
} from "playwright-core";
import { granted } from "../permission.ts";
import { isThere } from "../runner/services.ts";
import look from "./look.js" with { type: "text" };

const CHROMIUM = "/usr/bin/chromium";

/** True where no browser can be started: such tests are ignored. */
export const LACKS_BROWSER =
  !granted("read", "write", "net", "run", "env", "sys") || !isThere(CHROMIUM);

/** Chromium talks to nobody by itself, and runs as root in a container. */
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** An event that a test waits for: 15 times what a loaded machine needs. */
const PATIENCE_MS = 15_000;

/** More tabs than any of our pages has places to stop at. */
const MAX_TABS = 80;

/** Starts a browser; ends with the test. */
export async function openBrowser(): Promise<Browser> {
  // Loading it needs permissions, which a plain `deno test` has not.
  const { chromium } = await import("playwright-core");
  return await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}

/** One person with a browser profile of his own, on one shop. */
export class Visitor implements AsyncDisposable {
  /** What went wrong so far, one sentence each. */
  readonly complaints: string[] = [];
  /** The tab he looks at. */
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly #shop: string;

  private constructor(context: BrowserContext, page: Page, shop: string) {
    this.#context = context;
    this.page = page;
    this.#shop = shop;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on("console", (line) => {
      if (line.type() === "error") this.complaints.push(line.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("request", (request) => {
      const isOurs = request.url().startsWith(`${shop}/`);
      if (!isOurs) this.complaints.push(`asked ${request.url()}`);
    });
  }

  /** Opens a tab; `options` are those of the browser, such as its size. */
  static async arrive(
    browser: Browser,
    shop: string,
    options: BrowserContextOptions = {},
  ): Promise<Visitor> {
    const context = await browser.newContext(options);
    return new Visitor(context, await context.newPage(), shop);
  }

  /** Goes to a path of the shop. */
  async visit(path: string): Promise<void> {
    await this.page.goto(`${this.#shop}${path}`);
  }

  /** The path he is at. */
  get path(): string {
    const { pathname, search } = new URL(this.page.url());
    return pathname + search;
  }

  /** Presses the button, or follows the link, of that name. */
  async press(name: string): Promise<void> {
    const main = this.page.getByRole("main");
    const button = main.getByRole("button", { name, exact: true });
    const link = main.getByRole("link", { name, exact: true });
    await button.or(link).first().click();
  }

  /** Fills the form that asks for a name and a password, and sends it. */
  async register(username: string): Promise<void> {
    await this.page.getByLabel("Username").fill(username);
    await this.page.getByLabel("Password").fill("correct horse");
    await this.press("Register");
  }

  /** Waits until the page says so. */
  async read(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor();
  }

  /**
   * Presses the tab key until the focus is on what has that name. Throws when
   * it never is, or when somewhere on the way the focus cannot be seen.
   */
  async tabTo(name: RegExp): Promise<void> {
    for (let tabs = 0; tabs < MAX_TABS; tabs++) {
      await this.page.keyboard.press("Tab");
      const place = await this.page.evaluate<Focus>(FOCUS);
      if (!place.isSeen) throw new Error(`No focus is seen on ${place.name}`);
      if (name.test(place.name)) return;
    }
    throw new Error(`The tab key never comes to ${name} on ${this.path}`);
  }

  /** What a person would stumble over on this page; see look.js. */
  async stumblingBlocks(): Promise<readonly string[]> {
    const found = await this.page.evaluate<string[]>(look);
    return found.map((each) => `${this.path}: ${each}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}

interface Focus {
  readonly name: string;
  readonly isSeen: boolean;
}

/** What has the focus, by its label or its text, and whether one can tell. */
const FOCUS = `(() => {
  const place = document.activeElement;
  const name = place.labels?.[0]?.textContent ?? place.textContent;
  const around = place.closest(".search") ?? place;
  const isSeen = [place, around].some((each) =>
    getComputedStyle(each).outlineStyle !== "none");
  return { name: name.trim(), isSeen };
})()`;
