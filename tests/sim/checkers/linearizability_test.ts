/** Histories of concurrent operations: which could have happened in a row. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { SeededRandom } from "../../../actors/runtime/random.ts";
import {
  checkHistory,
  checkWitness,
  type Operation,
  searchHistory,
  type UnitsInput,
  unitsModel,
  type UnitsOutput,
} from "../../../sim/checkers/linearizability.ts";

type Units = Operation<UnitsInput, UnitsOutput>;
const STEPS = 100_000;

/** An operation of one unit, or a read. */
function op(
  calledAt: number,
  returnedAt: number,
  kind: UnitsInput["kind"],
  output: UnitsOutput | undefined,
  position?: number,
): Units {
  const input = { kind, units: kind === "read" ? 0 : 1 };
  const known = { calledAt, returnedAt, input, output };
  return position === undefined ? known : { ...known, position };
}

function verdict(operations: readonly Units[], free = 1): string {
  return checkHistory(operations, unitsModel(free), STEPS).kind;
}

Deno.test("operations that overlap may have happened in either order", () => {
  assert.equal(
    verdict([op(0, 9, "take", "refused"), op(1, 8, "take", "done")]),
    "linearizable",
  );
  assert.equal(
    verdict([
      op(0, 9, "read", 0),
      op(1, 8, "read", 1),
      op(2, 7, "take", "done"),
    ]),
    "linearizable",
  );
});

Deno.test("a stale read is rejected", () => {
  assert.equal(
    verdict([op(0, 1, "take", "done"), op(2, 3, "read", 1)]),
    "not_linearizable",
  );
  assert.equal(
    verdict([
      op(0, 9, "take", "done"),
      op(1, 2, "read", 0),
      op(3, 4, "read", 1),
    ]),
    "not_linearizable",
    "new and then old again",
  );
});

Deno.test("a double sale of the last unit is rejected", () => {
  assert.equal(
    verdict([op(0, 9, "take", "done"), op(1, 8, "take", "done")]),
    "not_linearizable",
  );
});

Deno.test("sold out while units were free is rejected", () => {
  assert.equal(verdict([op(0, 1, "take", "refused")]), "not_linearizable");
  assert.equal(
    verdict([op(0, 1, "take", "refused"), op(2, 3, "take", "done")]),
    "not_linearizable",
    "the unit was taken only afterwards",
  );
});

Deno.test("a lost update is rejected", () => {
  assert.equal(
    verdict([
      op(0, 5, "take", "done"),
      op(1, 6, "take", "done"),
      op(7, 8, "read", 4),
    ], 5),
    "not_linearizable",
  );
});

Deno.test("what fits of a history that does not is told", () => {
  const history = [
    op(0, 1, "take", "done"),
    op(2, 3, "read", 0),
    op(4, 5, "take", "done"),
  ];
  const verdict = searchHistory(history, unitsModel(1), STEPS);
  assert.deepEqual(verdict, { kind: "not_linearizable", longest: [0, 1] });
});

Deno.test("a call that never returned may have happened, or not", () => {
  const pending = op(0, Infinity, "take", undefined);
  assert.equal(verdict([pending, op(1, 2, "read", 1)]), "linearizable");
  assert.equal(verdict([pending, op(1, 2, "read", 0)]), "linearizable");
  assert.equal(
    verdict([pending, op(1, 2, "read", 0), op(3, 4, "read", 1)]),
    "not_linearizable",
  );
});

Deno.test("a search without budget left does not know", () => {
  const history = Array.from({ length: 10 }, () => op(0, 9, "take", "done"));
  const model = unitsModel(9);
  assert.equal(searchHistory(history, model, 50).kind, "unknown");
  assert.equal(searchHistory(history, model, 1e9).kind, "not_linearizable");
});

