/**
 * How many calls may be under way at once, found out from how long they take.
 * As long as calls take what they should, the limit grows a little; when they
 * take longer, a queue has formed behind it, and it shrinks. So what a machine
 * can do need not be known beforehand, and whoever comes too many is refused at
 * once instead of waiting. There are two answers to how long a call should
 * take, each with the published formula that goes with it:
 *
 * - `usual`: the mean of a minute (Gradient2 of Netflix' concurrency-limits,
 *   2018). It follows a shop that gets slower, but not while the limit is full:
 *   then calls wait for one another, and the published form, which learns from
 *   that as well, takes an overload that lasts for minutes for the usual.
 * - `least`: the quickest of the last two minutes (Envoy's adaptive concurrency
 *   filter). It holds through an overload for longer, since even then some
 *   calls are quick, and is too low where slower work has come.
 *
 * It knows no clock: the caller says what time it is. It holds no call.
 *
 * @module
 */
import { checkInteger } from "./bounds.ts";

/** Between which bounds the limit moves, and where it starts. */
export interface ConcurrencyPolicy {
  /** What calls should take; see the module. */
  readonly baseline: "usual" | "least";
  readonly minimum: number;
  readonly initial: number;
  readonly maximum: number;
}

/** What is known of it, as plain data. */
export interface ConcurrencyReport {
  /** Whole calls that may be under way. */
  readonly limit: number;
  readonly underWay: number;
  readonly refused: number;
  /** What a call should take; 0 before the first window is over. */
  readonly baselineMs: number;
}

/** Longer than 1.5 times the usual is a queue; less is noise. */
const TOLERANCE = 1.5;
/** The limit never shrinks by more than half of a step. */
const LEAST_GRADIENT = 0.5;
/** Calls that may always wait, so that the limit can grow. */
const QUEUE = 4;
/** A step goes a fifth of its way. */
const SMOOTHING = 0.2;
/** Calls are judged by their mean in windows of at least this, not singly. */
const WINDOW_MS = 100;
/** A window with fewer calls says too little, and goes on. */
const WINDOW_CALLS = 10;
/** What is usual is the mean of about as many windows: a minute. */
const USUAL_WINDOWS = 600;
/** The first windows are averaged, until the mean means something. */
const FIRST_WINDOWS = 10;
/** When the usual is over twice what calls take now, it follows faster. */
const FORGETTING = 0.95;
/** Envoy's: so much above the least is noise. */
const BUFFER = 0.25;
/** Envoy's: a step of the least never doubles the limit by more. */
const MOST_GRADIENT = 2;
/** The least of a minute counts for that minute and the next. */
const LEAST_WINDOWS = 600;
/** More calls than that at once no process holds. */
const MOST_CALLS = 1_000_000;

/** The next limit, after a call that took `latencyMs` instead of `usualMs`. */
export function gradient2(
  limit: number,
  usualMs: number,
  latencyMs: number,
): number {
  const ratio = TOLERANCE * usualMs / latencyMs;
  const gradient = Math.max(LEAST_GRADIENT, Math.min(1, ratio));
  return limit * (1 - SMOOTHING) + (limit * gradient + QUEUE) * SMOOTHING;
}

/** The next limit, after a call that took `latencyMs` instead of `leastMs`. */
export function envoyGradient(
  limit: number,
  leastMs: number,
  latencyMs: number,
): number {
  const ratio = leastMs * (1 + BUFFER) / latencyMs;
  const gradient = Math.max(LEAST_GRADIENT, Math.min(MOST_GRADIENT, ratio));
  return gradient * limit + Math.sqrt(limit);
}

/** See the module. */
export class AdaptiveConcurrency {
  readonly #policy: ConcurrencyPolicy;
  #limit: number;
  #underWay = 0;
  #refused = 0;
  #usualMs = 0;
  /** Of this minute and of the one before. */
  #leastMs = Infinity;
  #leastBeforeMs = Infinity;
  #windows = 0;
  /** The window under way. */
  #beganMs = -Infinity;
  #calls = 0;
  #totalMs = 0;
  #mostUnderWay = 0;

  /** @throws {RangeError} When the policy's numbers are not in this order. */
  constructor(policy: ConcurrencyPolicy) {
    const { minimum, initial, maximum } = policy;
    const what = "concurrency limit";
    checkInteger(what, "maximum", maximum, [1, MOST_CALLS]);
    checkInteger(what, "minimum", minimum, [1, maximum]);
    checkInteger(what, "initial", initial, [minimum, maximum]);
    this.#policy = policy;
    this.#limit = initial;
  }

  /** Whether one more may begin. */
  get hasRoom(): boolean {
    return this.#underWay < Math.floor(this.#limit);
  }

  /** Counts one that was refused. */
  refuse(): void {
    this.#refused++;
  }

  /** One more begins; it ends in `ended` or `abandoned`, once. */
  begin(): void {
    this.#underWay++;
  }

  /** A call that took so long has ended at `nowMs`. */
  ended(latencyMs: number, nowMs: number): void {
    this.#mostUnderWay = Math.max(this.#mostUnderWay, this.#underWay);
    this.#underWay--;
    this.#calls++;
    this.#totalMs += latencyMs;
    const isOver = nowMs - this.#beganMs >= WINDOW_MS;
    if (isOver && this.#calls >= WINDOW_CALLS) this.#closeWindow(nowMs);
  }

  /** A call failed before its time: how long it took says nothing. */
  abandoned(): void {
    this.#underWay--;
  }

  /** What is known now. */
  report(): ConcurrencyReport {
    return {
      limit: Math.floor(this.#limit),
      underWay: this.#underWay,
      refused: this.#refused,
      baselineMs: this.#windows === 0 ? 0 : this.#baselineMs,
    };
  }

  #closeWindow(nowMs: number): void {
    const latencyMs = this.#totalMs / this.#calls;
    const mostUnderWay = this.#mostUnderWay;
    this.#beganMs = nowMs;
    this.#calls = this.#totalMs = this.#mostUnderWay = 0;
    // A clock that stands still says nothing of how long calls take.
    if (latencyMs <= 0) return;
    this.#learn(latencyMs, mostUnderWay >= Math.floor(this.#limit));
    // Nothing is learned of a limit that nobody comes near.
    if (mostUnderWay < this.#limit / 2) return;
    const { baseline, minimum, maximum } = this.#policy;
    const step = baseline === "usual" ? gradient2 : envoyGradient;
    const next = step(this.#limit, this.#baselineMs, latencyMs);
    this.#limit = Math.max(minimum, Math.min(maximum, next));
  }

  get #baselineMs(): number {
    return this.#policy.baseline === "usual"
      ? this.#usualMs
      : Math.min(this.#leastMs, this.#leastBeforeMs);
  }

  #learn(latencyMs: number, wasFull: boolean): void {
    if (this.#windows++ % LEAST_WINDOWS === 0) {
      this.#leastBeforeMs = this.#leastMs;
      this.#leastMs = Infinity;
    }
    this.#leastMs = Math.min(this.#leastMs, latencyMs);
    const isFirst = this.#windows <= FIRST_WINDOWS;
    if (wasFull && !isFirst && latencyMs > this.#usualMs) return;
    const share = isFirst ? 1 / this.#windows : 2 / (USUAL_WINDOWS + 1);
    this.#usualMs += (latencyMs - this.#usualMs) * share;
    if (this.#usualMs > 2 * latencyMs) this.#usualMs *= FORGETTING;
  }
}
