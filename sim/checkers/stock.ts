/**
 * What stock promises: units are conserved, never oversold, never refused
 * while they are free, and a hold is resolved once. The shards' events are
 * folded by the checkers' own code; what shards say of themselves and what
 * clients were told is held against that.
 *
 * @module
 */
import type {
  Release,
  Reserve,
  StockAudit,
  StockTotals,
  StockView,
} from "../../actors/inventory_shard.ts";
import { mergeLines } from "../../actors/storefront/order.ts";
import type { Observation } from "../observation.ts";
import {
  type Decided,
  Inspection,
  ordersTold,
  type Returned,
} from "./inspection.ts";
import type { RunView } from "./run_view.ts";
import { Shortages } from "./shortages.ts";
import type { FoldedHold } from "./folded_holds.ts";
import type { Units } from "./stock_fold.ts";

const TOTALS = [
  "available",
  "held",
  "sold",
  "initial",
  "restocked",
  "removed",
] as const;

/**
 * `stock.conserved`: available + held + sold = initial + restocked − removed,
 * each ≥ 0, after every event; and a shard that describes a SKU says the same.
 */
export class StockConserved extends Inspection {
  readonly id = "stock.conserved";
  override readonly sees = ["recorded", "decided"] as const;
  readonly #view: RunView;

  constructor(view: RunView) {
    super();
    this.#view = view;
  }

  observe(observation: Observation): void {
    this.#view.observe(observation);
    const { stock } = this.#view;
    const { atUs } = observation;
    for (const units of stock.touched) this.#weigh(atUs, units);
    if (stock.fault?.about === "stock") {
      this.report(atUs, stock.fault.key, stock.fault.detail);
    }
    if (observation.kind === "decided") this.#compare(observation);
  }

  #weigh(atUs: number, units: Readonly<Units>): void {
    this.checked++;
    const { sku, available, held, sold, initial, restocked, removed } = units;
    const isWhole = available + held + sold === initial + restocked - removed;
    if (
      isWhole && available >= 0 && held >= 0 && sold >= 0 && initial >= 0 &&
      restocked >= 0 && removed >= 0
    ) return;
    this.report(atUs, sku, `"${sku}" does not add up: ${textOf(units)}`);
  }

  /** Holds what a shard says of itself against the fold. */
  #compare(decided: Decided): void {
    const { atUs, message: { kind }, outcome } = decided;
    if (outcome.kind !== "ok" || !this.#view.isCurrent(decided)) return;
    if (kind === "describe" || kind === "adjust") {
      return this.#compareUnits(atUs, outcome.value as StockView);
    }
    if (kind !== "audit") return;
    const { items, violations } = outcome.value as StockAudit;
    for (const item of items) this.#compareUnits(atUs, item);
    if (violations[0] !== undefined) {
      this.report(atUs, decided.actor, violations[0]);
    }
  }

  #compareUnits(atUs: number, said: StockView): void {
    const folded = this.#view.stock.unitsOf(said.sku);
    if (folded === undefined) return;
    this.checked++;
    if (TOTALS.every((name) => said[name] === folded[name])) return;
    this.report(
      atUs,
      said.sku,
      `The shard says ${textOf(said)} of "${said.sku}", its events ` +
        textOf(folded),
    );
  }
}

function textOf(units: Readonly<StockTotals>): string {
  return TOTALS.map((name) => `${name} ${units[name]}`).join(", ");
}

/**
 * `stock.neverOversold`: held + sold never exceeds what was there, and no more
 * units are in orders that buyers were told are paid.
 */
export class StockNeverOversold extends Inspection {
  readonly id = "stock.neverOversold";
  override readonly sees = ["recorded", "decided", "returned"] as const;
  readonly #view: RunView;
  readonly #paidOrders = new Set<string>();
  readonly #paidUnits = new Map<string, number>();

  constructor(view: RunView) {
    super();
    this.#view = view;
  }

  observe(observation: Observation): void {
    this.#view.observe(observation);
    const { stock, called } = this.#view;
    const { atUs } = observation;
    for (const units of stock.touched) {
      const { sku, held, sold, initial, restocked, removed } = units;
      this.checked++;
      const supply = initial + restocked - removed;
      if (held + sold <= supply) continue;
      const detail = `"${sku}" has ${supply} units, of which ${held} are ` +
        `held and ${sold} sold`;
      this.report(atUs, sku, detail);
    }
    if (observation.kind !== "returned" || called === null) return;
    const { outcome } = observation;
    if (outcome.kind !== "ok") return;
    for (const order of ordersTold(called.step, outcome.value)) {
      if (order.status !== "paid" || this.#paidOrders.has(order.id)) continue;
      this.#paidOrders.add(order.id);
      for (const { sku, quantity } of order.lines) {
        this.#countPaid(atUs, sku, quantity);
      }
    }
  }

  #countPaid(atUs: number, sku: string, quantity: number): void {
    const units = this.#view.stock.unitsOf(sku);
    const supply = (units?.initial ?? 0) + (units?.restocked ?? 0);
    const paid = (this.#paidUnits.get(sku) ?? 0) + quantity;
    this.#paidUnits.set(sku, paid);
    this.checked++;
    if (paid <= supply) return;
    const detail = `${paid} units of "${sku}" are paid, but there were ` +
      `${supply}`;
    this.report(atUs, sku, detail);
  }
}

/**
 * `stock.neverUndersold`: sold out is said only when units were missing: at
 * the shard's decision, by the events before it, and for the client at some
 * moment between call and return.
 */
export class StockNeverUndersold extends Inspection {
  readonly id = "stock.neverUndersold";
  override readonly sees = [
    "called",
    "recorded",
    "decided",
    "returned",
  ] as const;
  readonly #view: RunView;
  readonly #shortages: Shortages;

