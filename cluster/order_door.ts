/**
 * What stands before placing an order, besides the limits of every request: how
 * many orders are placed at once, then how many of each product. Paying and
 * cancelling pass it by. Who is refused costs no message, and who is refused
 * for a product gets back what the limits of every request took from him: an
 * order takes from all limits that concern it or from none.
 *
 * @module
 */
import { refuse } from "../actors/refusals.ts";
import { failed, RETRY_AFTER_MS } from "../actors/runtime/outcome.ts";
import type { Clock } from "../actors/runtime/ports.ts";
import type { AdmissionControl } from "./admission.ts";
import type { Admission, Done } from "./gate.ts";
import {
  AdaptiveConcurrency,
  type ConcurrencyPolicy,
  type ConcurrencyReport,
} from "./limiters/concurrency.ts";

/** An order at the door. */
export interface EnteringOrder {
  readonly userId: string;
  readonly lines: readonly { readonly sku: string }[];
  /** What let it in; left out where nothing limits requests. */
  readonly admission?: Admission | undefined;
}

/** See the module. */
export class OrderDoor {
  readonly #admission: AdmissionControl;
  readonly #concurrency: AdaptiveConcurrency | null;
  readonly #clock: Clock;

  /** @throws {RangeError} When the policy's numbers are out of order. */
  constructor(
    admission: AdmissionControl,
    concurrency: ConcurrencyPolicy | null,
    clock: Clock,
  ) {
    this.#admission = admission;
    this.#concurrency = concurrency && new AdaptiveConcurrency(concurrency);
    this.#clock = clock;
  }

  /**
   * Lets an order in: what it gives has to be called once with how it ended.
   * Null when it does not; then `done` has heard why.
   */
  enter<Value>(
    { userId, lines, admission }: EnteringOrder,
    done: Done<Value>,
  ): Done<Value> | null {
    const concurrency = this.#concurrency;
    if (concurrency !== null && !concurrency.hasRoom) {
      concurrency.refuse();
      done(failed("overloaded", RETRY_AFTER_MS));
      return null;
    }
    const startedMs = this.#clock.monotonicMs();
    const retryAfterMs = this.#admission.admitOrder(lines, startedMs);
    if (retryAfterMs > 0) {
      if (admission !== undefined) {
        this.#admission.giveBack(userId, admission, startedMs);
      }
      const detail = "Too many orders of one of these products.";
      done(refuse("rate-limited", { detail, retryAfterMs }));
      return null;
    }
    if (concurrency === null) return done;
    concurrency.begin();
    return (outcome) => {
      const nowMs = this.#clock.monotonicMs();
      if (outcome.kind === "failed") concurrency.abandoned();
      else concurrency.ended(nowMs - startedMs, nowMs);
      done(outcome);
    };
  }

  /** How many are placed at once; null: as many as come. */
  report(): ConcurrencyReport | null {
    return this.#concurrency?.report() ?? null;
  }
}
