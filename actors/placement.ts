/**
 * Where a key lives. A key belongs to a partition by a fixed map, and the
 * partition's actor has the partition's number in its address, so everyone who
 * knows the map finds the same actor without asking. Which worker runs it is
 * not decided here.
 *
 * @module
 */
import { stableHash } from "./runtime/random.ts";
import { rangeAt } from "./runtime/ranges.ts";

/** Ranges of keys, in order and without gaps, each kept by one partition. */
export interface RangeMap {
  /** The first key of each range, ascending; the very first is `""`. */
  readonly borders: readonly string[];
  /** Who keeps each range: every partition is here once. */
  readonly partitions: readonly number[];
}

/** A number of partitions (at least 1), shared by hash, or their ranges. */
export type ShardMap = number | RangeMap;

/**
 * The partition of a key, from 0 on; the same in every process and release.
 * The map is fixed when a store is created.
 */
export function partitionOf(key: string, map: ShardMap): number {
  if (typeof map === "number") return stableHash(key) % map;
  return map.partitions[rangeAt(map.borders, key)]!;
}

/** How many partitions there are. */
export function partitionCount(map: ShardMap): number {
  return typeof map === "number" ? map : map.partitions.length;
}

/** The address of a partition's actor, such as `inventory[3]`. */
export function addressOf(kind: string, partition: number): string {
  return `${kind}[${partition}]`;
}
