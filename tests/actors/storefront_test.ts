import { allOrders, findOrder } from "../../actors/storefront/order_book.ts";
import assert from "node:assert/strict";
import { failed, ok, unknown } from "../../actors/runtime/outcome.ts";
import { type ListOrders, partitionOfOrder } from "../../actors/storefront.ts";
import { refuse } from "../../actors/refusals.ts";
import {
  answerAll,
  ARGS,
  count,
  facts,
  held,
  lastReply,
  linesAt,
  MINUTE_MS,
  openShop,
  placed,
  placeOrder,
  skuAt,
  waiting,
} from "./storefront_kit.ts";

Deno.test("an order on one shard is one reserve and one fact", () => {
  const shop = openShop();
  const { order, replayed } = placed(shop, {
    lines: [{ sku: skuAt(0), quantity: 3 }],
  });
  assert.deepEqual(facts(shop), ["order_placed"]);
  assert.equal(replayed, false);
  assert.equal(order.status, "awaiting_payment");
  assert.equal(order.totalCents, 750);
  assert.equal(order.reservedUntilMs, shop.nowMs + ARGS.holdForMs);
  shop.refold();
});

Deno.test("a sold-out order on one shard records nothing", () => {
  const shop = openShop();
  shop.send(placeOrder());
  shop.answer(waiting(shop, "reserve"), refuse("sold-out"));
  assert.deepEqual(lastReply(shop), refuse("sold-out"));
  assert.deepEqual(facts(shop), []);
});

Deno.test("an order id names the partition that keeps it", () => {
  const { order } = placed(openShop());
  assert.equal(partitionOfOrder(order.id), ARGS.partition);
  assert.equal(partitionOfOrder("o-3-1"), null);
  assert.equal(partitionOfOrder("o-3-1-abcde"), null);
  assert.equal(partitionOfOrder("__proto__"), null);
});

Deno.test("lines with the same SKU are reserved and answered as one", () => {
  const [a, b] = [skuAt(1), skuAt(1, 1)];
  const { order } = placed(openShop(), {
    lines: [
      { sku: b, quantity: 1 },
      { sku: a, quantity: 2 },
      { sku: b, quantity: 4 },
    ],
  });
  assert.deepEqual(order.lines, [
    { sku: b, quantity: 5, priceCents: 250 },
    { sku: a, quantity: 2, priceCents: 250 },
  ]);
});

Deno.test("shards are asked one after the other, the answer keeps the request's order", () => {
  const shop = openShop();
  shop.send(placeOrder({ lines: linesAt(2, 0, 1) }));
  const asked: string[] = [];
  while (count(shop, "reserve") > 0) {
    assert.equal(count(shop, "reserve"), 1);
    const next = waiting(shop, "reserve");
    asked.push(next.to);
    shop.answer(next, held(next));
  }
  assert.deepEqual(asked, ["inventory[0]", "inventory[1]", "inventory[2]"]);
  const reply = lastReply(shop);
  assert(reply?.kind === "ok");
  const { order } = reply.value as ReturnType<typeof placed>;
  assert.deepEqual(
    order.lines.map(({ sku }) => sku),
    [2, 0, 1].map((n) => skuAt(n)),
  );
  assert.deepEqual(facts(shop), ["order_started", "order_placed"]);
  shop.refold();
});

// G8
Deno.test("the same key answers the same order, even when the shard would refuse now", () => {
  const shop = openShop();
  const { order } = placed(shop);
  shop.send({ kind: "cancel_order", userId: "ann", orderId: order.id });
  const again = shop.send(placeOrder());
  assert.deepEqual(again, ok({ order, replayed: true }));
  assert.equal(count(shop, "reserve"), 0);
});

Deno.test("the same key of another user is another order", () => {
  const shop = openShop();
  const { order } = placed(shop);
  assert.notEqual(placed(shop, { userId: "bob" }).order.id, order.id);
});

Deno.test("the same key with other lines is refused without effect", () => {
  const shop = openShop();
  placed(shop);
  const other = [{ sku: skuAt(0), quantity: 2 }];
  assert.deepEqual(
    shop.send(placeOrder({ lines: other })),
    refuse("idempotency-key-reused"),
  );
  assert.equal(shop.events.length, 1);
});

Deno.test("a key that is running says so, and other lines with it are refused", () => {
  const shop = openShop();
  shop.send(placeOrder());
  assert.deepEqual(
    shop.send(placeOrder()),
    refuse("idempotency-in-flight", { retryAfterMs: 1_000 }),
  );
  assert.deepEqual(
    shop.send(placeOrder({ lines: linesAt(1) })),
    refuse("idempotency-key-reused"),
  );
  assert.equal(count(shop, "reserve"), 1);
});

