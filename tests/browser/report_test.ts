/** The report of a run, opened as a file in a real browser. */
import assert from "node:assert/strict";
import type { BrowserContextOptions } from "playwright-core";
import { comparisonHtml } from "../../sim/policies/page.ts";
import { reportHtml } from "../../sim/report.ts";
import type { RunResult } from "../../sim/run_result.ts";
import { madeUpComparison } from "../sim/made_up_comparison.ts";
import { madeUpRun } from "../sim/made_up_run.ts";
import { LACKS_BROWSER, openBrowser, Visitor } from "./visitor.ts";

const DESK = { viewport: { width: 1280, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 } };

const LOOKS: readonly (readonly [string, BrowserContextOptions])[] = [
  ["a desk, by day", { ...DESK, colorScheme: "light" }],
  ["a desk, by night", { ...DESK, colorScheme: "dark" }],
  ["a phone, by day", { ...PHONE, colorScheme: "light" }],
  ["a phone, by night", { ...PHONE, colorScheme: "dark" }],
];

/** 40 seeds, of which one went wrong in all ways. */
function seeds(): readonly RunResult[] {
  const replay = (seed: number) => `deno task simulate flash --seed ${seed}`;
  const runs = Array.from(
    { length: 40 },
    (_, index) => madeUpRun({ seed: index + 1, replay: replay(index + 1) }),
  );
  const violation = {
    check: "stock.conserved",
    atUs: 24_310_000,
    key: "cake-tins",
    detail: "1,000 units at first, but together 1,001.",
  };
  runs[11] = madeUpRun({
    seed: 12,
    verdict: "invariant",
    replay: replay(12),
    checks: [
      {
        id: "stock.conserved",
        ok: false,
        checked: 9,
        firstViolation: violation,
      },
      { id: "sometimes.breaker_opened", ok: false, checked: 0 },
    ],
    thresholds: [
      { metric: "latency.pay_order", bound: "< 50ms", value: 70.7, ok: false },
    ],
  });
  return runs;
}

/** A folder with a report in it; gone when the test ends. */
class Desk implements Disposable {
  readonly #folder = Deno.makeTempDirSync();

  constructor(page: string) {
    Deno.writeTextFileSync(`${this.#folder}/report.html`, page);
  }

  get url(): string {
    return `file://${this.#folder}`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

for (const [name, options] of LOOKS) {
  Deno.test({
    name: `A report can be read on ${name}, and asks nobody for anything`,
    ignore: LACKS_BROWSER,
    async fn() {
      using desk = new Desk(reportHtml(seeds()));
      await using browser = await openBrowser();
      await using visitor = await Visitor.arrive(browser, desk.url, options);
      const asked: string[] = [];
      visitor.page.on("request", (request) => asked.push(request.url()));

      await visitor.visit("/report.html");
      await visitor.page.getByRole("heading", { name: "Violated", level: 1 })
        .waitFor();
      await visitor.read("deno task simulate flash --seed 12");
      for (const twin of await visitor.page.locator("summary").all()) {
        await twin.click();
      }
      assert.deepEqual(await visitor.stumblingBlocks(), []);
      assert.deepEqual(visitor.complaints, []);
      assert.deepEqual(
        asked.filter((url) => !url.startsWith("data:")),
        [`${desk.url}/report.html`],
      );
    },
  });
}

for (const [name, options] of LOOKS) {
  Deno.test({
    name: `The policies compared can be read on ${name}, and ask nobody`,
    ignore: LACKS_BROWSER,
    async fn() {
      using desk = new Desk(comparisonHtml(madeUpComparison()));
      await using browser = await openBrowser();
      await using visitor = await Visitor.arrive(browser, desk.url, options);
      const asked: string[] = [];
      visitor.page.on("request", (request) => asked.push(request.url()));

      await visitor.visit("/report.html");
      await visitor.read("deno task policies");
      assert.deepEqual(await visitor.stumblingBlocks(), []);
      assert.deepEqual(visitor.complaints, []);
      assert.deepEqual(
        asked.filter((url) => !url.startsWith("data:")),
        [`${desk.url}/report.html`],
      );
    },
  });
}

Deno.test({
  name: "A report follows the reader's day and night, and is printed as by day",
  ignore: LACKS_BROWSER,
  async fn() {
    using desk = new Desk(reportHtml([madeUpRun()]));
    await using browser = await openBrowser();
    await using visitor = await Visitor.arrive(browser, desk.url, DESK);
    const { page } = visitor;
    await visitor.visit("/report.html");
    const paper = () =>
      page.evaluate<string>("getComputedStyle(document.body).backgroundColor");

    await page.emulateMedia({ colorScheme: "light" });
    const day = await page.screenshot();
    assert.equal(await paper(), "rgb(251, 246, 238)");
    await page.emulateMedia({ colorScheme: "dark" });
    const night = await page.screenshot();
    assert.equal(await paper(), "rgb(20, 17, 15)");
    assert.notDeepEqual(day, night);
    await page.emulateMedia({ colorScheme: "dark", media: "print" });
    assert.equal(await paper(), "rgb(255, 255, 255)");
  },
});

Deno.test({
  name: "Pointing at a moment of the load shows its numbers",
  ignore: LACKS_BROWSER,
  async fn() {
    using desk = new Desk(reportHtml([madeUpRun()]));
    await using browser = await openBrowser();
    await using visitor = await Visitor.arrive(browser, desk.url, DESK);
    await visitor.visit("/report.html");

    const [chart] = await visitor.page.locator(".chart").all();
    await chart?.hover();
    const shown = await visitor.page.locator(".columns text")
      .filter({ visible: true }).allTextContents();
    assert.equal(shown.length, 1);
    assert.match(shown[0] ?? "", /^30 s\d[\d,]* offered · .* ok · .* rejected/);
  },
});

Deno.test({
  name: "The tab key leads through a report: the failed seed, its command, " +
    "the tables",
  ignore: LACKS_BROWSER,
  async fn() {
    using desk = new Desk(reportHtml(seeds()));
    await using browser = await openBrowser();
    await using visitor = await Visitor.arrive(browser, desk.url, DESK);
    const { page } = visitor;
    await visitor.visit("/report.html");

    await visitor.tabTo(/^Skip to content$/);
    await visitor.tabTo(/^deno task simulate flash --seed 12$/);
    await visitor.tabTo(/^Seed 12: Violated$/);
    await page.keyboard.press("Enter");
    assert.match(page.url(), /#scenario-1-seed-0$/);
    await visitor.tabTo(/^deno task simulate flash --seed 12$/);
    await visitor.tabTo(/^The seeds$/);
    await page.keyboard.press("Enter");
    await visitor.tabTo(/^Seedverdicttrace/);
    await page.getByRole("cell", { name: "Violated" }).waitFor();
    assert.deepEqual(visitor.complaints, []);
  },
});
