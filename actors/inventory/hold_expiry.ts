/**
 * How a shard ends the holds whose time is up. One timer stands for all of
 * them: it fires soon after the earliest deadline and ends at most a slice of
 * holds in a step, so that a million that run out together stall nobody. A
 * hold that is sold or released stays in the heap until it would have been
 * due and is skipped then; one that was pinned is moved on.
 *
 * @module
 */
import {
  addDeadline,
  createDeadlineHeap,
  type DeadlineHeap,
  earliestMs,
  popDeadline,
} from "./deadline_heap.ts";
import type { InventoryContext, InventoryMessage } from "./protocol.ts";
import { deadlineOf, type Hold, holdFrom, type KnownHold } from "./hold.ts";
import { findHold, type StockState } from "./stock.ts";
import { markLines, type Publisher } from "./stock_publisher.ts";

/** The deadlines of a shard. Volatile: made again from its holds. */
export interface HoldExpiry {
  /** Every open hold, under a deadline no later than its own. */
  readonly deadlines: DeadlineHeap;
  /** When the timer `expire` fires. */
  firesAtMs: number;
  /** Deadlines up to here have been taken out of the heap. */
  sweptToMs: number;
}

/** Holds that end in one step: well under a millisecond of work. */
const SLICE = 256;

/** Sweeps in a row keep this distance; the promise is to be 100 ms late. */
const SWEEP_EVERY_MS = 25;

/** The timer looks again after this long, should wall time have jumped. */
const SWEEP_WITHIN_MS = 60_000;

/** Later than any deadline: the timer does not run. */
const NEVER_MS = Number.MAX_SAFE_INTEGER;

const EXPIRE: InventoryMessage = { kind: "expire" };

/** An expiry that knows no hold. */
export function createHoldExpiry(): HoldExpiry {
  return {
    deadlines: createDeadlineHeap(),
    firesAtMs: NEVER_MS,
    sweptToMs: 0,
  };
}

/** Learns every open hold, after a fold. */
export function watchAll(
  ctx: InventoryContext,
  expiry: HoldExpiry,
  holds: ReadonlyMap<string, KnownHold>,
): void {
  for (const known of holds.values()) {
    const hold = holdFrom(known);
    if (hold.status !== "open") continue;
    // Its own deadline also when it is pinned past that: it may be unpinned,
    // and the sweep moves on what is still pinned then.
    addDeadline(expiry.deadlines, hold.holdId, hold.untilMs);
  }
  arm(ctx, expiry);
}

/** Learns a new hold. */
export function watch(
  ctx: InventoryContext,
  expiry: HoldExpiry,
  holdId: string,
  untilMs: number,
): void {
  addDeadline(expiry.deadlines, holdId, untilMs);
  arm(ctx, expiry);
}

/** Learns that a hold is not pinned any more. */
export function watchUnpinned(
  ctx: InventoryContext,
  expiry: HoldExpiry,
  { holdId, untilMs }: Readonly<Hold>,
): void {
  // Later than that its entry still stands at its own deadline; a sweep that
  // has passed there moved it to the deadline of the pin.
  if (untilMs <= expiry.sweptToMs) watch(ctx, expiry, holdId, untilMs);
}

/** Ends the holds that are due, a slice of them. */
export function expire(
  ctx: InventoryContext,
  state: StockState,
  expiry: HoldExpiry,
  publisher: Publisher,
): void {
  const { deadlines } = expiry;
  const nowMs = ctx.now();
  expiry.firesAtMs = NEVER_MS;
  expiry.sweptToMs = nowMs;
  for (let count = 0; count < SLICE; count++) {
    const dueMs = earliestMs(deadlines);
    if (dueMs === undefined || dueMs > nowMs) return arm(ctx, expiry);
    const hold = findHold(state, popDeadline(deadlines)!);
    if (hold?.status !== "open") continue;
    const deadlineMs = deadlineOf(hold);
    if (deadlineMs > nowMs) addDeadline(deadlines, hold.holdId, deadlineMs);
    else giveBack(ctx, publisher, hold, "expired");
  }
  expiry.firesAtMs = nowMs;
  ctx.timer("expire", 0, EXPIRE);
}

/** Ends an open hold: its units are for sale again. */
export function giveBack(
  ctx: InventoryContext,
  publisher: Publisher,
  { holdId, lines }: Readonly<Hold>,
  why: "released" | "expired" | "returned",
): void {
  ctx.record({ kind: "hold_released", holdId, why, atMs: ctx.now() });
  markLines(ctx, publisher, lines);
}

/** Makes sure that the timer fires soon after the earliest deadline. */
function arm(ctx: InventoryContext, expiry: HoldExpiry): void {
  const dueMs = earliestMs(expiry.deadlines);
  if (dueMs === undefined || dueMs >= expiry.firesAtMs) return;
  const nowMs = ctx.now();
  const delayMs = Math.min(
    Math.max(dueMs - nowMs, SWEEP_EVERY_MS),
    SWEEP_WITHIN_MS,
  );
  if (nowMs + delayMs >= expiry.firesAtMs) return;
  expiry.firesAtMs = nowMs + delayMs;
  ctx.timer("expire", delayMs, EXPIRE);
}
