/**
 * Every contest's task with sizes so small that it ends at once.
 *
 * @module
 */
import {
  ACTOR_CONTESTS,
  WORKER_CONTESTS,
} from "../../../bench/actors/claims.ts";
import type { Contest } from "../../../bench/actors/contest.ts";
import {
  allSizes,
  type GivenSizes,
  type Sizes,
} from "../../../bench/actors/program.ts";
import {
  SAVINA_CONTESTS,
  SAVINA_WORKER_CONTESTS,
} from "../../../bench/savina/claims.ts";

const TINY: Sizes = {
  n: 30,
  actors: 20,
  // Two items may wait, so producers are parked.
  buffer: 6,
  producers: 4,
  consumers: 3,
  cost: 1,
};

/** A contest's task. */
export interface TinyTask {
  readonly name: string;
  /** Those that the task has. */
  readonly sizes: GivenSizes;
  /** How much one iteration must do. */
  readonly count: number;
}

/** Those in one thread, in which all arms take part but the bare port. */
export const TINY_TASKS = [...ACTOR_CONTESTS, ...SAVINA_CONTESTS].map(tinyTask);

/** Those across two workers; asks and round trips, then Savina's. */
export const TINY_WORKER_TASKS = [
  ...WORKER_CONTESTS,
  ...SAVINA_WORKER_CONTESTS,
].map(tinyTask);

function tinyTask({ task, sizes, count }: Contest): TinyTask {
  const keys = Object.keys(sizes) as (keyof Sizes)[];
  const tiny = keys.map((key) => [key, TINY[key]] as const);
  const given = { n: TINY.n, ...Object.fromEntries(tiny) };
  return { name: task, sizes: given, count: count(allSizes(given)) };
}
