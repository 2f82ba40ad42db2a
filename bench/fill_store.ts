/**
 * Makes a store of any size in seconds instead of hours: products, and orders
 * that hold stock and wait for their payment. Nothing is made up: the shop's
 * own domains with their own behaviors run in this thread, as buyers they are
 * asked by the thousand, and the journals are the shop's. What is left out is
 * HTTP, threads and links.
 *
 * `deno run -A bench/fill_store.ts --data DIR [--products N] [--holds N]`
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a process entry talks to its terminal
import { parseArgs } from "node:util";
import { Domain } from "../actors/runtime/domain.ts";
import type { Message } from "../actors/runtime/actor.ts";
import type { Outcome } from "../actors/runtime/outcome.ts";
import type { Log } from "../actors/runtime/ports.ts";
import { behaviors, kindOf } from "../actors/registry.ts";
import { type Config, ConfigError, readConfig } from "../cluster/config.ts";
import { CatalogStore } from "../cluster/journal/catalog_store.ts";
import { openDataFolder } from "../cluster/journal/data_folder.ts";
import { StoreError } from "../cluster/journal/database.ts";
import { FolderSnapshots } from "../cluster/journal/folder_snapshots.ts";
import { writeSnapshots } from "../cluster/journal/snapshots.ts";
import { SqliteJournal } from "../cluster/journal/sqlite_journal.ts";
import { planShop, type ShopPlan, Topology } from "../cluster/topology.ts";
import { hostClock } from "../cluster/worker/host_clock.ts";
import { skuOf } from "./edge/ground.ts";

const HELP = `Usage: deno run -A bench/fill_store.ts --data DIR [options]

--data DIR       the data folder to make; must not be a store yet
--products N     products in the catalog, 3000 unless told
--holds N        orders that wait for payment for 7 days, 0 unless told
--at-once N      buyers in one commit, 64 unless told: like a busy shop
--config FILE    what SHOP_CONFIG will say when the store is served
--snapshots      also writes the snapshots that a shop would have by then
--help           this text`;

/** More than a fill can sell, within what a catalog may say. */
const PLENTY = 1_000_000_000;
/** The longest that a config can say. */
const HOLD_FOR = "7d";
/** As many as in an opening message of the shop. */
const OPENING_SKUS = 1_000;
/** Nobody is waited for but the disk. */
const WITHIN_MS = 600_000;
/** A batch of all buyers fits; the same as in a worker. */
const MAILBOX_MESSAGES = 16_384;
const SEED = 1;

const quiet: Log = { write: () => {} };

/** A wrong option; the message is one line. */
class UsageError extends Error {}

/** What to make. */
interface Fill {
  readonly folder: string;
  readonly products: number;
  readonly holds: number;
  readonly atOnce: number;
  readonly configFile: string;
  readonly snapshots: boolean;
}

/** The shop's commit domains, one after another in this thread. */
class OneThreadShop {
  readonly topology: Topology;
  readonly #domains = new Map<string, Domain>();
  readonly #awake = new Set<Domain>();
  readonly #journals: SqliteJournal[] = [];

  constructor(readonly plan: ShopPlan, folder: string) {
    this.topology = new Topology(plan);
    for (const { name, role } of plan.domains) {
      if (role !== "cache") this.#add(name, folder);
    }
  }

  /** Asks an actor; it is heard when the shop runs. */
  ask(
    to: string,
    message: Message,
    done: (outcome: Outcome<unknown>) => void,
  ): void {
    this.#domainOf(to)!.ask(to, message, WITHIN_MS, done);
  }

