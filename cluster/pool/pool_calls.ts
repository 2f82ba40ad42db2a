/**
 * Calls to a pool: each goes to the member that the policy picks, and when it
 * gets no answer once more to another one, inside a retry budget and inside the
 * caller's time. What the pool sees of its replies is what ejects members.
 *
 * For messages that may be sent twice, such as reads. A refusal is an answer:
 * it is never retried, as the next member would say the same.
 *
 * @module
 */
import type { Message } from "../../actors/runtime/actor.ts";
import { failed, type Outcome } from "../../actors/runtime/outcome.ts";
import type { Clock } from "../../actors/runtime/ports.ts";
import type { Member } from "../balancers/balancer.ts";
import type { AdaptiveThrottle } from "./adaptive_throttle.ts";
import type { Pool, PoolReport } from "./pool.ts";
import type { RetryBudget } from "./retry_budget.ts";

/** Takes how a call ended, and who it was asked of last; null: nobody. */
export type CallEnded = (
  outcome: Outcome<unknown>,
  server: string | null,
) => void;

/** What calls need. */
export interface PoolCallsOptions {
  /** Who is called. */
  readonly pool: Pool;
  /** What retries may add. */
  readonly budget: RetryBudget;
  /** Null: a client of the pool never holds back. */
  readonly throttle: AdaptiveThrottle | null;
  /** Tries after the first one. */
  readonly retriesMost: number;
  /** How long one try may take. */
  readonly tryWithinMs: number;
  /** For deadlines, and for what the pool must know of time. */
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Sends a message to a member; its outcome comes within the time. */
  readonly ask: (
    name: string,
    message: Message,
    withinMs: number,
    done: (outcome: Outcome<unknown>) => void,
  ) => void;
}

/** A pool and the calls to it, as people see them. */
export interface PoolCallsReport extends PoolReport {
  /** Tries after a call's first one. */
  readonly retries: number;
  /** Calls that their client refused itself, as too many had failed. */
  readonly throttled: number;
}

interface Call {
  readonly key: string;
  readonly message: Message;
  readonly deadlineMs: number;
  readonly done: CallEnded;
  readonly tried: Member[];
}

/** As long as most troubles of one member last at least. */
const RETRY_AFTER_MS = 1_000;

const OVERLOADED = failed("overloaded", RETRY_AFTER_MS);
const UNAVAILABLE = failed("unavailable", RETRY_AFTER_MS);

/** See the module. */
export class PoolCalls {
  readonly #options: PoolCallsOptions;
  #retries = 0;
  #throttled = 0;

  /** Nothing is called yet. */
  constructor(options: PoolCallsOptions) {
    this.#options = options;
  }

  /**
   * Calls a member. `done` hears the outcome once: an answer, `failed` when no
   * member may be called, else what the last member's try came to.
   */
  call(
    key: string,
    message: Message,
    withinMs: number,
    done: CallEnded,
  ): void {
    const { throttle, budget, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    if (throttle !== null && !throttle.admits(nowMs)) {
      this.#throttled++;
      return done(OVERLOADED, null);
    }
    budget.noteFirstTry();
    const deadlineMs = nowMs + withinMs;
    this.#try({ key, message, deadlineMs, done, tried: [] }, UNAVAILABLE);
  }

  /**
   * Asks every member, fit or not, and lets the pool know who answered.
   *
   * @param message Cheap to answer; a refusal will do.
   */
  probe(message: Message): void {
    const { pool, ask, tryWithinMs, clock } = this.#options;
    pool.names.forEach((name, index) =>
      ask(name, message, tryWithinMs, (outcome) => {
        pool.probed(index, isAnswer(outcome), clock.monotonicMs());
      })
    );
  }

  /** Gives a member nothing new, or something again; false: there is none. */
  drain(name: string, isDraining: boolean): boolean {
    const { pool, clock } = this.#options;
    return pool.drain(name, isDraining, clock.monotonicMs());
  }

  /** The pool and its calls, as people see them. */
  report(): PoolCallsReport {
    const { pool, clock } = this.#options;
    return {
      ...pool.report(clock.monotonicMs()),
      retries: this.#retries,
      throttled: this.#throttled,
    };
  }

  /** @param instead The outcome when nobody may be tried. */
  #try(call: Call, instead: Outcome<unknown>): void {
    const { pool, ask, clock, tryWithinMs } = this.#options;
    const startedMs = clock.monotonicMs();
    const member = pool.take(call.key, startedMs, call.tried);
    if (member === null) {
      return call.done(instead, call.tried.at(-1)?.name ?? null);
    }
    call.tried.push(member);
    const leftMs = call.deadlineMs - startedMs;
    const withinMs = Math.min(tryWithinMs, leftMs);
    ask(member.name, call.message, withinMs, (outcome) => {
      const nowMs = clock.monotonicMs();
      const isGood = isAnswer(outcome);
      pool.settle(member, isGood, nowMs - startedMs, nowMs);
      if (isGood) {
        this.#options.throttle?.noteAccepted(nowMs);
        return call.done(outcome, member.name);
      }
      if (!this.#mayRetry(call, nowMs)) {
        return call.done(outcome, member.name);
      }
      this.#retries++;
      this.#try(call, outcome);
    });
  }

  #mayRetry({ tried, deadlineMs }: Call, nowMs: number): boolean {
    const { retriesMost, budget, pool } = this.#options;
    return tried.length <= retriesMost && nowMs < deadlineMs &&
      pool.hasOther(tried, nowMs) && budget.tryRetry();
  }
}

/** Whether a member answered: that it was not able to is its fault. */
function isAnswer({ kind }: Outcome<unknown>): boolean {
  return kind === "ok" || kind === "rejected";
}
