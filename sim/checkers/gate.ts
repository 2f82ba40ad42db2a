/**
 * `gate.reconciled`: what the gate counted and what the journal holds agree. An
 * order is placed, paid or cancelled on disk only while somebody at the gate
 * waits for that, or after he was told that it may have happened; and once all
 * is quiet, every order on disk is one that the gate said was placed, or one
 * that it could say nothing sure of.
 *
 * With `ledgers.agree`, which holds the journal's orders against the shards,
 * these are the three books of a sale: every unit that a shard gave away is
 * backed by an order, and every order by a request.
 *
 * @module
 */
import type { JournalEvent } from "../../actors/runtime/actor.ts";
import type { Outcome } from "../../actors/runtime/outcome.ts";
import type { OrderPlaced } from "../../actors/storefront/order.ts";
import type {
  Payment,
  Placed,
  StorefrontEvent,
} from "../../actors/storefront.ts";
import type { Observation } from "../observation.ts";
import { type Called, Inspection, keyIdOf } from "./inspection.ts";
import type { Place, RunView } from "./run_view.ts";

/** See the module's text. */
export class GateReconciled extends Inspection {
  readonly id = "gate.reconciled";
  override readonly sees = ["called", "durable", "returned"] as const;
  readonly #view: RunView;
  /** By the use of a key, as `keyIdOf` names it. */
  readonly #placing = new Questions();
  /** By order. */
  readonly #paying = new Questions();
  readonly #cancelling = new Questions();
  /** Orders on disk that the gate has told nobody of, with their keys. */
  readonly #untold = new Map<string, string>();

  constructor(view: RunView) {
    super();
    this.#view = view;
  }

  observe(observation: Observation): void {
    this.#view.observe(observation);
    const { durable, called, place } = this.#view;
    const { atUs } = observation;
    for (const { event } of durable) this.#record(atUs, event);
    if (observation.kind === "called") this.#ask(observation, place);
    if (observation.kind !== "returned" || called === null) return;
    this.#answer(called, place, observation.outcome);
  }

  override end(): void {
    for (const [orderId, keyId] of this.#untold) {
      this.checked++;
      if (this.#placing.mayEnd(keyId)) continue;
      const detail = `Order ${orderId} is on disk, and whoever asked for it ` +
        "was told that there is none";
      this.report(this.#view.nowUs, orderId, detail);
    }
  }

  #ask({ step, input }: Called, place: Place | null): void {
    if (place !== null) this.#placing.begin(place.keyId);
    else this.#aboutOrder(step)?.begin(String(input.orderId));
  }

  #answer(
    { step, input }: Called,
    place: Place | null,
    outcome: Outcome<unknown>,
  ): void {
    if (place !== null) {
      this.#placing.end(place.keyId, outcome.kind !== "unknown");
      if (outcome.kind !== "ok") return;
      this.checked++;
      this.#untold.delete((outcome.value as Placed).order.id);
      return;
    }
    const isPending = step === "pay_order" && outcome.kind === "ok" &&
      (outcome.value as Payment).pending;
    const isSure = outcome.kind !== "unknown" && !isPending;
    this.#aboutOrder(step)?.end(String(input.orderId), isSure);
  }

  #aboutOrder(step: string): Questions | null {
    if (step === "pay_order") return this.#paying;
    return step === "cancel_order" ? this.#cancelling : null;
  }

  #record(atUs: number, event: JournalEvent): void {
    const fact = event as StorefrontEvent;
    switch (fact.kind) {
      case "order_placed":
        return this.#place(atUs, fact);
      case "order_paid":
        return this.#expect(atUs, this.#paying, fact.orderId, "paid");
      case "order_cancelled":
        return this.#expect(atUs, this.#cancelling, fact.orderId, "cancelled");
    }
  }

  #place(atUs: number, { orderId, holdId }: OrderPlaced): void {
    this.checked++;
    const keyId = keyIdOf(holdId);
    this.#untold.set(orderId, keyId);
    if (this.#placing.mayEnd(keyId)) return;
    const detail = `Order ${orderId} is placed, and nobody waits for one`;
    this.report(atUs, orderId, detail);
  }

  #expect(
    atUs: number,
    questions: Questions,
    orderId: string,
    what: string,
  ): void {
    this.checked++;
    if (questions.mayEnd(orderId)) return;
    const detail = `Order ${orderId} is ${what}, and nobody asked for that`;
    this.report(atUs, orderId, detail);
  }
}

/** Requests of one kind, by what they are about, as the gate sees them. */
class Questions {
  /** How many wait for an answer. */
  readonly #open = new Map<string, number>();
  /** What somebody was told of that it may yet happen, or may have. */
  readonly #unsure = new Set<string>();

  begin(id: string): void {
    this.#open.set(id, (this.#open.get(id) ?? 0) + 1);
  }

  end(id: string, isSure: boolean): void {
    const left = (this.#open.get(id) ?? 1) - 1;
    if (left === 0) this.#open.delete(id);
    else this.#open.set(id, left);
    if (!isSure) this.#unsure.add(id);
  }

  /** Whether what it asks for may be done. */
  mayEnd(id: string): boolean {
    return this.#open.has(id) || this.#unsure.has(id);
  }
}
