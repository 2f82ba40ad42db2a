/**
 * Where a key lives. A key belongs to a partition by a fixed hash, and the
 * partition's actor has the partition's number in its address, so everyone who
 * knows the number of partitions finds the same actor without asking. Which
 * worker runs it is not decided here.
 *
 * @module
 */
import { stableHash } from "./runtime/random.ts";

/**
 * The partition of a key, from 0 to `count` − 1; the same in every process and
 * release. `count` is at least 1 and fixed when a store is created.
 */
export function partitionOf(key: string, count: number): number {
  return stableHash(key) % count;
}

/** The address of a partition's actor, such as `inventory[3]`. */
export function addressOf(kind: string, partition: number): string {
  return `${kind}[${partition}]`;
}
