/**
 * Ours in all contests, by the names of the tasks.
 *
 * @module
 */
import { bankTransaction } from "../../savina/ours/bank_transaction.ts";
import { big } from "../../savina/ours/big.ts";
import { boundedBuffer } from "../../savina/ours/bounded_buffer.ts";
import { chameneos } from "../../savina/ours/chameneos.ts";
import {
  forkJoinCreate,
  forkJoinThroughput,
} from "../../savina/ours/fork_join.ts";
import { philosophers } from "../../savina/ours/philosophers.ts";
import { pingPong as savinaPingPong } from "../../savina/ours/ping_pong.ts";
import { threadRing } from "../../savina/ours/thread_ring.ts";
import type { Run } from "../program.ts";
import { askSerially } from "./ask.ts";
import { counting } from "./counting.ts";
import { idle } from "./idle.ts";
import { pingPong } from "./ping_pong.ts";
import { spawnAndStop } from "./spawn.ts";

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
