/** What buyers are answered could have happened one at a time. */
import assert from "node:assert/strict";
import { rejected, unknown } from "../../../actors/runtime/outcome.ts";
import {
  CONTEXT,
  judge,
  placed,
  SHARD,
  SHOP,
  SKU,
  SOLD_OUT,
  Story,
  wrong,
} from "./story.ts";

const ID = "reserve.linearizable";
const LIMITED = { ...CONTEXT, limitPerUser: 1 };

Deno.test("reserve.linearizable accepts a race in which the log agrees with the answers", () => {
  const story = new Story().buys("ann", 2);
  const [bob, cid] = [story.wants("bob"), story.wants("cid")];
  story.holds("cid").refuses("bob").settles(SHARD)
    .returns(bob, SOLD_OUT).returns(cid, placed("cid"));
  story.resolves("ann", "hold_released").buys("dan", 2);
  const checker = judge(ID, story);
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 4);
  assert.equal(checker.unknown, 0);
});

Deno.test("reserve.linearizable accepts a retry that finds what an unknown call held", () => {
  const story = new Story();
  const first = story.wants("ann", 3);
  story.holds("ann", 3).settles(SHARD).returns(first, unknown(1));
  const [again, bob] = [story.wants("ann", 3), story.wants("bob")];
  story.refuses("bob").returns(bob, SOLD_OUT).returns(again, placed("ann", 3));
  assert.equal(wrong(ID, story), null);
});

Deno.test("reserve.linearizable accepts that a crash gives back what was never told", () => {
  const story = new Story();
  const ann = story.wants("ann", 3);
  story.holds("ann", 3).takesOver(SHARD);
  const bob = story.wants("bob", 3);
  story.holds("bob", 3).settles(SHARD).returns(bob, placed("bob", 3))
    .returns(ann, unknown(1));
  assert.equal(wrong(ID, story), null);
});

Deno.test("reserve.linearizable rejects a double sale of the last unit", () => {
  const story = new Story().buys("ann", 2);
  const [bob, cid] = [story.wants("bob"), story.wants("cid")];
  story.holds("bob").holds("cid").settles(SHARD)
    .returns(bob, placed("bob")).returns(cid, placed("cid"));
  assert.equal(wrong(ID, story), SKU);
});

Deno.test("reserve.linearizable rejects one sale too many among a hundred at once", () => {
  const story = new Story().buys("ann", 2);
  const users = Array.from({ length: 100 }, (_, index) => `u${index}`);
  const calls = users.map((user) => story.wants(user));
  users.slice(0, 2).forEach((user) => story.holds(user));
  users.forEach((user, index) =>
    story.returns(calls[index]!, index < 2 ? placed(user) : SOLD_OUT)
  );
  assert.equal(wrong(ID, story), SKU);
});

Deno.test("reserve.linearizable rejects a hundred refusals of a unit that nobody takes", () => {
  const story = new Story().buys("ann", 2);
  const users = Array.from({ length: 100 }, (_, index) => `u${index}`);
  const calls = users.map((user) => story.wants(user));
  users.forEach((_, index) => story.returns(calls[index]!, SOLD_OUT));
  assert.equal(wrong(ID, story), SKU);
});

Deno.test("reserve.linearizable rejects a sale that no event holds, once others took the units", () => {
  const story = new Story();
  story.returns(story.wants("ann", 2), placed("ann", 2));
  assert.equal(wrong(ID, story), null, "alone it could be true");
  assert.equal(wrong(ID, story.buys("bob", 2)), SKU);
});

Deno.test("reserve.linearizable rejects sold out while units were free", () => {
  const story = new Story().buys("ann", 2);
  const call = story.wants("bob");
  story.refuses("bob").returns(call, SOLD_OUT);
  assert.equal(wrong(ID, story), SKU);
});

Deno.test("reserve.linearizable accepts sold out without a decision when it can be true", () => {
  const story = new Story().buys("ann", 3);
  story.returns(story.wants("bob"), SOLD_OUT);
  assert.equal(wrong(ID, story), null);
});

Deno.test("reserve.linearizable rejects a refusal that is older than the call", () => {
  const story = new Story().buys("ann", 3).refuses("bob")
    .resolves("ann", "hold_released");
  story.returns(story.wants("bob"), SOLD_OUT);
  assert.equal(wrong(ID, story), SKU);
});

Deno.test("reserve.linearizable rejects units above a user's limit", () => {
  const story = new Story().buys("ann", 2);
  assert.equal(wrong(ID, story, LIMITED), SKU);
});

Deno.test("reserve.linearizable rejects a limit that the user has not reached", () => {
  const story = new Story().buys("ann", 1)
    .refuses("ann", 1, "purchase-limit");
  assert.equal(wrong(ID, story, LIMITED), null);
  story.refuses("bob", 1, "purchase-limit");
  assert.equal(wrong(ID, story, LIMITED), SKU);
});

Deno.test("reserve.linearizable does not judge what it cannot search", () => {
  const story = new Story();
  story.wants("slow");
  for (let turn = 0; turn < 8_200; turn++) {
    story.holds(`u${turn}`).resolves(`u${turn}`, "hold_released");
  }
  story.settles(SHARD);
  story.returns(story.wants("bob"), SOLD_OUT);
  story.returns(1, rejected("idempotency-in-flight"));
  const checker = judge(ID, story);
  assert.equal(checker.violation, null);
  assert.equal(checker.unknown, 1);
});

Deno.test("reserve.linearizable follows orders of several lines by their events", () => {
  const lines = [{ sku: SKU, quantity: 2 }, { sku: "rug", quantity: 1 }];
  const context = {
    ...CONTEXT,
    initialStock: new Map([
      ...CONTEXT.initialStock,
      ["rug", { units: 1, priceCents: 5 }] as const,
    ]),
  };
  const story = new Story();
  story.calls("place_order", { userId: "ann", key: "k-ann", lines });
  story.records(SHARD, {
    kind: "stock_held",
    holdId: "k-ann 1 ann",
    userId: "ann",
    lines,
  } as never).settles(SHARD, SHOP);
  const call = story.wants("bob", 2);
  story.refuses("bob", 2).returns(call, SOLD_OUT);
  const checker = judge(ID, story, context);
  assert.equal(checker.violation, null);
  story.returns(story.wants("cid", 1), SOLD_OUT);
  assert.equal(wrong(ID, story, context), SKU);
});
