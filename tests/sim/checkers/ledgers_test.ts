/** Ledgers: the orders' books and the shards' books agree at the end. */
import assert from "node:assert/strict";
import { judge, orderOf, SHARD, SHOP, SKU, Story, wrong } from "./story.ts";

const ID = "ledgers.agree";

Deno.test("ledgers.agree accepts what is paid and sold, and what waits and is held", () => {
  const story = new Story().buys("ann").pays("ann").buys("bob");
  const checker = judge(ID, story);
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 2);
});

Deno.test("ledgers.agree rejects a paid order whose units were never sold", () => {
  const story = new Story().buys("ann").orders("ann", "order_paid")
    .settles(SHOP);
  assert.equal(wrong(ID, story), SKU);
});

Deno.test("ledgers.agree rejects units that were sold to no order", () => {
  const story = new Story().buys("ann").resolves("ann", "stock_sold")
    .settles(SHARD).orders("ann", "order_cancelled").settles(SHOP);
  assert.equal(wrong(ID, story), SKU);
});

Deno.test("ledgers.agree rejects an order whose hold is gone before its time", () => {
  const story = new Story().buys("ann").resolves("ann", "hold_released")
    .settles(SHARD);
  assert.equal(wrong(ID, story), orderOf("ann"));
});

Deno.test("ledgers.agree counts only what is on disk", () => {
  const story = new Story().buys("ann").resolves("ann", "stock_sold");
  assert.equal(wrong(ID, story), null);
});
