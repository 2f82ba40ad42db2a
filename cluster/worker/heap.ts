/**
 * How full the heap of a thread is, and when that is too full to go on.
 *
 * @module
 */
import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8";
import { memoryLimitBytes } from "./thread.ts";

/** How full a thread's heap is. */
export interface HeapUse {
  /** What has lived long, with garbage not yet found, and buffers. */
  readonly usedBytes: number;
  /** What it may become. */
  readonly limitBytes: number;
}

/** Looks at the heap of the thread that calls; takes some microseconds. */
export function measureHeap(): HeapUse {
  const { heap_size_limit, external_memory } = getHeapStatistics();
  let usedBytes = external_memory;
  for (const { space_name, space_used_size } of getHeapSpaceStatistics()) {
    // What is new is mostly garbage, and not what the limit is about.
    if (!space_name.startsWith("new_")) usedBytes += space_used_size;
  }
  return { usedBytes, limitBytes: memoryLimitBytes() ?? heap_size_limit };
}

/**
 * Whether a thread should be replaced before its memory ends. V8 collects at
 * the latest halfway between what survived the last collection and the limit;
 * so a heap that is seen above 7/8 of it had more than 3/4 survive.
 */
export function isNearlyFull({ usedBytes, limitBytes }: HeapUse): boolean {
  return usedBytes * 8 > limitBytes * 7;
}
