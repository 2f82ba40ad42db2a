/**
 * How a run failed, in one form for checks and thresholds, so that two runs
 * can be told to have failed alike.
 *
 * @module
 */
import type { RunResult, Verdict } from "./run_result.ts";

/** A failed check or threshold of a run. */
export interface Failure {
  readonly verdict: Exclude<Verdict, "passed">;
  /** The id of a check, or the metric of a threshold. */
  readonly check: string;
  /** What it is about; of a threshold its bound, such as `< 50ms`. */
  readonly key: string;
  /** Virtual time since the start; a threshold is missed at the end. */
  readonly atUs: number;
  /** One sentence with the numbers. */
  readonly detail: string;
}

/** All failures of a result, the gravest first; none when it passed. */
export function failuresOf(result: RunResult): Failure[] {
  const { checks, thresholds, virtualMs } = result;
  const violations = checks.filter(({ ok }) => !ok)
    .map(({ id, firstViolation }): Failure => {
      const { key = "", atUs = 0, detail = "" } = firstViolation ?? {};
      const verdict = id === "liveness" ? "liveness" : "invariant";
      return { verdict, check: id, key, atUs, detail };
    });
  const missed = thresholds.filter(({ ok }) => !ok)
    .map(({ metric, bound, value }): Failure => ({
      verdict: "threshold",
      check: metric,
      key: bound,
      atUs: Math.round(virtualMs * 1_000),
      detail: `${metric} is ${value}, not ${bound}`,
    }));
  // Stable: of one verdict the order is the result's own.
  return [...violations, ...missed].sort((left, right) =>
    GRAVEST_FIRST.indexOf(left.verdict) - GRAVEST_FIRST.indexOf(right.verdict)
  );
}

const GRAVEST_FIRST: readonly Verdict[] = [
  "invariant",
  "liveness",
  "threshold",
];

/** The key of a check that failed because it never had anything to check. */
export const NOTHING_CHECKED = "nothing checked";

/** Whether they are one failure; what it is about may be another SKU. */
export function isAlike(one: Failure, other: Failure): boolean {
  if (one.verdict !== other.verdict || one.check !== other.check) return false;
  // A run in which nothing happens any more shows no violation.
  const isIdle = ({ key }: Failure) => key === NOTHING_CHECKED;
  if (isIdle(one) !== isIdle(other)) return false;
  // A bound is no key: two thresholds of a metric are told apart by it.
  return one.verdict !== "threshold" || one.key === other.key;
}
