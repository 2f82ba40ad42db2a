/**
 * The numbers of a domain, as plain data that can cross a thread.
 *
 * @module
 */
import type { Cell, CellStatus, Crash } from "./cell.ts";

/** What is known of one actor. */
export interface ActorReport {
  /** Its name in the whole shop. */
  readonly address: string;
  /** Where it is in its life. */
  readonly status: CellStatus;
  /** Messages that wait. */
  readonly depth: number;
  /** Messages that it was given, in all lives. */
  readonly handled: number;
  /** Lives that ended in a crash. */
  readonly crashes: number;
  /** Lives that began after a crash. */
  readonly restarts: number;
  /** Which life this is, from 1; 0 before the first. */
  readonly incarnation: number;
  /** The epoch under which its partition is owned; 0 when not journaled. */
  readonly epoch: number;
  /** Why the last life ended; null when none did. */
  readonly lastCrash: Crash | null;
}

/** Numbers since the domain's start. */
export interface DomainReport {
  /** The domain's name. */
  readonly name: string;
  /** Appends that became durable. */
  readonly commits: number;
  /** Events in appends, also in the one under way. */
  readonly events: number;
  /** Milliseconds spent in appends. */
  readonly commitMs: number;
  /** Messages and answers that nobody took. */
  readonly deadLetters: number;
  /** Messages dropped late and asks that nobody answered in time. */
  readonly expired: number;
  /** Asks of its actors and its host that have not ended. */
  readonly pendingAsks: number;
  /** What behaviors counted by name. */
  readonly counters: Readonly<Record<string, number>>;
  /** Each actor, in the order in which they were added. */
  readonly actors: readonly ActorReport[];
}

/** Describes one actor. */
export function reportActor(cell: Cell): ActorReport {
  return {
    address: cell.address,
    status: cell.status,
    depth: cell.mailbox.size,
    handled: cell.handled,
    crashes: cell.crashes,
    restarts: cell.restarts,
    incarnation: cell.incarnation,
    epoch: cell.past?.epoch ?? 0,
    lastCrash: cell.lastCrash,
  };
}
