/**
 * The numbers of a domain, as plain data that can cross a thread.
 *
 * @module
 */
import type { Cell, CellStatus, Crash } from "./cell.ts";

/** What is known of one actor. */
export interface ActorReport {
  readonly address: string;
  readonly status: CellStatus;
  /** Messages that wait. */
  readonly depth: number;
  readonly handled: number;
  readonly crashes: number;
  readonly restarts: number;
  readonly incarnation: number;
  readonly epoch: number;
  readonly lastCrash: Crash | null;
}

/** Numbers since the domain's start. */
export interface DomainReport {
  readonly name: string;
  readonly commits: number;
  readonly events: number;
  /** Milliseconds spent in appends. */
  readonly commitMs: number;
  /** Messages and answers that nobody took. */
  readonly deadLetters: number;
  /** Messages dropped late and asks that nobody answered in time. */
  readonly expired: number;
  readonly pendingAsks: number;
  /** What behaviors counted by name. */
  readonly counters: Readonly<Record<string, number>>;
  readonly actors: readonly ActorReport[];
}

/** Describes one actor. */
export function reportActor(cell: Cell): ActorReport {
  return {
    address: cell.spec.address,
    status: cell.status,
    depth: cell.mailbox.size,
    handled: cell.handled,
    crashes: cell.crashes,
    restarts: cell.restarts,
    incarnation: cell.incarnation,
    epoch: cell.epoch,
    lastCrash: cell.lastCrash,
  };
}
