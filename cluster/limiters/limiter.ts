/**
 * What limits requests: five policies behind one interface, each a small file
 * of its own. A limiter belongs to one key (a user, an address, a product, a
 * route, everybody) and knows neither clock nor key: the caller gives the time.
 *
 * | policy         | a burst       | over time     | made for                |
 * | -------------- | ------------- | ------------- | ----------------------- |
 * | token-bucket   | its capacity  | its rate      | people and their pages  |
 * | leaky-bucket   | its capacity  | its rate      | who counts what flows   |
 * | leaky-queue    | waits in line | its rate      | a callee with one pace  |
 * | sliding-window | its limit     | limit, window | "5 in 5 seconds"        |
 * | warm-up        | 0.1 s of it   | rises         | what has just started   |
 *
 * @module
 */
import {
  LeakyMeter,
  type LeakyMeterPolicy,
  LeakyQueue,
  type LeakyQueuePolicy,
} from "./leaky_bucket.ts";
import { SlidingWindow, type SlidingWindowPolicy } from "./sliding_window.ts";
import { TokenBucket, type TokenBucketPolicy } from "./token_bucket.ts";
import { WarmUp, type WarmUpPolicy } from "./warm_up.ts";

/**
 * Decides about requests of one key. `nowMs` is any monotonic clock in
 * milliseconds, always the same one; a clock that steps back adds nothing. A
 * request costs a whole number of 1 or more.
 */
export interface Limiter {
  /**
   * In any window of w seconds at most `burst + ratePerSecond × w` pass: what
   * the RateLimit fields say, and what the simulator holds it to.
   */
  readonly burst: number;
  /** See `burst`. */
  readonly ratePerSecond: number;
  /** What was taken last has to wait this long; only a queue says more than 0. */
  readonly delayMs: number;
  /** Takes `cost` and says true, or takes nothing and says false. */
  tryTake(nowMs: number, cost?: number): boolean;
  /** How many requests of cost 1 would pass now, one after the other. */
  remaining(nowMs: number): number;
  /**
   * Whole milliseconds until `cost` passes, if nobody takes any; 0 exactly
   * when it passes now, Infinity when it never can.
   */
  retryAfterMs(nowMs: number, cost?: number): number;
  /**
   * Gives back what a request took at `takenMs` that was refused later, less
   * what has flowed in since: had it not been taken, a full limiter would have
   * let that pass by. So the bound of `burst` holds for those who were not
   * refused. Left out where nothing can be given back: a place in line has
   * others behind it who were told their wait.
   */
  giveBack?(takenMs: number, nowMs: number, cost?: number): void;
  /** True when nobody gains by forgetting it and starting a new one. */
  isFresh(nowMs: number): boolean;
}

/** A policy by its name, with its numbers. */
export type LimiterPolicy =
  | { readonly kind: "token-bucket" } & TokenBucketPolicy
  | { readonly kind: "leaky-bucket" } & LeakyMeterPolicy
  | { readonly kind: "leaky-queue" } & LeakyQueuePolicy
  | { readonly kind: "sliding-window" } & SlidingWindowPolicy
  | { readonly kind: "warm-up" } & WarmUpPolicy;

/** The names of all policies. */
export const LIMITER_KINDS = [
  "token-bucket",
  "leaky-bucket",
  "leaky-queue",
  "sliding-window",
  "warm-up",
] as const satisfies readonly LimiterPolicy["kind"][];

/**
 * A new limiter.
 *
 * @throws {RangeError} When a number of the policy is out of its bounds.
 */
export function limiterFor(policy: LimiterPolicy, nowMs: number): Limiter {
  switch (policy.kind) {
    case "token-bucket":
      return new TokenBucket(policy, nowMs);
    case "leaky-bucket":
      return new LeakyMeter(policy, nowMs);
    case "leaky-queue":
      return new LeakyQueue(policy, nowMs);
    case "sliding-window":
      return new SlidingWindow(policy, nowMs);
    case "warm-up":
      return new WarmUp(policy, nowMs);
  }
}
