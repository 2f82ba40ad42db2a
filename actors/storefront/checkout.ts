/**
 * Paying for an order. Every hold is pinned first, so that nothing runs out
 * while the money moves; only then is the provider asked, and only what the
 * provider says ends the attempt: captured sells every hold, declined takes
 * the pins back (ADR 0004), anything unclear is asked again by attempt id. If
 * a pin's own deadline was not enough, the money goes back and with it what
 * was sold already. A buyer waits a few seconds; the payment does not depend
 * on anybody waiting.
 *
 * @module
 */
import type { Answered, Asker, Context } from "../runtime/actor.ts";
import { failed, ok, type Outcome } from "../runtime/outcome.ts";
import type { InventoryRef } from "../inventory_shard.ts";
import {
  dischargeObligation,
  type Progress,
  retryDelayMs,
} from "./obligation.ts";
import {
  attemptIdOf,
  type Order,
  shardsOf,
  type StorefrontEvent,
  viewOf,
} from "./order.ts";
import {
  orderOf,
  orderOfUser,
  payScope,
  type StorefrontState,
  usedKey,
} from "./order_book.ts";
import { expireWhenDue } from "./order_deadlines.ts";
import type { ChargeState, PaymentRef } from "../payment.ts";
import { type Refusal, refuse } from "../refusals.ts";
import type { Payment, PayOrder, StorefrontMail } from "../storefront.ts";

/** A buyer who pays; lost with the incarnation, unlike the payment. */
export interface CheckoutFlow {
  /** 0: nobody waits for an answer any more. */
  asker: Asker;
  /** Shards that have not answered the pin yet. */
  pinning: number;
  /** The worst answer so far. */
  pins: "held" | "unclear" | "gone";
}

/** Names an attempt in an answer or timer. */
interface AttemptAsked {
  readonly orderId: string;
  readonly attempt: number;
  /** Repeats so far. */
  readonly tries: number;
}

/** A shard's answer to a pin. */
export type PinAnswered = Answered<"pin_answered", null, string>;

/** The provider's answer to a charge, or to the question about one. */
export type ChargeAnswered = Answered<
  "charge_answered",
  { readonly state: ChargeState },
  AttemptAsked
>;

/** The provider's answer to a refund. */
export type RefundAnswered = Answered<"refund_answered", null, AttemptAsked>;

/** Its timers. */
export type CheckoutTimer =
  | { readonly kind: "charge_status_due"; readonly asked: AttemptAsked }
  | { readonly kind: "refund_due"; readonly asked: AttemptAsked }
  | { readonly kind: "payment_slow"; readonly orderId: string };

type StorefrontContext = Context<StorefrontMail, StorefrontEvent>;

/** As for a reserve: past this a shard is being replaced. */
const PIN_WITHIN_MS = 2_000;

/**
 * How long a payment keeps its holds. The provider has ten seconds for the
 * charge and is then asked at least every ten: some sixty questions, which
 * outlast a brown-out of minutes. Stock is not kept longer for money that may
 * never come; a capture after that is given back.
 */
const PIN_FOR_MS = 10 * 60 * 1_000;

/** Providers answer in about a second; at ten something is wrong. */
const PROVIDER_WITHIN_MS = 10_000;

/** A buyer who waits longer than this is told that it goes on without him. */
const SLOW_AFTER_MS = 3_000;

/** When a refused buyer may try again: a payment under way, an unpin. */
const RETRY_AFTER_MS = 1_000;

/** Takes the request: replays it, refuses it, or starts an attempt. */
export function payOrder(
  ctx: StorefrontContext,
  state: StorefrontState,
  message: PayOrder,
): void {
  const { userId, orderId, key, method } = message;
  const known = orderOfUser(state, orderId, userId);
  if (known === undefined) return ctx.reply(refuse("not-found"));
  const order = expireWhenDue(ctx, state, known);
  const used = usedKey(state, payScope(key, userId));
  if (used !== undefined && used !== `${orderId} ${method}`) {
    return ctx.reply(refuse("idempotency-key-reused"));
  }
  if (used !== undefined && order.status === "paid") {
    return ctx.reply(replayed(order));
  }
  const refusal = refusalOf(order);
  if (refusal !== null) return ctx.reply(refuse(refusal));
  if (state.paying.has(orderId)) return replyInFlight(ctx, state, message);
  if (state.obligations.has(orderId)) {
    // Its last attempt is still being unpinned: a pin now could be undone.
    return ctx.reply(retryLater("payment-in-flight"));
  }
  startAttempt(ctx, state, order, message);
}

function refusalOf(order: Readonly<Order>): Refusal | null {
  if (order.status === "awaiting_payment") return null;
  return order.status === "paid" ? "already-paid" : "order-expired";
}

function replayed(order: Readonly<Order>): Outcome<Payment> {
  const pending = order.status === "awaiting_payment";
  return ok({ order: viewOf(order), pending, replayed: true });
}

