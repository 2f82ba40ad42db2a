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
import type { OrderRecord } from "./order_records.ts";
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
    for (const account of this.#view.orders.values()) {
      const { orderId, chargedCents, refundedCents, isPaid } = account;
      const keptCents = chargedCents - refundedCents;
      if (isPaid || keptCents === 0) continue;
      const detail = `Order ${orderId} is not paid at the end, but the ` +
        `provider has ${keptCents} cents for it`;
      this.report(this.#view.nowUs, orderId, detail);
    }
  }

  #charge({ atUs, attempt, amountCents }: Moved): void {
    this.checked++;
    const account = this.#of(orderOfAttempt(attempt));
    const { orderId, totalCents } = account;
    const charged = account.charged ??= new Set();
    if (charged.has(attempt)) {
      this.report(atUs, attempt, `Attempt ${attempt} is charged twice`);
    } else if (charged.size > 0) {
      const [first] = charged.keys();
      const detail = `Order ${orderId} is charged by ${first} and ${attempt}`;
      this.report(atUs, orderId, detail);
    }
    charged.add(attempt);
    account.chargedCents += amountCents;
    if (amountCents === totalCents) return;
    const detail = `Order ${orderId} costs ${totalCents ?? "nothing yet"}, ` +
      `but ${amountCents} cents are charged`;
    this.report(atUs, orderId, detail);
  }

  #refund({ atUs, attempt, amountCents }: Moved): void {
    this.checked++;
    const account = this.#of(orderOfAttempt(attempt));
    const { orderId, charged, isPaid } = account;
    account.refundedCents += amountCents;
    if (
      !charged?.has(attempt) || account.refundedCents > account.chargedCents
    ) {
      const detail = `${account.refundedCents} cents of order ${orderId} are ` +
        `refunded, ${account.chargedCents} were charged`;
      this.report(atUs, orderId, detail);
    }
    if (!isPaid) return;
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
        if (this.#of(orderId).charged?.has(`${orderId}-${attempt}`)) return;
        const detail = `Attempt ${attempt} of order ${orderId} is captured, ` +
          "but was never charged";
        return this.report(atUs, orderId, detail);
      }
      case "order_paid": {
        this.checked++;
        const account = this.#of(fact.orderId);
        account.isPaid = true;
        return this.#expect(atUs, account, account.totalCents, "paid");
      }
      case "order_refunded":
        this.checked++;
        return this.#expect(atUs, this.#of(fact.orderId), 0, "refunded");
    }
  }

  #expect(
    atUs: number,
    { orderId, chargedCents, refundedCents }: OrderRecord,
    expectedCents: number | null,
    status: string,
  ): void {
    const keptCents = chargedCents - refundedCents;
    if (keptCents === expectedCents) return;
    const detail = `Order ${orderId} is ${status}, but the provider has ` +
      `${keptCents} cents for it and not ${expectedCents}`;
    this.report(atUs, orderId, detail);
  }

  #of(orderId: string): OrderRecord {
    return this.#view.orders.of(orderId);
  }
}

/** An attempt's id is its order's, a dash and its number. */
function orderOfAttempt(attempt: string): string {
  return attempt.slice(0, attempt.lastIndexOf("-"));
}
