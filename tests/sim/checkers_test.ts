/** The registry of checkers, and what holds for each of them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { rejected } from "../../actors/runtime/outcome.ts";
import {
  checkerIds,
  EVIDENCE,
  hasMissed,
  StateEqualsFold,
  Watch,
} from "../../sim/checkers.ts";
import { type Failure, failuresOf, isAlike } from "../../sim/failure.ts";
import { Happenings } from "../../sim/happenings.ts";
import type { Checker } from "../../sim/observation.ts";
import { resolveScenario } from "../../sim/scenario.ts";
import {
  CONTEXT,
  orderOf,
  SHARD,
  SKU,
  SOLD_OUT,
  Story,
  UNITS,
  view,
} from "./checkers/story.ts";
import { fileOf, rerunUnder, scenario } from "./planted_failure.ts";

/** Everything that can be seen of a shop in which all is well. */
function goodStory(): Story {
  const opened = { kind: "stock_opened", sku: SKU, units: UNITS };
  const story = new Story().records(SHARD, opened);
  story.comes("ann", true).breaks("closed", "open").breaks("open", "half_open");
  const read = story.calls("read_product", { sku: SKU });
  story.returns(read, { kind: "ok", value: { version: 2 } })
    .buys("ann").buys("bob").buys("cid").pays("ann");
  const late = story.wants("dan");
  story.refuses("dan").returns(late, SOLD_OUT);
  const flooded = story.calls("read_product", { sku: SKU });
  story.observe({
    kind: "returned",
    atUs: story.atUs,
    call: flooded,
    outcome: rejected("rate-limited"),
  } as never);
  story.takesLease("worker-0", 1);
  const order = { userId: "bob", orderId: orderOf("bob") };
  const cancel = story.calls("cancel_order", order);
  return story.resolves("bob", "hold_released").orders("bob", "order_cancelled")
    .settles(SHARD, "storefront[0]")
    .returns(cancel, { kind: "ok", value: view("bob", "cancelled") })
    .countsMail();
}

function run(checkers: readonly Checker[], story: Story): void {
  for (const observation of story.observations) {
    for (const checker of checkers) checker.observe(observation);
  }
  for (const checker of checkers) checker.end();
}

Deno.test("a shop in which all is well is checked by everybody, who find nothing", () => {
  const checkers = new Watch(checkerIds, CONTEXT).checkers;
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
  const checkers = new Watch(checkerIds, CONTEXT).checkers;
  run(checkers, new Story());
  for (const { id, checked, violation } of checkers) {
    assert.equal(checked, 0, id);
    assert.equal(violation, null, id);
  }
});

Deno.test("a checker that checked nothing of what did happen has missed it", () => {
  const happened = new Happenings(EVIDENCE);
  for (const observation of goodStory().observations) {
    happened.observe(observation);
  }
  for (const checker of new Watch(checkerIds, CONTEXT).checkers) {
    assert.ok(hasMissed(checker, happened), checker.id);
    assert.ok(!hasMissed(checker, new Happenings(EVIDENCE)), checker.id);
  }
});

Deno.test("a run in which a check missed what it is there for has failed", () => {
  const blind: Checker = {
    ...{ id: "money.conserved", checked: 0, violation: null },
    observe: () => {},
    end: () => {},
  };
  const result = rerunUnder(() => [blind])(
    resolveScenario(fileOf(scenario()), 1),
    1,
  );
  assert.equal(result.verdict, "invariant");
  const [failure] = failuresOf(result) as [Failure];
  assert.equal(failure.check, "money.conserved");
  assert.equal(failure.detail, "Nothing happened that it could check");
  // Shrinking must not end where nothing happens any more.
  const violation = { ...failure, key: "o-0-1", detail: "Charged twice" };
  assert.ok(!isAlike(failure, violation));
  assert.ok(isAlike(failure, { ...failure, atUs: 1 }));
});

Deno.test("checkers have the ids that they are asked for by", () => {
  const ids = new Watch(checkerIds, CONTEXT).checkers.map(({ id }) => id);
  assert.deepEqual(ids, checkerIds);
});

Deno.test("an unknown id is refused with those that are known", () => {
  assert.throws(
    () => new Watch(["stock.eternal"], CONTEXT).checkers,
    /TypeError.*little\.exact.*current value is "stock\.eternal"/,
  );
});

Deno.test("checkers that look at one run together find what each finds alone", () => {
  const story = new Story().buys("ann", 3);
  story.holds("bob").settles(SHARD);
  const together = new Watch(checkerIds, CONTEXT).checkers;
  run(together, story);
  for (const checker of together) {
    const [alone] = new Watch([checker.id], CONTEXT).checkers;
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
    const told = new Watch(checkerIds, CONTEXT).checkers;
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
