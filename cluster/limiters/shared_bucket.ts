/**
 * One process' view of a token bucket that all processes of a shop share.
 *
 * The bucket is in a store that all reach. A decision does not wait for it: the
 * process keeps a copy, takes from the copy, tells the store soon after what it
 * took, and hears what is left there. What it has not told yet is at most a
 * portion of the burst; beyond it the bucket refuses until the store has
 * answered. So all processes together let pass at most what one bucket would
 * and a portion for each process but one.
 *
 * What a process took is a number that only grows, told beside the number that
 * the store is known to have counted. The store counts the difference to what
 * it knows, so a message that arrives twice, late or again counts once.
 *
 * While the store is away the copy goes on with the process' share: a request
 * takes as much as if every process let one pass. On return it tells what is
 * missing from the copy then, since what it took long ago has dripped in again.
 *
 * @module
 */
import { MICRO } from "./bounds.ts";
import { DrippingBucket, type TokenBucketPolicy } from "./dripping_bucket.ts";
import type { Limiter } from "./limiter.ts";

/** What decides: the store, or one of the ways to do without. */
export type Stance = "store" | "share" | "open" | "closed";

/** Where a bucket stands in line to be told about. */
export type Queued = "no" | "waits" | "due" | "under-way";

/** What the buckets of one process have in common. */
export interface Sharing {
  readonly stance: Stance;
  /** True while the store answers, also before its word counts again. */
  readonly isReached: boolean;
  /** That share the buckets now. */
  readonly processes: number;
  /** The part of a burst that may be untold; Infinity without others. */
  readonly untoldPart: number;
  /** How long the store's answers take at the moment, in whole ms from 1. */
  readonly answersInMs: number;
  /** How often the store is tried while it is away. */
  readonly retryEveryMs: number;
  /** Tokens that all buckets took, in the life of the process. */
  readonly taken: number;
  /** Counts tokens that a bucket took. */
  took(tokens: number): void;
  /** Puts a bucket with something untold in line; `isDue`: right away. */
  queue(bucket: SharedBucket, isDue: boolean, nowMs: number): void;
  /** Counts a refusal because of what is untold. */
  held(): void;
}

/** What the store is told of a bucket. */
export interface Telling {
  readonly key: string;
  readonly burst: number;
  readonly ratePerSecond: number;
  /** The level of a bucket that the store does not know: nothing to count. */
  readonly microTokens: number;
  /** What the store is known to have counted. */
  readonly toldTokens: number;
  /** All that this process ever took; the store counts what is new to it. */
  readonly takenTokens: number;
}

/** See the module. Its level is the copy's; what was taken is taken from it. */
export class SharedBucket extends DrippingBucket implements Limiter {
  readonly key: string;
  queued: Queued = "no";
  readonly #sharing: Sharing;
  #toldTokens: number;
  #takenTokens: number;
  /** Taken while the store was away, not part of `#takenTokens` yet. */
  #shareTokens = 0;

  /** @throws {RangeError} When the policy is not integers within bounds. */
  constructor(
    key: string,
    policy: TokenBucketPolicy,
    sharing: Sharing,
    nowMs: number,
  ) {
    super(policy, nowMs);
    this.key = key;
    this.#sharing = sharing;
    // An earlier bucket of this key took less: what it told stays counted.
    this.#toldTokens = sharing.taken;
    this.#takenTokens = sharing.taken;
  }