// G8
Deno.test("a key is judged afresh after a refusal, with the same hold", () => {
  const shop = openShop();
  shop.send(placeOrder());
  const first = waiting(shop, "reserve");
  shop.answer(first, refuse("sold-out"));
  shop.send(placeOrder());
  assert.deepEqual(waiting(shop, "reserve").message, first.message);
});

Deno.test("a lost answer is unknown to the buyer, and a retry asks for the same hold", () => {
  const shop = openShop();
  shop.send(placeOrder());
  const { message } = waiting(shop, "reserve");
  shop.answer(waiting(shop, "reserve"), unknown(500));
  assert.deepEqual(lastReply(shop), unknown(500));
  assert.equal(count(shop, "release"), 0);
  shop.crash();
  shop.send(placeOrder());
  assert.deepEqual(waiting(shop, "reserve").message, message);
});

Deno.test("a hold that is found again keeps its own deadline", () => {
  const shop = openShop();
  shop.send(placeOrder());
  const asked = waiting(shop, "reserve");
  const lines = [{ ...linesAt(0)[0]!, priceCents: 1 }];
  shop.answer(asked, ok({ lines, untilMs: shop.nowMs + 5 }));
  assert.equal(
    [...allOrders(shop.state)][0]?.reservedUntilMs,
    shop.nowMs + 5,
  );
});

Deno.test("a spent hold is replaced by a numbered one that is recorded first", () => {
  const shop = openShop();
  shop.send(placeOrder());
  const spent = waiting(shop, "reserve");
  shop.answer(spent, refuse("order-expired"));
  assert.deepEqual(facts(shop), ["order_started"]);
  const asked = waiting(shop, "reserve");
  assert.notDeepEqual(asked.message, spent.message);
  shop.answer(asked, held(asked));
  assert.equal(lastReply(shop)?.kind, "ok");
  shop.refold();
});

// G9
Deno.test("a refused line of several releases what the others hold, and the key's next attempt holds under another id", () => {
  const shop = openShop();
  shop.send(placeOrder({ lines: linesAt(0, 1, 2) }));
  const first = waiting(shop, "reserve");
  shop.answer(first, held(first));
  shop.answer(waiting(shop, "reserve"), refuse("sold-out"));
  assert.deepEqual(lastReply(shop), refuse("sold-out"));
  assert.equal(count(shop, "reserve"), 0);
  const release = waiting(shop, "release");
  assert.equal(release.to, "inventory[0]");
  shop.answer(release, ok(null));
  assert.deepEqual(facts(shop), [
    "order_started",
    "order_abandoned",
    "obligation_met",
  ]);
  shop.send(placeOrder({ lines: linesAt(0, 1, 2) }));
  const second = waiting(shop, "reserve");
  const holdIds = [first, second].map(({ message }) =>
    "holdId" in message ? message.holdId : undefined
  );
  assert.notEqual(holdIds[0], holdIds[1]);
  shop.refold();
});

Deno.test("only an unknown answer makes its own shard release too", () => {
  const shops = [failed("unavailable", 10), unknown(10)].map((outcome) => {
    const shop = openShop();
    shop.send(placeOrder({ lines: linesAt(0, 1) }));
    const first = waiting(shop, "reserve");
    shop.answer(first, held(first));
    shop.answer(waiting(shop, "reserve"), outcome);
    assert.deepEqual(lastReply(shop), outcome);
    return shop;
  });
  assert.deepEqual(shops.map((shop) => count(shop, "release")), [1, 2]);
});

Deno.test("a release is repeated with growing delay, across a crash, until it is acknowledged", () => {
  const shop = openShop();
  const { order } = placed(shop);
  shop.send({ kind: "cancel_order", userId: "ann", orderId: order.id });
  const delays: number[] = [];
  for (let tries = 0; tries < 9; tries++) {
    shop.answer(waiting(shop, "release"), failed("unavailable", 10));
    const [key, timer] = [...shop.timers].find(([key]) =>
      key.startsWith("duty")
    )!;
    delays.push(timer.dueMs - shop.nowMs);
    shop.fireTimer(key);
  }
  assert(delays[0]! >= 50 && delays[0]! <= 100, `${delays}`);
  assert(delays[8]! >= 5_000 && delays[8]! <= 10_000, `${delays}`);
  shop.crash();
  shop.answer(waiting(shop, "release"), ok(null));
  assert.equal(shop.state.obligations.size, 0);
  shop.crash();
  assert.equal(shop.asked.length, 0);
});

Deno.test("a crash between two shards abandons the order and releases at all of them", () => {
  const shop = openShop();
  shop.send(placeOrder({ lines: linesAt(0, 3) }));
  shop.crash();
  assert.deepEqual(facts(shop), ["order_started", "order_abandoned"]);
  assert.equal(count(shop, "release"), 2);
  answerAll(shop, "release");
  assert.equal(shop.state.obligations.size, 0);
  shop.refold();
});

