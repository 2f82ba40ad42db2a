/**
 * Why the shop says no: one closed union for all its actors. The edge has an
 * exhaustive table from it to status codes, so a new refusal without a status
 * does not compile.
 *
 * @module
 */
import type { Outcome, Rejected } from "./runtime/outcome.ts";
import { rejected } from "./runtime/outcome.ts";

/** The shop's refusals. */
export type Refusal =
  | "sold-out"
  | "purchase-limit"
  | "not-found"
  | "idempotency-key-reused"
  | "idempotency-in-flight"
  | "order-expired"
  | "already-paid"
  | "payment-in-flight"
  | "payment-declined"
  | "username-taken"
  | "invalid-credentials"
  | "rate-limited"
  | "invalid-input";

/** An outcome whose refusals are the shop's. */
export type ShopOutcome<Value> = Outcome<Value, Refusal>;

/** Says no, with a reason of the shop. */
export function refuse(
  code: Refusal,
  more: { detail?: string; retryAfterMs?: number } = {},
): Rejected<Refusal> {
  return rejected(code, more);
}