function retryLater(code: Refusal): Outcome<never> {
  return refuse(code, { retryAfterMs: RETRY_AFTER_MS });
}

function replyInFlight(
  ctx: StorefrontContext,
  state: StorefrontState,
  { orderId, key, method }: PayOrder,
): void {
  const paying = state.paying.get(orderId)!;
  if (paying.key !== key) return ctx.reply(retryLater("payment-in-flight"));
  if (paying.method !== method) {
    return ctx.reply(refuse("idempotency-key-reused"));
  }
  const isWaiting = (state.volatile.flows.get(orderId)?.asker ?? 0) !== 0;
  ctx.reply(
    isWaiting
      ? retryLater("idempotency-in-flight")
      : replayed(orderOf(state, orderId)),
  );
}

function startAttempt(
  ctx: StorefrontContext,
  state: StorefrontState,
  order: Readonly<Order>,
  { key, method }: PayOrder,
): void {
  const { id: orderId, holdId } = order;
  const { args, flows, shardAddresses } = state.volatile;
  const attempt = order.attempts + 1;
  const atMs = ctx.now();
  ctx.record({ kind: "payment_started", orderId, attempt, key, method, atMs });
  const shards = shardsOf(order.lines, args.shards);
  flows.set(orderId, {
    asker: ctx.asker(),
    pinning: shards.length,
    pins: "held",
  });
  const slow: StorefrontMail = { kind: "payment_slow", orderId };
  ctx.timer(slowKey(orderId), SLOW_AFTER_MS, slow);
  for (const shard of shards) {
    ctx.ask(
      shardAddresses[shard]! as InventoryRef,
      { kind: "pin", holdId, untilMs: atMs + PIN_FOR_MS },
      { as: "pin_answered", withinMs: PIN_WITHIN_MS, about: orderId },
    );
  }
}

/** Goes on when every shard has said whether it pinned its hold. */
export function pinAnswered(
  ctx: StorefrontContext,
  state: StorefrontState,
  { outcome, about: orderId }: PinAnswered,
): void {
  const flow = state.volatile.flows.get(orderId);
  if (flow === undefined) {
    throw new Error(`Cannot pin for "${orderId}" as nobody pays for it`);
  }
  if (outcome.kind === "rejected") flow.pins = "gone";
  else if (outcome.kind !== "ok" && flow.pins === "held") flow.pins = "unclear";
  if (--flow.pinning > 0) return;
  if (flow.pins === "held") return askCharge(ctx, state, orderId);
  if (flow.pins === "unclear") return recordDeclined(ctx, state, orderId, null);
  ctx.record({ kind: "order_expired", orderId, atMs: ctx.now() });
  ctx.count("orders_expired");
  answerBuyer(ctx, state, orderId, refuse("order-expired"));
  dischargeObligation(ctx, state, orderId);
}

function askCharge(
  ctx: StorefrontContext,
  state: StorefrontState,
  orderId: string,
): void {
  const { args } = state.volatile;
  const { totalCents: amountCents } = orderOf(state, orderId);
  const { attempt, method } = state.paying.get(orderId)!;
  const attemptId = attemptIdOf(orderId, attempt);
  const { currency } = args;
  const about: AttemptAsked = { orderId, attempt, tries: 0 };
  ctx.ask(
    args.paymentGateway as PaymentRef,
    { kind: "charge", attemptId, amountCents, currency, method },
    { as: "charge_answered", withinMs: PROVIDER_WITHIN_MS, about },
  );
}

/** Asks the provider what became of a charge whose answer is not known. */
export function askChargeStatus(
  ctx: StorefrontContext,
  state: StorefrontState,
  about: AttemptAsked,
): void {
  const { orderId, attempt } = about;
  ctx.ask(
    state.volatile.args.paymentGateway as PaymentRef,
    { kind: "charge_status", attemptId: attemptIdOf(orderId, attempt) },
    { as: "charge_answered", withinMs: PROVIDER_WITHIN_MS, about },
  );
}

/** Ends the attempt if the provider's word is definite, else asks again. */
export function chargeAnswered(
  ctx: StorefrontContext,
  state: StorefrontState,
  { outcome, about }: ChargeAnswered,
): void {
  const { orderId, attempt, tries } = about;
  if (outcome.kind !== "ok") {
    // A provider that is not even asked answers nobody within seconds.
    if (outcome.kind === "failed" && outcome.code === "unavailable") {
      paymentSlow(ctx, state, orderId);
    }
    // A failure should mean no charge, but this is money: the provider says.
    const asked: AttemptAsked = { orderId, attempt, tries: tries + 1 };
    const delayMs = retryDelayMs(tries, ctx.random());
    const due: StorefrontMail = { kind: "charge_status_due", asked };
    return ctx.timer(`charge ${orderId}`, delayMs, due);
  }
  const charge = outcome.value.state;
  if (charge === "none") return recordDeclined(ctx, state, orderId, null);
  if (charge === "declined") {
    return recordDeclined(ctx, state, orderId, refuse("payment-declined"));
  }
  ctx.record({ kind: "payment_captured", orderId, attempt, atMs: ctx.now() });
  ctx.count("payments_captured");
  dischargeObligation(ctx, state, orderId);
}

