/** The registry of checkers, and what holds for each of them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { checkerIds, checkersFor, Watch } from "../../sim/checkers.ts";
import type { Checker } from "../../sim/observation.ts";
import { StateEqualsFold } from "../../sim/checkers.ts";
import { CONTEXT, SHARD, SKU, SOLD_OUT, Story } from "./checkers/story.ts";

/** Everything that can be seen of a shop in which all is well. */
function goodStory(): Story {
  const story = new Story();
  const read = story.calls("read_product", { sku: SKU });
  story.returns(read, { kind: "ok", value: { version: 2 } })
    .buys("ann").buys("bob").buys("cid").pays("ann");
  const late = story.wants("dan");
  story.refuses("dan").returns(late, SOLD_OUT);
  return story.resolves("bob", "hold_released").orders("bob", "order_expired")
    .settles(SHARD, "storefront[0]");
}

function run(checkers: readonly Checker[], story: Story): void {
  for (const observation of story.observations) {
    for (const checker of checkers) checker.observe(observation);
  }
  for (const checker of checkers) checker.end();
}

Deno.test("a shop in which all is well is checked by everybody, who find nothing", () => {
  const checkers = checkersFor(checkerIds, CONTEXT);
  run(checkers, goodStory());
  for (const checker of checkers) {
    if (checker instanceof StateEqualsFold) {
      checker.compare(1, SHARD, { sold: 1 }, { sold: 1 });
    }
    assert.equal(checker.violation, null, checker.id);
    assert.ok(checker.checked > 0, `${checker.id} has nothing checked`);
  }
});

Deno.test("a checker that never saw anything has checked nothing", () => {
  const checkers = checkersFor(checkerIds, CONTEXT);
  run(checkers, new Story());
  for (const { id, checked, violation } of checkers) {
    assert.equal(checked, 0, id);
    assert.equal(violation, null, id);
  }
});

Deno.test("checkers have the ids that they are asked for by", () => {
  const ids = checkersFor(checkerIds, CONTEXT).map(({ id }) => id);
  assert.deepEqual(ids, checkerIds);
});

Deno.test("an unknown id is refused with those that are known", () => {
  assert.throws(
    () => checkersFor(["stock.eternal"], CONTEXT),
    /TypeError.*little\.exact.*current value is "stock\.eternal"/,
  );
});

Deno.test("checkers that look at one run together find what each finds alone", () => {
  const story = new Story().buys("ann", 3);
  story.holds("bob").settles(SHARD);
  const together = checkersFor(checkerIds, CONTEXT);
  run(together, story);
  for (const checker of together) {
    const [alone] = checkersFor([checker.id], CONTEXT);
    run([alone!], story);
    assert.deepEqual(alone!.violation, checker.violation, checker.id);
    assert.equal(alone!.checked, checker.checked, checker.id);
  }
});

Deno.test("Watch: a checker finds the same when it is told only of what it sees", () => {
  const { observations } = goodStory();
  const broken = fc.shuffledSubarray([...observations.keys()], {
    minLength: observations.length - 6,
  });
  const places = fc.tuple(fc.boolean(), broken).map(([isShuffled, order]) =>
    isShuffled ? order : order.sort((one, other) => one - other)
  );
  fc.assert(fc.property(places, (order) => {
    const told = checkersFor(checkerIds, CONTEXT);
    const watch = new Watch(checkerIds, CONTEXT);
    for (const place of order) {
      const observation = observations[place]!;
      for (const checker of told) checker.observe(observation);
      watch.observe(observation);
    }
    for (const [index, checker] of watch.checkers.entries()) {
      const other = told[index]!;
      checker.end();
      other.end();
      assert.equal(checker.checked, other.checked, checker.id);
      const [one, two] = [checker, other].map(({ violation }) => violation);
      assert.deepEqual(one?.detail, two?.detail, checker.id);
    }
  }));
});