Deno.test("a witness names the operation at which it fails", () => {
  const fault = (operations: readonly Units[]) =>
    checkWitness(operations, unitsModel(1));
  const taken = op(0, 1, "take", "done", 1);
  assert.equal(fault([taken, op(0, 2, "take", "refused", 2)]), null);
  assert.deepEqual(
    fault([taken, op(2, 3, "take", "done", 2)]),
    { index: 1, because: "illegal" },
  );
  assert.deepEqual(
    fault([taken, op(2, 3, "read", 1, 0)]),
    { index: 1, because: "too_early" },
  );
  assert.deepEqual(
    fault([taken, op(2, 3, "read", 0)]),
    { index: 1, because: "missing" },
  );
  assert.deepEqual(
    fault([taken, op(0, 3, "read", 0, 1)]),
    { index: 1, because: "repeated" },
  );
  assert.equal(fault([taken, op(2, Infinity, "take", undefined)]), null);
});

Deno.test("what a wrong witness rejects is searched", () => {
  const operations = [
    op(0, 9, "take", "refused", 1),
    op(1, 8, "take", "done", 2),
  ];
  const found = checkHistory(operations, unitsModel(1), STEPS);
  assert.deepEqual(found, { kind: "linearizable", by: "search" });
});

/** Every order, tried one by one: slow and plainly right. */
function existsOrder(operations: readonly Units[], free: number): boolean {
  const model = unitsModel(free);
  const place = (left: readonly Units[], state: number): boolean => {
    if (left.every(({ returnedAt }) => returnedAt === Infinity)) return true;
    return left.some((operation) => {
      const isFirst = left.every(({ returnedAt }) =>
        returnedAt >= operation.calledAt
      );
      if (!isFirst) return false;
      const next = model.step(state, operation.input, operation.output);
      const rest = left.filter((other) => other !== operation);
      return next !== null && place(rest, next);
    });
  };
  return place(operations, free);
}

const operation = fc.record({
  calledAt: fc.nat(12),
  lasts: fc.option(fc.nat(6), { nil: Infinity, freq: 8 }),
  kind: fc.constantFrom("take" as const, "give" as const, "read" as const),
  output: fc.constantFrom("done" as const, "refused" as const, 0, 1, 2),
}).map(({ calledAt, lasts, kind, output }): Units => {
  const isRead = typeof output === "number";
  const known = (kind === "read") === isRead ? output : undefined;
  return op(calledAt, calledAt + lasts, kind, known);
});

Deno.test("the search agrees with trying every order on small histories", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 6 }),
      fc.nat(2),
      (all, free) => {
        const { kind } = searchHistory(all, unitsModel(free), STEPS);
        seen.add(kind);
        const expected = existsOrder(all, free)
          ? "linearizable"
          : "not_linearizable";
        assert.equal(kind, expected);
      },
    ),
    { numRuns: 2_000, seed: 7 },
  );
  assert.equal(seen.size, 2, "both verdicts were tried");
});

/** A shop of 64 buyers at a time, whose every answer is right. */
function history(count: number): Units[] {
  const random = new SeededRandom(11, "history");
  let free = 1_000;
  return Array.from({ length: count }, (_, position) => {
    const units = 1 + random.below(3);
    const kind = random.chance(1, 2) ? "take" : "give";
    let output: UnitsOutput = "done";
    if (kind === "take" && free < units) output = "refused";
    else free += kind === "take" ? -units : units;
    const calledAt = position - random.below(64);
    const returnedAt = position + random.below(64);
    return { calledAt, returnedAt, input: { kind, units }, output, position };
  });
}

Deno.test("a witness of a million operations is checked in seconds", () => {
  const operations = history(1_000_000);
  const startedMs = performance.now();
  assert.equal(checkWitness(operations, unitsModel(1_000)), null);
  const model = unitsModel(999);
  assert.notEqual(checkWitness(operations, model), null, "one unit less");
  operations.reverse();
  assert.equal(checkWitness(operations, unitsModel(1_000)), null);
  const tookMs = performance.now() - startedMs;
  assert.ok(tookMs < 5_000, `it took ${tookMs} ms`);
});

Deno.test("a history of thousands is searched without its witness", () => {
  const operations = history(5_000).map(({ position: _, ...rest }) => rest);
  const found = searchHistory(operations, unitsModel(1_000), STEPS);
  assert.equal(found.kind, "linearizable");
});
