/**
 * Ids by deadline: a binary heap in two plain arrays. Deadlines that come
 * nearly in order, as those of equally long holds do, cost one comparison to
 * add. Nothing is ever taken out before it is due: whoever pops an id looks
 * whether the deadline still counts.
 *
 * @module
 */

/** Parallel arrays; each entry is due no earlier than its parent. */
export interface DeadlineHeap {
  readonly dueMs: number[];
  readonly ids: string[];
}

/** A heap without entries. */
export function createDeadlineHeap(): DeadlineHeap {
  return { dueMs: [], ids: [] };
}

/** The earliest deadline in milliseconds; undefined when there is none. */
export function earliestMs(heap: DeadlineHeap): number | undefined {
  return heap.dueMs[0];
}

/** Adds an id; the same one may stand for several deadlines. */
export function addDeadline(
  heap: DeadlineHeap,
  id: string,
  atMs: number,
): void {
  const { dueMs, ids } = heap;
  let index = dueMs.length;
  dueMs.push(atMs);
  ids.push(id);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (dueMs[parent]! <= atMs) break;
    dueMs[index] = dueMs[parent]!;
    ids[index] = ids[parent]!;
    index = parent;
  }
  dueMs[index] = atMs;
  ids[index] = id;
}

/** Takes out the id with the earliest deadline; undefined when empty. */
export function popDeadline(heap: DeadlineHeap): string | undefined {
  const { dueMs, ids } = heap;
  const first = ids[0];
  const lastMs = dueMs.pop();
  const last = ids.pop();
  if (lastMs === undefined || last === undefined || ids.length === 0) {
    return first;
  }
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= ids.length) break;
    if (child + 1 < ids.length && dueMs[child + 1]! < dueMs[child]!) child++;
    if (dueMs[child]! >= lastMs) break;
    dueMs[index] = dueMs[child]!;
    ids[index] = ids[child]!;
    index = child;
  }
  dueMs[index] = lastMs;
  ids[index] = last;
  return first;
}
