/**
 * What a process tells the store about the limits that it shares with others,
 * and when: soon after a bucket has used up half its portion, else with all
 * others every so often; one message at a time, which gathers what comes while
 * it is under way. A message that fails or stays unanswered means that the
 * store is away: then the buckets do without it, as the policy says, and it is
 * tried every so often. Once it is back, processes that went on with their
 * shares wait until all have told theirs, so that nobody takes a second burst.
 *
 * A synchronous state machine without clock or timers: the host calls `tick`
 * and gives the time, and the store's adapter answers by callback.
 *
 * @module
 */
import type { Log } from "../../actors/runtime/ports.ts";
import type { MetricSample } from "../gate.ts";
import { type Limiter, limiterFor, type LimiterPolicy } from "./limiter.ts";
import {
  SharedBucket,
  type Sharing,
  type Stance,
  type Telling,
} from "./shared_bucket.ts";

/** Who counts a limit: the shop as a whole, or each of its processes. */
export type LimitScope = "shop" | "process";

/** A limiter's policy, and who counts; the shop if it can, unless told. */
export type Limit = LimiterPolicy & { readonly scope?: LimitScope };

/** Policies that processes can share: what they allow is a level and a rate. */
export const SHAREABLE: readonly LimiterPolicy["kind"][] = [
  "token-bucket",
  "leaky-bucket",
];

/** What limits do while the store is away. */
export const WHEN_AWAY = ["share", "open", "closed"] as const;

/** How limits are shared. */
export interface SharingPolicy {
  /**
   * `share`: each process goes on with its share of every limit; `open`:
   * everybody passes; `closed`: nobody does.
   */
  readonly whenAway: typeof WHEN_AWAY[number];
  /**
   * What all processes together may let pass beyond a limit, as a part of its
   * burst, though one request for each process but one at least.
   */
  readonly slackPercent: number;
  /** A message that two ticks find to be older than this has failed. */
  readonly answerWithinMs: number;
}

/** How a message ended. */
export type Told =
  /** The level of each bucket after it was counted, in micro-tokens. */
  | { readonly kind: "ok"; readonly microTokens: readonly number[] }
  /** It may have been counted or not. */
  | { readonly kind: "failed"; readonly reason: string };

/** The store, as a process reaches it. */
export interface LimitStore {
  /**
   * Counts what was taken from some buckets, maybe none. `done` is called once,
   * at once or later, with the time by the process' monotonic clock.
   */
  tell(
    tellings: readonly Telling[],
    done: (told: Told, nowMs: number) => void,
  ): void;
}

/** How often the host calls `tick`: what is not due is told as often. */
export const TICK_EVERY_MS = 100;

/** A store that is away is tried as often: its load is 4/s for a process. */
const RETRY_EVERY_MS = 250;

/**
 * Clients connect again every 500 ms at least and the store is tried every
 * 250 ms; so after a second all who can have told their shares.
 */
const ALL_TOLD_MS = 1_000;

/** Counting one takes Redis 7 to 11 µs; so a message holds it for under 1 ms. */
const MOST_IN_MESSAGE = 64;

/** The message that is under way. */
interface Message {
  readonly buckets: readonly SharedBucket[];
  readonly sentAtMs: number;
  /** A tick found it late: an answer may have come while the process stood. */
  isLate: boolean;
}

/** See the module. */
export class SharedLimits implements Sharing {
  stance: Stance = "store";
  processes: number;
  untoldPart = 1;
  answersInMs = 1;
  readonly retryEveryMs = RETRY_EVERY_MS;
  taken = 0;
  readonly #policy: SharingPolicy;
  readonly #store: LimitStore;
  readonly #log: Log;
  /** With something untold; told at the next tick. */
  #waiting: SharedBucket[] = [];
  /** To be told as soon as no message is under way. */
  #due: SharedBucket[] = [];
  #message: Message | null = null;
  /** When the store is tried again; null while it is not away. */
  #retryAtMs: number | null = null;
  /** Since when a store that was away answers again. */
  #backSinceMs: number | null = null;
  /** Called when nothing is left to tell; null: the process stays. */
  #left: (() => void) | null = null;
  readonly #counts = { messages: 0, failed: 0, tellings: 0, held: 0, away: 0 };

  /** @param processes How many there are now; see `setProcesses`. */
  constructor(
    policy: SharingPolicy,
    store: LimitStore,
    log: Log,
    processes = 1,
  ) {
    this.#policy = policy;
    this.#store = store;
    this.#log = log;
    this.processes = processes;
    this.setProcesses(processes);
  }

  /** Tells how many processes share the limits from now on: 1 or more. */
  setProcesses(count: number): void {
    this.processes = Math.max(1, count);
    const slack = this.#policy.slackPercent / 100;
    // A process that is alone is never wrong about what others took.
    this.untoldPart = this.processes === 1
      ? Infinity
      : slack / (this.processes - 1);
  }

  get isReached(): boolean {
    return this.#retryAtMs === null;
  }

  /** True while limits do without the store. */
  get isAway(): boolean {
    return this.stance !== "store";
  }

  /** A limiter of one key: a shared one if the limit is the shop's. */
  limiterFor(key: string, limit: Limit, nowMs: number): Limiter {
    if (limit.scope === "process") return limiterFor(limit, nowMs);
    switch (limit.kind) {
      case "token-bucket":
        return new SharedBucket(key, limit, this, nowMs);
      case "leaky-bucket": {
        const { capacity, leakPerSecond } = limit;
        const policy = {
          capacityTokens: capacity,
          refillPerSecond: leakPerSecond,
        };
        return new SharedBucket(key, policy, this, nowMs);
      }
      default:
        return limiterFor(limit, nowMs);
    }
  }

