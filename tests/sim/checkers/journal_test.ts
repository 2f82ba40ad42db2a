/** Journals: fenced, without gaps; states are folds. */
import assert from "node:assert/strict";
import {
  differenceOf,
  StateEqualsFold,
} from "../../../sim/checkers/journal.ts";
import { judge, SHARD, Story, wrong } from "./story.ts";

const ID = "journal.fenced";

Deno.test("journal.fenced accepts a take-over, and what the old owner records in vain", () => {
  const story = new Story().holds("ann").settles(SHARD).holds("bob")
    .takesOver(SHARD).holds("bob").settles(SHARD);
  const journal = story.journal(SHARD);
  Object.assign(journal, { epoch: 1, sequence: 2 });
  story.holds("cid");
  Object.assign(journal, { epoch: 2, sequence: 2 });
  const checker = judge(ID, story.holds("dan").settles(SHARD));
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 8);
});

Deno.test("journal.fenced rejects what the old owner makes durable", () => {
  const story = new Story().holds("ann").settles(SHARD).takesOver(SHARD)
    .holds("bob").settles(SHARD);
  story.journal(SHARD).epoch = 1;
  const checker = judge(ID, story.holds("cid").settles(SHARD));
  assert.equal(checker.violation?.key, SHARD);
  assert.match(checker.violation!.detail, /epoch 1, after those of epoch 2/);
});

Deno.test("journal.fenced rejects a gap in what is recorded", () => {
  const story = new Story().holds("ann");
  story.journal(SHARD).sequence++;
  assert.equal(wrong(ID, story.holds("bob")), SHARD);
});

Deno.test("journal.fenced rejects a sequence that is recorded twice", () => {
  const story = new Story().holds("ann");
  story.journal(SHARD).sequence--;
  assert.equal(wrong(ID, story.holds("bob")), SHARD);
});

Deno.test("journal.fenced rejects a new owner that begins before what is durable", () => {
  const story = new Story().holds("ann").holds("bob").settles(SHARD)
    .takesOver(SHARD);
  story.journal(SHARD).sequence--;
  assert.equal(wrong(ID, story.holds("cid")), SHARD);
});

Deno.test("journal.fenced rejects a gap in what is durable", () => {
  const story = new Story().holds("ann").settles(SHARD).holds("bob")
    .holds("cid");
  story.journal(SHARD).durable++;
  assert.equal(wrong(ID, story.settles(SHARD)), SHARD);
});

Deno.test("journal.fenced rejects events on disk that nobody recorded", () => {
  const story = new Story().holds("ann");
  story.journal(SHARD).sequence++;
  assert.equal(wrong(ID, story.settles(SHARD)), SHARD);
});

Deno.test("state.equalsFold says where state and fold differ", () => {
  const checker = new StateEqualsFold();
  const state = (status: string) => ({
    orders: [{ id: "a" }, { id: "b", status }],
    volatile: { seen: status },
  });
  checker.compare(1, "storefront[0]", state("paid"), state("paid"));
  const said = () => checker.violation;
  assert.equal(said(), null);
  checker.compare(2, "storefront[0]", state("paid"), state("expired"));
  assert.equal(checker.checked, 2);
  assert.equal(said()?.key, "storefront[0]");
  assert.match(said()!.detail, /differs at orders\[1\]\.status/);
});

Deno.test("differenceOf looks into maps and sets, and not at what is volatile", () => {
  const state = (units: number) => ({
    stocks: new Map([["lamp", { units, tags: new Set(["hot"]) }]]),
  });
  assert.equal(differenceOf(state(1), { ...state(1), volatile: 7 }), null);
  assert.equal(differenceOf(state(1), state(2)), "stocks.lamp.units");
  assert.equal(differenceOf([1, 2], [1]), "the root (its size)");
  assert.equal(differenceOf(new Map(), []), "the root");
  assert.equal(differenceOf(null, {}), "the root");
});
