/** Deadlines come due once, never early, and at most a bucket late. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Deadlines, type Due } from "../../../actors/runtime/deadlines.ts";

/** The default, and what a test with its own clock takes. */
const BUCKETS_MS = [8, 1];

/** Something due, that a test can tell apart. */
class Numbered implements Due {
  previous: Due | null = null;
  next: Due | null = null;

  constructor(readonly id: number) {}
}

const idOf = (due: Due) => (due as Numbered).id;

Deno.test("every id is due exactly once, never early, at most a bucket late", () => {
  const bucketMs = fc.constantFrom(...BUCKETS_MS);
  const step = fc.record({
    add: fc.array(fc.integer({ min: -5, max: 400 }), { maxLength: 5 }),
    advanceMs: fc.integer({ min: 0, max: 60 }),
  });
  fc.assert(
    fc.property(bucketMs, fc.array(step, { maxLength: 60 }), (late, steps) => {
      const deadlines = new Deadlines(late);
      const waiting = new Map<number, number>();
      let nowMs = 1_000;
      let lastId = 0;
      const look = () =>
        deadlines.due(nowMs, (due) => {
          const id = idOf(due);
          const dueMs = waiting.get(id);
          assert(dueMs !== undefined, "due twice, or never added");
          assert(dueMs <= nowMs, `${dueMs} is early at ${nowMs}`);
          waiting.delete(id);
        });
      for (const { add, advanceMs } of steps) {
        for (const delayMs of add) {
          deadlines.add(new Numbered(++lastId), nowMs + delayMs);
          waiting.set(lastId, nowMs + delayMs);
        }
        nowMs += advanceMs;
        look();
        for (const dueMs of waiting.values()) {
          assert(dueMs + late > nowMs, `${dueMs} is late at ${nowMs}`);
          assert(deadlines.nextMs < dueMs + late);
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
  deadlines.add(new Numbered(1), 40);
  deadlines.add(new Numbered(2), 9);
  deadlines.add(new Numbered(3), 10);
  deadlines.add(new Numbered(4), 1);
  const due: number[] = [];
  deadlines.due(100, (each) => due.push(idOf(each)));
  assert.deepEqual(due, [4, 2, 3, 1]);
});

Deno.test("what is added while others are due comes with the next look", () => {
  const deadlines = new Deadlines();
  const due: number[] = [];
  deadlines.add(new Numbered(1), 8);
  const visit = (each: Due) => {
    due.push(idOf(each));
    if (idOf(each) < 3) deadlines.add(new Numbered(idOf(each) + 1), 8);
  };
  for (let looks = 0; looks < 3; looks++) deadlines.due(8, visit);
  assert.deepEqual(due, [1, 2, 3]);
});

Deno.test("what was taken out is never due, wherever in the bucket it hung", () => {
  for (const removed of [0, 1, 2]) {
    const deadlines = new Deadlines();
    const dues = [0, 1, 2].map((id) => new Numbered(id));
    for (const due of dues) deadlines.add(due, 8);
    deadlines.remove(dues[removed]!);
    deadlines.remove(dues[removed]!);
    const seen: number[] = [];
    deadlines.due(100, (due) => seen.push(idOf(due)));
    assert.deepEqual(seen, [0, 1, 2].filter((id) => id !== removed));
  }
});
