/** What is kept of pending calls, beside a map. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { CallTable } from "../../sim/call_table.ts";

/** A call begins (its number is the next one) or an earlier one ends. */
const turns = fc.array(fc.oneof(
  fc.constant("begin" as const),
  fc.nat(400).map((back) => ({ back })),
));

Deno.test("CallTable keeps what a map of the pending calls keeps", () => {
  fc.assert(fc.property(turns, (all) => {
    const table = new CallTable<string>();
    const map = new Map<number, string>();
    let newest = 0;
    for (const turn of all) {
      if (turn === "begin") {
        newest++;
        table.set(newest, `call ${newest}`);
        map.set(newest, `call ${newest}`);
        continue;
      }
      const call = Math.max(1, newest - turn.back);
      assert.equal(table.get(call), map.get(call));
      assert.equal(table.take(call), map.get(call));
      map.delete(call);
    }
    assert.equal(table.size, map.size);
    assert.deepEqual(table.values(), [...map.values()]);
  }));
});

Deno.test("CallTable keeps a call that waits while 100,000 others end", () => {
  const table = new CallTable<number>();
  table.set(1, 1);
  for (let call = 2; call < 100_000; call++) {
    table.set(call, call);
    assert.equal(table.take(call), call);
  }
  assert.equal(table.get(1), 1);
  assert.equal(table.size, 1);
});

Deno.test("CallTable keeps the newest value of a call", () => {
  const table = new CallTable<string>();
  table.set(7, "old");
  table.set(7, "new");
  assert.equal(table.size, 1);
  assert.equal(table.take(7), "new");
  assert.equal(table.take(7), undefined);
});

Deno.test("CallTable refuses what numbers no call", () => {
  const table = new CallTable<string>();
  for (const call of [0, -1, 1.5, NaN]) {
    assert.throws(() => table.set(call, "none"), /must be an integer >= 1/);
    assert.equal(table.get(call), undefined);
    assert.equal(table.take(call), undefined);
  }
});
