/**
 * Processes that share limits, in virtual time: a store as Redis keeps it, and
 * a network that delays, loses and doubles what is told.
 *
 * @module
 */
import type { Telling } from "../../../cluster/limiters/shared_bucket.ts";
import {
  type LimitStore,
  SharedLimits,
  type SharingPolicy,
  TICK_EVERY_MS,
} from "../../../cluster/limiters/shared_limits.ts";

/** What becomes of a message: it arrives so late, its answer as well. */
export interface Fate {
  readonly thereMs: number;
  readonly backMs: number;
  /** Lost on the way, answered to nobody, or arrived again so much later. */
  readonly mishap?: "lost" | "unanswered" | { readonly againAfterMs: number };
}

/** What a bucket of the store is. */
interface Bucket {
  microTokens: number;
  atUs: number;
  readonly counted: Map<string, number>;
}

const MICRO = 1_000_000;
/** Nobody writes. */
export const QUIET = { write: () => {} };
/** What the tests take unless they are about it. */
export const SHARING: SharingPolicy = {
  ...{ whenAway: "share", slackPercent: 25, answerWithinMs: 250 },
};

/** What the script in Redis does, in few words. */
export class LimitStoreModel {
  #buckets = new Map<string, Bucket>();

  /** Counts, and gives the levels. */
  tell(
    process: string,
    tellings: readonly Telling[],
    nowUs: number,
  ): readonly number[] {
    return tellings.map((telling) => this.#tell(process, telling, nowUs));
  }

  /** As a Redis does that starts again without its data. */
  loseAll(): void {
    this.#buckets.clear();
  }

  #tell(process: string, telling: Telling, nowUs: number): number {
    const { key, burst, ratePerSecond, takenTokens } = telling;
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      const { microTokens } = telling;
      const counted = new Map([[process, takenTokens]]);
      this.#buckets.set(key, { microTokens, atUs: nowUs, counted });
      return microTokens;
    }
    const counted = Math.max(
      telling.toldTokens,
      bucket.counted.get(process) ?? 0,
    );
    const dripped = (nowUs - bucket.atUs) * ratePerSecond;
    const taken = Math.max(0, takenTokens - counted);
    bucket.atUs = nowUs;
    bucket.microTokens = Math.min(burst * MICRO, bucket.microTokens + dripped) -
      taken * MICRO;
    bucket.counted.set(process, counted + taken);
    return bucket.microTokens;
  }
}

/** See the module. */
export class LimitWorld {
  nowMs = 0;
  /** The processes that do not reach the store, by their place. */
  readonly cutOff = new Set<number>();
  readonly store = new LimitStoreModel();
  readonly processes: SharedLimits[] = [];
  readonly #fate: () => Fate;
  readonly #events: { atMs: number; run: () => void }[] = [];

  constructor(
    count: number,
    policy: SharingPolicy,
    fate: () => Fate = () => ({ thereMs: 0, backMs: 0 }),
  ) {
    this.#fate = fate;
    for (let index = 0; index < count; index++) {
      const store = this.#storeOf(index);
      const limits = new SharedLimits(policy, store, QUIET, count);
      this.processes.push(limits);
      // Not all at the same time.
      this.#tickEvery(limits, 7 * index);
    }
  }

  /** Lets what happens until then happen. */
  advanceTo(nowMs: number): void {
    while (true) {
      const next = this.#events.findIndex(({ atMs }) => atMs <= nowMs);
      if (next < 0) break;
      const [event] = this.#events.splice(next, 1);
      this.nowMs = event!.atMs;
      event!.run();
    }
    this.nowMs = nowMs;
  }

  #tickEvery(limits: SharedLimits, fromMs: number): void {
    this.#at(fromMs, () => {
      limits.tick(this.nowMs);
      this.#tickEvery(limits, fromMs + TICK_EVERY_MS);
    });
  }

  /** Cuts all processes off from the store, or none. */
  set isStoreThere(isThere: boolean) {
    this.processes.forEach((_, index) => {
      if (isThere) this.cutOff.delete(index);
      else this.cutOff.add(index);
    });
  }

  #storeOf(process: number): LimitStore {
    return {
      tell: (tellings, done) => {
        const { thereMs, backMs, mishap } = this.#fate();
        if (this.cutOff.has(process)) {
          const told = { kind: "failed", reason: "not connected" } as const;
          return this.#in(0, () => done(told, this.nowMs));
        }
        if (mishap === "lost") return;
        const count = () =>
          this.store.tell(
            `${process}`,
            tellings,
            Math.floor(this.nowMs * 1000),
          );
        this.#in(thereMs, () => {
          const microTokens = count();
          if (mishap === "unanswered") return;
          const told = { kind: "ok", microTokens } as const;
          this.#in(backMs, () => done(told, this.nowMs));
        });
        if (typeof mishap !== "object") return;
        this.#in(thereMs + mishap.againAfterMs, count);
      },
    };
  }

  #in(afterMs: number, run: () => void): void {
    this.#at(this.nowMs + afterMs, run);
  }

  /** Kept in order; of one time, the first that was planned is the first. */
  #at(atMs: number, run: () => void): void {
    const later = this.#events.findIndex((event) => event.atMs > atMs);
    const place = later < 0 ? this.#events.length : later;
    this.#events.splice(place, 0, { atMs, run });
  }
}

/** So much passed then. */
export interface Passed {
  readonly atMs: number;
  readonly cost: number;
}

/**
 * The most by which what passed goes beyond `burst + rate × window`, over all
 * windows that begin at `fromMs` or later.
 */
export function mostBeyond(
  passed: readonly Passed[],
  { burst, ratePerSecond }: { burst: number; ratePerSecond: number },
  fromMs = 0,
): number {
  // Of windows that end with one that passed, the worst: a bucket without a
  // floor, whose deficit is what is beyond.
  let level = burst;
  let atMs = fromMs;
  let most = -Infinity;
  for (const each of passed) {
    if (each.atMs < fromMs) continue;
    const dripped = ratePerSecond * (each.atMs - atMs) / 1000;
    level = Math.min(burst, level + dripped) - each.cost;
    atMs = each.atMs;
    most = Math.max(most, -level);
  }
  return most;
}
