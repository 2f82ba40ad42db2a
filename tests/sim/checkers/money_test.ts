/** Money: charged once, refunded at most once, never kept for nothing. */
import assert from "node:assert/strict";
import { judge, orderOf, Story, wrong } from "./story.ts";

const ID = "money.conserved";

Deno.test("money.conserved accepts orders that are paid, or refunded", () => {
  const story = new Story().buys("ann").pays("ann").buys("bob").charges("bob")
    .orders("bob", "payment_captured", { attempt: 1 })
    .orders("bob", "refund_pending").refunds("bob")
    .orders("bob", "order_refunded");
  const checker = judge(ID, story);
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 7);
});

Deno.test("money.conserved rejects an attempt that is charged twice", () => {
  const story = new Story().buys("ann").charges("ann").charges("ann");
  assert.equal(wrong(ID, story), `${orderOf("ann")}-1`);
});

Deno.test("money.conserved rejects two attempts that are charged for one order", () => {
  const story = new Story().buys("ann").charges("ann", 100, 1)
    .charges("ann", 100, 2);
  assert.equal(wrong(ID, story), orderOf("ann"));
});

Deno.test("money.conserved rejects a charge of another sum than the order's", () => {
  const story = new Story().buys("ann", 2).charges("ann", 100);
  assert.equal(wrong(ID, story), orderOf("ann"));
});

Deno.test("money.conserved rejects a refund of more than was charged", () => {
  const story = new Story().buys("ann").charges("ann").refunds("ann", 101);
  assert.equal(wrong(ID, story), orderOf("ann"));
  const twice = new Story().buys("ann").charges("ann").refunds("ann")
    .refunds("ann");
  assert.equal(wrong(ID, twice), orderOf("ann"));
});

Deno.test("money.conserved rejects an order that is paid without money", () => {
  const story = new Story().buys("ann").orders("ann", "order_paid");
  assert.equal(wrong(ID, story), orderOf("ann"));
});

Deno.test("money.conserved rejects an order that is paid and refunded", () => {
  const story = new Story().buys("ann").pays("ann").refunds("ann");
  assert.equal(wrong(ID, story), orderOf("ann"));
});

Deno.test("money.conserved rejects a capture that the provider knows nothing of", () => {
  const story = new Story().buys("ann")
    .orders("ann", "payment_captured", { attempt: 1 });
  assert.equal(wrong(ID, story), orderOf("ann"));
});

Deno.test("money.conserved rejects money that is kept for an unpaid order at the end", () => {
  const story = new Story().buys("ann").charges("ann");
  assert.equal(wrong(ID, story), orderOf("ann"));
});
