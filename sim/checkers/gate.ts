/**
 * `gate.reconciled`: once all is quiet, what the gate counted and what the
 * journal holds agree. Every order that is placed, paid or cancelled on disk is
 * one of which somebody at the gate was told just that, or that it may be so:
 * his answer was unknown, or his payment went on without him. Who was told no
 * must find nothing.
 *
 * With `ledgers.agree`, which holds the journal's orders against the shards,
 * these are the three books of a sale: every unit that a shard gave away is
 * backed by an order, and every order by an answer.
 *
 * @module
 */
import type { JournalEvent } from "../../actors/runtime/actor.ts";
import type { Outcome } from "../../actors/runtime/outcome.ts";
import type {
  Payment,
  Placed,
  StorefrontEvent,
} from "../../actors/storefront.ts";
import type { Observation } from "../observation.ts";
import { type Called, Inspection, keyIdOf } from "./inspection.ts";
import type { OrderRecord } from "./order_records.ts";
import type { Place, RunView } from "./run_view.ts";

/** What becomes of an order, with a bit of `OrderRecord.untold` for each. */
const PLACED = 1;
const PAID = 2;
const CANCELLED = 4;

const BITS: Readonly<Partial<Record<StorefrontEvent["kind"], number>>> = {
  order_placed: PLACED,
  order_paid: PAID,
  order_cancelled: CANCELLED,
};

/** See the module's text. */
export class GateReconciled extends Inspection {
  readonly id = "gate.reconciled";
  override readonly sees = ["durable", "returned"] as const;
  readonly #view: RunView;
  /** Uses of keys, as `keyIdOf` names them, that may have made an order. */
  readonly #perhapsPlaced = new Set<string>();
  /** Orders that may be so, whatever was told. */
  readonly #perhapsPaid = new Set<string>();
  readonly #perhapsCancelled = new Set<string>();

  constructor(view: RunView) {
    super();
    this.#view = view;
  }

  observe(observation: Observation): void {
    this.#view.observe(observation);
    const { durable, called, place } = this.#view;
    for (const { event } of durable) this.#record(event);
    if (observation.kind !== "returned" || called === null) return;
    this.#answer(called, place, observation.outcome);
  }

  override end(): void {
    for (const order of this.#view.orders.values()) {
      if (order.untold !== 0) this.#expectPerhaps(order);
    }
  }

  #record(event: JournalEvent): void {
    const { kind, orderId } = event as StorefrontEvent;
    const bit = BITS[kind];
    if (bit === undefined) return;
    this.checked++;
    this.#view.orders.of(orderId).untold |= bit;
  }

  #answer(
    { step, input }: Called,
    place: Place | null,
    outcome: Outcome<unknown>,
  ): void {
    if (place !== null) {
      if (outcome.kind === "unknown") this.#perhapsPlaced.add(place.keyId);
      if (outcome.kind !== "ok") return;
      return this.#tell((outcome.value as Placed).order.id, PLACED);
    }
    const orderId = String(input.orderId);
    if (step === "pay_order") {
      if (outcome.kind === "unknown" || isPending(outcome)) {
        this.#perhapsPaid.add(orderId);
      } else if (outcome.kind === "ok") this.#tell(orderId, PAID);
    } else if (step === "cancel_order") {
      if (outcome.kind === "unknown") this.#perhapsCancelled.add(orderId);
      else if (outcome.kind === "ok") this.#tell(orderId, CANCELLED);
    }
  }

  #tell(orderId: string, bit: number): void {
    this.checked++;
    this.#view.orders.of(orderId).untold &= ~bit;
  }

  #expectPerhaps({ id, placed, untold }: Readonly<OrderRecord>): void {
    const keyId = placed === null ? "" : keyIdOf(placed.holdId);
    const isWrong = (bit: number, perhaps: ReadonlySet<string>, key: string) =>
      (untold & bit) !== 0 && !perhaps.has(key);
    const what = isWrong(PLACED, this.#perhapsPlaced, keyId)
      ? "placed"
      : isWrong(PAID, this.#perhapsPaid, id)
      ? "paid"
      : isWrong(CANCELLED, this.#perhapsCancelled, id)
      ? "cancelled"
      : null;
    if (what === null) return;
    const detail = `Order ${id} is ${what} on disk, and nobody who asked for ` +
      "that was told that it is, or may be";
    this.report(this.#view.nowUs, id, detail);
  }
}

function isPending(outcome: Outcome<unknown>): boolean {
  return outcome.kind === "ok" && (outcome.value as Payment).pending;
}
