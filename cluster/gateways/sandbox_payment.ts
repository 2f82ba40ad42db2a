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
  ): ChargeState | Promise<ChargeState>;
  status(attemptId: string): ChargeState | Promise<ChargeState>;
  refund(attemptId: string): boolean | Promise<boolean>;
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
  async handle(message: PaymentMessage): Promise<PaymentOutcome> {
    switch (message.kind) {
      case "charge":
        return this.#charge(message);
      case "charge_status":
        // To say "none" would forbid the charge that is under way.
        if (this.#slow.has(message.attemptId)) return unknown(RETRY_AFTER_MS);
        return ok({ state: await this.#ledger.status(message.attemptId) });
      case "refund":
        return this.#refund(message.attemptId);
    }
  }

  #charge(message: Charge): PaymentOutcome | Promise<PaymentOutcome> {
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

  async #decide(
    message: Charge,
    decide: "captured" | "declined",
  ): Promise<PaymentOutcome> {
    const { attemptId, amountCents, currency } = message;
    const state = await this.#ledger.charge(
      attemptId,
      amountCents,
      currency,
      decide,
    );
    return ok({ state });
  }

  async #refund(attemptId: string): Promise<PaymentOutcome> {
    if (await this.#ledger.refund(attemptId)) return ok(null);
    return refuse("invalid-input", { detail: "no payment was captured" });
  }

  #chargeSlowly(message: Charge): Promise<PaymentOutcome> {
    const { attemptId } = message;
    const known = this.#slow.get(attemptId);
    if (known !== undefined) return known;
    const { promise, resolve } = Promise.withResolvers<PaymentOutcome>();
    this.#slow.set(attemptId, promise);
    this.#timers.set(() => {
      this.#slow.delete(attemptId);
      resolve(this.#decide(message, "captured"));
    }, SLOW_MS);
    return promise;
  }
}
