/**
 * What a run leaves behind, as plain data: the verdict, what was measured, and
 * the series that the report draws. `--json` writes it without the series.
 *
 * @module
 */
import type { Checker, Violation } from "./observation.ts";

/** How a run ended; the exit code is behind it. */
export type Verdict =
  /** 0 */
  | "passed"
  /** 97: something pending never resolved, or everybody waits. */
  | "liveness"
  /** 98: a checker found a violation. */
  | "invariant"
  /** 99: a threshold was missed, or a `sometimes` never happened. */
  | "threshold";

/** Percentiles of one step's latency, in virtual milliseconds. */
export interface LatencySummary {
  readonly step: string;
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** One check and how often it looked. */
export interface CheckResult {
  /** The checker's, such as `stock.conserved`. */
  readonly id: string;
  /** Whether it found nothing wrong. */
  readonly ok: boolean;
  /** How often it had something to look at. */
  readonly checked: number;
  /** How often it could not say; absent: never. Not counted as right. */
  readonly unknown?: number;
  /** The first thing that is wrong; absent: nothing. */
  readonly firstViolation?: Violation;
}

/** What a checker has found by the end of a run. */
export function checkResultOf(checker: Checker): CheckResult {
  const { id, checked, unknown = 0, violation } = checker;
  return {
    id,
    ok: violation === null,
    checked,
    ...unknown > 0 && { unknown },
    ...violation !== null && { firstViolation: violation },
  };
}

/** One threshold and the value that it was held against. */
export interface ThresholdResult {
  readonly metric: string;
  /** Such as `< 50ms`. */
  readonly bound: string;
  readonly value: number;
  readonly ok: boolean;
}

/** Equal buckets of virtual time, from 0. All arrays have the same length. */
export interface Series {
  readonly bucketMs: number;
  /** Calls begun, ended ok, rejected by business, failed or unknown. */
  readonly offered: readonly number[];
  readonly ok: readonly number[];
  readonly rejected: readonly number[];
  readonly failed: readonly number[];
  /** Latency of what ended in the bucket; NaN-free: 0 where nothing did. */
  readonly p50Ms: readonly number[];
  readonly p99Ms: readonly number[];
  /** Messages waiting, by actor kind (storefront, inventory, cache …). */
  readonly depths: Readonly<Record<string, readonly number[]>>;
  /** Messages handled, by shard address. */
  readonly handled: Readonly<Record<string, readonly number[]>>;
  /** Stock of the hottest SKUs at the end of each bucket. */
  readonly stock: Readonly<
    Record<
      string,
      {
        readonly available: readonly number[];
        readonly held: readonly number[];
        readonly sold: readonly number[];
      }
    >
  >;
  readonly cacheHits: readonly number[];
  readonly cacheMisses: readonly number[];
  readonly limited: readonly number[];
}

/** A fault as it struck. */
export interface FaultSpan {
  readonly id: string;
  readonly what: string;
  readonly target: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A run of one seed. */
export interface RunResult {
  readonly schema: "doorbuster/1";
  readonly scenario: string;
  readonly teaches: string;
  readonly seed: number;
  readonly verdict: Verdict;
  /** Simulator events: deliveries, timers, completions. */
  readonly events: number;
  /**
   * Messages: each that an actor handled (a tell, an ask, an answer or a timer)
   * and each frame that a link handed over. One that crosses a link to an actor
   * is both; an answer that ends a client's call is its frame alone.
   */
  readonly messages: number;
  readonly virtualMs: number;
  readonly wallMs: number;
  /** The rolling hash of all events, in hexadecimal. */
  readonly trace: string;
  /** Under the names that thresholds use. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly checks: readonly CheckResult[];
  readonly thresholds: readonly ThresholdResult[];
  readonly latencies: readonly LatencySummary[];
  readonly faults: readonly FaultSpan[];
  readonly series: Series;
  /** The command that runs it again. */
  readonly replay: string;
}
