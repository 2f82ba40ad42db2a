import { findOrder } from "../../actors/storefront/order_book.ts";
import assert from "node:assert/strict";
import {
  failed,
  ok,
  type Outcome,
  unknown,
} from "../../actors/runtime/outcome.ts";
import type { ChargeState } from "../../actors/payment.ts";
import { refuse } from "../../actors/refusals.ts";
import type { PayOrder, Placed } from "../../actors/storefront.ts";
import {
  answerAll,
  ARGS,
  count,
  facts,
  lastReply,
  linesAt,
  MINUTE_MS,
  openShop,
  placed,
  type Shop,
  waiting,
} from "./storefront_kit.ts";

type Order = Placed["order"];

function payOrder(order: Order, more: Partial<PayOrder> = {}): PayOrder {
  return {
    kind: "pay_order",
    userId: "ann",
    orderId: order.id,
    key: "p1",
    method: "sandbox",
    ...more,
  };
}

/** An order over shards 0 and 1 whose holds are pinned for a payment. */
function pinned(): { shop: Shop; order: Order } {
  const shop = openShop();
  const { order } = placed(shop, { lines: linesAt(0, 1) });
  shop.send(payOrder(order));
  answerAll(shop, "pin");
  return { shop, order };
}

function charge(state: ChargeState): Outcome<{ state: ChargeState }> {
  return ok({ state });
}

/** Answers the charge, or the question about it, that waits. */
function provider(shop: Shop, outcome: Outcome<unknown>): void {
  const kind = count(shop, "charge") > 0 ? "charge" : "charge_status";
  shop.answer(waiting(shop, kind), outcome);
}

function statusOf(shop: Shop, order: Order): string | undefined {
  return findOrder(shop.state, order.id)?.status;
}

Deno.test("a payment pins, charges, confirms, and then says paid", () => {
  const { shop, order } = pinned();
  const { message } = waiting(shop, "charge");
  assert.deepEqual(message, {
    kind: "charge",
    attemptId: `${order.id}-1`,
    amountCents: 500,
    currency: "GBP",
    method: "sandbox",
  });
  provider(shop, charge("captured"));
  assert.equal(lastReply(shop)?.kind, "ok");
  assert.equal(statusOf(shop, order), "awaiting_payment");
  answerAll(shop, "confirm");
  assert.deepEqual(
    lastReply(shop),
    ok({
      order: { ...order, status: "paid" },
      pending: false,
      replayed: false,
    }),
  );
  assert.equal(shop.state.paying.size + shop.state.obligations.size, 0);
  shop.refold();
});

// G11
Deno.test("no money is asked for before every hold is pinned", () => {
  const shop = openShop();
  const { order } = placed(shop, { lines: linesAt(0, 1) });
  shop.send(payOrder(order));
  assert.equal(facts(shop).at(-1), "payment_started");
  shop.answer(waiting(shop, "pin"), ok(null));
  assert.equal(count(shop, "charge"), 0);
});

Deno.test("a hold that is gone ends the order, unpins the rest, and no money moves", () => {
  const shop = openShop();
  const { order } = placed(shop, { lines: linesAt(0, 1) });
  shop.send(payOrder(order));
  shop.answer(waiting(shop, "pin"), ok(null));
  shop.answer(waiting(shop, "pin"), refuse("order-expired"));
  assert.deepEqual(lastReply(shop), refuse("order-expired"));
  assert.equal(statusOf(shop, order), "expired");
  assert.equal(count(shop, "charge"), 0);
  assert.equal(count(shop, "unpin"), 2);
  answerAll(shop, "unpin");
  shop.refold();
});

Deno.test("a pin without an answer fails the attempt, and the buyer may pay again", () => {
  const shop = openShop();
  const { order } = placed(shop);
  shop.send(payOrder(order));
  answerAll(shop, "pin", unknown(10));
  assert.equal(lastReply(shop)?.kind, "failed");
  assert.equal(statusOf(shop, order), "awaiting_payment");
  answerAll(shop, "unpin");
  shop.send(payOrder(order));
  answerAll(shop, "pin");
  assert.equal(count(shop, "charge"), 1);
});

