/**
 * nact in all contests, by the names of the tasks.
 *
 * @module
 */
import type { Run } from "../../actors/program.ts";
import {
  askSerially,
  counting,
  idle,
  pingPong,
  spawnAndStop,
} from "./actors.ts";
import {
  bankTransaction,
  boundedBuffer,
  philosophers,
} from "./savina_concurrency.ts";
import {
  big,
  chameneos,
  forkJoinCreate,
  forkJoinThroughput,
  pingPong as savinaPingPong,
  threadRing,
} from "./savina_micro.ts";

/** Task → what one iteration of it does. */
export const TASKS: Readonly<Record<string, Run>> = {
  ping_pong: pingPong,
  ask: askSerially,
  counting,
  spawn: spawnAndStop,
  idle,
  savina_ping_pong: savinaPingPong,
  savina_counting: counting,
  savina_fork_join_create: forkJoinCreate,
  savina_fork_join_throughput: forkJoinThroughput,
  savina_thread_ring: threadRing,
  savina_chameneos: chameneos,
  savina_big: big,
  savina_bank_transaction: bankTransaction,
  savina_bounded_buffer: boundedBuffer,
  savina_philosophers: philosophers,
};
