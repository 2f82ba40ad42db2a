/**
 * A hold: units that are set aside for an order, as a shard keeps them. While
 * it is open and not pinned, as nearly all are, the event that made it says all
 * of it, and is kept as it is; a million of them stay in memory.
 *
 * @module
 */
import type { PricedLine, StockHeld } from "./protocol.ts";

/** One hold, also when it is resolved. A tombstone has no lines. */
export interface Hold {
  readonly holdId: string;
  readonly userId: string;
  readonly lines: readonly PricedLine[];
  readonly untilMs: number;
  /** 0: not pinned. */
  pinnedUntilMs: number;
  status: "open" | "sold" | "released" | "returned";
  /** 0 while open. */
  forgetAtMs: number;
}

/** A hold as its shard keeps it: the event that made it, while that says all. */
export type KnownHold = Hold | StockHeld;

/** A hold, whatever it is kept as. */
export function holdFrom(known: KnownHold): Readonly<Hold> {
  return "kind" in known ? newHold(known) : known;
}

/** The open hold that an event makes. */
export function newHold({ holdId, userId, lines, untilMs }: StockHeld): Hold {
  return {
    holdId,
    userId,
    lines,
    untilMs,
    pinnedUntilMs: 0,
    status: "open",
    forgetAtMs: 0,
  };
}

/** When a hold ends by itself, in wall milliseconds. */
export function deadlineOf(hold: Readonly<Hold>): number {
  return Math.max(hold.untilMs, hold.pinnedUntilMs);
}
