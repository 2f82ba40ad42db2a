/**
 * `reserve.linearizable`: what buyers are answered when they ask for units of
 * a SKU could have happened one at a time.
 *
 * The shard's log is the witness: the event that holds a call's units, or the
 * shard's refusal, must stand between the call and its return, and fit the
 * events before it. That takes no memory. Where the witness fails, the history
 * of the SKU is searched; it is kept only while calls are pending: when none
 * is, whatever comes later comes after all of it, so it is judged and
 * forgotten, and what stays is how many units are free.
 *
 * Calls for one SKU are the operations. Orders of several lines come in as
 * what their holds take, at the moment of the event; whether all lines go
 * together is not looked at here.
 *
 * @module
 */
import type { Line, Reserve, StockHeld } from "../../actors/inventory_shard.ts";
import { mergeLines } from "../../actors/storefront/order.ts";
import { CallTable } from "../call_table.ts";
import type { Observation } from "../observation.ts";
import {
  type Called,
  type Decided,
  Inspection,
  keyIdOf,
  type Recorded,
  type Returned,
} from "./inspection.ts";
import {
  type HistoryVerdict,
  type Operation,
  searchHistory,
  type UnitsInput,
  unitsModel,
  type UnitsOutput,
} from "./linearizability.ts";
import type { KeyRecord } from "./order_records.ts";
import type { RunView } from "./run_view.ts";
import { LowWater } from "./shortages.ts";
import type { Units } from "./stock_fold.ts";

type UnitsOperation = {
  -readonly [Name in keyof Operation<UnitsInput, UnitsOutput>]: Operation<
    UnitsInput,
    UnitsOutput
  >[Name];
};

/** Operations kept for one stretch: some 2 MB, and more than can be searched. */
const OPERATIONS_MAX = 16_384;

/** What happened to the units of one SKU since no call was pending. */
export class UnitHistory {
  /** What is available by the log so far. */
  logged: number;
  /** Calls on this SKU that have not returned. */
  pending = 0;
  /** The witness has failed for this stretch. */
  isSuspect = false;
  /** What is free where the stretch begins. */
  #free: number;
  #operations: UnitsOperation[] = [];
  /** It begins amid pending calls, so other orders than its own are possible. */
  #isPartial = false;
  /** Units taken by answers of which the log knows nothing. */
  #phantom = 0;

  constructor(free: number) {
    this.#free = free;
    this.logged = free;
  }

  /** Units came or went at one moment; a hold takes, anything else gives. */
  change(at: number, kind: "take" | "give", units: number): UnitsOperation {
    return this.#add(at, at, { kind, units }, "done");
  }

  /** A call was refused. */
  refuse(calledAt: number, at: number, units: number): void {
    this.#add(calledAt, at, { kind: "take", units }, "refused");
  }

  /** A call was told that it has units which no event took. */
  takeUnlogged(calledAt: number, at: number, units: number): void {
    this.#add(calledAt, at, { kind: "take", units }, "done");
    this.#phantom += units;
  }

