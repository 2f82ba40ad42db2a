/**
 * A shard's past as what came of it: the few events from which the same stock
 * and the same holds are folded as from the many that they stand for. With
 * these the many can be archived. Nothing that the shard still knows is left
 * out; it forgets resolved holds by itself, after a day.
 *
 * @module
 */
import type { PricedLine, StockTotals } from "./protocol.ts";
import { type Hold, holdFrom } from "./hold.ts";
import type { Remembered, Stock, StockState } from "./stock.ts";

/** How a SKU stood when the events before this one were archived. */
export interface StockCarried extends StockTotals {
  readonly kind: "stock_carried";
  readonly sku: string;
  readonly priceCents: number;
  readonly version: number;
  /** Units that each user held or owned. */
  readonly unitsByUser: readonly (readonly [userId: string, units: number])[];
  /** When the SKU had last changed. */
  readonly atMs: number;
}

/** How a hold stood then that the shard still knew. */
export interface HoldCarried {
  readonly kind: "hold_carried";
  readonly holdId: string;
  readonly userId: string;
  /** None: a tombstone. */
  readonly lines: readonly PricedLine[];
  readonly untilMs: number;
  readonly pinnedUntilMs: number;
  readonly status: "open" | "sold" | "released" | "returned";
  readonly forgetAtMs: number;
}

/** What a shard that was archived begins with. */
export type CarriedEvent = StockCarried | HoldCarried;

/**
 * The events that make up a state. It must count each user's units, so that a
 * limit which is set later has them all.
 */
export function* carryStock(state: StockState): Generator<CarriedEvent> {
  for (const stock of state.stocks.values()) yield carriedStock(stock);
  for (const { holds, head } of [state.sold, state.released]) {
    for (let index = head; index < holds.length; index++) {
      yield carriedHold(holds[index]!);
    }
  }
  for (const known of state.holds.values()) {
    const hold = holdFrom(known);
    if (hold.status === "open") yield carriedHold(hold);
  }
}

function carriedStock(stock: Stock): StockCarried {
  const { changedAtMs, unitsByUser, ...view } = stock;
  return {
    kind: "stock_carried",
    ...view,
    unitsByUser: [...unitsByUser ?? []],
    atMs: changedAtMs,
  };
}

function carriedHold(hold: Readonly<Hold>): HoldCarried {
  return { kind: "hold_carried", ...hold };
}

/** Changes the state by one event; throws when the SKU is known already. */
export function applyStockCarried(
  state: StockState,
  event: StockCarried,
): void {
  const { kind: _, atMs, unitsByUser, ...view } = event;
  if (state.stocks.has(view.sku)) {
    throw new Error(`Cannot carry "${view.sku}" on as it is open already`);
  }
  const counts = state.countsUsers && unitsByUser.length > 0;
  state.stocks.set(view.sku, {
    ...view,
    changedAtMs: atMs,
    unitsByUser: counts ? new Map(unitsByUser) : null,
  });
  const { totals } = state;
  totals.available += view.available;
  totals.held += view.held;
  totals.sold += view.sold;
  totals.initial += view.initial;
  totals.restocked += view.restocked;
  totals.removed += view.removed;
}

/** Changes the state by one event; throws when the hold is known already. */
export function applyHoldCarried(state: StockState, event: HoldCarried): void {
  const { kind: _, ...hold } = event;
  if (state.holds.has(hold.holdId)) {
    throw new Error(`Cannot carry ${hold.holdId} on as it is known already`);
  }
  state.holds.set(hold.holdId, hold);
  rememberedAs(state, hold.status)?.holds.push(hold);
}

function rememberedAs(
  state: StockState,
  status: Hold["status"],
): Remembered | null {
  if (status === "open") return null;
  return status === "released" ? state.released : state.sold;
}
