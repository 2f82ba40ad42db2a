/**
 * Stock as events make it, in the checkers' own few lines: not the shard's
 * code, so that a mistake there is not made here again. An event that does not
 * fit (a hold sold twice) is a fault and changes nothing; units that become
 * negative are let be, for the checkers to see. Events can be undone, newest
 * first, as a crash does.
 *
 * @module
 */
import type {
  InventoryEvent,
  StockTotals,
} from "../../actors/inventory_shard.ts";
import { type FoldedHold, FoldedHolds } from "./folded_holds.ts";
import type { Recorded } from "./inspection.ts";
import type { UnitHistory } from "./reserves.ts";
import type { LowWater } from "./shortages.ts";

/** The opening stock by SKU. */
export type InitialStock = ReadonlyMap<
  string,
  { readonly units: number; readonly priceCents: number }
>;

/** What is available of a product by some of its events. */
export interface StockLevel {
  available: number;
  /** The lowest it was while calls wait for it; null: nobody has waited yet. */
  low: LowWater | null;
}

/**
 * A product: its units by what is recorded, and what checkers keep of it. They
 * keep it here because looking a product up costs more than what they do then.
 */
export type Units =
  & { readonly sku: string; isOpened: boolean }
  & { -readonly [Name in keyof StockTotals]: StockTotals[Name] }
  & StockLevel
  & {
    /** False: an event or the opening stock has yet to tell of it. */
    isKnown: boolean;
    /** Where it was held last; null: nowhere yet. */
    shard: string | null;
    /** By what is on disk: `DurableStock`. */
    readonly durable: StockLevel;
    /** `reserve.linearizable`. */
    history: UnitHistory | null;
  };

/** An event that does not fit what went before. */
export interface FoldFault {
  readonly about: "hold" | "stock";
  readonly key: string;
  readonly detail: string;
}

/** Where the units of a hold go: available, held, sold. */
type Move = readonly [available: number, held: number, sold: number];

const HOLD: Move = [-1, 1, 0];
const SELL: Move = [0, -1, 1];
const RELEASE: Move = [1, -1, 0];
const RETURN: Move = [1, 0, -1];

interface FoldOptions {
  readonly initialStock: InitialStock;
  readonly limitPerUser: number | null;
  readonly shardOf?: (sku: string) => string;
}

/** See the module's text. */
export class StockFold {
  /** The units that changed since `begin`, in order, with repeats. */
  readonly touched: Units[] = [];
  /** What did not fit since `begin`. */
  fault: FoldFault | null = null;
  readonly #options: FoldOptions;
  readonly #units = new Map<string, Units>();
  readonly #holds = new FoldedHolds();
  /** Units held or owned, by SKU and user. */
  readonly #taken = new Map<string, number>();
  /** Units that were taken when there was none. */
  oversoldUnits = 0;
  /** Events that changed nothing, so undoing them changes nothing either. */
  readonly #unfit = new Set<Recorded>();

  constructor(options: FoldOptions) {
    this.#options = options;
  }

  /** Forgets what was touched before. */
  begin(): void {
    if (this.touched.length > 0) this.touched.length = 0;
    this.fault = null;
  }

  /** The units of a SKU; undefined when it is not for sale. */
  unitsOf(sku: string): Units | undefined {
    const units = this.recordOf(sku);
    if (units.isKnown) return units;
    const initial = this.#options.initialStock.get(sku);
    return initial === undefined ? undefined : open(units, initial.units);
  }

  /** The record of a SKU, also of one that is not for sale. */
  recordOf(sku: string): Units {
    let units = this.#units.get(sku);
    if (units === undefined) {
      units = newUnits(sku);
      this.#units.set(sku, units);
      const initial = this.#options.initialStock.get(sku);
      if (initial !== undefined) {
        open(units, initial.units);
        units.durable.available = initial.units;
      }
    }
    return units;
  }

  /** The records of all SKUs that anything was heard of. */
  get records(): Iterable<Units> {
    return this.#units.values();
  }

  /** What is available of a SKU; 0 when it is not for sale. */
  availableOf(sku: string): number {
    return this.unitsOf(sku)?.available ?? 0;
  }

  /** Whether an event did not fit, so that it changed nothing. */
  isUnfit(recorded: Recorded): boolean {
    return this.#unfit.size > 0 && this.#unfit.has(recorded);
  }

