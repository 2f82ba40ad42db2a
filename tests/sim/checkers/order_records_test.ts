/** What is known of an order stays known when others are asked for. */
import assert from "node:assert/strict";
import type { OrderPlaced } from "../../../actors/storefront/order.ts";
import {
  bitOf,
  KeyRecords,
  type OrderRecord,
  OrderRecords,
} from "../../../sim/checkers/order_records.ts";

const ID = "o-0-1-aaaa";
const PLACED: OrderPlaced = {
  kind: "order_placed",
  orderId: ID,
  userId: "ann",
  key: "k1",
  holdId: "k1 - ann",
  lines: [{ sku: "lamp", quantity: 1, priceCents: 100 }],
  totalCents: 100,
  reservedUntilMs: 900_000,
  atMs: 7,
};

/** As every checker leaves an order of which only its buyer was told. */
function place(record: OrderRecord): void {
  record.placed = PLACED;
  record.toldTo = "ann";
  record.facts = bitOf("order_placed");
  record.totalCents = 100;
}

const CHANGES: Readonly<Record<string, (record: OrderRecord) => void>> = {
  "was placed and told": () => {},
  "nobody was told of": (record) => record.toldTo = null,
  "another user was told of": (record) => record.toldTo = "bob",
  "costs something else": (record) => record.totalCents = 99,
  "has another fact": (record) => record.facts |= bitOf("payment_started"),
  "is paid": (record) => record.isPaid = true,
  "is paid on disk": (record) => record.isPaidOnDisk = true,
  "needs no stock": (record) => record.isOverOnDisk = true,
  "has ended": (record) => record.end = "order_expired",
  "has money": (record) =>
    record.money = {
      chargedCents: 100,
      refundedCents: 0,
      attempts: new Set([`${ID}-1`]),
    },
};

/** Enough that an order of which nothing is heard meanwhile comes to rest. */
const OTHERS = Array.from(
  { length: 3_000 },
  (_, index) => `o-0-${(index + 2).toString(36)}-bbbb`,
);

for (const [what, change] of Object.entries(CHANGES)) {
  Deno.test(`an order that ${what} is known in full after others were asked for`, () => {
    for (const others of [OTHERS.slice(0, 1), OTHERS]) {
      const records = new OrderRecords();
      const askForOthers = () => others.forEach((id) => records.of(id));
      place(records.of(ID));
      const placed = known(records);
      askForOthers();
      assert.deepEqual(known(records), placed);
      change(records.of(ID));
      const changed = known(records);
      askForOthers();
      assert.deepEqual(known(records), changed);
      // What was at rest and is heard of again comes to rest again.
      askForOthers();
      assert.deepEqual(known(records), changed);
      assert.equal(records.find("o-0-3-cccc"), undefined);
      const all = [...records.values()].map(({ id }) => id);
      assert.deepEqual(all.sort(), [ID, ...others].sort());
    }
  });
}

function known(records: OrderRecords): Partial<OrderRecord> {
  const { isRecent: _, ...record } = records.find(ID)!;
  return record;
}

Deno.test("orders are known by their whole ids, whatever numbers these have", () => {
  const numbered = Array.from(
    { length: 3_000 },
    (_, index) => `o-0-${index.toString(36)}-aaaa`,
  );
  const ids = [
    ...["o-0-1-bbbb", "o-0-1-cccc", "o-1-1-aaaa", "o-zzzz-1-aaaa"],
    // Its number is far ahead at first, and among others later.
    ...["o-0-1kw-bbbb", "o-0-zzzzzz-aaaa", "o", "", "o-0", "1", "o--1-aaaa"],
    ...numbered,
  ];
  const records = new OrderRecords();
  for (const [index, id] of ids.entries()) records.of(id).totalCents = index;
  for (const [index, id] of ids.entries()) {
    assert.equal(records.find(id)?.id, id);
    assert.equal(records.find(id)?.totalCents, index, id);
  }
  const all = [...records.values()].map(({ id }) => id);
  assert.deepEqual(all.sort(), [...ids].sort());
  assert.equal(records.find("o-0-2-dddd"), undefined);
});

Deno.test("the use of a key is known in full after its order was told", () => {
  const orders = new OrderRecords();
  place(orders.of(ID));
  const keys = new KeyRecords();
  const use = keys.of(PLACED.holdId);
  use.madeOrderId = use.toldOrderId = ID;
  use.madeAtMs = use.toldAtMs = PLACED.atMs;
  use.isHeld = true;
  keys.rest(PLACED.holdId, orders);
  assert.notEqual(keys.of(PLACED.holdId), use);
  assert.deepEqual(keys.of(PLACED.holdId), use);
});
