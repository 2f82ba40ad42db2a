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
import type { Observation } from "./observation.ts";
import type { LatencySummary, Series } from "./run_result.ts";
import { StockLedgers } from "./stock_ledger.ts";
import { type Bucket, newBucket, newTally, type Tally } from "./tallies.ts";

/** A call from its first try on. */
interface Operation {
  readonly step: string;
  readonly phase: string;
  readonly startedUs: number;
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
  readonly #calls = new Map<number, { operation: string; again: boolean }>();
  readonly #operations = new Map<string, Operation>();
  /** Retryable ends, until the client tries again. */
  readonly #open = new Map<
    string,
    { atUs: number; outcome: Outcome<unknown> }
  >();
  readonly #buckets: Bucket[] = [];
  readonly #stock = new StockLedgers();
  readonly #counts = new Map<string, number>();
  readonly #deepest = new Map<string, number>();

  /**
   * @param options `startUs`: when clients begin to come. `flash`: SKUs of the
   * flash sale. `hot`: SKUs whose stock the report shows.
   */
  constructor(options: {
    readonly startUs: number;
    readonly warmupUs: number;
    readonly durationUs: number;
    readonly flash: ReadonlySet<string>;
    readonly hot: readonly string[];
  }) {
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
      bucket.stock[sku] = { ...this.#stock.of(sku) };
    }
    for (const [kind, depth] of Object.entries(depths)) {
      const deepest = Math.max(depth, this.#deepest.get(kind) ?? 0);
      this.#deepest.set(kind, deepest);
      this.#deepest.set(ALL, Math.max(depth, this.#deepest.get(ALL) ?? 0));
    }
  }

  /** The run is over: what was not tried again has failed. */
  end(): void {
    for (const [name, { atUs, outcome }] of [...this.#open]) {
      this.#finish(name, atUs, outcome);
    }
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

  #called(observed: Extract<Observation, { kind: "called" }>): void {
    const { call, atUs, client, step, input } = observed;
    const what = String(input.key ?? input.sku ?? "");
    const operation = `${client} ${step} ${what}`;
    const again = Number(input.try) > 0;
    this.#calls.set(call, { operation, again });
    this.#open.delete(operation);
    const phase = String(input.phase);
    if (!again) {
      this.#operations.set(operation, { step, phase, startedUs: atUs });
      this.#bucketAt(atUs).offered++;
    }
    this.#tally(phase, step, atUs, (tally) => {
      tally.attempts++;
      if (!again) tally.offered++;
    });
  }

  #returned(
    { call, atUs, outcome }: Extract<Observation, { kind: "returned" }>,
  ): void {
    const known = this.#calls.get(call);
    if (known === undefined) return;
    this.#calls.delete(call);
    const operation = this.#operations.get(known.operation);
    if (operation === undefined) return;
    const isLimited = outcome.kind === "rejected" &&
      outcome.code === "rate-limited";
    if (isLimited) {
      this.#bucketAt(atUs).limited++;
      const { phase, step, startedUs } = operation;
      this.#tally(phase, step, startedUs, (tally) => tally.limited++);
    }
    this.#countReads(operation.step, outcome, atUs);
    const isFinal = outcome.kind === "ok" ||
      (outcome.kind === "rejected" && !isLimited);
    if (isFinal) this.#finish(known.operation, atUs, outcome);
    else this.#open.set(known.operation, { atUs, outcome });
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

  #finish(name: string, atUs: number, outcome: Outcome<unknown>): void {
    const operation = this.#operations.get(name);
    this.#open.delete(name);
    if (operation === undefined) return;
    this.#operations.delete(name);
    const { phase, step, startedUs } = operation;
    const end = outcome.kind === "ok"
      ? "ok"
      : outcome.kind === "rejected" && outcome.code !== "rate-limited"
      ? "rejected"
      : "failed";
    const bucket = this.#bucketAt(atUs);
    bucket[end]++;
    bucket.latency.record(atUs - startedUs);
    this.#tally(phase, step, startedUs, (tally) => {
      tally[end]++;
      tally.latency.record(atUs - startedUs);
    });
  }

  #recorded(
    { actor, event }: Extract<Observation, { kind: "recorded" }>,
  ): void {
    const fact = event as Record<string, unknown> & { kind: string };
    switch (fact.kind) {
      case "order_placed":
        return this.#add("orders.placed");
      case "order_paid":
        return this.#add("orders.paid");
      case "order_cancelled":
        return this.#add("orders.cancelled");
      case "order_expired":
        return this.#add("orders.expired");
      default:
        return this.#stock.apply(actor, fact);
    }
  }

  #ofStock(metric: string): number {
    if (metric === "units.oversold") return this.#stock.oversoldUnits;
    let sum = 0;
    for (const sku of this.#flash) {
      const { available, held, sold } = this.#stock.of(sku);
      if (metric === "flash.stock") sum += available + held + sold;
      if (metric === "flash.sold") sum += sold;
      if (metric === "flash.taken") sum += held + sold;
    }
    return sum;
  }

  #tally(
    phase: string,
    step: string,
    startedUs: number,
    change: (tally: Tally) => void,
  ): void {
    const isWarm = startedUs - this.#startUs >= this.#warmupUs;
    for (const each of isWarm ? [phase, ALL] : [phase]) {
      for (const share of [step, ""]) {
        const name = `${each} ${share}`;
        let tally = this.#tallies.get(name);
        if (tally === undefined) {
          tally = newTally();
          this.#tallies.set(name, tally);
        }
        change(tally);
      }
    }
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