// G8
Deno.test("a key is forgotten after a day, and its old hold is not taken for a new order", () => {
  const shop = openShop();
  const { order } = placed(shop);
  shop.nowMs += ARGS.keepKeysMs - 1;
  assert.equal(shop.send(placeOrder())?.kind, "ok");
  shop.nowMs += 1;
  const second = placed(shop);
  assert.equal(second.replayed, false);
  assert.notEqual(second.order.id, order.id);
  assert.notEqual(
    findOrder(shop.state, second.order.id)?.holdId,
    findOrder(shop.state, order.id)?.holdId,
  );
});

Deno.test("keys do not pile up", () => {
  const shop = openShop();
  for (let day = 0; day < 8; day++) {
    for (let order = 0; order < 10; order++) {
      placed(shop, { key: `k-${day}-${order}` });
    }
    shop.nowMs += ARGS.keepKeysMs;
  }
  let remembered = 0;
  for (const { size } of shop.state.keys.generations) remembered += size;
  assert(remembered <= 40, `${remembered}`);
  shop.refold();
});

Deno.test("an order that nobody pays is marked within a second of its deadline", () => {
  const shop = openShop();
  const { order } = placed(shop);
  shop.advance(ARGS.holdForMs - 1);
  assert.equal(findOrder(shop.state, order.id)?.status, "awaiting_payment");
  shop.advance(1_001);
  assert.equal(findOrder(shop.state, order.id)?.status, "expired");
  assert.equal(shop.timers.size, 0);
  shop.refold();
});

Deno.test("a thousand deadlines in one second are worked off in slices of 256, also after a crash", () => {
  const shop = openShop();
  for (let order = 0; order < 1_000; order++) {
    placed(shop, { key: `k${order}` });
  }
  shop.crash();
  shop.nowMs += ARGS.holdForMs + 1_000;
  const slices: number[] = [];
  while (shop.timers.has("expire_orders")) {
    const before = shop.events.length;
    shop.fireTimer("expire_orders");
    slices.push(shop.events.length - before);
  }
  assert.deepEqual(slices.filter((size) => size > 0), [256, 256, 256, 232]);
});

Deno.test("a cancelled order releases its hold and stays cancelled when asked again", () => {
  const shop = openShop();
  const { order } = placed(shop);
  const cancel = {
    kind: "cancel_order",
    userId: "ann",
    orderId: order.id,
  } as const;
  assert.deepEqual(shop.send(cancel), ok({ ...order, status: "cancelled" }));
  assert.deepEqual(shop.send(cancel), ok({ ...order, status: "cancelled" }));
  assert.equal(count(shop, "release"), 1);
  shop.nowMs += ARGS.holdForMs + MINUTE_MS;
  assert.equal(shop.send(cancel)?.kind, "ok");
});

Deno.test("an order past its deadline cannot be cancelled, even when nobody has marked it", () => {
  const shop = openShop();
  const { order } = placed(shop);
  shop.nowMs = order.reservedUntilMs;
  assert.deepEqual(
    shop.send({ kind: "cancel_order", userId: "ann", orderId: order.id }),
    refuse("order-expired"),
  );
});

Deno.test("another user's order is not found by any request", () => {
  const shop = openShop();
  const { order: { id: orderId } } = placed(shop);
  const userId = "eve";
  const key = "k";
  const method = "sandbox";
  const requests = [
    { kind: "read_order", userId, orderId },
    { kind: "cancel_order", userId, orderId },
    { kind: "pay_order", userId, orderId, key, method },
  ] as const;
  for (const request of requests) {
    assert.deepEqual(shop.send(request), refuse("not-found"));
  }
});

Deno.test("a user's orders are listed page by page, the newest first", () => {
  const shop = openShop();
  const ids = ["a", "b", "c"].map((key) => {
    placed(shop, { key, userId: "bob" });
    return placed(shop, { key }).order.id;
  }).reverse();
  const list: ListOrders = { kind: "list_orders", userId: "ann", limit: 2 };
  const first = shop.send(list);
  assert(first?.kind === "ok");
  assert.deepEqual(first.value.items.map(({ id }) => id), ids.slice(0, 2));
  const after = first.value.next!;
  const second = shop.send<ListOrders>({ ...list, after });
  assert(second?.kind === "ok");
  assert.deepEqual(second.value.items.map(({ id }) => id), ids.slice(2));
  assert.equal(second.value.next, null);
  const foreign = shop.send({ ...list, userId: "eve", after: ids[0]! });
  assert(foreign?.kind === "rejected" && foreign.code === "invalid-input");
});