  /** Units of a SKU that a user holds or owns; 0 without a limit. */
  takenBy(userId: string, sku: string): number {
    return this.#taken.get(`${sku} ${userId}`) ?? 0;
  }

  /** A hold of a shard; undefined when it is not known. */
  holdOf(shard: string, holdId: string): Readonly<FoldedHold> | undefined {
    return this.#holds.find(shard, holdId);
  }

  /** All holds of all shards. */
  holds(): Iterable<readonly [holdId: string, hold: Readonly<FoldedHold>]> {
    return this.#holds.all();
  }

  /** Units of a SKU that an open hold of that id has. */
  heldBy(holdId: string, sku: string): number {
    const { shard } = this.recordOf(sku);
    const hold = shard === null ? undefined : this.holdOf(shard, holdId);
    if (hold?.status !== "open") return 0;
    let units = 0;
    for (const line of hold.held.lines) {
      if (line.sku === sku) units += line.quantity;
    }
    return units;
  }

  /** Folds an event; events of other actors than shards change nothing. */
  apply(recorded: Recorded): void {
    const fault = this.#change(recorded);
    if (fault === null) return;
    this.#unfit.add(recorded);
    this.fault ??= fault;
  }

  /** Takes the newest event of its shard back. */
  undo(recorded: Recorded): void {
    if (this.#unfit.delete(recorded)) return;
    const event = recorded.event as InventoryEvent;
    switch (event.kind) {
      case "stock_opened":
        return this.#close(event.sku);
      case "stock_adjusted":
        return this.#adjust(event.sku, event.add, -1);
      case "hold_refused":
        return this.#holds.delete(recorded.actor, event.holdId);
      case "stock_held":
        this.#move(event, HOLD, -1);
        return this.#holds.delete(recorded.actor, event.holdId);
      case "stock_sold":
        return this.#reopen(recorded, event.holdId, SELL, "open");
      case "hold_released":
        return this.#reopen(recorded, event.holdId, RELEASE, "open");
      case "stock_returned":
        return this.#reopen(recorded, event.holdId, RETURN, "sold");
        // A pin that is lost may stay here: it only makes a hold end later.
    }
  }

  #change(recorded: Recorded): FoldFault | null {
    const event = recorded.event as InventoryEvent;
    switch (event.kind) {
      case "stock_opened":
        return this.#openByEvent(event.sku, event.units);
      case "stock_adjusted": {
        const { sku, add } = event;
        if (this.unitsOf(sku) === undefined || !Number.isSafeInteger(add)) {
          return stockFault(sku, `cannot be adjusted by ${add}`);
        }
        this.#adjust(sku, add, 1);
        return null;
      }
      case "stock_held":
        return this.#hold(recorded, event);
      case "hold_refused":
        return this.#bury(recorded, event.holdId);
      case "hold_pinned": {
        const hold = this.#holds.change(recorded.actor, event.holdId);
        if (hold?.status !== "open") return misfit(event, hold);
        hold.pinnedUntilMs = event.untilMs;
        return null;
      }
      case "hold_unpinned": {
        const hold = this.#holds.change(recorded.actor, event.holdId);
        if (hold?.status !== "open") return misfit(event, hold);
        hold.pinnedUntilMs = event.atMs;
        return null;
      }
      case "stock_sold":
        return this.#resolve(recorded, event, SELL, "sold");
      case "hold_released":
        return this.#resolve(recorded, event, RELEASE, "released");
      case "stock_returned":
        return this.#resolve(recorded, event, RETURN, "returned");
      default:
        return null;
    }
  }

