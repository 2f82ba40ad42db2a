import assert from "node:assert/strict";
import { BenchmarkError } from "../../bench/benchmark.ts";
import { mint } from "../../bench/edge/ground.ts";
import { planText, readFigures } from "../../bench/edge/load.ts";
import { Sessions } from "../../web/sessions.ts";

const PRINTED = (more: Record<string, unknown>) =>
  "Running 3s test\n" + JSON.stringify({
    seconds: 2,
    p50Us: 800,
    p99Us: 4000,
    broken: 0,
    late: 0,
    statuses: { 201: 990, 409: 10 },
    ...more,
  }) + "\n";

Deno.test("every answer of an expected status counts as work", () => {
  const figures = readFigures("sold out", PRINTED({}), {
    201: 0.99,
    409: 0.01,
  });
  assert.equal(figures.perSecond, 500);
  assert.deepEqual([figures.p50Ms, figures.p99Ms], [0.8, 4]);
});

const BAD: readonly [string, Record<string, unknown>, RegExp][] = [
  ["an unexpected status", {}, /purchase gave .*10 × 409/],
  ["a broken connection", { statuses: {}, broken: 1 }, /1 broken connections/],
  ["no answer", { statuses: {} }, /0 × 201/],
  ["a timeout", { statuses: { 201: 1 }, late: 2 }, /2 timeouts/],
];
for (const [what, more, says] of BAD) {
  Deno.test(`a round with ${what} is no figure but an error`, () => {
    assert.throws(
      () => readFigures("purchase", PRINTED(more), { 201: 1 }),
      (error) => error instanceof BenchmarkError && says.test(error.message),
    );
  });
}

Deno.test("an expected status that comes too seldom is an error", () => {
  const printed = PRINTED({ statuses: { 201: 1, 409: 999 } });
  assert.throws(
    () => readFigures("sold out", printed, { 201: 0.01, 409: 0.99 }),
    /1 × 201 of 1000/,
  );
});

Deno.test("a load that ended without a summary is an error", () => {
  assert.throws(
    () => readFigures("purchase", "wrk: cannot", { 201: 1 }),
    BenchmarkError,
  );
});

Deno.test("a plan is a Lua table with the users, products and keys", () => {
  const plan = planText({
    name: "purchase",
    reads: false,
    tokens: ["a.b.c"],
    skus: ["P1", "P2"],
    repeats: [],
    expected: { 201: 1 },
  });
  assert.equal(
    plan,
    'return {reads=false,repeatEvery=100,tokens={"a.b.c"},' +
      'skus={"P1","P2"},repeats={}}\n',
  );
});

Deno.test("the users' tokens are good in a shop with the same secret", () => {
  const sessions = new Sessions("secret", {
    wallMs: () => 1_000_000,
    randomId: () => "id",
    isRevoked: () => false,
  });
  const token = mint("secret", "user-7", 2000);
  assert.equal(sessions.verify(token)?.userId, "user-7");
});
