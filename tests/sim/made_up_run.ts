/**
 * A run that nobody made: a flash sale with a rush, a shard that dies, a cache
 * that is emptied, and numbers that look like it. For tests of what draws
 * results; `changes` says what is different this time.
 *
 * @module
 */
import { SeededRandom } from "../../actors/runtime/random.ts";
import type { RunResult, Series } from "../../sim/run_result.ts";

const BUCKET_MS = 250;
const RUSH_MS = 15_000;
const CRASH_MS = { from: 22_000, to: 26_000 };
const FLUSH_MS = 34_000;
const SHARDS = 16;

/** A result of 60 virtual seconds, the same at each call. */
export function madeUpRun(changes: Partial<RunResult> = {}): RunResult {
  return {
    schema: "doorbuster/1",
    scenario: "flash_sale",
    teaches: "Everybody comes in the same second for the same product. The " +
      "shard that holds it must answer all of them, once, and promise each " +
      "unit to one of them, even when it dies in the middle of the rush.",
    seed: 7,
    verdict: "passed",
    events: 1_284_302,
    messages: 2_031_877,
    virtualMs: 60_000,
    wallMs: 1_910,
    trace: "9f2c61d04be83a77",
    metrics: { throughput: 611.4 },
    checks: [
      { id: "stock.conserved", ok: true, checked: 91_204 },
      { id: "stock.never_negative", ok: true, checked: 91_204 },
      { id: "order.paid_at_most_once", ok: true, checked: 5_127 },
      { id: "reserve.linearizable", ok: true, checked: 36_411 },
      { id: "lock.fenced", ok: true, checked: 212 },
      { id: "sometimes.sold_out", ok: true, checked: 4 },
    ],
    thresholds: [
      { metric: "latency.place_order", bound: "< 250ms", value: 181, ok: true },
      { metric: "ok.place_order", bound: "> 4000", value: 4_812, ok: true },
      { metric: "units.oversold", bound: "= 0", value: 0, ok: true },
    ],
    latencies: [
      latency("read_product", 28_140, 3.1),
      latency("place_order", 6_420, 14.2),
      latency("pay_order", 5_127, 88.4),
      latency("cancel_order", 211, 9.7),
    ],
    faults: [
      fault("kill", "crash", "inventory[3]", CRASH_MS.from, CRASH_MS.to),
      fault("cold", "flush", "cache[*]", FLUSH_MS, FLUSH_MS),
      fault("gray", "slow", "payment", 40_000, 48_000),
    ],
    series: madeUpSeries(240),
    replay: "deno task simulate flash_sale --seed 7",
    ...changes,
  };
}

function latency(step: string, count: number, p50Ms: number) {
  const [meanMs, p90Ms] = [p50Ms * 1.6, p50Ms * 2.8];
  const [p99Ms, p999Ms, maxMs] = [p50Ms * 8, p50Ms * 21, p50Ms * 34];
  return { step, count, meanMs, p50Ms, p90Ms, p99Ms, p999Ms, maxMs };
}

function fault(
  id: string,
  what: string,
  target: string,
  fromMs: number,
  toMs: number,
) {
  return { id, what, target, fromMs, toMs };
}

/** The series of `points` quarters of a second. */
export function madeUpSeries(points: number): Series {
  const random = new SeededRandom(7, "made up");
  const times = Array.from({ length: points }, (_, at) => at * BUCKET_MS);
  const draw = (of: (ms: number, noise: number) => number) =>
    times.map((ms) =>
      Math.max(0, Math.round(of(ms, random.below(200) / 1_000 - 0.1)))
    );
  const offered = draw((ms, noise) => arrivals(ms) * (1 + noise));
  const failed = draw((ms) => isDown(ms) ? arrivals(ms) * 0.16 : 0);
  const rejected = draw((ms, noise) =>
    ms > 20_000 ? arrivals(ms) * (0.3 + noise) : 0
  );
  const ok = offered.map((all, at) =>
    Math.max(0, all - (failed[at] ?? 0) - (rejected[at] ?? 0))
  );
  const p50Ms = draw((ms, noise) => 4 + load(ms) * 9 * (1 + noise));
  const lookups = offered.map((all) => Math.round(all * 0.7));
  const cacheMisses = lookups.map((all, at) =>
    Math.round(all * missRatio(times[at] ?? 0))
  );
  return {
    bucketMs: BUCKET_MS,
    offered,
    ok,
    rejected,
    failed,
    p50Ms,
    p99Ms: p50Ms.map((value, at) => value * (isDown(times[at] ?? 0) ? 140 : 7)),
    depths: {
      storefront: draw((ms, noise) => load(ms) * 60 * (1 + noise)),
      inventory: draw((ms) => isDown(ms) ? 1_400 : load(ms) * 210),
      cache: draw((ms, noise) => load(ms) * 22 * (1 + 4 * noise)),
    },
    handled: Object.fromEntries(
      Array.from({ length: SHARDS }, (_, shard) => [
        `inventory[${shard}]`,
        draw((ms, noise) =>
          shard === 3 && isDown(ms)
            ? 0
            : arrivals(ms) * (shard === 3 ? 0.4 : 0.03) * (1 + 3 * noise)
        ),
      ]),
    ),
    stock: Object.fromEntries(
      ["white-hanging-heart-t-light-holder", "cake-tins", "mug"].map(
        (sku, index) => [sku, ledger(times, (index + 1) * 5_000)],
      ),
    ),
    cacheHits: lookups.map((all, at) => all - (cacheMisses[at] ?? 0)),
    cacheMisses,
    limited: draw((ms) => Math.max(0, arrivals(ms) - 260) * 0.6),
  };
}

function isDown(ms: number): boolean {
  return ms >= CRASH_MS.from && ms < CRASH_MS.to;
}

/** 1 at the height of the rush. */
function load(ms: number): number {
  if (ms < RUSH_MS) return 0.12;
  return 0.12 + 0.88 / (1 + (ms - RUSH_MS) / 9_000);
}

function arrivals(ms: number): number {
  return load(ms) * 420;
}

function missRatio(ms: number): number {
  const since = ms >= FLUSH_MS ? ms - FLUSH_MS : ms;
  return 0.06 + 0.7 / (1 + since / 400);
}

/** 1,000 units that are held, then sold, from the rush on. */
function ledger(times: readonly number[], delayMs: number) {
  const share = (ms: number, lateMs: number) =>
    Math.min(1, Math.max(0, (ms - RUSH_MS - lateMs) / 14_000));
  const sold = times.map((ms) => Math.round(1_000 * share(ms, delayMs)));
  const held = times.map((ms, at) =>
    Math.round(1_000 * share(ms, delayMs - 4_000)) - (sold[at] ?? 0)
  );
  const available = held.map((units, at) => 1_000 - units - (sold[at] ?? 0));
  return { available, held, sold };
}
