/** Deadlines come due once, never early, and at most a bucket late. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Deadlines } from "../../../actors/runtime/deadlines.ts";

const BUCKET_MS = 8;

Deno.test("every id is due exactly once, never early, at most a bucket late", () => {
  const step = fc.record({
    add: fc.array(fc.integer({ min: -5, max: 400 }), { maxLength: 5 }),
    advanceMs: fc.integer({ min: 0, max: 60 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const deadlines = new Deadlines();
      const waiting = new Map<number, number>();
      let nowMs = 1_000;
      let lastId = 0;
      const look = () =>
        deadlines.due(nowMs, (id) => {
          const dueMs = waiting.get(id);
          assert(dueMs !== undefined, "due twice, or never added");
          assert(dueMs <= nowMs, `${dueMs} is early at ${nowMs}`);
          waiting.delete(id);
        });
      for (const { add, advanceMs } of steps) {
        for (const delayMs of add) {
          deadlines.add(++lastId, nowMs + delayMs);
          waiting.set(lastId, nowMs + delayMs);
        }
        nowMs += advanceMs;
        look();
        for (const dueMs of waiting.values()) {
          assert(dueMs + BUCKET_MS > nowMs, `${dueMs} is late at ${nowMs}`);
          assert(deadlines.nextMs < dueMs + BUCKET_MS);
        }
      }
      nowMs += 1_000;
      look();
      assert.equal(waiting.size, 0);
      assert.equal(deadlines.nextMs, Infinity);
    }),
    { seed: 20261111, numRuns: 300 },
  );
});

Deno.test("ids are due in order of their buckets, and as they were added within", () => {
  const deadlines = new Deadlines();
  deadlines.add(1, 40);
  deadlines.add(2, 9);
  deadlines.add(3, 10);
  deadlines.add(4, 1);
  const due: number[] = [];
  deadlines.due(100, (id) => due.push(id));
  assert.deepEqual(due, [4, 2, 3, 1]);
});

Deno.test("what is added while others are due comes with the next look", () => {
  const deadlines = new Deadlines();
  const due: number[] = [];
  deadlines.add(1, 8);
  const visit = (id: number) => {
    due.push(id);
    if (id < 3) deadlines.add(id + 1, 8);
  };
  for (let looks = 0; looks < 3; looks++) deadlines.due(8, visit);
  assert.deepEqual(due, [1, 2, 3]);
});
