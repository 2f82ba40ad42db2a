/** A TextTable is a Map whose values carry their keys. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { TextTable } from "../../../sim/checkers/text_table.ts";

interface Named {
  readonly name: string;
  readonly step: number;
}

Deno.test("TextTable answers as a Map does, whatever comes and goes", () => {
  const operation = fc.tuple(
    fc.constantFrom("set", "set", "delete"),
    fc.nat(300).map((number) => `k${number} - u${number * 7}`),
  );
  fc.assert(
    fc.property(
      // Long enough that it grows, also while half of it was taken out.
      fc.array(operation, { maxLength: 2_000 }),
      (operations) => {
        const table = new TextTable<Named>(({ name }) => name);
        const model = new Map<string, Named>();
        operations.forEach(([kind, name], step) => {
          if (kind === "set") {
            table.set({ name, step });
            model.set(name, { name, step });
          } else assert.equal(table.delete(name), model.delete(name));
          assert.deepEqual(table.get(name), model.get(name));
          assert.equal(table.size, model.size);
        });
        assert.deepEqual([...table.values()], [...model.values()]);
        for (const [name, value] of model) {
          assert.deepEqual(table.get(name), value);
        }
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("TextTable keeps texts of one hash apart", () => {
  // Found by search: both have the same FNV-1a hash of 32 bits.
  const texts = ["costarring", "liquid"];
  const table = new TextTable<Named>(({ name }) => name);
  texts.forEach((name, step) => table.set({ name, step }));
  assert.deepEqual(texts.map((name) => table.get(name)?.step), [0, 1]);
  assert(table.delete("costarring"));
  assert.equal(table.get("costarring"), undefined);
  assert.equal(table.get("liquid")?.step, 1);
});

Deno.test("TextTable finds the few that are left of a hundred thousand", () => {
  const table = new TextTable<Named>(({ name }) => name);
  for (let step = 0; step < 100_000; step++) {
    table.set({ name: `${step}`, step });
    if (step >= 10) assert(table.delete(`${step - 10}`));
  }
  assert.equal(table.size, 10);
  assert.equal(table.get("99999")?.step, 99_999);
});
