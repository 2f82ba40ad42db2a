/**
 * `edge.scale`: what size costs. Purchases with a million products and with a
 * million open holds, beside the same shop with 3,000 products; and how long
 * the shop needs, killed at work, until it takes requests again. The holds are
 * made by buying, so the store is what a real sale leaves behind.
 *
 * @module
 */
import { join } from "node:path";
import {
  type Benchmark,
  compare,
  type Result,
  type RunOptions,
} from "../benchmark.ts";
import {
  type Ground,
  prepareGround,
  skuOf,
  writeCatalog,
  writeConfig,
} from "./ground.ts";
import { runLanes, type Samples, stepsOf } from "./lanes.ts";
import { drive, planLoad, type PlannedLoad } from "./load.ts";
import { needPrograms } from "../programs.ts";
import { type Shop, type ShopOptions, startShop } from "./servers.ts";

const FEW_PRODUCTS = 3000;
const MANY_PRODUCTS = 1_000_000;
/** Asked for of the many, spread evenly; more would only lengthen the plan. */
const ASKED_PRODUCTS = 30_000;
/** The floor holds here as well as anywhere; see the claims of `edge`. */
const CONNECTIONS = 64;

/** Open holds, and within how many seconds the shop is back with them. */
const RECOVERIES = [
  { holds: 100_000, withinSeconds: 1 },
  { holds: 1_000_000, withinSeconds: 5 },
] as const;

const FEW = "3,000 products";
const MANY = "1 M products";
const HELD = "1 M open holds";
const EMPTY = "no holds";
/** Purchases at this size, beside the small shop's. */
const FLOOR = 0.8;

/** See the module. */
export const SCALE: Benchmark = {
  name: "edge.scale",
  summary: "what a million products or open holds cost, and recovery from them",
  run,
};

async function run(options: RunOptions): Promise<Result[]> {
  await needPrograms("wrk");
  const ground = await prepareGround(options.folder);
  options.plan(stepsOf(3, options) + RECOVERIES.length);
  try {
    return await measure(ground, options);
  } finally {
    await Deno.remove(ground.folder, { recursive: true });
  }
}

async function measure(
  ground: Ground,
  options: RunOptions,
): Promise<Result[]> {
  const configFile = await writeConfig(ground, "scale", {});
  const catalogFile = await writeCatalog(ground, FEW_PRODUCTS);
  const shop = (name: string): ShopOptions => ({
    name,
    catalogFile,
    configFile,
    dataFolder: join(ground.folder, name.replaceAll(/\W/g, "-")),
  });
  const few = await planPurchases(ground, FEW, FEW_PRODUCTS);
  const many = await planPurchases(ground, MANY, MANY_PRODUCTS);
  const victim = new Victim(ground, shop(HELD));
  const servers: { stop(): Promise<void> }[] = [victim];
  try {
    const results = await recoveries(victim, few, options);
    const small = await startShop(ground, shop(FEW));
    servers.push(small);
    const wide = await startShop(ground, {
      ...shop(MANY),
      catalogFile: await writeCatalog(ground, MANY_PRODUCTS),
    });
    servers.push(wide);
    const samples = await runLanes(
      [
        { name: FEW, server: small, load: few },
        { name: MANY, server: wide, load: many },
        { name: HELD, server: victim.running, load: few },
      ],
      CONNECTIONS,
      options,
    );
    return [...flatCost(samples), ...results];
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

function planPurchases(
  { folder, tokens }: Ground,
  name: string,
  products: number,
): Promise<PlannedLoad> {
  const asked = Math.min(products, ASKED_PRODUCTS);
  const apart = Math.floor(products / asked);
  const skus = Array.from({ length: asked }, (_, nth) => skuOf(nth * apart));
  const load = { name, tokens, skus, reads: false, repeats: [] };
  return planLoad({ ...load, expected: { 201: 1 } }, folder);
}

function flatCost(samples: Samples): Result[] {
  const ratesOf = (name: string) =>
    (samples.get(name) ?? []).map((sample) => sample.perSecond);
  const memoryOf = (name: string) =>
    (samples.get(name) ?? []).map((sample) => sample.memoryBytes / 2 ** 20);
  return [MANY, HELD].flatMap((name) => [
    compare({
      bench: SCALE.name,
      metric: `purchases with ${name}: rate at ${CONNECTIONS}`,
      unit: "/s",
      ours: ratesOf(name),
      peers: { [FEW]: ratesOf(FEW) },
      goals: [{ against: FEW, floor: FLOOR }],
    }),
    compare({
      bench: SCALE.name,
      metric: `memory with ${name}`,
      unit: "MB",
      lowerIsBetter: true,
      ours: memoryOf(name),
      peers: { [FEW]: memoryOf(FEW) },
    }),
  ]);
}

/** A shop that is filled, killed and started again. */
class Victim {
  readonly #ground: Ground;
  readonly #options: ShopOptions;
  #shop: Shop | null = null;
  #holds = 0;

  constructor(ground: Ground, options: ShopOptions) {
    this.#ground = ground;
    this.#options = options;
  }

  /** Kills it at work and starts it again; seconds to `ready` of each time. */
  async restart(times: number): Promise<number[]> {
    const seconds: number[] = [];
    while (seconds.length < times) {
      await this.#shop?.child.kill();
      this.#shop = null;
      this.#shop = await startShop(this.#ground, this.#options);
      seconds.push(this.#shop.readyAfterMs / 1000);
    }
    return seconds;
  }

  /** Buys until so many holds are open. */
  async fill(holds: number, load: PlannedLoad, options: RunOptions) {
    while (this.#holds < holds) {
      options.plan(1);
      const { statuses } = await drive(this.running, load, CONNECTIONS, 1);
      this.#holds += statuses["201"] ?? 0;
      options.step(`${this.#holds} open holds`);
    }
  }

  get running(): Shop {
    if (this.#shop === null) throw new TypeError("The shop was not started");
    return this.#shop;
  }

  async stop(): Promise<void> {
    await this.#shop?.stop();
  }
}

/** Kills the shop at each size, and leaves it recovered from the largest. */
async function recoveries(
  victim: Victim,
  load: PlannedLoad,
  options: RunOptions,
): Promise<Result[]> {
  const results: Result[] = [];
  await victim.restart(1);
  const empty = await victim.restart(options.rounds);
  for (const { holds, withinSeconds } of RECOVERIES) {
    await victim.fill(holds, load, options);
    const seconds = await victim.restart(options.rounds);
    options.step(`restarted with ${holds} open holds`);
    results.push(compare({
      bench: SCALE.name,
      metric: `killed with ${holds.toLocaleString("en")} holds: ready in`,
      unit: "s",
      lowerIsBetter: true,
      ours: seconds,
      peers: { [EMPTY]: empty },
      goals: [{ against: null, floor: withinSeconds }],
    }));
  }
  return results;
}
