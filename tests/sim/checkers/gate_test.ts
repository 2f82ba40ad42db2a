/** The gate's count and the journal's: every order was asked for, and told of. */
import assert from "node:assert/strict";
import { failed, ok, unknown } from "../../../actors/runtime/outcome.ts";
import {
  judge,
  orderOf,
  placed,
  SHARD,
  SHOP,
  Story,
  view,
  wrong,
} from "./story.ts";

const ID = "gate.reconciled";
const UNKNOWN = unknown(250);
const FAILED = failed("overloaded", 250);

/** A buyer's question about his order. */
function asks(story: Story, step: string, user = "ann"): number {
  return story.calls(step, { userId: user, orderId: orderOf(user) });
}

/** His order gets such a fact, on disk. */
function becomes(story: Story, kind: string, user = "ann"): Story {
  return story.orders(user, kind).settles(SHOP);
}

Deno.test("gate.reconciled accepts orders that were asked for, and told of unless the answer was lost", () => {
  const story = new Story().buys("ann").pays("ann").buys("bob");
  const lost = story.wants("eve");
  story.holds("eve").places("eve").returns(lost, UNKNOWN).settles(SHARD, SHOP);
  const cancel = asks(story, "cancel_order", "bob");
  story.orders("bob", "order_cancelled").settles(SHOP)
    .returns(cancel, ok(view("bob", "cancelled")));
  const checker = judge(ID, story);
  assert.equal(checker.violation, null);
  // Three are placed and two told of, one paid and one cancelled, both told of.
  assert.equal(checker.checked, 3 + 2 + 2 + 2);
});

Deno.test("gate.reconciled rejects an order that nobody asked for", () => {
  const story = new Story().holds("ann").places("ann").settles(SHARD, SHOP);
  assert.equal(wrong(ID, story), orderOf("ann"));
});

Deno.test("gate.reconciled rejects an order that is on disk after its buyer was told that there is none", () => {
  for (const told of ["before", "after"] as const) {
    const story = new Story();
    const call = story.wants("ann");
    story.holds("ann").places("ann");
    if (told === "before") story.returns(call, FAILED).settles(SHARD, SHOP);
    else story.settles(SHARD, SHOP).returns(call, FAILED);
    assert.equal(wrong(ID, story), orderOf("ann"), told);
  }
});

Deno.test("gate.reconciled accepts what an unknown answer left behind, told of later or never", () => {
  const story = new Story();
  const lost = story.wants("ann");
  story.returns(lost, UNKNOWN);
  const again = story.wants("ann");
  story.returns(again, FAILED).holds("ann").places("ann").settles(SHARD, SHOP);
  assert.equal(wrong(ID, story), null);
  const found = story.wants("ann");
  assert.equal(wrong(ID, story.returns(found, placed("ann"))), null);
});

Deno.test("gate.reconciled rejects an order that is paid or cancelled though nobody asked for that, or was told that it is not", () => {
  for (
    const [step, fact] of [
      ["pay_order", "order_paid"],
      ["cancel_order", "order_cancelled"],
    ] as const
  ) {
    const unasked = becomes(new Story().buys("ann"), fact);
    assert.equal(wrong(ID, unasked), orderOf("ann"), fact);
    const refused = new Story().buys("ann");
    refused.returns(asks(refused, step), FAILED);
    assert.equal(wrong(ID, becomes(refused, fact)), orderOf("ann"), fact);
    const unsure = new Story().buys("ann");
    unsure.returns(asks(unsure, step), UNKNOWN);
    assert.equal(wrong(ID, becomes(unsure, fact)), null, fact);
  }
});

Deno.test("gate.reconciled accepts a payment that goes on without its buyer", () => {
  const story = new Story().buys("ann");
  const order = view("ann", "awaiting_payment");
  const pending = ok({ order, pending: true, replayed: false });
  story.returns(asks(story, "pay_order"), pending);
  assert.equal(wrong(ID, becomes(story, "order_paid")), null);
});
