/** Retries stay within what the client may, and a cheap refusal is cheap. */
import assert from "node:assert/strict";
import { failed, ok, rejected } from "../../../actors/runtime/outcome.ts";
import { CONTEXT, judge, SOLD_OUT, Story, wrong } from "./story.ts";

const ID = "retry.withinBudget";
const BUSY = failed("overloaded", 1);

/** One journey: two further tries of a step, and a budget of ten percent. */
function context(budgetPerMillion: number | null = 100_000) {
  const retries = new Map([["buyer", { max: 2, budgetPerMillion }]]);
  return { ...CONTEXT, retries };
}

/** A user asks so often for one order, and is never answered for good. */
function tries(story: Story, user: string, count: number): Story {
  let first = 0;
  for (let nth = 0; nth < count; nth++) {
    const call = asks(story, user, nth, first);
    if (nth === 0) first = call;
    story.returns(call, BUSY);
  }
  return story;
}

/** A try to place an order; its first one is numbered 0. */
function asks(story: Story, user: string, nth: number, first: number): number {
  const input = { userId: user, key: `k-${user}`, lines: [], try: nth };
  const step = "place_order";
  return story.calls(
    step,
    { ...input, journey: "buyer" },
    nth > 0 ? first : undefined,
  );
}

Deno.test("retry.withinBudget accepts the last try that a step has, not one more", () => {
  const checker = judge(ID, tries(new Story(), "ann", 3), context());
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 3);
  assert.equal(wrong(ID, tries(new Story(), "ann", 4), context()), "buyer");
});

Deno.test("retry.withinBudget accepts the last retry of a budget, not one more", () => {
  const story = new Story();
  // Ten retries are free, and six first tries leave more than half of one.
  for (let user = 0; user < 5; user++) tries(story, `u${user}`, 3);
  assert.equal(wrong(ID, tries(story, "ann", 2), context()), null);
  assert.equal(wrong(ID, story, context(0)), "buyer");
  assert.equal(wrong(ID, tries(story, "bob", 2), context()), "buyer");
  assert.equal(wrong(ID, story, context(null)), null);
});

for (
  const [answer, isForGood] of [
    [SOLD_OUT, true],
    [ok(null), true],
    [rejected("rate-limited"), false],
    [rejected("idempotency-in-flight"), false],
    [BUSY, false],
  ] as const
) {
  const name = answer.kind === "rejected" || answer.kind === "failed"
    ? answer.code
    : answer.kind;
  const verb = isForGood ? "rejects" : "accepts";
  Deno.test(`retry.withinBudget ${verb} a retry after "${name}"`, () => {
    const story = new Story();
    const first = asks(story, "ann", 0, 0);
    story.returns(first, answer);
    asks(story, "ann", 1, first);
    assert.equal(wrong(ID, story, context()), isForGood ? "ann" : null);
  });
}

Deno.test("refusal.costsNothing rejects a limited client who had to wait", () => {
  const story = new Story();
  const call = story.wants("ann");
  const outcome = rejected("rate-limited");
  const returned = { kind: "returned", call, outcome } as const;
  story.observe({ ...returned, atUs: story.atUs } as never);
  const checker = judge("refusal.costsNothing", story);
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 1);
  const slow = new Story();
  slow.returns(slow.wants("ann"), outcome);
  assert.equal(wrong("refusal.costsNothing", slow), "ann");
});
