/**
 * When to stop calling a target that fails: a circuit breaker (Nygard's, with
 * a sliding window of calls as in Resilience4j), one for each ref.
 *
 * When too many calls fail or are slow it opens, and callers get a delay at
 * once instead of a deadline later. After a pause that doubles with each
 * relapse, a few probes decide whether it closes. A target that is down keeps
 * it open. It sheds no load of our own, runs no call and reads no clock.
 *
 * @module
 */
import { RETRY_AFTER_MS } from "./outcome.ts";
import type { Random } from "./ports.ts";

/** Calls pass; calls are refused; only probes pass. */
export type BreakerState = "closed" | "open" | "half_open";

/**
 * When it opens and how it tries to close: integers, and null for a rule that
 * is off. 100 % of a window of n, at least n, means n failures in a row.
 */
export interface BreakerPolicy {
  /** It opens when at least this share of the window failed; 1 to 100. */
  readonly failureRatePercent: number;
  /** A call that takes longer is slow, whether it failed or not. */
  readonly slowCallMs: number | null;
  /** It opens when at least this share was slow; given with `slowCallMs`. */
  readonly slowRatePercent: number | null;
  /** The window is the newest calls that ended, up to this many. */
  readonly windowCalls: number;
  /** A call that ended longer ago leaves the window. */
  readonly windowMs: number | null;
  /** With fewer calls in the window nothing opens it; 1 to `windowCalls`. */
  readonly minimumCalls: number;
  /** Half-open, this many calls pass; when all succeed it closes. */
  readonly probes: number;
  /** The first pause; each time half-open ends in open it doubles. */
  readonly resetMinMs: number;
  /** The longest pause, before it is spread by ±20 % as every pause is. */
  readonly resetMaxMs: number;
}

/**
 * Half of the last 100 calls are Resilience4j's numbers, 20 calls at least are
 * Hystrix's. Three probes, since one answer may be luck. A crashed actor is
 * usually back within a second, and nobody waits for more than a minute.
 */
export const DEFAULT_BREAKER_POLICY: Readonly<BreakerPolicy> = {
  failureRatePercent: 50,
  slowCallMs: null,
  slowRatePercent: null,
  windowCalls: 100,
  windowMs: null,
  minimumCalls: 20,
  probes: 3,
  resetMinMs: 1_000,
  resetMaxMs: 60_000,
};

/** What a breaker needs besides its policy. */
export interface BreakerOptions {
  /** Spreads the pauses; drawn from once when calls open the breaker. */
  readonly random: Random;
  /** Told of every transition when it is done. Its errors are not caught. */
  changed?(from: BreakerState, to: BreakerState, nowMs: number): void;
}

/** Is told of a transition of a target's breaker, with its numbers after it. */
export type BreakerChanged = (
  address: string,
  from: BreakerState,
  to: BreakerState,
  after: BreakerReport,
) => void;

/** What a breaker knows, as plain data; every number is a finite integer. */
export interface BreakerReport {
  /** As the newest call left it. */
  readonly state: BreakerState;
  /** Calls in the window, which is emptied when it closes. */
  readonly calls: number;
  /** Those of them that failed. */
  readonly failures: number;
  /** Those of them that took too long, whether they failed or not. */
  readonly slow: number;
  /** Calls let through in this state that have not ended. */
  readonly underWay: number;
  /** How often it opened. */
  readonly opened: number;
  /** True from `targetDown` until `targetUp`. */
  readonly isTargetDown: boolean;
  /** 0 when the next call passes; otherwise how long to wait. */
  readonly retryAfterMs: number;
}

/** One percent of it is 100 calls; with times it stays under 100 KB a ref. */
const MOST_CALLS = 10_000;
/** A day: what waits for longer is switched off, not broken. */
const MOST_MS = 86_400_000;

/** How a call ended, as bits. Neither: it succeeded in time. */
const FAILED = 1;
const SLOW = 2;

/**
 * See the module. All times are milliseconds on a clock that never steps back.
 *
 * When `tryCall` returns 0, the caller keeps `generation` and hands it to
 * exactly one of `succeeded`, `failed` and `abandoned`. Each transition begins
 * a generation, and reports of earlier ones are ignored: a call from before it
 * opened says nothing about the target that is probed now. That costs a number
 * per call and no list. A report with no call under way throws a RangeError.
 */
export class CircuitBreaker {
  readonly #policy: BreakerPolicy;
  readonly #options: BreakerOptions;
  #state: BreakerState = "closed";
  #generation = 0;
  #underWay = 0;
  #opened = 0;
  #probesSucceeded = 0;
  #slowProbes = 0;
  #isTargetDown = false;
  /** The pause of the newest opening, before it was spread. */
  #resetMs = 0;
  #retryAtMs = 0;
  /** A ring: how the calls of the window ended and, if it matters, when. */
  readonly #outcomes: Uint8Array;
  readonly #endedMs: Float64Array;
  #oldest = 0;
  #calls = 0;
  #failures = 0;
  #slow = 0;

