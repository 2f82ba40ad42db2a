/**
 * What the storefront asks of a payment provider, whatever the provider. The
 * provider stands behind a gateway, because it must be waited for.
 *
 * @module
 */
import type { Asks, Ref } from "./runtime/actor.ts";

/** How a charge ended at the provider. */
export type ChargeState = "captured" | "declined" | "none";

/**
 * Charges once for an attempt id: the same id again gives the same answer. An
 * `unknown` outcome means that the charge may have happened.
 */
export interface Charge extends Asks<{ readonly state: ChargeState }> {
  readonly kind: "charge";
  readonly attemptId: string;
  readonly amountCents: number;
  readonly currency: string;
  readonly method: string;
}

/**
 * Says what became of an attempt id. After the answer `none` the provider
 * refuses a late charge of that id, so that the answer stays true.
 */
export interface ChargeStatus extends Asks<{ readonly state: ChargeState }> {
  readonly kind: "charge_status";
  readonly attemptId: string;
}

/** Gives the money of a captured attempt back, once. */
export interface Refund extends Asks<null> {
  readonly kind: "refund";
  readonly attemptId: string;
}

/** What a payment gateway accepts. */
export type PaymentMessage = Charge | ChargeStatus | Refund;

/** The address of a payment gateway. */
export type PaymentRef = Ref<PaymentMessage>;