  /** To be called every `TICK_EVERY_MS`. */
  tick(nowMs: number): void {
    const message = this.#message;
    const { answerWithinMs } = this.#policy;
    if (message !== null && nowMs - message.sentAtMs >= answerWithinMs) {
      if (message.isLate) {
        this.#message = null;
        this.#lost(message, "no answer in time", nowMs);
      }
      message.isLate = true;
    }
    const sinceMs = this.#backSinceMs;
    if (sinceMs !== null && nowMs - sinceMs >= ALL_TOLD_MS) this.#return();
    if (this.#retryAtMs !== null) {
      if (nowMs >= this.#retryAtMs) this.#send(nowMs);
      return;
    }
    this.#makeAllDue();
    if (this.#due.length > 0) this.#send(nowMs);
  }

  /**
   * Tells all that is untold. `left` is called once it is, or the store is
   * away; until then the host goes on with `tick`.
   */
  leave(nowMs: number, left: () => void): void {
    this.#left = left;
    this.#tellRest(nowMs);
  }

  took(tokens: number): void {
    this.taken += tokens;
  }

  held(): void {
    this.#counts.held++;
  }

  queue(bucket: SharedBucket, isDue: boolean, nowMs: number): void {
    if (bucket.queued === "under-way" || bucket.queued === "due") return;
    if (isDue && this.isReached) {
      bucket.queued = "due";
      this.#due.push(bucket);
      this.#send(nowMs);
    } else if (bucket.queued === "no") {
      bucket.queued = "waits";
      this.#waiting.push(bucket);
    }
  }

  /** Counters of this process, for metrics. */
  metrics(): MetricSample[] {
    const { messages, failed, tellings, held, away } = this.#counts;
    const counter = (name: string, help: string, value: number) => ({
      name: `shared_limits_${name}`,
      ...{ type: "counter" as const, help, labels: {}, value },
    });
    return [
      counter("messages_total", "Messages about shared limits.", messages),
      counter("failed_total", "Of these, failed or not answered.", failed),
      counter("tellings_total", "Buckets that messages were about.", tellings),
      counter("tokens_total", "Tokens that shared limits gave.", this.taken),
      counter(
        "held_total",
        "Refused until the store had heard of earlier ones.",
        held,
      ),
      counter("away_total", "Times that the store went away.", away),
      {
        ...counter("away", "1 while limits do without the store.", 0),
        ...{ type: "gauge", value: this.isAway ? 1 : 0 },
      },
    ];
  }

  #makeAllDue(): void {
    for (const bucket of this.#waiting) {
      // One that became due in the meantime stands in both lines.
      if (bucket.queued !== "waits") continue;
      bucket.queued = "due";
      this.#due.push(bucket);
    }
    this.#waiting = [];
  }

  #send(nowMs: number): void {
    if (this.#message !== null) return;
    // While the store is away nothing is due: this finds out if it is back.
    const buckets = this.#due.splice(0, MOST_IN_MESSAGE);
    const tellings = buckets.map((bucket) => {
      bucket.queued = "under-way";
      return bucket.tell(nowMs);
    });
    const message = { buckets, sentAtMs: nowMs, isLate: false };
    this.#message = message;
    this.#counts.messages++;
    this.#counts.tellings += buckets.length;
    this.#store.tell(tellings, (told, atMs) => {
      // One that was given up is told again: what it says is out of date.
      if (this.#message !== message) return;
      this.#message = null;
      if (told.kind === "failed") this.#lost(message, told.reason, atMs);
      else this.#heard(message, tellings, told.microTokens, atMs);
    });
  }

  #heard(
    { buckets, sentAtMs }: Message,
    tellings: readonly Telling[],
    levels: readonly number[],
    nowMs: number,
  ): void {
    this.answersInMs = Math.max(1, Math.ceil(nowMs - sentAtMs));
    buckets.forEach((bucket, index) => {
      bucket.hear(levels[index]!, tellings[index]!, nowMs);
    });
    for (const bucket of buckets) this.#queueAgain(bucket, bucket.isDue);
    if (this.#retryAtMs !== null) {
      this.#retryAtMs = null;
      this.#backSinceMs = nowMs;
      if (this.stance !== "share") this.#return();
    }
    if (this.#left !== null) this.#tellRest(nowMs);
    else if (this.#due.length > 0) this.#send(nowMs);
  }

  #tellRest(nowMs: number): void {
    if (this.isReached) {
      this.#makeAllDue();
      if (this.#due.length > 0) return this.#send(nowMs);
    }
    if (this.#message === null) this.#end();
  }

  #end(): void {
    const left = this.#left;
    this.#left = null;
    left?.();
  }

  #lost({ buckets }: Message, reason: string, nowMs: number): void {
    this.#counts.failed++;
    // What it took is settled when it tells: not before the store is back.
    for (const bucket of [...buckets, ...this.#due.splice(0)]) {
      this.#queueAgain(bucket, false);
    }
    this.#retryAtMs = nowMs + RETRY_EVERY_MS;
    this.#backSinceMs = null;
    if (this.#left !== null) return this.#end();
    if (this.stance !== "store") return;
    this.stance = this.#policy.whenAway;
    this.#counts.away++;
    const fields = { reason, instead: this.stance };
    this.#log.write("warn", "shared limits do without their store", fields);
  }

  #return(): void {
    this.#backSinceMs = null;
    this.stance = "store";
    this.#log.write("info", "shared limits are counted together again", {});
  }

  #queueAgain(bucket: SharedBucket, isDue: boolean): void {
    if (!bucket.isUntold) {
      bucket.queued = "no";
      return;
    }
    bucket.queued = isDue ? "due" : "waits";
    (isDue ? this.#due : this.#waiting).push(bucket);
  }
}
