/** What a heap of deadlines promises. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  addDeadline,
  createDeadlineHeap,
  earliestMs,
  popDeadline,
} from "../../../actors/inventory/deadline_heap.ts";

Deno.test("popDeadline() gives ids in the order of their deadlines", () => {
  fc.assert(fc.property(fc.array(fc.nat(50)), (deadlines) => {
    const heap = createDeadlineHeap();
    deadlines.forEach((atMs, index) => addDeadline(heap, `${index}`, atMs));
    const popped = [];
    while (earliestMs(heap) !== undefined) {
      const dueMs = earliestMs(heap);
      assert.equal(deadlines[Number(popDeadline(heap))], dueMs);
      popped.push(dueMs);
    }
    assert.deepEqual(popped, deadlines.toSorted((left, right) => left - right));
  }));
});

Deno.test("popDeadline() of an empty heap gives nothing", () => {
  const heap = createDeadlineHeap();
  assert.equal(popDeadline(heap), undefined);
  addDeadline(heap, "ann:1", 1);
  assert.equal(popDeadline(heap), "ann:1");
  assert.equal(popDeadline(heap), undefined);
});
