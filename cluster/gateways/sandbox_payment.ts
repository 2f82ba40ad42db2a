/**
 * A payment provider to try the shop with: no money moves, but the ledger is
 * durable and the rules are those of a real one. An attempt is charged once;
 * after the answer `none` it is never charged. The method says how it goes:
 * `sandbox` captures, `sandbox_declined` declines, `sandbox_slow` captures
 * after five seconds, so that the buyer's answer is 202.
 *
 * @module
 */
import type {
  Charge,
  ChargeState,
  PaymentMessage,
} from "../../actors/payment.ts";
import type { ShopOutcome } from "../../actors/refusals.ts";
import { refuse } from "../../actors/refusals.ts";
import { ok, unknown } from "../../actors/runtime/outcome.ts";
import type { Timers } from "./gateway.ts";
import { type Sooner, whenKnown } from "./when_known.ts";

/**
 * What the sandbox needs of its books; `PaymentLedger` says what each does.
 * Every call is durable before it answers, at once or later.
 */
export interface Ledger {
  charge(
    attemptId: string,
    amountCents: number,
    currency: string,
    decide: "captured" | "declined",
  ): Sooner<ChargeState>;
  status(attemptId: string): Sooner<ChargeState>;
  refund(attemptId: string): Sooner<boolean>;
}

/** Longer than the three seconds that a buyer waits for an answer. */
const SLOW_MS = 5_000;

/** A slow charge is asked for again after this long. */
const RETRY_AFTER_MS = 1_000;

type PaymentOutcome = ShopOutcome<{ readonly state: ChargeState } | null>;

/** The sandbox provider; `handle` is the handler of a `GatewayHost`. */
export class SandboxPayment {
  readonly #ledger: Ledger;
  readonly #timers: Timers;
  /** Slow charges under way. The gateway's concurrency bounds them. */
  readonly #slow = new Map<string, Promise<PaymentOutcome>>();

  /** Charges in `ledger`; `timers` time the slow charges. */
  constructor(ledger: Ledger, timers: Timers) {
    this.#ledger = ledger;
    this.#timers = timers;
  }

  /**
   * Answers one message. An unknown method, and a refund of what was never
   * captured, are rejected `invalid-input`; the status of a charge under way
   * is `unknown`. Throws what the ledger throws.
   */
  handle(message: PaymentMessage): Sooner<PaymentOutcome> {
    switch (message.kind) {
      case "charge":
        return this.#charge(message);
      case "charge_status":
        // To say "none" would forbid the charge that is under way.
        if (this.#slow.has(message.attemptId)) return unknown(RETRY_AFTER_MS);
        return whenKnown(this.#ledger.status(message.attemptId), stateIs);
      case "refund":
        return this.#refund(message.attemptId);
    }
  }

  #charge(message: Charge): Sooner<PaymentOutcome> {
    switch (message.method) {
      case "sandbox":
        return this.#decide(message, "captured");
      case "sandbox_declined":
        return this.#decide(message, "declined");
      case "sandbox_slow":
        return this.#chargeSlowly(message);
      default:
        return refuse("invalid-input", {
          detail: "method must be sandbox, sandbox_declined or sandbox_slow",
        });
    }
  }

  #decide(
    message: Charge,
    decide: "captured" | "declined",
  ): Sooner<PaymentOutcome> {
    const { attemptId, amountCents, currency } = message;
    const state = this.#ledger.charge(
      attemptId,
      amountCents,
      currency,
      decide,
    );
    return whenKnown(state, stateIs);
  }

  #refund(attemptId: string): Sooner<PaymentOutcome> {
    return whenKnown(
      this.#ledger.refund(attemptId),
      (isDone): PaymentOutcome =>
        isDone ? ok(null) : refuse("invalid-input", {
          detail: "no payment was captured",
        }),
    );
  }

  #chargeSlowly(message: Charge): Promise<PaymentOutcome> {
    const { attemptId } = message;
    const known = this.#slow.get(attemptId);
    if (known !== undefined) return known;
    const { promise, resolve, reject } = Promise.withResolvers<
      PaymentOutcome
    >();
    this.#slow.set(attemptId, promise);
    this.#timers.set(() => {
      this.#slow.delete(attemptId);
      try {
        resolve(this.#decide(message, "captured"));
      } catch (error) {
        reject(error);
      }
    }, SLOW_MS);
    return promise;
  }
}

function stateIs(state: ChargeState): PaymentOutcome {
  return ok({ state });
}