  /** Runs until nobody has anything to do, nor waits for the disk. */
  async run(): Promise<void> {
    for (;;) {
      for (const domain of this.#awake) {
        this.#awake.delete(domain);
        // 0: it has more to do.
        if (domain.run() === 0) this.#awake.add(domain);
      }
      const domains = [...this.#domains.values()];
      if (domains.every((domain) => domain.isIdle)) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Commits what is left and closes the journals. */
  async stop(): Promise<void> {
    for (const domain of this.#domains.values()) domain.stop();
    await this.run();
    for (const journal of this.#journals) journal.close();
  }

  #domainOf(address: string): Domain | undefined {
    return this.#domains.get(this.topology.locate(address) ?? address);
  }

  #add(name: string, folder: string): void {
    const actors = this.plan.actors.filter(({ domain }) => domain === name);
    const isJournaled = actors.some(({ journaled }) => journaled);
    const parts = { folder, domain: name, clock: hostClock, log: quiet };
    const journal = isJournaled ? new SqliteJournal(parts) : null;
    if (journal !== null) this.#journals.push(journal);
    const domain = new Domain({
      name,
      incarnation: 1,
      seed: SEED,
      clock: hostClock,
      log: quiet,
      journal,
      // Cache nodes are not here; what is published to them is lost.
      transmit: (envelope) => {
        const other = this.#domainOf(envelope.to);
        other?.deliver(envelope);
        return other === undefined ? "gone" : "queued";
      },
      wake: () => void this.#awake.add(domain),
      died: (reason) => {
        throw new Error(`The journal refused its only writer: ${reason}`);
      },
    });
    this.#domains.set(name, domain);
    for (const { address, args, journaled, supervision } of actors) {
      domain.add({
        address,
        behavior: behaviors[kindOf(address)],
        args,
        journaled,
        restart: supervision,
        mailboxCapacity: MAILBOX_MESSAGES,
      });
    }
    domain.start(() => {});
  }
}

/** Makes the store. Throws `UsageError` when there is one already. */
async function fill(options: Fill): Promise<void> {
  const { folder: path, products } = options;
  const served = configOf(options, {});
  const held = configOf(options, { holdFor: HOLD_FOR });
  const { partitions, stockRanges } = served.topology;
  const folder = await openDataFolder(path, {
    partitions: { ...partitions },
    stockRanges,
    clock: hostClock,
    newStoreId: () => crypto.randomUUID(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    waitMs: 0,
  });
  try {
    const catalog = new CatalogStore(path);
    if (!catalog.isEmpty) {
      throw new UsageError(`--data: expected no store yet, found "${path}"`);
    }
    const shop = new OneThreadShop(planShop(held, partitions), path);
    try {
      catalog.importProducts(productsOf(products));
      await openStock(shop, catalog);
      await placeOrders(shop, options);
    } finally {
      await shop.stop();
      catalog.close();
    }
    if (options.snapshots) await snapshot(path, planShop(served, partitions));
  } finally {
    folder.close();
  }
}

function configOf({ configFile }: Fill, orders: object): Config {
  return readConfig({ SHOP_CONFIG: "config" }, () => {
    const file = configFile === ""
      ? {}
      : JSON.parse(Deno.readTextFileSync(configFile));
    return JSON.stringify({ ...file, orders: { ...file.orders, ...orders } });
  });
}

function* productsOf(count: number) {
  for (let product = 0; product < count; product++) {
    const sku = skuOf(product);
    const name = `Product ${sku}`;
    yield { sku, name, priceCents: 1299, currency: "GBP", units: PLENTY };
  }
}

async function openStock(
  shop: OneThreadShop,
  catalog: CatalogStore,
): Promise<void> {
  for (const chunk of catalog.openingStock(OPENING_SKUS * 16)) {
    const byShard = Map.groupBy(
      chunk,
      ({ sku }) => shop.topology.inventoryOf(sku),
    );
    for (const [shard, items] of byShard) {
      shop.ask(shard, { kind: "open_stock", items } as Message, requireOk);
    }
    await shop.run();
  }
  catalog.markOpened();
}

/** One line each, spread over all products; each buyer buys once. */
async function placeOrders(
  shop: OneThreadShop,
  options: Fill,
): Promise<void> {
  const { holds, products, atOnce } = options;
  const startedMs = performance.now();
  let placed = 0;
  for (let order = 0; order < holds; order++) {
    const userId = `user-${order}`;
    const line = { sku: skuOf(order % products), quantity: 1 };
    const message = { kind: "place_order", userId, key: "1", lines: [line] };
    shop.ask(shop.topology.storefrontOf(userId), message, (outcome) => {
      requireOk(outcome);
      placed++;
    });
    if (order % atOnce === atOnce - 1) {
      await shop.run();
      showProgress(order + 1, holds, performance.now() - startedMs);
    }
  }
  await shop.run();
  if (placed !== holds) throw new Error(`${placed} orders of ${holds} placed`);
}

function requireOk(outcome: Outcome<unknown>): void {
  if (outcome.kind === "ok") return;
  throw new Error(`The shop says no: ${JSON.stringify(outcome)}`);
}

async function snapshot(folder: string, plan: ShopPlan): Promise<void> {
  const manifest = new URL("../deno.json", import.meta.url);
  const { version } = JSON.parse(Deno.readTextFileSync(manifest));
  const partitions = plan.actors.filter(({ journaled }) => journaled)
    .map(({ address, args }) => ({ partition: address, args }));
  const request = { release: version, partitions };
  const behaviorOf = (partition: string) => behaviors[kindOf(partition)];
  const keeper = new FolderSnapshots(folder, quiet);
  const report = await writeSnapshots(request, behaviorOf, keeper);
  keeper.close();
  console.log(JSON.stringify(report));
}

/** One line that a terminal overwrites; a pipe sees nothing of it. */
function showProgress(done: number, all: number, elapsedMs: number): void {
  if (!Deno.stderr.isTerminal() || done % 4_096 !== 0) return;
  const perSecond = done / elapsedMs * 1_000;
  const left = ((all - done) / perSecond).toFixed(0);
  const line = `${done} of ${all}, ${perSecond.toFixed(0)}/s, ${left} s left`;
  Deno.stderr.writeSync(new TextEncoder().encode(`\r\x1b[K${line}`));
}

/** Null when help was asked for. */
function readOptions(): Fill | null {
  const { values } = parseArgs({
    options: {
      data: { type: "string", default: "" },
      products: { type: "string", default: "3000" },
      holds: { type: "string", default: "0" },
      "at-once": { type: "string", default: "64" },
      config: { type: "string", default: "" },
      snapshots: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  if (values.data === "") {
    throw new UsageError("Expected --data DIR, found nothing (see --help)");
  }
  return {
    folder: values.data,
    products: count("products", values.products, 1),
    holds: count("holds", values.holds, 0),
    atOnce: count("at-once", values["at-once"], 1),
    configFile: values.config,
    snapshots: values.snapshots,
  };
}

function count(name: string, text: string, least: number): number {
  if (/^\d{1,8}$/.test(text) && Number(text) >= least) return Number(text);
  const found = JSON.stringify(text);
  throw new UsageError(
    `--${name}: expected an integer from ${least} to 99999999, found ${found}`,
  );
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === null) return console.log(HELP);
  const startedMs = performance.now();
  await fill(options);
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  const { products, holds, folder } = options;
  console.log(
    `${products} products, ${holds} holds in ${folder}: ${seconds} s`,
  );
}

try {
  await main();
} catch (error) {
  const isTheirs = error instanceof UsageError || error instanceof StoreError ||
    error instanceof ConfigError ||
    // parseArgs names the wrong option.
    (error instanceof TypeError && "code" in error);
  if (!isTheirs) throw error;
  console.error(error.message);
  Deno.exit(2);
}
