/**
 * What a test of the running shop stands on: a folder that goes away with the
 * test, a catalog made for it, and shops started on that folder one after
 * another, with whatever configuration.
 *
 * @module
 */
import { granted } from "../permission.ts";
import { ShopClient } from "./shop_client.ts";
import { ShopProcess, type ShopSettings } from "./shop_process.ts";

/** A product of a test's catalog. */
export interface Product {
  readonly sku: string;
  readonly units: number;
}

/** True when processes cannot be started: such tests are ignored. */
export const LACKS_PROCESSES = !granted("read", "write", "net", "run", "env");

/** A folder with a catalog. */
export class Stage implements Disposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "doorbuster-" });
  readonly #settings: ShopSettings;
  #configs = 0;

  /** Writes the catalog that the first shop will read. */
  constructor(products: readonly Product[]) {
    const catalog = `${this.folder}/catalog.json`;
    Deno.writeTextFileSync(
      catalog,
      JSON.stringify(products.map((product, index) => ({
        ...product,
        name: `Product ${product.sku}`,
        priceCents: 100 + index,
        currency: "GBP",
      }))),
    );
    this.#settings = {
      catalog,
      dataFolder: `${this.folder}/data`,
      sessionSecret: `secret of ${crypto.randomUUID()}`,
      adminToken: `admin of ${crypto.randomUUID()}`,
    };
  }

  /** What must never be written into a log. */
  get secrets(): readonly string[] {
    const { sessionSecret, adminToken } = this.#settings;
    return [sessionSecret, adminToken];
  }

  /** Where the shop keeps its journals. */
  get dataFolder(): string {
    return this.#settings.dataFolder;
  }

  /** Starts a shop on the folder; `config` is what SHOP_CONFIG says. */
  start(
    config: unknown = {},
    more: Pick<ShopSettings, "throughTask"> = {},
  ): ShopProcess {
    const path = `${this.folder}/config-${this.#configs++}.json`;
    Deno.writeTextFileSync(path, JSON.stringify(config));
    return new ShopProcess({ ...this.#settings, ...more, config: path });
  }

  /** A client of a shop, once it is ready. */
  async connect(shop: ShopProcess): Promise<ShopClient> {
    const { sessionSecret, adminToken } = this.#settings;
    return new ShopClient(await shop.url, sessionSecret, adminToken);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** `count` products, `units` of each: `name-0`, `name-1` … */
export function products(
  name: string,
  count: number,
  units: number,
): Product[] {
  return Array.from({ length: count }, (_, index) => ({
    sku: `${name}-${index}`,
    units,
  }));
}

/** Tries are this far apart: a tenth of what a person notices. */
const TRY_EVERY_MS = 20;

/**
 * Asks again and again until the answer is not null; throws `what` was awaited
 * when that takes longer than `limitMs`.
 */
export async function eventually<Value>(
  what: string,
  limitMs: number,
  ask: () => Promise<Value | null>,
): Promise<Value> {
  const untilMs = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > untilMs) {
      throw new Error(`Waited ${limitMs} ms for ${what}`);
    }
    await pause(TRY_EVERY_MS);
  }
}

/** What a client lets pass before it asks again. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
