/**
 * When a crashed actor runs again: a pure function of its spec, its failures
 * and the time. Within the budget it restarts, the first time at once and then
 * with growing delay; over the budget it stays down and is tried again at the
 * longest delay, so that one sick partition never takes its root with it.
 *
 * @module
 */
import type { RestartPolicy } from "./supervisor.ts";

/** How an actor is restarted. */
export interface RestartSpec {
  /** This many restarts within `periodMs` are allowed (OTP's intensity). */
  readonly maxRestarts: number;
  /** The length of the window in which crashes are counted. */
  readonly periodMs: number;
  /** The delay of the second restart in a row; doubles with each further. */
  readonly backoffMinMs: number;
  /**
   * The longest delay, and how often an actor over its budget is tried. Every
   * delay is spread by ±20 %.
   */
  readonly backoffMaxMs: number;
}

/** The same under a supervisor of the actor's own, which never gives up. */
export function policyOf(spec: RestartSpec): RestartPolicy {
  const { maxRestarts, periodMs, backoffMinMs, backoffMaxMs } = spec;
  return {
    strategy: "one_for_one",
    maxRestarts,
    periodMs,
    backoff: {
      minMs: backoffMinMs,
      maxMs: backoffMaxMs,
      resetAfterMs: periodMs,
    },
    exceeded: "stay_down",
  };
}

/** What to do with a crashed actor. */
export interface Directive {
  /** Within the budget it restarts; over it, it stays down for now. */
  readonly action: "restart" | "stay_down";
  /** After this many milliseconds it is started. */
  readonly delayMs: number;
}

/**
 * Decides about the newest of `failuresMs` (monotonic times, oldest first; it
 * is among them).
 *
 * @param random An integer in [0, 2^32) that spreads the delay by ±20 %.
 */
export function decideRestart(
  spec: RestartSpec,
  failuresMs: readonly number[],
  random: number,
): Directive {
  const recent = recentFailures(spec, failuresMs);
  if (recent.length > spec.maxRestarts) {
    return {
      action: "stay_down",
      delayMs: jittered(spec.backoffMaxMs, random),
    };
  }
  if (recent.length <= 1) return { action: "restart", delayMs: 0 };
  const grownMs = spec.backoffMinMs * 2 ** Math.min(recent.length - 2, 30);
  const delayMs = Math.min(grownMs, spec.backoffMaxMs);
  return { action: "restart", delayMs: jittered(delayMs, random) };
}

/** The failures that still count when the newest of them happened. */
export function recentFailures(
  spec: RestartSpec,
  failuresMs: readonly number[],
): number[] {
  const nowMs = failuresMs[failuresMs.length - 1] ?? 0;
  return failuresMs.filter((atMs) => atMs >= nowMs - spec.periodMs);
}

/** `delayMs` ± 20 %, so that partitions felled together rise apart. */
function jittered(delayMs: number, random: number): number {
  return Math.round(delayMs * (0.8 + (0.4 * random) / 4294967296));
}

/** Crashes after which a kind and key is not run any more. */
export const CRASHES_MAX = 2;

/**
 * Messages that keep crashing their actor. The first crash may be the actor's
 * fault; a kind and key that crash it twice are not run again in this life of
 * the domain.
 */
export class Quarantine {
  readonly #crashes = new Map<string, number>();
  readonly #capacity: number;

  /**
   * @param capacity The most kinds and keys remembered; the oldest go. With
   * the usual budget of restarts that is minutes of nothing but crashes.
   */
  constructor(capacity = 256) {
    this.#capacity = capacity;
  }

  /**
   * Notes that a message of this kind and key crashed its actor; returns how
   * often that has happened.
   */
  note(kind: string, key: string): number {
    const name = `${kind} ${key}`;
    const crashes = (this.#crashes.get(name) ?? 0) + 1;
    this.#crashes.delete(name);
    this.#crashes.set(name, crashes);
    if (this.#crashes.size > this.#capacity) {
      const oldest = this.#crashes.keys().next();
      if (!oldest.done) this.#crashes.delete(oldest.value);
    }
    return crashes;
  }

  /** False in the usual case that nothing ever crashed: asks no key then. */
  get isEmpty(): boolean {
    return this.#crashes.size === 0;
  }

  /** True when messages of this kind and key are not run any more. */
  holds(kind: string, key: string): boolean {
    return (this.#crashes.get(`${kind} ${key}`) ?? 0) >= CRASHES_MAX;
  }
}
