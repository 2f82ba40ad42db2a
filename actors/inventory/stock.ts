/**
 * The stock of one shard as its events make it: units per SKU, holds, and what
 * each user has taken. `applyStock` is the only place where it changes, live
 * and in recovery alike. After every event `available + held + sold = initial
 * + restocked − removed`, each of them ≥ 0, and a hold is resolved at most
 * once; an event that would break this throws. It decides nothing and knows no
 * message.
 *
 * @module
 */
import type {
  HoldRefused,
  HoldReleased,
  InventoryEvent,
  Line,
  StockAdjusted,
  StockHeld,
  StockOpened,
  StockReturned,
  StockSold,
  StockTotals,
  StockView,
} from "./protocol.ts";
import {
  deadlineOf,
  type Hold,
  holdFrom,
  type KnownHold,
  newHold,
} from "./hold.ts";
import {
  applyHoldCarried,
  applyStockCarried,
  type CarriedEvent,
} from "./stock_archive.ts";

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** One SKU. */
export interface Stock extends Writable<StockView> {
  /** Wall time of the last event that changed it. */
  changedAtMs: number;
  /** Units held or sold by user; null as long as nobody's are counted. */
  unitsByUser: Map<string, number> | null;
}

/** Resolved holds in the order of their resolution. */
export interface Remembered {
  readonly holds: Hold[];
  /** Index of the oldest; what stands before it is forgotten. */
  head: number;
}

/** The durable state of a shard. */
export interface StockState {
  /**
   * Whether each user's units are counted: only a limit needs them. A limit
   * that is set later counts from the first event, as state is folded anew.
   */
  readonly countsUsers: boolean;
  readonly stocks: Map<string, Stock>;
  readonly holds: Map<string, KnownHold>;
  readonly totals: Writable<StockTotals>;
  /** Sold, or sold and returned. */
  readonly sold: Remembered;
  /** Released, expired and tombstones. */
  readonly released: Remembered;
}

/** Repeats can come as long as an idempotency key is kept: 24 hours. */
const REMEMBER_MS = 24 * 60 * 60 * 1000;

/**
 * Released holds remembered past their own deadline, about 60 MB a shard.
 * Forgetting one then changes no answer, since a late reserve of it names the
 * deadline that has passed. Sold ones are bounded by the units sold in a day.
 */
const RELEASED_MAX = 262_144;

/** More than the one that a resolution adds, so that a backlog shrinks. */
const FORGET_PER_EVENT = 2;

/** The list of forgotten holds is cut when it is half of at least this. */
const FORGOTTEN_MIN = 1_024;

/** The state before the first event. */
export function emptyStock(countsUsers: boolean): StockState {
  return {
    countsUsers,
    stocks: new Map(),
    holds: new Map(),
    totals: {
      available: 0,
      held: 0,
      sold: 0,
      initial: 0,
      restocked: 0,
      removed: 0,
    },
    sold: { holds: [], head: 0 },
    released: { holds: [], head: 0 },
  };
}

/** Changes the state by one event; throws when that breaks an invariant. */
export function applyStock(
  state: StockState,
  event: InventoryEvent | CarriedEvent,
): void {
  switch (event.kind) {
    case "stock_held":
      return applyHeld(state, event);
    case "stock_sold":
      return resolve(state, event, "sold");
    case "hold_released":
      return resolve(state, event, "released");
    case "hold_refused":
      return applyRefused(state, event);
    case "hold_pinned":
      openHold(state, event.holdId).pinnedUntilMs = event.untilMs;
      return;
    case "hold_unpinned":
      openHold(state, event.holdId).pinnedUntilMs = 0;
      return;
    case "stock_returned":
      return applyReturned(state, event);
    case "stock_adjusted":
      return applyAdjusted(state, event);
    case "stock_opened":
      return applyOpened(state, event);
    case "stock_carried":
      return applyStockCarried(state, event);
    case "hold_carried":
      return applyHoldCarried(state, event);
    default:
      throw unknownEvent(event);
  }
}