Deno.test("a declined payment unpins, and the next attempt has an id of its own", () => {
  const { shop, order } = pinned();
  provider(shop, charge("declined"));
  assert.deepEqual(lastReply(shop), refuse("payment-declined"));
  const early = shop.send(payOrder(order));
  assert(early?.kind === "rejected" && early.code === "payment-in-flight");
  answerAll(shop, "unpin");
  shop.send(payOrder(order));
  answerAll(shop, "pin");
  const { message } = waiting(shop, "charge");
  assert("attemptId" in message && message.attemptId === `${order.id}-2`);
  shop.refold();
});

Deno.test("an order declined after its deadline has expired", () => {
  const { shop, order } = pinned();
  shop.advance(ARGS.holdForMs + MINUTE_MS);
  assert.equal(statusOf(shop, order), "awaiting_payment");
  provider(shop, charge("declined"));
  assert.equal(statusOf(shop, order), "expired");
  assert.equal(count(shop, "unpin"), 2);
});

for (
  const outcome of [unknown(10), failed("crashed", 10), refuse("not-found")]
) {
  // G11
  Deno.test(`a charge that ends ${outcome.kind} is asked about, by its id, until the provider knows`, () => {
    const { shop, order } = pinned();
    provider(shop, outcome);
    shop.fireTimer(`charge ${order.id}`);
    provider(shop, unknown(10));
    shop.fireTimer(`charge ${order.id}`);
    const { message } = waiting(shop, "charge_status");
    assert("attemptId" in message && message.attemptId === `${order.id}-1`);
    provider(shop, charge("captured"));
    answerAll(shop, "confirm");
    assert.equal(statusOf(shop, order), "paid");
  });
}

Deno.test("a charge that never was fails the attempt and unpins", () => {
  const { shop, order } = pinned();
  provider(shop, unknown(10));
  shop.fireTimer(`charge ${order.id}`);
  provider(shop, charge("none"));
  assert.equal(lastReply(shop)?.kind, "failed");
  assert.equal(count(shop, "unpin"), 2);
  assert.equal(statusOf(shop, order), "awaiting_payment");
});

Deno.test("a buyer is told after three seconds that his payment goes on without him", () => {
  const { shop, order } = pinned();
  shop.advance(2_999);
  assert.equal(shop.replies.length, 1);
  shop.advance(1);
  assert.deepEqual(
    lastReply(shop),
    ok({ order, pending: true, replayed: false }),
  );
  assert.deepEqual(
    shop.send(payOrder(order)),
    ok({ order, pending: true, replayed: true }),
  );
  provider(shop, charge("captured"));
  answerAll(shop, "confirm");
  assert.deepEqual(
    shop.send(payOrder(order)),
    ok({ order: { ...order, status: "paid" }, pending: false, replayed: true }),
  );
});

Deno.test("a buyer whose provider's breaker is open is told at once that it goes on without him", () => {
  const { shop, order } = pinned();
  provider(shop, failed("unavailable", 1_000));
  assert.deepEqual(
    lastReply(shop),
    ok({ order, pending: true, replayed: false }),
  );
  // Once the provider is asked again it says what became of it.
  shop.advance(1_000);
  provider(shop, charge("none"));
  answerAll(shop, "unpin");
  shop.send(payOrder(order, { key: "p2" }));
  answerAll(shop, "pin");
  provider(shop, charge("captured"));
  answerAll(shop, "confirm");
  assert.equal(statusOf(shop, order), "paid");
});

Deno.test("while a payment runs, its key is in flight, another key waits, and nothing cancels", () => {
  const { shop, order } = pinned();
  const codes = [
    shop.send(payOrder(order)),
    shop.send(payOrder(order, { key: "p2" })),
    shop.send(payOrder(order, { method: "other" })),
    shop.send({ kind: "cancel_order", userId: "ann", orderId: order.id }),
  ].map((outcome) => outcome?.kind === "rejected" && outcome.code);
  assert.deepEqual(codes, [
    "idempotency-in-flight",
    "payment-in-flight",
    "idempotency-key-reused",
    "payment-in-flight",
  ]);
});

