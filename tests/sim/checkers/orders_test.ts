/** Orders: once per key, never lost. */
import assert from "node:assert/strict";
import { ok, rejected } from "../../../actors/runtime/outcome.ts";
import { judge, orderOf, placed, SHARD, SHOP, Story, wrong } from "./story.ts";

Deno.test("order.oncePerKey accepts repeats of a key that name its order", () => {
  const story = new Story().buys("ann").buys("bob");
  story.returns(story.wants("ann"), placed("ann"));
  const checker = judge("order.oncePerKey", story);
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 5);
});

Deno.test("order.oncePerKey rejects two orders of one key", () => {
  const story = new Story().buys("ann").places("ann", 1, "o-0-2-bbbb")
    .settles(SHOP);
  assert.equal(wrong("order.oncePerKey", story), "k-ann ann");
});

Deno.test("order.oncePerKey rejects an order that is placed twice", () => {
  const story = new Story().buys("ann").places("ann").settles(SHOP);
  assert.equal(wrong("order.oncePerKey", story), orderOf("ann"));
});

Deno.test("order.oncePerKey rejects two answers that name different orders", () => {
  const story = new Story();
  story.returns(story.wants("ann"), placed("ann"));
  story.returns(story.wants("ann"), placed("ann", 1, "o-0-2-bbbb"));
  assert.equal(wrong("order.oncePerKey", story), "k-ann ann");
});

Deno.test("order.oncePerKey rejects an answer that names another order than the journal", () => {
  const story = new Story();
  const call = story.wants("ann");
  story.places("ann").settles(SHOP).returns(
    call,
    placed("ann", 1, "o-0-2-bbbb"),
  );
  assert.equal(wrong("order.oncePerKey", story), "k-ann ann");
});

Deno.test("order.oncePerKey rejects the order of other lines", () => {
  const story = new Story().buys("ann");
  story.returns(story.wants("ann", 2), placed("ann", 1));
  assert.equal(wrong("order.oncePerKey", story), "k-ann ann");
});

Deno.test("order.oncePerKey lets a key make another order after what a crash lost", () => {
  const story = new Story().places("ann").takesOver(SHOP)
    .places("ann", 1, "o-0-2-bbbb").settles(SHOP);
  assert.equal(wrong("order.oncePerKey", story), null);
});

Deno.test("order.oncePerKey lets a key make another order after a day", () => {
  const story = new Story().buys("ann");
  story.atUs += 24 * 60 * 60 * 1_000_000;
  story.places("ann", 1, "o-0-2-bbbb").settles(SHOP);
  assert.equal(wrong("order.oncePerKey", story), null);
});

Deno.test("order.neverLost accepts orders that were durable when they were told", () => {
  const checker = judge("order.neverLost", new Story().buys("ann").buys("bob"));
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 2);
});

Deno.test("order.neverLost rejects an order told of before it is durable", () => {
  const story = new Story();
  const call = story.wants("ann");
  story.holds("ann").places("ann").settles(SHARD).returns(call, placed("ann"))
    .settles(SHOP);
  assert.equal(wrong("order.neverLost", story), orderOf("ann"));
});

Deno.test("order.neverLost rejects an order told of before its hold is durable", () => {
  const story = new Story();
  const call = story.wants("ann");
  story.holds("ann").places("ann").settles(SHOP).returns(call, placed("ann"))
    .settles(SHARD);
  assert.equal(wrong("order.neverLost", story), orderOf("ann"));
});

Deno.test("order.neverLost rejects an order that holds fewer units than it says", () => {
  const story = new Story();
  const call = story.wants("ann", 2);
  story.holds("ann", 1).places("ann", 2).settles(SHARD, SHOP)
    .returns(call, placed("ann", 2));
  assert.equal(wrong("order.neverLost", story), orderOf("ann"));
});

Deno.test("order.neverLost rejects an order that its buyer does not find any more", () => {
  const story = new Story().buys("ann");
  const read = (userId: string) =>
    story.calls("read_order", { userId, orderId: orderOf("ann") });
  story.returns(read("bob"), rejected("not-found"));
  story.returns(read("ann"), ok({}));
  assert.equal(wrong("order.neverLost", story), null);
  story.returns(read("ann"), rejected("not-found"));
  assert.equal(wrong("order.neverLost", story), orderOf("ann"));
});