  /**
   * Judges and forgets the stretch, where no call is pending or where it has
   * become too long; null: it goes on, or the witness stands for it.
   */
  judge(budget: number): HistoryVerdict | null {
    const isQuiet = this.pending === 0;
    if (!isQuiet && this.#operations.length < OPERATIONS_MAX) return null;
    // Where the log misses units, its order says nothing any more.
    const isDoubted = this.isSuspect || this.#phantom > 0;
    let verdict: HistoryVerdict | null = null;
    if (isDoubted) {
      verdict = isQuiet ? this.#search(budget) : { kind: "unknown" };
      if (verdict.kind === "not_linearizable" && this.#isPartial) {
        verdict = { kind: "unknown" };
      }
    }
    for (const { input: { kind, units }, output } of this.#operations) {
      if (output === "refused") continue;
      this.#free += kind === "take" ? -units : units;
    }
    // Popped, so that the list keeps its memory for the next stretch.
    while (this.#operations.length > 0) this.#operations.pop();
    this.isSuspect = false;
    this.#isPartial = !isQuiet;
    return verdict;
  }

  #search(budget: number): HistoryVerdict {
    const operations = this.#operations;
    return isImpossible(operations, this.#free)
      ? { kind: "not_linearizable", longest: [] }
      : searchHistory(operations, unitsModel(this.#free), budget);
  }

  #add(
    calledAt: number,
    returnedAt: number,
    input: UnitsInput,
    output: UnitsOutput,
  ): UnitsOperation {
    const operation = { calledAt, returnedAt, input, output };
    this.#operations.push(operation);
    return operation;
  }
}

/**
 * Counts at each moment the most and the fewest units that can be free. More
 * taken than there can be, or a refusal of what must have been free all the
 * while, is impossible; the rest may be. It takes no time where a search of
 * many calls at once would not end.
 */
function isImpossible(
  operations: readonly UnitsOperation[],
  free: number,
): boolean {
  const moments = operations.flatMap((operation) => [
    { at: operation.calledAt, isReturn: false, operation },
    { at: operation.returnedAt, isReturn: true, operation },
  ]).sort((left, right) =>
    left.at - right.at || Number(left.isReturn) - Number(right.isReturn)
  );
  const fewest = new LowWater();
  const since = new Map<UnitsOperation, number>();
  let most = free;
  let least = free;
  fewest.note(least);
  for (const { isReturn, operation } of moments) {
    const { input: { kind, units }, output } = operation;
    if (output === "refused") {
      if (!isReturn) since.set(operation, fewest.position);
      else if (fewest.lowestSince(since.get(operation)!) >= units) return true;
      continue;
    }
    const change = kind === "take" ? -units : units;
    // What lowers may come as late as its return, or as early as its call.
    if (isReturn === change < 0) most += change;
    else least += change;
    if (most < 0) return true;
    fewest.note(least);
  }
  return false;
}

/** A call for one SKU that has not returned. */
export interface Reserving extends Line {
  readonly key: KeyRecord;
  readonly calledAt: number;
  readonly units: Units;
  readonly history: UnitHistory;
  /** The event that took its units; null: none yet. */
  held: UnitsOperation | null;
  /** The shard refused it, and the events before that say so too. */
  isRefused: boolean;
}

const NO_LINES: readonly Line[] = [];

function quantityOf(lines: readonly Line[], sku: string): number {
  for (const line of lines) if (line.sku === sku) return line.quantity;
  return 0;
}

/** Some tenths of a second; a stretch that is fine takes a step a call. */
const SEARCH_STEPS = 200_000;

/** See the module's text. */
export class ReserveLinearizable extends Inspection {
  readonly id = "reserve.linearizable";
  override readonly sees = [
    "called",
    "recorded",
    "decided",
    "returned",
  ] as const;
  /** Stretches that were too long to search: neither right nor wrong. */
  unknown = 0;
  readonly #view: RunView;
  readonly #calls = new CallTable<Reserving>();
  /** Counts observations: a clock on which no two things coincide. */
  #at = 0;

  constructor(view: RunView) {
    super();
    this.#view = view;
  }

  observe(observation: Observation): void {
    this.#view.observe(observation);
    this.#at++;
    for (const { event } of this.#view.lost) this.#lose(event);
    this.#follow(observation.atUs);
    switch (observation.kind) {
      case "called":
        return this.#call(observation);
      case "decided":
        return this.#decide(observation);
      case "returned": {
        this.#return(observation);
        const { place, keys, orders } = this.#view;
        if (place !== null) keys.rest(place.keyId, orders);
      }
    }
  }

  override end(): void {
    for (const { history } of this.#view.stock.records) {
      if (history !== null && history.pending > 0 && history.isSuspect) {
        this.unknown++;
      }
    }
  }

  /** Enters what the log took or gave back with this observation. */
  #follow(atUs: number): void {
    const { stock, recorded } = this.#view;
    if (stock.touched.length === 0) return;
    const isHold = recorded?.event.kind === "stock_held" &&
      stock.fault === null;
    const hold = isHold ? recorded.event as StockHeld : null;
    const lines = hold?.lines ?? NO_LINES;
    // A hold can come with the news that an earlier one is lost: that first.
    for (const units of stock.touched) {
      const history = this.#historyOf(units);
      const available = units.available + quantityOf(lines, units.sku);
      const change = available - history.logged;
      if (change === 0) continue;
      history.logged = available;
      history.change(this.#at, "give", change);
      if (available < 0) history.isSuspect = true;
    }
    if (hold !== null) this.#hold(atUs, hold);
    for (const units of stock.touched) this.#judge(atUs, units);
  }

  #hold(atUs: number, { holdId, userId, lines }: StockHeld): void {
    const { stock, keys, context: { limitPerUser } } = this.#view;
    const key = keys.of(keyIdOf(holdId));
    key.isHeld = true;
    for (let index = 0; index < lines.length; index++) {
      const { sku, quantity } = lines[index]!;
      const history = this.#historyOf(stock.recordOf(sku));
      history.logged -= quantity;
      if (history.logged < 0) history.isSuspect = true;
      const held = history.change(this.#at, "take", quantity);
      const pending = key.waiting.find((call) =>
        call.held === null && call.sku === sku && call.quantity === quantity
      );
      if (pending !== undefined) pending.held = held;
      if (limitPerUser === null) continue;
      const taken = stock.takenBy(userId, sku);
      if (taken <= limitPerUser) continue;
      const detail = `User ${userId} has ${taken} of "${sku}", more than the ` +
        `limit of ${limitPerUser}`;
      this.report(atUs, sku, detail);
    }
  }

  /** What a crash took back was never told: the call waits for another hold. */
  #lose(event: Recorded["event"]): void {
    if (event.kind !== "stock_held") return;
    const key = this.#view.keys.of(keyIdOf((event as StockHeld).holdId));
    key.isHeld = false;
    for (const call of key.waiting) call.held = null;
  }

  #call({ call }: Called): void {
    const { place, keys } = this.#view;
    if (place?.lines.length !== 1) return;
    const { keyId } = place;
    const { sku, quantity, units } = place.lines[0]!;
    const history = this.#historyOf(units);
    const key = keys.of(keyId);
    const pending: Reserving = {
      key,
      sku,
      quantity,
      calledAt: this.#at,
      units,
      history,
      held: null,
      isRefused: false,
    };
    history.pending++;
    this.#calls.set(call, pending);
    // Nearly always alone; a list that grows has room for many.
    key.waiting = key.waiting.length === 0
      ? [pending]
      : [...key.waiting, pending];
  }

  #decide(decided: Decided): void {
    const { atUs, message, outcome } = decided;
    if (message.kind !== "reserve" || outcome.kind !== "rejected") return;
    if (!this.#view.isCurrent(decided)) return;
    const { holdId, userId, lines } = message as Reserve;
    if (outcome.code === "purchase-limit") {
      return this.#checkLimit(atUs, userId, mergeLines(lines));
    }
    if (outcome.code !== "sold-out") return;
    for (const call of this.#view.keys.waitingFor(keyIdOf(holdId))) {
      if (call.units.available < call.quantity) call.isRefused = true;
    }
  }

  /** A user's units and limit are one shard's alone: no order excuses it. */
  #checkLimit(atUs: number, userId: string, lines: readonly Line[]): void {
    this.checked++;
    const limit = this.#view.context.limitPerUser ?? Infinity;
    const { stock } = this.#view;
    const isOver = lines.some(({ sku, quantity }) =>
      stock.takenBy(userId, sku) + quantity > limit
    );
    const [first] = lines;
    if (isOver || first === undefined) return;
    const detail = `User ${userId} was refused ${first.quantity} of ` +
      `"${first.sku}" by the limit of ${limit}, but has ` +
      `${stock.takenBy(userId, first.sku)}`;
    this.report(atUs, first.sku, detail);
  }

  #return({ atUs, call, outcome }: Returned): void {
    const pending = this.#calls.take(call);
    if (pending === undefined) return;
    this.#forget(pending);
    const { history, calledAt, quantity, held } = pending;
    if (outcome.kind === "ok") {
      this.checked++;
      if (held !== null) {
        held.calledAt = calledAt;
        held.returnedAt = this.#at;
      } else if (!pending.key.isHeld) {
        history.takeUnlogged(calledAt, this.#at, quantity);
      }
    } else if (outcome.kind === "rejected" && outcome.code === "sold-out") {
      this.checked++;
      history.refuse(calledAt, this.#at, quantity);
      if (!pending.isRefused) history.isSuspect = true;
    }
    this.#judge(atUs, pending.units);
  }

  #forget(pending: Reserving): void {
    const { history, key } = pending;
    history.pending--;
    key.waiting = key.waiting.filter((call) => call !== pending);
  }

  #judge(atUs: number, units: Units): void {
    const verdict = this.#historyOf(units).judge(SEARCH_STEPS);
    if (verdict === null || verdict.kind === "linearizable") return;
    if (verdict.kind === "unknown") this.unknown++;
    else {
      const { sku } = units;
      const detail = `The answers about "${sku}" cannot have happened one at ` +
        "a time";
      this.report(atUs, sku, detail);
    }
  }

  #historyOf(units: Units): UnitHistory {
    if (units.history === null) {
      const { initialStock } = this.#view.context;
      const free = initialStock.get(units.sku)?.units ?? 0;
      units.history = new UnitHistory(free);
    }
    return units.history;
  }
}