/** Leaving out what another release wrote would lose stock in silence. */
function unknownEvent(event: never): Error {
  return new Error(
    `Cannot apply "${(event as { kind: string }).kind}" to stock`,
  );
}

/** The hold of that id; undefined when there is none. */
export function findHold(
  state: StockState,
  holdId: string,
): Readonly<Hold> | undefined {
  const known = state.holds.get(holdId);
  return known && holdFrom(known);
}

/** Sums the lines of one SKU. One line, the usual case, is left as it is. */
export function mergeLines(lines: readonly Line[]): readonly Line[] {
  if (lines.length <= 1) return lines;
  const units = new Map<string, number>();
  for (const { sku, quantity } of lines) {
    units.set(sku, (units.get(sku) ?? 0) + quantity);
  }
  return Array.from(units, ([sku, quantity]) => ({ sku, quantity }));
}

/** A SKU as others see it: a copy. */
export function viewOf(stock: Stock): StockView {
  return {
    sku: stock.sku,
    priceCents: stock.priceCents,
    available: stock.available,
    held: stock.held,
    sold: stock.sold,
    initial: stock.initial,
    restocked: stock.restocked,
    removed: stock.removed,
    version: stock.version,
  };
}

/** What is wrong with units that should add up; null when nothing is. */
export function violationOf(name: string, units: StockTotals): string | null {
  const { available, held, sold, initial, restocked, removed } = units;
  if (
    available >= 0 && held >= 0 && sold >= 0 && initial >= 0 &&
    restocked >= 0 && removed >= 0 &&
    available + held + sold === initial + restocked - removed
  ) return null;
  return `Stock of ${name} does not add up: available ${available} + held ` +
    `${held} + sold ${sold}, initial ${initial} + restocked ${restocked} - ` +
    `removed ${removed}`;
}

function applyHeld(state: StockState, event: StockHeld): void {
  const { holdId, userId, lines, atMs } = event;
  if (state.holds.has(holdId)) {
    throw new Error(`Cannot hold stock for ${holdId} as it is known already`);
  }
  for (let index = 0; index < lines.length; index++) {
    const { sku, quantity } = lines[index]!;
    const stock = stockOf(state, sku);
    move(state, stock, atMs, -quantity, quantity, 0);
    if (state.countsUsers) take(stock, userId, quantity);
  }
  state.holds.set(holdId, event);
}

function resolve(
  state: StockState,
  event: StockSold | HoldReleased,
  status: "sold" | "released",
): void {
  const hold = openHold(state, event.holdId);
  const { userId, lines } = hold;
  for (let index = 0; index < lines.length; index++) {
    const { sku, quantity } = lines[index]!;
    const stock = stockOf(state, sku);
    if (status === "sold") {
      move(state, stock, event.atMs, 0, -quantity, quantity);
    } else {
      move(state, stock, event.atMs, quantity, -quantity, 0);
      if (state.countsUsers) take(stock, userId, -quantity);
    }
  }
  hold.status = status;
  remember(state, hold, event.atMs);
}

function applyRefused(state: StockState, event: HoldRefused): void {
  const { holdId, untilMs, atMs } = event;
  if (state.holds.has(holdId)) {
    throw new Error(`Cannot bury ${holdId} as it is known already`);
  }
  const hold: Hold = {
    holdId,
    userId: "",
    lines: [],
    untilMs,
    pinnedUntilMs: 0,
    status: "released",
    forgetAtMs: 0,
  };
  state.holds.set(holdId, hold);
  remember(state, hold, atMs);
}

function applyReturned(state: StockState, event: StockReturned): void {
  const hold = changeHold(state, event.holdId);
  if (hold?.status !== "sold") {
    throw new Error(`Cannot return ${event.holdId} as it is not sold`);
  }
  for (const { sku, quantity } of hold.lines) {
    const stock = stockOf(state, sku);
    move(state, stock, event.atMs, quantity, 0, -quantity);
    if (state.countsUsers) take(stock, hold.userId, -quantity);
  }
  hold.status = "returned";
}