  constructor(view: RunView) {
    super();
    this.#view = view;
    this.#shortages = new Shortages((units) => units);
  }

  observe(observation: Observation): void {
    this.#view.observe(observation);
    const { stock, place } = this.#view;
    this.#shortages.note(stock.touched);
    switch (observation.kind) {
      case "called":
        if (place !== null) this.#shortages.begin(observation.call, place);
        return;
      case "returned":
        return this.#returned(observation);
      case "decided":
        return this.#decided(observation);
    }
  }

  #returned({ atUs, call, outcome }: Returned): void {
    const isSoldOut = outcome.kind === "rejected" &&
      outcome.code === "sold-out";
    if (!isSoldOut) return this.#shortages.forget(call);
    const surplus = this.#shortages.end(call);
    if (this.#view.place === null) return;
    this.checked++;
    if (surplus !== null) this.report(atUs, surplus.sku, surplus.detail);
  }

  #decided(decided: Decided): void {
    const { atUs, actor, message, outcome, sequence } = decided;
    if (message.kind !== "reserve" || !this.#view.isCurrent(decided)) return;
    if (outcome.kind !== "rejected" || outcome.code !== "sold-out") return;
    this.checked++;
    const lines = mergeLines((message as Reserve).lines);
    const isShort = lines.some(({ sku, quantity }) =>
      (this.#view.stock.unitsOf(sku)?.available ?? 0) < quantity
    );
    const [first] = lines;
    if (isShort || first === undefined) return;
    const available = this.#view.stock.unitsOf(first.sku)?.available;
    const detail = `${actor} refused ${first.quantity} of "${first.sku}" as ` +
      `sold out with ${available} available after event ${sequence}`;
    this.report(atUs, first.sku, detail);
  }
}

/** A sweep is at most this late once everything has settled. */
const OVERDUE_MS = 1_000;

/** What a hold may be when its shard has said yes to such a message. */
const AFTER_YES: Readonly<Record<string, readonly FoldedHold["status"][]>> = {
  confirm: ["sold"],
  pin: ["open"],
  release: ["released", "returned", "refused"],
  return_stock: ["released", "returned", "refused"],
};

/**
 * `hold.resolvedOnce`: a hold becomes sold or released, once; what was sold can
 * come back once; a shard that says yes has done it, so that a release before
 * its reserve leaves a tombstone; and at the end none is open past its
 * deadline.
 */
export class HoldResolvedOnce extends Inspection {
  readonly id = "hold.resolvedOnce";
  override readonly sees = ["recorded", "decided"] as const;
  readonly #view: RunView;
  /** Wall time less the time of observations, in milliseconds. */
  #originMs = 0;

  constructor(view: RunView) {
    super();
    this.#view = view;
  }

  observe(observation: Observation): void {
    this.#view.observe(observation);
    const { recorded, stock } = this.#view;
    if (observation.kind === "decided") this.#decided(observation);
    if (recorded === null) return;
    const { atMs } = recorded.event;
    if (atMs !== undefined) this.#originMs = atMs - recorded.atUs / 1_000;
    if (stock.fault?.about === "hold") {
      this.report(observation.atUs, stock.fault.key, stock.fault.detail);
    }
    if ("holdId" in recorded.event && isHoldEvent(recorded.event.kind)) {
      this.checked++;
    }
  }

  /** A yes is held against the events before it. */
  #decided(decided: Decided): void {
    const { atUs, actor, message, outcome } = decided;
    const allowed = AFTER_YES[message.kind];
    if (allowed === undefined || outcome.kind !== "ok") return;
    if (!this.#view.isCurrent(decided)) return;
    const { holdId, untilMs = 0 } = message as Partial<Release>;
    if (holdId === undefined) return;
    this.checked++;
    const status = this.#view.stock.holdOf(actor, holdId)?.status;
    if (status !== undefined && allowed.includes(status)) return;
    // Past its deadline no reserve of it can come any more.
    const leftMs = untilMs - (this.#originMs + atUs / 1_000);
    const isOver = this.#originMs === 0 || leftMs <= OVERDUE_MS;
    if (status === undefined && message.kind === "release" && isOver) return;
    const found = status ?? "not known";
    const detail =
      `${actor} said yes to "${message.kind}" of hold ${holdId}, ` +
      `which is ${found}`;
    this.report(atUs, holdId, detail);
  }

  override end(): void {
    this.#view.end();
    const nowMs = this.#originMs + this.#view.nowUs / 1_000;
    for (const [holdId, hold] of this.#view.stock.holds()) {
      if (hold.status !== "open") continue;
      const dueMs = Math.max(hold.held.untilMs, hold.pinnedUntilMs);
      const lateMs = nowMs - dueMs;
      if (lateMs <= OVERDUE_MS) continue;
      const detail = `Hold ${holdId} is open ${lateMs} ms after its deadline`;
      this.report(this.#view.nowUs, holdId, detail);
    }
  }
}

function isHoldEvent(kind: string): boolean {
  return kind.startsWith("hold_") || kind.startsWith("stock_");
}
