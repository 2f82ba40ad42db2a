/**
 * What a run is measured by: calls by how they ended, latencies, stock and
 * cache, as totals under the names of `metric_names.ts`, by phase, and as
 * series over time. A call that is tried again counts once, from its first try
 * to its last answer.
 *
 * @module
 */
import type { CachedProduct } from "../actors/cache_node.ts";
import type { Outcome } from "../actors/runtime/outcome.ts";
import { CallTable } from "./call_table.ts";
import type { Observation } from "./observation.ts";
import type { LatencySummary, Series } from "./run_result.ts";
import type { StockFold } from "./checkers/stock_fold.ts";
import {
  type Bucket,
  newBucket,
  newTally,
  type StockLedger,
  type Tally,
} from "./tallies.ts";

/** A call from its first try on. */
interface Operation {
  /** Its first try. */
  readonly call: number;
  readonly step: string;
  readonly startedUs: number;
  /** Where it counts: its phase and, after the warm-up, all of them. */
  readonly tallies: readonly Tally[];
  /** How its last try ended, and when; null while one is under way. */
  outcome: Outcome<unknown> | null;
  endedUs: number;
}

/** What is looked at, not heard of. */
export interface Look {
  readonly depths: Readonly<Record<string, number>>;
}

/** Points of a chart: more than it can show. */
const BUCKETS = 240;
/** A phase of its own: everything after the warm-up. */
const ALL = "";

/** See the module's text. */
export class Measurements {
  readonly #startUs: number;
  readonly #warmupUs: number;
  readonly #bucketUs: number;
  readonly #flash: ReadonlySet<string>;
  readonly #hot: readonly string[];
  /** `phase step` → its tally; the step is empty for all of them. */
  readonly #tallies = new Map<string, Tally>();
  /** `phase` → step → the tallies that count it, with and without warm-up. */
  readonly #counting = new Map<string, Map<string, readonly Tally[]>>();
  readonly #countingWarm = new Map<string, Map<string, readonly Tally[]>>();
  /** By the try that is under way. */
  readonly #calls = new CallTable<Operation>();
  /** By the first try: retryable ends, until the client tries again. */
  readonly #open = new Map<number, Operation>();
  readonly #buckets: Bucket[] = [];
  readonly #stock: StockFold;
  readonly #counts = new Map<string, number>();
  readonly #deepest = new Map<string, number>();

  /**
   * @param options `startUs`: when clients begin to come. `flash`: SKUs of the
   * flash sale. `hot`: SKUs whose stock the report shows. `stock`: as the
   * checkers fold it, up to the observation that is taken next.
   */
  constructor(options: {
    readonly startUs: number;
    readonly warmupUs: number;
    readonly durationUs: number;
    readonly flash: ReadonlySet<string>;
    readonly hot: readonly string[];
    readonly stock: StockFold;
  }) {
    this.#stock = options.stock;
    this.#startUs = options.startUs;
    this.#warmupUs = options.warmupUs;
    this.#bucketUs = Math.max(1_000, Math.ceil(options.durationUs / BUCKETS));
    this.#flash = options.flash;
    this.#hot = options.hot;
  }

  /** How long a bucket is. */
  get bucketUs(): number {
    return this.#bucketUs;
  }

  /** Takes what happened. */
  observe(observation: Observation): void {
    switch (observation.kind) {
      case "called":
        return this.#called(observation);
      case "returned":
        return this.#returned(observation);
      case "decided": {
        const { actor } = observation;
        const { handled } = this.#bucketAt(observation.atUs);
        handled.set(actor, (handled.get(actor) ?? 0) + 1);
        return;
      }
      case "recorded":
        return this.#recorded(observation);
      case "worker_started":
        if (observation.incarnation > 1) this.#add("restarts");
        return;
      default:
        return;
    }
  }

