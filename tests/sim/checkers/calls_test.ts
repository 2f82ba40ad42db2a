/** Calls: each ends once, Little's law is exact, reads do not go back. */
import assert from "node:assert/strict";
import { failed, ok } from "../../../actors/runtime/outcome.ts";
import { judge, SKU, SOLD_OUT, Story, wrong } from "./story.ts";

function read(version: number): ReturnType<typeof ok> {
  return ok({ version, status: "hit", body: "", freshForMs: 1 });
}

Deno.test("pending.resolved accepts calls that each ended once", () => {
  const story = new Story();
  const [one, two] = [story.wants("ann"), story.wants("bob")];
  story.returns(two, SOLD_OUT).returns(one, failed("expired", 1));
  const checker = judge("pending.resolved", story);
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 2);
});

Deno.test("pending.resolved rejects a call that never ended", () => {
  const story = new Story();
  story.wants("ann");
  assert.equal(wrong("pending.resolved", story), "call 1");
});

Deno.test("pending.resolved rejects a call that ended twice, or was never begun", () => {
  const story = new Story();
  const call = story.wants("ann");
  story.returns(call, SOLD_OUT).returns(call, SOLD_OUT);
  assert.equal(wrong("pending.resolved", story), "call 1");
  const ghost = new Story().returns(9, SOLD_OUT);
  assert.equal(wrong("pending.resolved", ghost), "call 9");
});

Deno.test("little.exact holds to the last microsecond, far beyond 2^53 of them", () => {
  const story = new Story();
  const calls = Array.from({ length: 40 }, () => story.wants("ann"));
  story.atUs += 2 ** 48 + 1;
  for (const call of calls) story.returns(call, SOLD_OUT);
  const open = story.wants("bob");
  story.wants("cid");
  const checker = judge("little.exact", story.returns(open, SOLD_OUT));
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 83);
});

Deno.test("little.exact rejects a call that is counted out twice", () => {
  const story = new Story();
  const [one, two] = [story.wants("ann"), story.wants("bob")];
  story.returns(one, SOLD_OUT).returns(one, SOLD_OUT).returns(two, SOLD_OUT);
  assert.equal(wrong("little.exact", story), "little");
});

Deno.test("little.exact rejects time that goes back or is no whole microsecond", () => {
  const story = new Story();
  const call = story.wants("ann");
  story.observe(
    { kind: "returned", atUs: 0, call, outcome: SOLD_OUT } as never,
  );
  assert.equal(wrong("little.exact", story), "time");
  const fraction = new Story();
  fraction.atUs = 0.5;
  fraction.wants("ann");
  assert.equal(wrong("little.exact", fraction), "time");
});

Deno.test("cache.monotonic accepts answers that overtake one another", () => {
  const story = new Story();
  const [one, two] = [1, 2].map(() =>
    story.calls("read_product", { sku: SKU })
  );
  story.returns(two!, read(6)).returns(one!, read(5));
  const other = story.calls("read_product", { sku: "rug" });
  const checker = judge("cache.monotonic", story.returns(other, read(1)));
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 3);
});

Deno.test("cache.monotonic rejects an older version than was read before the call", () => {
  const story = new Story();
  story.returns(story.calls("read_product", { sku: SKU }), read(6));
  story.returns(story.calls("read_product", { sku: SKU }), read(5));
  assert.equal(wrong("cache.monotonic", story), SKU);
});

Deno.test("cache.monotonic rejects going back also when an old answer came in between", () => {
  const story = new Story();
  const slow = story.calls("read_product", { sku: SKU });
  story.returns(story.calls("read_product", { sku: SKU }), read(6))
    .returns(slow, read(4));
  story.returns(story.calls("read_product", { sku: SKU }), read(5));
  assert.equal(wrong("cache.monotonic", story), SKU);
});