/** Ends an attempt in which no money moved; null: the provider had no part. */
function recordDeclined(
  ctx: StorefrontContext,
  state: StorefrontState,
  orderId: string,
  refusal: Outcome<never> | null,
): void {
  const { attempt } = state.paying.get(orderId)!;
  const why = refusal === null ? "not_charged" : "declined";
  const atMs = ctx.now();
  ctx.record({ kind: "payment_declined", orderId, attempt, why, atMs });
  ctx.count("payments_declined");
  const outcome = refusal ?? failed("unavailable", RETRY_AFTER_MS);
  answerBuyer(ctx, state, orderId, outcome);
  dischargeObligation(ctx, state, orderId);
  // Its deadline may have passed, unmarked, while the pins held.
  expireWhenDue(ctx, state, orderOf(state, orderId));
}

/** Every shard has said whether it sold its hold: paid, or money back. */
export function confirmAnswered(
  ctx: StorefrontContext,
  state: StorefrontState,
  orderId: string,
  progress: Progress,
): void {
  const atMs = ctx.now();
  if (progress.refused.length === 0) {
    ctx.record({ kind: "order_paid", orderId, atMs });
    ctx.count("orders_paid");
    const order = viewOf(orderOf(state, orderId));
    const payment: Payment = { order, pending: false, replayed: false };
    return answerBuyer(ctx, state, orderId, ok(payment));
  }
  const shards = progress.done;
  ctx.record({ kind: "refund_pending", orderId, shards, atMs });
  ctx.count("refunds");
  ctx.log("warn", "a pin ran out before its payment was captured", { orderId });
  const detail = "The reservation ran out; the money is being returned.";
  answerBuyer(ctx, state, orderId, refuse("order-expired", { detail }));
  dischargeObligation(ctx, state, orderId);
  const { attempt } = state.paying.get(orderId)!;
  askRefund(ctx, state, { orderId, attempt, tries: 0 });
}

/** Asks the provider to give the money back. */
export function askRefund(
  ctx: StorefrontContext,
  state: StorefrontState,
  about: AttemptAsked,
): void {
  const { orderId, attempt } = about;
  ctx.ask(
    state.volatile.args.paymentGateway as PaymentRef,
    { kind: "refund", attemptId: attemptIdOf(orderId, attempt) },
    { as: "refund_answered", withinMs: PROVIDER_WITHIN_MS, about },
  );
}

/** Ends the refund, or asks again: owed money is never given up. */
export function refundAnswered(
  ctx: StorefrontContext,
  { outcome, about }: RefundAnswered,
): void {
  const { orderId, attempt, tries } = about;
  if (outcome.kind === "ok") {
    ctx.record({ kind: "order_refunded", orderId, atMs: ctx.now() });
    return;
  }
  if (outcome.kind === "rejected") {
    ctx.log("error", "the provider refuses a refund", {
      orderId,
      code: outcome.code,
    });
  }
  const asked: AttemptAsked = { orderId, attempt, tries: tries + 1 };
  const delayMs = retryDelayMs(tries, ctx.random());
  ctx.timer(`refund ${orderId}`, delayMs, { kind: "refund_due", asked });
}

/** Tells the buyer that the payment goes on without him. */
export function paymentSlow(
  ctx: StorefrontContext,
  state: StorefrontState,
  orderId: string,
): void {
  const flow = state.volatile.flows.get(orderId);
  if (flow === undefined || flow.asker === 0) return;
  const order = viewOf(orderOf(state, orderId));
  const payment: Payment = { order, pending: true, replayed: false };
  ctx.answer(flow.asker, ok(payment));
  flow.asker = 0;
}

/** Takes payments up again where the journal left them. */
export function resumePayments(
  ctx: StorefrontContext,
  state: StorefrontState,
): void {
  for (const [orderId, { attempt, captured }] of state.paying) {
    const about: AttemptAsked = { orderId, attempt, tries: 0 };
    if (!captured) askChargeStatus(ctx, state, about);
    else if (orderOf(state, orderId).status === "refund_pending") {
      askRefund(ctx, state, about);
    }
    // Captured and not refunded: its obligation to confirm stands.
  }
}

/** The buyer's wait is over, whatever comes of it. */
function answerBuyer(
  ctx: StorefrontContext,
  state: StorefrontState,
  orderId: string,
  outcome: Outcome<Payment>,
): void {
  const flow = state.volatile.flows.get(orderId);
  if (flow === undefined) return;
  state.volatile.flows.delete(orderId);
  if (flow.asker === 0) return;
  ctx.cancelTimer(slowKey(orderId));
  ctx.answer(flow.asker, outcome);
}

function slowKey(orderId: string): string {
  return `slow ${orderId}`;
}