  /** What was opened was not; the opening stock is there to be told of. */
  #close(sku: string): void {
    const closed = this.recordOf(sku);
    closed.isKnown = closed.isOpened = false;
    closed.available = closed.initial = 0;
    this.touched.push(this.unitsOf(sku) ?? closed);
  }

  #openByEvent(sku: string, initial: number): FoldFault | null {
    const expected = this.#options.initialStock.get(sku)?.units ?? initial;
    const units = this.recordOf(sku);
    if (units.isOpened) return stockFault(sku, "is opened twice");
    if (initial !== expected || !(initial >= 0)) {
      return stockFault(sku, `is opened with ${initial} of ${expected} units`);
    }
    if (units.isKnown && units.available !== initial) {
      return stockFault(sku, "was sold before it was opened");
    }
    if (!units.isKnown) open(units, initial);
    units.isOpened = true;
    this.touched.push(units);
    return null;
  }

  #adjust(sku: string, add: number, sign: 1 | -1): void {
    const units = this.unitsOf(sku) as Units;
    units.available += sign * add;
    if (add > 0) units.restocked += sign * add;
    else units.removed -= sign * add;
    this.touched.push(units);
  }

  #hold(
    { actor }: Recorded,
    event: Extract<InventoryEvent, { kind: "stock_held" }>,
  ): FoldFault | null {
    const { holdId, lines } = event;
    const known = this.holdOf(actor, holdId);
    if (known !== undefined) return misfit(event, known);
    for (let index = 0; index < lines.length; index++) {
      const { sku, quantity } = lines[index]!;
      const shard = this.#options.shardOf?.(sku) ?? actor;
      if (shard !== actor) return stockFault(sku, `is held at ${actor}`);
      const units = this.unitsOf(sku);
      if (units === undefined) return stockFault(sku, "is held but not open");
      if (!Number.isSafeInteger(quantity) || quantity < 1) {
        return stockFault(sku, `is held ${quantity} times`);
      }
      units.shard = actor;
    }
    this.#holds.open(actor, event);
    this.#move(event, HOLD, 1);
    return null;
  }

  #bury({ actor }: Recorded, holdId: string): FoldFault | null {
    const known = this.holdOf(actor, holdId);
    if (known !== undefined) {
      return misfit({ kind: "hold_refused", holdId }, known);
    }
    this.#holds.bury(actor, holdId);
    return null;
  }

  #resolve(
    { actor }: Recorded,
    event: { readonly kind: string; readonly holdId: string },
    move: Move,
    status: FoldedHold["status"],
  ): FoldFault | null {
    const hold = this.#holds.change(actor, event.holdId);
    const expected = status === "returned" ? "sold" : "open";
    if (hold?.status !== expected) return misfit(event, hold);
    this.#move(hold.held, move, 1);
    hold.status = status;
    return null;
  }

  #reopen(
    { actor }: Recorded,
    holdId: string,
    move: Move,
    status: FoldedHold["status"],
  ): void {
    const hold = this.#holds.change(actor, holdId)!;
    this.#move(hold.held, move, -1);
    hold.status = status;
  }

  #move(
    { lines, userId }: FoldedHold["held"],
    move: Move,
    sign: 1 | -1,
  ): void {
    // By index, here and where else a line is looked at with every order.
    const available = move[0];
    for (let index = 0; index < lines.length; index++) {
      const { sku, quantity } = lines[index]!;
      const units = this.unitsOf(sku) as Units;
      const count = sign * quantity;
      units.available += available * count;
      if (sign > 0 && units.available < 0) {
        this.oversoldUnits += Math.min(quantity, -units.available);
      }
      units.held += move[1] * count;
      units.sold += move[2] * count;
      this.touched.push(units);
      if (this.#options.limitPerUser === null || available === 0) continue;
      const taken = this.takenBy(userId, sku) - available * count;
      if (taken === 0) this.#taken.delete(`${sku} ${userId}`);
      else this.#taken.set(`${sku} ${userId}`, taken);
    }
  }
}

function newUnits(sku: string): Units {
  return {
    sku,
    isKnown: false,
    shard: null,
    isOpened: false,
    available: 0,
    held: 0,
    sold: 0,
    initial: 0,
    restocked: 0,
    removed: 0,
    low: null,
    durable: { available: 0, low: null },
    history: null,
  };
}

/** Its opening stock becomes known. */
function open(units: Units, initial: number): Units {
  units.isKnown = true;
  units.available = units.initial = initial;
  units.held =
    units.sold =
    units.restocked =
    units.removed =
      0;
  return units;
}

function stockFault(key: string, detail: string): FoldFault {
  return { about: "stock", key, detail: `"${key}" ${detail}` };
}

function misfit(
  { kind, holdId }: { readonly kind: string; readonly holdId: string },
  hold: FoldedHold | undefined,
): FoldFault {
  const found = hold === undefined ? "not known" : hold.status;
  const detail = `"${kind}" of hold ${holdId}, which is ${found}`;
  return { about: "hold", key: holdId, detail };
}
