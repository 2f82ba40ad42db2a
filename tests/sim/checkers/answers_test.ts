/** Answers rest on what is durable. */
import assert from "node:assert/strict";
import { ok, rejected } from "../../../actors/runtime/outcome.ts";
import {
  CONTEXT,
  judge,
  orderOf,
  placed,
  SHARD,
  SHOP,
  SKU,
  SOLD_OUT,
  Story,
  view,
  wrong,
} from "./story.ts";

const ID = "answer.revealsNothing";

Deno.test("answer.revealsNothing accepts answers that left after their events were durable", () => {
  const story = new Story().buys("ann", 3);
  const call = story.wants("bob");
  story.refuses("bob").returns(call, SOLD_OUT);
  const checker = judge(ID, story.buys("cid", 0));
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 3);
});

Deno.test("answer.revealsNothing rejects sold out before the last hold is durable", () => {
  const story = new Story();
  const call = story.holds("ann", 3).wants("bob");
  story.refuses("bob").returns(call, SOLD_OUT).settles(SHARD);
  assert.equal(wrong(ID, story), SKU);
  assert.equal(wrong("stock.neverUndersold", story), null);
});

Deno.test("answer.revealsNothing accepts sold out of units that are free again, also on disk", () => {
  const story = new Story();
  const call = story.holds("ann", 3).wants("bob");
  story.refuses("bob").resolves("ann", "hold_released").settles(SHARD)
    .returns(call, SOLD_OUT);
  assert.equal(wrong(ID, story), null);
});

Deno.test("answer.revealsNothing rejects an order that is shown before it is durable", () => {
  const story = new Story();
  const call = story.wants("ann");
  story.holds("ann").places("ann").returns(call, placed("ann"));
  assert.equal(wrong(ID, story), orderOf("ann"));
});

for (const status of ["paid", "cancelled", "expired"]) {
  Deno.test(`answer.revealsNothing rejects that an order is shown as ${status} before it is so on disk`, () => {
    const shown = (story: Story) => {
      const call = story.calls("read_order", { orderId: orderOf("ann") });
      return story.returns(call, ok(view("ann", status)));
    };
    const bad = new Story().buys("ann").orders("ann", `order_${status}`);
    assert.equal(wrong(ID, shown(bad)), orderOf("ann"));
    const good = new Story().buys("ann").orders("ann", `order_${status}`);
    assert.equal(wrong(ID, shown(good.settles(SHOP))), null);
  });
}

Deno.test("answer.revealsNothing rejects a refusal whose reason is not durable", () => {
  const input = { orderId: orderOf("ann") };
  const story = new Story().buys("ann").orders("ann", "order_paid");
  story.returns(story.calls("cancel_order", input), rejected("already-paid"));
  assert.equal(wrong(ID, story), orderOf("ann"));
  const good = new Story().buys("ann").orders("ann", "order_paid")
    .settles(SHOP);
  good.returns(good.calls("cancel_order", input), rejected("already-paid"));
  assert.equal(wrong(ID, good), null);
});

Deno.test("answer.revealsNothing rejects a limit reached by a hold that is not durable", () => {
  const context = { ...CONTEXT, limitPerUser: 1 };
  const limit = rejected("purchase-limit");
  const bad = new Story().holds("ann");
  bad.returns(bad.wants("ann"), limit);
  assert.equal(wrong(ID, bad, context), "ann");
  const good = new Story().holds("ann").settles(SHARD);
  good.returns(good.wants("ann"), limit);
  assert.equal(wrong(ID, good, context), null);
});