  /** Takes `cost` tokens and says true, or takes none and says false. */
  tryTake(nowMs: number, cost = 1): boolean {
    const sharing = this.#sharing;
    switch (sharing.stance) {
      case "open":
        return true;
      case "closed":
        return false;
      case "share":
        return this.#takeShare(nowMs, cost);
    }
    this.refill(nowMs);
    if (this.microTokens < cost * MICRO || this.#mustWait(cost)) return false;
    this.microTokens -= cost * MICRO;
    this.#take(cost);
    sharing.queue(this, this.isDue, nowMs);
    return true;
  }

  /** Whole tokens that the store is believed to have; less the untold. */
  remaining(nowMs: number): number {
    const { stance, processes } = this.#sharing;
    if (stance === "open") return this.burst;
    if (stance === "closed") return 0;
    this.refill(nowMs);
    const tokens = Math.max(0, Math.floor(this.microTokens / MICRO));
    return stance === "share" ? Math.floor(tokens / processes) : tokens;
  }

  /**
   * Whole milliseconds until `cost` tokens are there, if nobody takes any, and
   * the store has answered if it must; 0 when it passes now, Infinity when it
   * never can.
   */
  retryAfterMs(nowMs: number, cost = 1): number {
    const sharing = this.#sharing;
    if (sharing.stance === "open") return 0;
    if (cost > this.burst) return Infinity;
    if (sharing.stance === "closed") return sharing.retryEveryMs;
    this.refill(nowMs);
    const isShare = sharing.stance === "share";
    const needed = isShare ? this.#shareNeeds(cost) : cost * MICRO;
    const missing = needed - this.microTokens;
    if (missing > 0) return this.dripsInMs(missing);
    return this.#hasToTell(cost) ? sharing.answersInMs : 0;
  }

  /** True for a full copy about which nothing is left to tell. */
  isFresh(nowMs: number): boolean {
    this.refill(nowMs);
    return this.queued === "no" && this.microTokens === this.burst * MICRO;
  }

  /** Whether it took something that the store has not said it counted. */
  get isUntold(): boolean {
    return this.#untold > 0;
  }

  /** Whether it is to be told about now, before the other half is gone. */
  get isDue(): boolean {
    const untold = this.#untold;
    return untold > 0 && 2 * untold >= this.#portion();
  }

  /** What the store is to be told now. */
  tell(nowMs: number): Telling {
    this.refill(nowMs);
    const full = this.burst * MICRO;
    let others = 0;
    if (this.#shareTokens > 0) {
      // What dripped in again since, the store's bucket has got as well.
      const missing = (full - this.microTokens) / MICRO;
      const share = Math.ceil(missing / this.#sharing.processes);
      const tokens = Math.min(this.#shareTokens, share);
      this.#shareTokens = 0;
      this.#take(tokens);
      // The copy has them for all processes, who will tell theirs.
      others = tokens * (this.#sharing.processes - 1);
    }
    return {
      key: this.key,
      burst: this.burst,
      ratePerSecond: this.ratePerSecond,
      microTokens: Math.min(full, this.microTokens + others * MICRO),
      toldTokens: this.#toldTokens,
      takenTokens: this.#takenTokens,
    };
  }

  /** Takes over the level that the store had once it had counted `told`. */
  hear(microTokens: number, told: Telling, nowMs: number): void {
    this.refill(nowMs);
    this.#toldTokens = told.takenTokens;
    const heard = microTokens - this.#untold * MICRO;
    // Others may not have told their shares yet: until then less is right.
    this.microTokens = this.#sharing.stance === "share"
      ? Math.min(this.microTokens, heard)
      : heard;
  }

  #takeShare(nowMs: number, cost: number): boolean {
    this.refill(nowMs);
    if (this.microTokens < this.#shareNeeds(cost)) return false;
    if (this.#mustWait(cost)) return false;
    this.microTokens -= cost * this.#sharing.processes * MICRO;
    if (this.#sharing.isReached) this.#take(cost);
    else this.#shareTokens += cost;
    this.#sharing.queue(this, this.isDue, nowMs);
    return true;
  }

  #take(tokens: number): void {
    this.#takenTokens += tokens;
    this.#sharing.took(tokens);
  }

  /** All processes take at once; who asks for more than fits waits for all. */
  #shareNeeds(cost: number): number {
    return Math.min(cost * this.#sharing.processes, this.burst) * MICRO;
  }

  get #untold(): number {
    return this.#takenTokens - this.#toldTokens + this.#shareTokens;
  }

  /** Whether the store has to answer first; only where it can. */
  #hasToTell(cost: number): boolean {
    if (!this.#sharing.isReached) return false;
    const untold = this.#untold;
    return untold > 0 && untold + cost > this.#portion();
  }

  /** The same, and counts it. */
  #mustWait(cost: number): boolean {
    const hasToTell = this.#hasToTell(cost);
    if (hasToTell) this.#sharing.held();
    return hasToTell;
  }

  #portion(): number {
    return Math.max(1, Math.floor(this.burst * this.#sharing.untoldPart));
  }
}
