/**
 * `money.conserved`: an attempt and an order are charged at most once, with
 * the order's total; no more is refunded than was charged; an order that is
 * paid has its money at the provider and keeps it; and at the end no money is
 * left there for an order that is not paid.
 *
 * @module
 */
import type { StorefrontEvent } from "../../actors/storefront.ts";
import type { Observation } from "../observation.ts";
import { Inspection, type Recorded } from "./inspection.ts";
import type { Money, OrderRecord } from "./order_records.ts";
import type { RunView } from "./run_view.ts";

/** Money moved at the provider. */
type Moved = Omit<Extract<Observation, { attempt: string }>, "kind">;

/** See the module's text. */
export class MoneyConserved extends Inspection {
  readonly id = "money.conserved";
  override readonly sees = [
    "recorded",
    "decided",
    "charged",
    "refunded",
  ] as const;
  readonly #view: RunView;

  constructor(view: RunView) {
    super();
    this.#view = view;
  }

  observe(observation: Observation): void {
    this.#view.observe(observation);
    for (const { event } of this.#view.lost) {
      const fact = event as StorefrontEvent;
      if (fact.kind === "order_paid") this.#of(fact.orderId).isPaid = false;
    }
    switch (observation.kind) {
      case "charged":
        return this.#charge(observation);
      case "refunded":
        return this.#refund(observation);
      case "recorded":
        if (this.#view.recorded !== null) this.#record(observation);
    }
  }

  override end(): void {
    for (const { id: orderId, money, isPaid } of this.#view.orders.values()) {
      const keptCents = keptOf(money);
      if (isPaid || keptCents === 0) continue;
      const detail = `Order ${orderId} is not paid at the end, but the ` +
        `provider has ${keptCents} cents for it`;
      this.report(this.#view.nowUs, orderId, detail);
    }
  }

  #charge({ atUs, attempt, amountCents }: Moved): void {
    this.checked++;
    const orderId = orderOfAttempt(attempt);
    const order = this.#of(orderId);
    const money = moneyOf(order);
    const { attempts } = money;
    if (attempts.has(attempt)) {
      this.report(atUs, attempt, `Attempt ${attempt} is charged twice`);
    } else if (attempts.size > 0) {
      const [first] = attempts;
      const detail = `Order ${orderId} is charged by ${first} and ${attempt}`;
      this.report(atUs, orderId, detail);
    }
    attempts.add(attempt);
    money.chargedCents += amountCents;
    const { totalCents } = order;
    if (amountCents === totalCents) return;
    const detail = `Order ${orderId} costs ${totalCents ?? "nothing yet"}, ` +
      `but ${amountCents} cents are charged`;
    this.report(atUs, orderId, detail);
  }

  #refund({ atUs, attempt, amountCents }: Moved): void {
    this.checked++;
    const orderId = orderOfAttempt(attempt);
    const order = this.#of(orderId);
    const money = moneyOf(order);
    money.refundedCents += amountCents;
    const { attempts, chargedCents, refundedCents } = money;
    if (!attempts.has(attempt) || refundedCents > chargedCents) {
      const detail = `${refundedCents} cents of order ${orderId} are ` +
        `refunded, ${chargedCents} were charged`;
      this.report(atUs, orderId, detail);
    }
    if (!order.isPaid) return;
    this.report(atUs, orderId, `Order ${orderId} is paid and refunded`);
  }

  #record({ atUs, event }: Recorded): void {
    const fact = event as StorefrontEvent;
    switch (fact.kind) {
      case "order_placed":
        this.#of(fact.orderId).totalCents = fact.totalCents;
        return;
      case "payment_captured": {
        this.checked++;
        const { orderId, attempt } = fact;
        const attempts = this.#of(orderId).money?.attempts;
        if (attempts?.has(`${orderId}-${attempt}`)) return;
        const detail = `Attempt ${attempt} of order ${orderId} is captured, ` +
          "but was never charged";
        return this.report(atUs, orderId, detail);
      }
      case "order_paid": {
        this.checked++;
        const { orderId } = fact;
        const order = this.#of(orderId);
        order.isPaid = true;
        return this.#expect(atUs, orderId, order.totalCents, "paid");
      }
      case "order_refunded":
        this.checked++;
        return this.#expect(atUs, fact.orderId, 0, "refunded");
    }
  }

  #expect(
    atUs: number,
    orderId: string,
    expectedCents: number | null,
    status: string,
  ): void {
    const keptCents = keptOf(this.#of(orderId).money);
    if (keptCents === expectedCents) return;
    const detail = `Order ${orderId} is ${status}, but the provider has ` +
      `${keptCents} cents for it and not ${expectedCents}`;
    this.report(atUs, orderId, detail);
  }

  #of(orderId: string): OrderRecord {
    return this.#view.orders.of(orderId);
  }
}

function moneyOf(order: OrderRecord): Money {
  return order.money ??= {
    chargedCents: 0,
    refundedCents: 0,
    attempts: new Set(),
  };
}

function keptOf(money: Money | null): number {
  return money === null ? 0 : money.chargedCents - money.refundedCents;
}

/** An attempt's id is its order's, a dash and its number. */
function orderOfAttempt(attempt: string): string {
  return attempt.slice(0, attempt.lastIndexOf("-"));
}
