/**
 * `ledgers.agree`: once all is quiet, what the storefronts' orders say was sold
 * is what the shards have sold, product by product, and an order that waits for
 * its money has all of its units held. A hold without an order is legal: the
 * shard's answer was lost, and the hold ends at its deadline.
 *
 * Storefronts and shards keep their books apart and agree by messages only, so
 * this sees a message that one of them acted on and the other forgot. Only what
 * is on disk counts.
 *
 * @module
 */
import type { Line } from "../../actors/inventory_shard.ts";
import type { OrderPlaced } from "../../actors/storefront/order.ts";
import type { StorefrontEvent } from "../../actors/storefront.ts";
import type { Observation } from "../observation.ts";
import { Inspection } from "./inspection.ts";
import type { RunView } from "./run_view.ts";

/** See the module's text. */
export class LedgersAgree extends Inspection {
  readonly id = "ledgers.agree";
  override readonly sees = ["durable"] as const;
  readonly #view: RunView;
  /** Wall time, as far as facts on disk show it. */
  #newestMs = 0;

  constructor(view: RunView) {
    super();
    this.#view = view;
  }

  observe(observation: Observation): void {
    this.#view.observe(observation);
    for (const { event } of this.#view.durable) {
      const { kind, orderId, atMs } = event as StorefrontEvent;
      if (atMs > this.#newestMs) this.#newestMs = atMs;
      if (kind === "order_paid") {
        this.#view.orders.of(orderId).isPaidOnDisk = true;
      } else if (OVER.has(kind)) {
        this.#view.orders.of(orderId).isOverOnDisk = true;
      }
    }
  }

  override end(): void {
    const { stock, orders, nowUs } = this.#view;
    // What is left of the shards' events is on disk.
    this.#view.end();
    const sold = new Map<string, number>();
    for (const { placed, isPaidOnDisk, isOverOnDisk } of orders.values()) {
      if (placed === null) continue;
      if (isPaidOnDisk) count(sold, placed.lines);
      else if (!isOverOnDisk) this.#checkHeld(placed);
    }
    for (const { sku, sold: shards } of stock.records) {
      this.checked++;
      const paid = sold.get(sku) ?? 0;
      if (shards === paid) continue;
      const detail = `${shards} units of "${sku}" are sold at its shard, and ` +
        `${paid} in orders that are paid`;
      this.report(nowUs, sku, detail);
    }
  }

  /** Until its time is up an order has what its buyer was promised. */
  #checkHeld(
    { orderId, holdId, lines, reservedUntilMs }: OrderPlaced,
  ): void {
    if (reservedUntilMs <= this.#newestMs) return;
    for (const { sku, quantity } of lines) {
      this.checked++;
      const units = this.#view.stock.heldBy(holdId, sku);
      if (units === quantity) continue;
      const detail = `Order ${orderId} waits for its money with ${units} of ` +
        `${quantity} units of "${sku}" held`;
      this.report(this.#view.nowUs, orderId, detail);
    }
  }
}

function count(
  sums: Map<string, number>,
  lines: readonly Line[],
): void {
  for (const { sku, quantity } of lines) {
    sums.set(sku, (sums.get(sku) ?? 0) + quantity);
  }
}

/** After these an order needs no stock. */
const OVER: ReadonlySet<string> = new Set([
  ...["order_cancelled", "order_expired", "refund_pending", "order_refunded"],
]);