  /** Takes what is only seen by looking, once a bucket. */
  look(atUs: number, { depths }: Look): void {
    const bucket = this.#bucketAt(atUs);
    bucket.depths = { ...depths };
    for (const sku of this.#hot) {
      bucket.stock[sku] = this.#ledgerOf(sku);
    }
    for (const [kind, depth] of Object.entries(depths)) {
      const deepest = Math.max(depth, this.#deepest.get(kind) ?? 0);
      this.#deepest.set(kind, deepest);
      this.#deepest.set(ALL, Math.max(depth, this.#deepest.get(ALL) ?? 0));
    }
  }

  /** The run is over: what was not tried again has failed. */
  end(): void {
    for (const operation of this.#open.values()) {
      this.#finish(operation, operation.endedUs, operation.outcome!);
    }
    this.#open.clear();
  }

  /** The value of a metric; 0 for what never happened. */
  value(metric: string, quantile: number | null, phase: string | null): number {
    const [name, step = ""] = split(metric);
    const tally = this.#tallies.get(`${phase ?? ALL} ${step}`);
    if (name === "latency") {
      const percent = (quantile ?? 0.5) * 100;
      return (tally?.latency.percentileUs(percent) ?? 0) / 1_000;
    }
    if (tally !== undefined && name in tally) {
      return tally[name as "ok"];
    }
    if (metric === "depth" || name === "depth") {
      return this.#deepest.get(step) ?? 0;
    }
    return this.#counts.get(metric) ?? this.#ofStock(metric);
  }

  /** All numbers that are not 0, by name. */
  metrics(): Record<string, number> {
    const all: Record<string, number> = {};
    for (const [name, tally] of this.#tallies) {
      const [phase, step] = name.split(" ");
      if (phase !== ALL) continue;
      const suffix = step === "" ? "" : `.${step}`;
      for (
        const key of [
          "offered",
          "attempts",
          "ok",
          "rejected",
          "failed",
          "limited",
        ] as const
      ) {
        all[`${key}${suffix}`] = tally[key];
      }
    }
    for (const [name, count] of this.#counts) all[name] = count;
    for (const name of ["flash.stock", "flash.sold", "flash.taken"]) {
      all[name] = this.#ofStock(name);
    }
    return all;
  }

  /** A row for each step. */
  latencies(): LatencySummary[] {
    return [...this.#tallies].filter(([name, { latency }]) =>
      name.startsWith(`${ALL} `) && name.length > 1 && latency.count > 0
    ).map(([name, { latency }]) => ({
      step: name.slice(1),
      count: latency.count,
      meanMs: latency.meanUs / 1_000,
      p50Ms: latency.percentileUs(50) / 1_000,
      p90Ms: latency.percentileUs(90) / 1_000,
      p99Ms: latency.percentileUs(99) / 1_000,
      p999Ms: latency.percentileUs(99.9) / 1_000,
      maxMs: latency.maxUs / 1_000,
    }));
  }

  /** Everything over time. */
  series(): Series {
    const buckets = this.#buckets;
    // Nobody looked after the last arrival: what was stays.
    buckets.forEach((bucket, index) => {
      bucket.stock = { ...buckets[index - 1]?.stock, ...bucket.stock };
    });
    const of = (pick: (bucket: Bucket) => number) => buckets.map(pick);
    const kinds = new Set(buckets.flatMap(({ depths }) => Object.keys(depths)));
    const shards = new Set(
      buckets.flatMap(({ handled }) => [...handled.keys()]),
    );
    return {
      bucketMs: this.#bucketUs / 1_000,
      offered: of(({ offered }) => offered),
      ok: of(({ ok }) => ok),
      rejected: of(({ rejected }) => rejected),
      failed: of(({ failed }) => failed),
      p50Ms: of(({ latency }) => latency.percentileUs(50) / 1_000),
      p99Ms: of(({ latency }) => latency.percentileUs(99) / 1_000),
      depths: Object.fromEntries(
        [...kinds].map((kind) => [kind, of(({ depths }) => depths[kind] ?? 0)]),
      ),
      handled: Object.fromEntries(
        [...shards].filter((shard) => shard.startsWith("inventory")).sort()
          .map((
            shard,
          ) => [shard, of(({ handled }) => handled.get(shard) ?? 0)]),
      ),
      stock: Object.fromEntries(
        this.#hot.map((sku) => [sku, {
          available: of(({ stock }) => stock[sku]?.available ?? 0),
          held: of(({ stock }) => stock[sku]?.held ?? 0),
          sold: of(({ stock }) => stock[sku]?.sold ?? 0),
        }]),
      ),
      cacheHits: of(({ hits }) => hits),
      cacheMisses: of(({ misses }) => misses),
      limited: of(({ limited }) => limited),
    };
  }

  #called(
    { call, first, atUs, step, input }: Extract<
      Observation,
      { kind: "called" }
    >,
  ): void {
    const tallies = this.#talliesOf(String(input.phase), step, atUs);
    for (const tally of tallies) {
      tally.attempts++;
      if (first === undefined) tally.offered++;
    }
    if (first !== undefined) {
      const operation = this.#open.get(first);
      if (operation === undefined) return;
      this.#open.delete(first);
      this.#calls.set(call, operation);
      return;
    }
    this.#calls.set(call, {
      call,
      step,
      startedUs: atUs,
      tallies,
      outcome: null,
      endedUs: 0,
    });
    this.#bucketAt(atUs).offered++;
  }

  #returned(
    { call, atUs, outcome }: Extract<Observation, { kind: "returned" }>,
  ): void {
    const operation = this.#calls.take(call);
    if (operation === undefined) return;
    const isLimited = outcome.kind === "rejected" &&
      outcome.code === "rate-limited";
    if (isLimited) {
      this.#bucketAt(atUs).limited++;
      for (const tally of operation.tallies) tally.limited++;
    }
    this.#countReads(operation.step, outcome, atUs);
    const isFinal = outcome.kind === "ok" ||
      (outcome.kind === "rejected" && !isLimited);
    if (isFinal) return this.#finish(operation, atUs, outcome);
    operation.outcome = outcome;
    operation.endedUs = atUs;
    this.#open.set(operation.call, operation);
  }

  #countReads(step: string, outcome: Outcome<unknown>, atUs: number): void {
    if (step !== "read_product" || outcome.kind !== "ok") return;
    const { status } = outcome.value as CachedProduct;
    const isHit = status === "hit" || status === "near" ||
      status === "revalidating" || status === "stale";
    if (status === "near") this.#add("cache.near");
    if (status === "miss" || status === "expired") this.#add("cache.fills");
    const bucket = this.#bucketAt(atUs);
    this.#add("cache.reads");
    if (isHit) {
      this.#add("cache.hits");
      bucket.hits++;
    } else {
      this.#add("cache.loads");
      bucket.misses++;
    }
  }

  #finish(
    { startedUs, tallies }: Operation,
    atUs: number,
    outcome: Outcome<unknown>,
  ): void {
    const end = outcome.kind === "ok"
      ? "ok"
      : outcome.kind === "rejected" && outcome.code !== "rate-limited"
      ? "rejected"
      : "failed";
    const tookUs = atUs - startedUs;
    const bucket = this.#bucketAt(atUs);
    bucket[end]++;
    bucket.latency.record(tookUs);
    for (const tally of tallies) {
      tally[end]++;
      tally.latency.record(tookUs);
    }
  }

  #recorded({ event }: Extract<Observation, { kind: "recorded" }>): void {
    switch (event.kind) {
      case "order_placed":
        return this.#add("orders.placed");
      case "order_paid":
        return this.#add("orders.paid");
      case "order_cancelled":
        return this.#add("orders.cancelled");
      case "order_expired":
        return this.#add("orders.expired");
    }
  }

  #ledgerOf(sku: string): StockLedger {
    const { available = 0, held = 0, sold = 0 } = this.#stock.unitsOf(sku) ??
      {};
    return { available, held, sold };
  }

  #ofStock(metric: string): number {
    if (metric === "units.oversold") return this.#stock.oversoldUnits;
    let sum = 0;
    for (const sku of this.#flash) {
      const { available, held, sold } = this.#ledgerOf(sku);
      if (metric === "flash.stock") sum += available + held + sold;
      if (metric === "flash.sold") sum += sold;
      if (metric === "flash.taken") sum += held + sold;
    }
    return sum;
  }

  /** The tallies of a step in a phase that begins then, made when needed. */
  #talliesOf(phase: string, step: string, atUs: number): readonly Tally[] {
    const isWarm = atUs - this.#startUs >= this.#warmupUs;
    const phases = isWarm ? this.#countingWarm : this.#counting;
    let steps = phases.get(phase);
    if (steps === undefined) phases.set(phase, steps = new Map());
    let tallies = steps.get(step);
    if (tallies === undefined) {
      tallies = (isWarm ? [phase, ALL] : [phase]).flatMap((each) =>
        [step, ""].map((share) => this.#tallyOf(`${each} ${share}`))
      );
      steps.set(step, tallies);
    }
    return tallies;
  }

  #tallyOf(name: string): Tally {
    let tally = this.#tallies.get(name);
    if (tally === undefined) this.#tallies.set(name, tally = newTally());
    return tally;
  }

  #bucketAt(atUs: number): Bucket {
    const index = Math.max(
      0,
      Math.floor((atUs - this.#startUs) / this.#bucketUs),
    );
    while (this.#buckets.length <= index) {
      this.#buckets.push(newBucket());
    }
    return this.#buckets[index]!;
  }

  #add(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }
}

/** `latency.place_order` → `latency`, `place_order`. */
function split(metric: string): [string, string?] {
  const dot = metric.indexOf(".");
  return dot < 0 ? [metric] : [metric.slice(0, dot), metric.slice(dot + 1)];
}
