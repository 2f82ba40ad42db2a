/**
 * The host's side of a gateway: what must be waited for, behind a ref.
 *
 * A call is started while fewer than `concurrency` run, waits in a bounded
 * queue otherwise, and is settled exactly once, at its deadline at the latest:
 * `expired` when it was never started, `unknown` when it was. A handler that
 * is settled as unknown still runs, and keeps its place until it ends: the cap
 * is a promise to the other side. So a handler must end by itself. Calls are
 * not told apart here; a repeated one is known by the ids in its message.
 *
 * @module
 */
import type { Message } from "../../actors/runtime/actor.ts";
import type { Outcome } from "../../actors/runtime/outcome.ts";
import { failed, unknown } from "../../actors/runtime/outcome.ts";
import type { Clock } from "../../actors/runtime/ports.ts";

/** A pair like `setTimeout` and `clearTimeout`. */
export interface Timers<Timer = unknown> {
  /** Runs `action` once, after `delayMs`. */
  set(action: () => void, delayMs: number): Timer;
  /** Makes sure that the action does not run any more. */
  clear(timer: Timer): void;
}

/** How a gateway is set up. */
export interface GatewayOptions<M extends Message> {
  /** Names the gateway in errors, such as `payment`. */
  readonly address: string;
  /** Handlers that run at a time. */
  readonly concurrency: number;
  /** Calls that wait for a handler at most. */
  readonly queue: number;
  /** No call takes longer, from `call` to its outcome. */
  readonly withinMs: number;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Does the work. A throw is an outcome `unknown`. */
  handle(message: M): Promise<Outcome<unknown>> | Outcome<unknown>;
  /** Hears of what a handler threw; its caller is only told `unknown`. */
  onError?(error: unknown): void;
}

/** Takes the outcome of a call. */
export type Done = (outcome: Outcome<unknown>) => void;

interface Call<M> {
  readonly message: M;
  readonly deadlineMs: number;
  done: Done | null;
  timer: unknown;
  isStarted: boolean;
}

/** When a place may be free again: most work behind a gateway takes less. */
const RETRY_AFTER_MS = 1_000;

/** Runs the calls to one gateway. */
export class GatewayHost<M extends Message = Message> {
  readonly #options: GatewayOptions<M>;
  /** In order of arrival; settled ones are taken out at once. */
  readonly #waiting = new Set<Call<M>>();
  #running = 0;
  #isStarting = false;

  /** @throws {RangeError} when a bound is no integer or too small. */
  constructor(options: GatewayOptions<M>) {
    const { address, concurrency, queue, withinMs } = options;
    checkBound(address, "concurrency", concurrency, 1);
    checkBound(address, "queue", queue, 0);
    checkBound(address, "withinMs", withinMs, 1);
    this.#options = options;
  }

  /** The gateway's address. */
  get address(): string {
    return this.#options.address;
  }

  /** Handlers that run now, those of settled calls included. */
  get running(): number {
    return this.#running;
  }

  /** Calls that wait for a handler now. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Runs the handler on `message`, now or when there is room for it. Never
   * throws; `done` gets the outcome, exactly once, at once when it is known.
   */
  call(message: M, timeLeftMs: number, done: Done): void {
    const { clock, timers, withinMs, concurrency, queue } = this.#options;
    const allowedMs = Math.min(timeLeftMs, withinMs);
    if (!(allowedMs > 0)) return done(failed("expired", 0));
    const hasRoom = this.#running < concurrency;
    if (!hasRoom && this.#waiting.size >= queue) {
      return done(failed("overloaded", RETRY_AFTER_MS));
    }
    const deadlineMs = clock.monotonicMs() + allowedMs;
    const call: Call<M> = {
      message,
      deadlineMs,
      done,
      timer: undefined,
      isStarted: false,
    };
    call.timer = timers.set(() => this.#expire(call), allowedMs);
    if (hasRoom) this.#start(call);
    else this.#waiting.add(call);
  }

  #expire(call: Call<M>): void {
    this.#waiting.delete(call);
    this.#settle(
      call,
      call.isStarted ? unknown(RETRY_AFTER_MS) : failed("expired", 0),
    );
  }

  async #start(call: Call<M>): Promise<void> {
    call.isStarted = true;
    this.#running++;
    try {
      const result = this.#options.handle(call.message);
      // A handler that answers at once does not cost its caller a turn.
      const outcome = result instanceof Promise ? await result : result;
      this.#settle(call, outcome);
    } catch (error) {
      this.#settle(call, unknown(RETRY_AFTER_MS));
      this.#options.onError?.(error);
    } finally {
      this.#running--;
      this.#startWaiting();
    }
  }

  #startWaiting(): void {
    // Handlers that answer at once end in here: a loop, not a recursion.
    if (this.#isStarting) return;
    this.#isStarting = true;
    const { clock, concurrency } = this.#options;
    for (const call of this.#waiting) {
      if (this.#running >= concurrency) break;
      this.#waiting.delete(call);
      // Its timer may be late; what is over must not be begun.
      if (clock.monotonicMs() < call.deadlineMs) this.#start(call);
      else this.#settle(call, failed("expired", 0));
    }
    this.#isStarting = false;
  }

  #settle(call: Call<M>, outcome: Outcome<unknown>): void {
    const { done } = call;
    if (done === null) return;
    call.done = null;
    this.#options.timers.clear(call.timer);
    done(outcome);
  }
}

function checkBound(
  address: string,
  name: string,
  value: number,
  least: number,
): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RangeError(
    `Cannot set up gateway "${address}" as ${name} must be an integer >= ` +
      `${least}: current value is ${value}`,
  );
}