  /**
   * Builds a closed breaker.
   *
   * @param policy What it leaves out is as in `DEFAULT_BREAKER_POLICY`.
   * @throws {RangeError} When a number of the policy is out of its bounds.
   */
  constructor(policy: Partial<BreakerPolicy>, options: BreakerOptions) {
    this.#policy = { ...DEFAULT_BREAKER_POLICY, ...policy };
    checkPolicy(this.#policy);
    const { windowCalls, windowMs } = this.#policy;
    this.#options = options;
    this.#outcomes = new Uint8Array(windowCalls);
    this.#endedMs = new Float64Array(windowMs === null ? 0 : windowCalls);
  }

  /** Open turns half-open with the first call after the pause, not before. */
  get state(): BreakerState {
    return this.#state;
  }

  /** To be read after `tryCall`, which may begin a new one. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Returns 0 when a call may be made, which is then under way until it is
   * reported; otherwise the whole milliseconds after which to try again.
   */
  tryCall(nowMs: number): number {
    const retryAfterMs = this.#retryAfterMs(nowMs);
    if (retryAfterMs > 0) return retryAfterMs;
    if (this.#state === "open") {
      this.#enter("half_open", nowMs);
      // Once more, since who was told may have changed it again.
      return this.tryCall(nowMs);
    }
    this.#underWay++;
    return 0;
  }

  /** A call was answered, with yes or no. A slow one can open it too. */
  succeeded(nowMs: number, durationMs: number, generation: number): void {
    if (this.#leave(generation)) this.#ended(0, nowMs, durationMs);
  }

  /** A call failed, or its deadline passed. */
  failed(nowMs: number, durationMs: number, generation: number): void {
    if (this.#leave(generation)) this.#ended(FAILED, nowMs, durationMs);
  }

  /** A call will never report: it counts for nothing and frees its place. */
  abandoned(generation: number): void {
    this.#leave(generation);
  }

  /**
   * The target is down and expected back in `retryAfterMs`, which callers are
   * told. Opens at once and stays open until `targetUp`, however long.
   *
   * @throws {RangeError} When `retryAfterMs` is negative or not finite.
   */
  targetDown(nowMs: number, retryAfterMs: number): void {
    if (!Number.isFinite(retryAfterMs) || retryAfterMs < 0) {
      throw new RangeError(
        "Cannot mark a target down as retryAfterMs must be finite and >= 0: " +
          `current value is ${retryAfterMs}`,
      );
    }
    this.#isTargetDown = true;
    this.#retryAtMs = nowMs + retryAfterMs;
    if (this.#state !== "open") this.#open(nowMs);
  }

  /** The target is back: half-open at once. It is no news if it was up. */
  targetUp(nowMs: number): void {
    if (!this.#isTargetDown) return;
    this.#isTargetDown = false;
    this.#enter("half_open", nowMs);
  }

  /** What it knows at `nowMs`. Asking makes no transition. */
  report(nowMs: number): BreakerReport {
    this.#forgetOld(nowMs);
    return {
      state: this.#state,
      calls: this.#calls,
      failures: this.#failures,
      slow: this.#slow,
      underWay: this.#underWay,
      opened: this.#opened,
      isTargetDown: this.#isTargetDown,
      retryAfterMs: this.#retryAfterMs(nowMs),
    };
  }

  #retryAfterMs(nowMs: number): number {
    if (this.#state === "closed") return 0;
    if (this.#state === "half_open") {
      const taken = this.#underWay + this.#probesSucceeded;
      return taken < this.#policy.probes ? 0 : RETRY_AFTER_MS;
    }
    if (this.#retryAtMs > nowMs) return Math.ceil(this.#retryAtMs - nowMs);
    return this.#isTargetDown ? RETRY_AFTER_MS : 0;
  }

  /** One call less is under way; false when it began in an earlier state. */
  #leave(generation: number): boolean {
    if (generation !== this.#generation) return false;
    if (this.#underWay === 0) {
      throw new RangeError(
        "Cannot report a call as one must be under way: current value is 0",
      );
    }
    this.#underWay--;
    return true;
  }

  #ended(failed: number, nowMs: number, durationMs: number): void {
    const { slowCallMs } = this.#policy;
    const slow = slowCallMs !== null && durationMs > slowCallMs ? SLOW : 0;
    if (this.#state === "closed") this.#count(failed | slow, nowMs);
    else this.#probed(failed | slow, nowMs);
  }

  #count(outcome: number, nowMs: number): void {
    const policy = this.#policy;
    this.#forgetOld(nowMs);
    if (this.#calls === policy.windowCalls) this.#forgetOldest();
    const slot = (this.#oldest + this.#calls) % policy.windowCalls;
    this.#outcomes[slot] = outcome;
    if (policy.windowMs !== null) this.#endedMs[slot] = nowMs;
    this.#calls++;
    this.#failures += outcome & FAILED;
    this.#slow += outcome >>> 1;
    // Any outcome can open it: a success may be what makes up the minimum.
    if (this.#calls < policy.minimumCalls) return;
    const { failureRatePercent, slowRatePercent } = policy;
    const isFailing = isShare(this.#failures, this.#calls, failureRatePercent);
    const isSlow = isShare(this.#slow, this.#calls, slowRatePercent);
    if (isFailing || isSlow) this.#open(nowMs);
  }

  /** One failed probe is enough; slow ones are judged by their share. */
  #probed(outcome: number, nowMs: number): void {
    const { probes, slowRatePercent } = this.#policy;
    this.#slowProbes += outcome >>> 1;
    const isSlow = isShare(this.#slowProbes, probes, slowRatePercent);
    if (isSlow || (outcome & FAILED) !== 0) this.#open(nowMs);
    else if (++this.#probesSucceeded === probes) this.#enter("closed", nowMs);
  }

  #forgetOld(nowMs: number): void {
    const { windowMs } = this.#policy;
    if (windowMs === null) return;
    while (this.#calls > 0 && this.#endedMs[this.#oldest]! < nowMs - windowMs) {
      this.#forgetOldest();
    }
  }

  #forgetOldest(): void {
    const outcome = this.#outcomes[this.#oldest]!;
    this.#oldest = (this.#oldest + 1) % this.#outcomes.length;
    this.#calls--;
    this.#failures -= outcome & FAILED;
    this.#slow -= outcome >>> 1;
  }

  /**
   * Doubles the pause after half-open even when the supervisor opens it: when
   * a probe fells its target, which of the two tells first is chance.
   */
  #open(nowMs: number): void {
    const { resetMinMs, resetMaxMs } = this.#policy;
    const grownMs = Math.min(this.#resetMs * 2, resetMaxMs);
    this.#resetMs = this.#state === "closed" ? resetMinMs : grownMs;
    if (!this.#isTargetDown) {
      this.#retryAtMs = nowMs +
        jittered(this.#resetMs, this.#options.random.next());
    }
    this.#opened++;
    this.#enter("open", nowMs);
  }

  /** The last thing that a method does, so that who is told sees all of it. */
  #enter(to: BreakerState, nowMs: number): void {
    const from = this.#state;
    this.#state = to;
    this.#generation++;
    this.#underWay = this.#probesSucceeded = this.#slowProbes = 0;
    if (to === "closed") this.#calls = this.#failures = this.#slow = 0;
    this.#options.changed?.(from, to, nowMs);
  }
}

/** Compared by product: no rate is computed, so none is 0 / 0. */
function isShare(part: number, whole: number, percent: number | null) {
  return percent !== null && part * 100 >= whole * percent;
}

/** Whole milliseconds within `delayMs` ± 20 %. */
function jittered(delayMs: number, random: number): number {
  const spreadMs = Math.floor(delayMs / 5);
  const share = random / 4294967296;
  return delayMs - spreadMs + Math.floor(share * (2 * spreadMs + 1));
}

function checkPolicy(policy: BreakerPolicy): void {
  const { slowCallMs, slowRatePercent, windowMs } = policy;
  check("failureRatePercent", policy.failureRatePercent, 1, 100);
  if (slowCallMs !== null || slowRatePercent !== null) {
    check("slowCallMs", slowCallMs, 1, MOST_MS);
    check("slowRatePercent", slowRatePercent, 1, 100);
  }
  check("windowCalls", policy.windowCalls, 1, MOST_CALLS);
  if (windowMs !== null) check("windowMs", windowMs, 1, MOST_MS);
  check("minimumCalls", policy.minimumCalls, 1, policy.windowCalls);
  check("probes", policy.probes, 1, MOST_CALLS);
  check("resetMinMs", policy.resetMinMs, 1, MOST_MS);
  check("resetMaxMs", policy.resetMaxMs, policy.resetMinMs, MOST_MS);
}

function check(name: string, value: number | null, from: number, to: number) {
  if (Number.isSafeInteger(value) && value! >= from && value! <= to) return;
  throw new RangeError(
    `Cannot make a circuit breaker as ${name} must be an integer from ` +
      `${from} to ${to}: current value is ${value}`,
  );
}
