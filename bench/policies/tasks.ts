/**
 * Each eviction policy as a task: look up, and put what is not there.
 *
 * @module
 */
import {
  createMap,
  EVICTION_NAMES,
  type EvictionName,
  put,
  touch,
} from "../../actors/cache/bounded_map.ts";
import type { Ran, Run, Sizes } from "../actors/program.ts";
import { CAPACITY, keyOf, verifyHits } from "./reads.ts";

function look(policy: EvictionName, { n }: Sizes): Promise<Ran> {
  const map = createMap<number>({ entries: CAPACITY, policy });
  let hits = 0;
  for (let read = 0; read < n; read++) {
    const key = keyOf(read);
    if (touch(map, key) !== null) hits++;
    else put(map, key, read);
  }
  verifyHits(hits, n);
  return Promise.resolve({ count: n });
}

/** The tasks by name. */
export const TASKS: Readonly<Record<string, Run>> = Object.fromEntries(
  EVICTION_NAMES.map((policy) => [policy, (sizes) => look(policy, sizes)]),
);