Deno.test("a paid order is already paid, and its key belongs to it", () => {
  const { shop, order } = pinned();
  provider(shop, charge("captured"));
  answerAll(shop, "confirm");
  const other = placed(shop, { key: "k2" }).order;
  const codes = [
    shop.send(payOrder(order, { key: "p2" })),
    shop.send(payOrder(other)),
    shop.send({ kind: "cancel_order", userId: "ann", orderId: order.id }),
  ].map((outcome) => outcome?.kind === "rejected" && outcome.code);
  assert.deepEqual(codes, [
    "already-paid",
    "idempotency-key-reused",
    "already-paid",
  ]);
});

// G11
Deno.test("money for a line that is gone goes back, and so do the lines already sold", () => {
  const { shop, order } = pinned();
  provider(shop, charge("captured"));
  shop.answer(waiting(shop, "confirm"), ok(null));
  shop.answer(waiting(shop, "confirm"), refuse("order-expired"));
  const reply = lastReply(shop);
  assert(reply?.kind === "rejected" && reply.code === "order-expired");
  assert.equal(statusOf(shop, order), "refund_pending");
  assert.equal(waiting(shop, "return_stock").to, "inventory[0]");
  shop.answer(waiting(shop, "refund"), unknown(10));
  shop.fireTimer(`refund ${order.id}`);
  answerAll(shop, "refund");
  answerAll(shop, "return_stock");
  assert.equal(statusOf(shop, order), "refunded");
  assert.equal(shop.state.paying.size + shop.state.obligations.size, 0);
  shop.refold();
});

Deno.test("a crash while paying asks the provider what became of the charge", () => {
  const { shop, order } = pinned();
  shop.crash();
  assert.equal(count(shop, "charge"), 0);
  provider(shop, charge("none"));
  assert.equal(statusOf(shop, order), "awaiting_payment");
  answerAll(shop, "unpin");
  assert.equal(shop.state.paying.size + shop.state.obligations.size, 0);
});

Deno.test("a crash between capture and confirm confirms again", () => {
  const { shop, order } = pinned();
  provider(shop, charge("captured"));
  shop.answer(waiting(shop, "confirm"), ok(null));
  shop.crash();
  assert.equal(count(shop, "charge_status"), 0);
  answerAll(shop, "confirm");
  assert.equal(statusOf(shop, order), "paid");
});

Deno.test("a crash while money is owed asks for the refund again", () => {
  const { shop, order } = pinned();
  provider(shop, charge("captured"));
  answerAll(shop, "confirm", refuse("order-expired"));
  shop.crash();
  assert.equal(count(shop, "return_stock"), 0);
  answerAll(shop, "refund");
  assert.equal(statusOf(shop, order), "refunded");
});

Deno.test("an order that ran out cannot be paid, even when nobody has marked it", () => {
  const shop = openShop();
  const { order } = placed(shop);
  shop.nowMs = order.reservedUntilMs;
  assert.deepEqual(shop.send(payOrder(order)), refuse("order-expired"));
  assert.equal(count(shop, "pin"), 0);
});

Deno.test("cancelling while a declined payment is being unpinned releases, and late words on the unpin change nothing", () => {
  const { shop, order } = pinned();
  provider(shop, charge("declined"));
  shop.answer(waiting(shop, "unpin"), unknown(10));
  shop.send({ kind: "cancel_order", userId: "ann", orderId: order.id });
  answerAll(shop, "unpin");
  shop.fireTimer(`duty ${order.id} 0`);
  assert.equal(shop.asked.length, 2);
  shop.answer(waiting(shop, "release"), ok(null));
  assert.equal(shop.state.obligations.size, 1);
  shop.answer(waiting(shop, "release"), ok(null));
  assert.equal(shop.state.obligations.size, 0);
  shop.refold();
});
