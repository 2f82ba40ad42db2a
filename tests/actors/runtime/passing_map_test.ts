/** A PassingMap is a Map for keys that come and go. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { PassingMap } from "../../../actors/runtime/passing_map.ts";

Deno.test("PassingMap answers as a Map does, whatever comes and goes", () => {
  const operation = fc.tuple(
    fc.constantFrom("set", "set", "delete"),
    fc.nat(400),
  );
  fc.assert(
    fc.property(
      // Long enough that what is left moves, and moves again.
      fc.array(operation, { minLength: 2_000, maxLength: 8_000 }),
      (operations) => {
        const map = new PassingMap<number, number>();
        const model = new Map<number, number>();
        operations.forEach(([kind, key], step) => {
          if (kind === "set") {
            map.set(key, step);
            model.set(key, step);
          } else assert.equal(map.delete(key), model.delete(key));
          assert.equal(map.get(key), model.get(key));
          assert.equal(map.has(key), model.has(key));
          assert.equal(map.size, model.size);
        });
        assert.deepEqual([...map.values()], [...model.values()]);
      },
    ),
    { numRuns: 20 },
  );
});

Deno.test("PassingMap keeps a hundred thousand keys that stay", () => {
  const map = new PassingMap<string, number>();
  for (let key = 1; key <= 100_000; key++) map.set(`key ${key}`, key);
  assert.equal(map.size, 100_000);
  for (let key = 1; key <= 100_000; key++) assert.ok(map.delete(`key ${key}`));
  assert.equal(map.size, 0);
  assert.equal(map.get("key 1"), undefined);
});
