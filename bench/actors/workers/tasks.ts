/**
 * Ours in the contests across workers, by the names of the tasks.
 *
 * @module
 */
import { bankTransaction, big, pingPong } from "../../savina/workers.ts";
import type { Run } from "../program.ts";
import { askAcross, timeRoundTrips } from "./ask.ts";
import type { Crew } from "./crew.ts";

/** Task → what one iteration of it does. */
export function tasksOf(crew: Crew): Readonly<Record<string, Run>> {
  return {
    worker_ask: askAcross(crew),
    worker_round_trip: timeRoundTrips(crew),
    savina_ping_pong: pingPong(crew),
    savina_big: big(crew),
    savina_bank_transaction: bankTransaction(crew),
  };
}