function applyAdjusted(state: StockState, event: StockAdjusted): void {
  const stock = stockOf(state, event.sku);
  const { totals } = state;
  if (event.add > 0) {
    stock.restocked += event.add;
    totals.restocked += event.add;
  } else {
    stock.removed -= event.add;
    totals.removed -= event.add;
  }
  move(state, stock, event.atMs, event.add, 0, 0);
}

function applyOpened(state: StockState, event: StockOpened): void {
  const { sku, units, priceCents, atMs } = event;
  if (state.stocks.has(sku)) {
    throw new Error(`Cannot open "${sku}" as it is open already`);
  }
  state.stocks.set(sku, {
    sku,
    priceCents,
    available: units,
    held: 0,
    sold: 0,
    initial: units,
    restocked: 0,
    removed: 0,
    version: 1,
    changedAtMs: atMs,
    unitsByUser: null,
  });
  state.totals.initial += units;
  state.totals.available += units;
}

function stockOf(state: StockState, sku: string): Stock {
  const stock = state.stocks.get(sku);
  if (stock === undefined) throw new Error(`No stock of "${sku}" is open`);
  return stock;
}

function openHold(state: StockState, holdId: string): Hold {
  const hold = changeHold(state, holdId);
  if (hold?.status !== "open") {
    throw new Error(`Cannot change hold ${holdId} as it is not open`);
  }
  return hold;
}

/** A hold, kept from now on as what can be changed. */
function changeHold(state: StockState, holdId: string): Hold | undefined {
  const known = state.holds.get(holdId);
  if (known === undefined || !("kind" in known)) return known;
  const hold = newHold(known);
  state.holds.set(holdId, hold);
  return hold;
}

/** Moves units between the three places where a unit can be. */
function move(
  state: StockState,
  stock: Stock,
  atMs: number,
  available: number,
  held: number,
  sold: number,
): void {
  const { totals } = state;
  stock.available += available;
  stock.held += held;
  stock.sold += sold;
  stock.version++;
  stock.changedAtMs = atMs;
  totals.available += available;
  totals.held += held;
  totals.sold += sold;
  const violation = violationOf(stock.sku, stock);
  if (violation !== null) throw new Error(violation);
}

/** Counts what a user holds or owns of a SKU. */
function take(stock: Stock, userId: string, units: number): void {
  const unitsByUser = stock.unitsByUser ??= new Map();
  const taken = (unitsByUser.get(userId) ?? 0) + units;
  if (taken < 0) {
    throw new Error(`User ${userId} gave back more "${stock.sku}" than taken`);
  }
  if (taken > 0) unitsByUser.set(userId, taken);
  else unitsByUser.delete(userId);
}

/**
 * Keeps a resolved hold for the answers to repeats, and forgets a few old
 * ones. Done here, by the events' time, so that a fold forgets the same.
 */
function remember(state: StockState, hold: Hold, atMs: number): void {
  hold.forgetAtMs = Math.max(deadlineOf(hold), atMs) + REMEMBER_MS;
  (hold.status === "sold" ? state.sold : state.released).holds.push(hold);
  forget(state, state.sold, atMs, Infinity);
  forget(state, state.released, atMs, RELEASED_MAX);
}

function forget(
  state: StockState,
  remembered: Remembered,
  atMs: number,
  keepAtMost: number,
): void {
  const { holds } = remembered;
  for (let count = 0; count < FORGET_PER_EVENT; count++) {
    const oldest = holds[remembered.head];
    if (oldest === undefined) return;
    const isCrowded = holds.length - remembered.head > keepAtMost;
    const isUseless = isCrowded && oldest.untilMs <= atMs;
    if (oldest.forgetAtMs > atMs && !isUseless) return;
    state.holds.delete(oldest.holdId);
    remembered.head++;
  }
  if (
    remembered.head >= FORGOTTEN_MIN && remembered.head * 2 >= holds.length
  ) {
    holds.splice(0, remembered.head);
    remembered.head = 0;
  }
}
