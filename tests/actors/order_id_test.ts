/** What an order id says of its order. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  numberOfOrder,
  orderIdOf,
  partitionOfOrder,
} from "../../actors/storefront/order.ts";

Deno.test("an order id carries its partition and its number", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 36 ** 4 - 1 }),
    fc.integer({ min: 1, max: 2 ** 50 }),
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    (partition, number, random) => {
      const id = orderIdOf(partition, number, random);
      assert.equal(numberOfOrder(id), number);
      assert.equal(partitionOfOrder(id), partition);
    },
  ));
});

Deno.test("what is no order id has no number", () => {
  const none = ["", "o", "1", "o-1", "-", "--", "o-0--aaaa", "o-0-_-aaaa"];
  for (const id of none) assert.ok(Number.isNaN(numberOfOrder(id)), id);
});
