/** An IdMap is a Map for ids that come and go. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { IdMap } from "../../../actors/runtime/id_map.ts";

Deno.test("IdMap answers as a Map does, whatever comes and goes", () => {
  const operation = fc.tuple(
    fc.constantFrom("set", "delete", "get"),
    // Few low bits, so that slots are fought for; some beyond 32 bits.
    fc.nat(4).chain((low) =>
      fc.constantFrom(0, 64, 128, 4096, 2 ** 40).map((high) => high + low + 1)
    ),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 400 }), (operations) => {
      const map = new IdMap<number>();
      const model = new Map<number, number>();
      operations.forEach(([kind, id], step) => {
        if (kind === "set") {
          map.set(id, step);
          model.set(id, step);
        } else if (kind === "delete") {
          assert.equal(map.delete(id), model.delete(id));
        }
        assert.equal(map.get(id), model.get(id));
        assert.equal(map.has(id), model.has(id));
        assert.equal(map.size, model.size);
      });
      assert.deepEqual(
        [...map].sort(([left], [right]) => left - right),
        [...model].sort(([left], [right]) => left - right),
      );
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("IdMap keeps a hundred thousand ids and forgets them all", () => {
  const map = new IdMap<number>();
  for (let id = 1; id <= 100_000; id++) map.set(id, id);
  assert.equal(map.size, 100_000);
  for (let id = 1; id <= 100_000; id++) assert.ok(map.delete(id));
  assert.equal(map.size, 0);
  assert.deepEqual([...map.keys()], []);
});
