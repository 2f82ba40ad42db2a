/**
 * `answer.revealsNothing`: what a client is told rests on durable events only.
 * An order that he sees as paid is paid on disk; a refusal as sold out leaves
 * only when the holds that exhausted the stock are on disk, or a crash could
 * give back what he was told is gone.
 *
 * It looks at answers about orders; what a product page shows may be older
 * than the stock, never newer, which is not looked at here.
 *
 * @module
 */
import type { InventoryEvent } from "../../actors/inventory_shard.ts";
import type {
  OrderStatus,
  Payment,
  StorefrontEvent,
} from "../../actors/storefront.ts";
import type { Observation } from "../observation.ts";
import {
  type Called,
  Inspection,
  ordersTold,
  type Recorded,
  type Returned,
} from "./inspection.ts";
import { bitOf } from "./order_records.ts";
import type { RunView } from "./run_view.ts";
import { Shortages } from "./shortages.ts";
import { DurableStock } from "./durable_stock.ts";

type Fact = StorefrontEvent["kind"];

/** The fact behind each status. */
const FACT_OF: Readonly<Record<OrderStatus, Fact>> = {
  awaiting_payment: "order_placed",
  paid: "order_paid",
  cancelled: "order_cancelled",
  expired: "order_expired",
  refund_pending: "refund_pending",
  refunded: "order_refunded",
};

/** The facts one of which is behind a refusal about an order. */
const FACTS_OF_REFUSAL: Readonly<Record<string, readonly Fact[]>> = {
  "already-paid": ["order_paid"],
  "order-expired": ["order_expired", "order_cancelled", "refund_pending"],
  "payment-declined": ["payment_declined"],
  "payment-in-flight": ["payment_started"],
};

/** See the module's text. */
export class AnswerRevealsNothing extends Inspection {
  readonly id = "answer.revealsNothing";
  override readonly sees = ["called", "durable", "returned"] as const;
  readonly #view: RunView;
  /** Stock as the disk has it. */
  readonly #stock: DurableStock;
  readonly #shortages: Shortages;
  /** The most units of a SKU that a user ever had durably, with a limit. */
  readonly #mostTaken = new Map<string, number>();

  constructor(view: RunView) {
    super();
    this.#view = view;
    this.#stock = new DurableStock(view.context, view.stock);
    this.#shortages = new Shortages(({ durable }) => durable);
  }

  observe(observation: Observation): void {
    this.#view.observe(observation);
    for (const recorded of this.#view.durable) this.#keep(recorded);
    if (observation.kind === "called") {
      const { place } = this.#view;
      if (place !== null) this.#shortages.begin(observation.call, place);
    } else if (observation.kind === "returned") {
      const { called } = this.#view;
      const { call, outcome } = observation;
      const isRefused = outcome.kind === "rejected" && called !== null;
      if (isRefused) this.#refuse(called, observation);
      else if (called !== null) this.#tell(called, observation);
      this.#shortages.forget(call);
    }
  }

  #keep(recorded: Recorded): void {
    const event = recorded.event as InventoryEvent | StorefrontEvent;
    this.#stock.apply(recorded);
    this.#shortages.note(this.#stock.touched);
    if (event.kind === "stock_held") {
      const { userId } = event;
      if (this.#view.context.limitPerUser === null) return;
      for (const { sku } of event.lines) {
        const owner = `${sku} ${userId}`;
        const taken = this.#stock.takenBy(userId, sku);
        const most = Math.max(taken, this.#mostTaken.get(owner) ?? 0);
        this.#mostTaken.set(owner, most);
      }
    } else if ("orderId" in event) {
      this.#view.orders.of(event.orderId).facts |= bitOf(event.kind);
    }
  }

  #tell(called: Called, { atUs, outcome }: Returned): void {
    if (outcome.kind !== "ok") return;
    for (const { id, status } of ordersTold(called.step, outcome.value)) {
      this.#expect(atUs, id, [FACT_OF[status]], `its status ${status}`);
    }
    if (called.step !== "pay_order") return;
    const { order, pending } = outcome.value as Payment;
    if (!pending) return;
    this.#expect(atUs, order.id, ["payment_started"], "a payment under way");
  }

  #refuse(
    called: Called,
    { atUs, call, outcome }: Returned,
  ): void {
    if (outcome.kind !== "rejected") return;
    const { code } = outcome;
    const { place } = this.#view;
    if (place !== null && code === "sold-out") {
      this.checked++;
      const surplus = this.#shortages.end(call);
      if (surplus === null) return;
      const detail = `${surplus.detail} by what is durable`;
      this.report(atUs, surplus.sku, detail);
    } else if (place !== null && code === "purchase-limit") {
      this.checked++;
      const limit = this.#view.context.limitPerUser ?? Infinity;
      const isOver = place.lines.some(({ sku, quantity }) =>
        (this.#mostTaken.get(`${sku} ${place.userId}`) ?? 0) + quantity > limit
      );
      if (isOver) return;
      const detail = `User ${place.userId} was refused by the limit of ` +
        `${limit}, which no durable hold of his reaches`;
      this.report(atUs, place.userId, detail);
    } else if (place === null && typeof called.input.orderId === "string") {
      const facts = FACTS_OF_REFUSAL[code];
      if (facts === undefined) return;
      this.#expect(atUs, called.input.orderId, facts, `the refusal ${code}`);
    }
  }

  #expect(
    atUs: number,
    orderId: string,
    facts: readonly Fact[],
    told: string,
  ): void {
    this.checked++;
    const durable = this.#view.orders.find(orderId)?.facts ?? 0;
    if (facts.some((fact) => (durable & bitOf(fact)) !== 0)) return;
    const detail = `A client was told of ${told} of order ${orderId} before ` +
      `${facts.join(" or ")} was durable`;
    this.report(atUs, orderId, detail);
  }
}
