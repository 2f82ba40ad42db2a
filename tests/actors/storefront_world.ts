/**
 * A small world for the storefront's property test: one storefront, real
 * inventory shards, and a provider, joined by a network that loses, delays and
 * drops as it is told, but keeps the order to each shard. Everything is
 * stepped by hand, and the clock is one.
 *
 * @module
 */
import { findHold } from "../../actors/inventory/stock.ts";
import { findOrder } from "../../actors/storefront/order_book.ts";
import assert from "node:assert/strict";
import { BehaviorStep } from "../../actors/runtime/test_kit/behavior_step.ts";
import type { Asked } from "../../actors/runtime/test_kit/recorded.ts";
import {
  failed,
  ok,
  type Outcome,
  unknown,
} from "../../actors/runtime/outcome.ts";
import {
  type InventoryMessage,
  inventoryShard,
} from "../../actors/inventory_shard.ts";
import { shardsOf } from "../../actors/storefront/order.ts";
import { partitionCount } from "../../actors/placement.ts";
import type { ChargeState, PaymentMessage } from "../../actors/payment.ts";
import { storefront } from "../../actors/storefront.ts";
import { ARGS, linesAt, MINUTE_MS, skuAt } from "./storefront_kit.ts";

/** What the network does with a message and its answer. */
export const FATES = ["answered", "lost", "dropped", "late"] as const;
export type Fate = typeof FATES[number];

/** Units of each SKU: fewer than the orders want. */
const OPENING_UNITS = 4;

export class World {
  readonly shop = new BehaviorStep(storefront, ARGS, {
    self: "storefront[3]",
  });
  readonly shards = Array.from(
    { length: partitionCount(ARGS.shards) },
    (_, shard) => {
      const step = new BehaviorStep(inventoryShard, {
        limitPerUser: null,
        cacheNodes: [],
        publishEveryMs: 200,
      }, { self: `inventory[${shard}]` });
      const items = [
        { sku: skuAt(shard), units: OPENING_UNITS, priceCents: 250 },
      ];
      step.send({ kind: "open_stock", items });
      return step;
    },
  );
  /** The provider's next charge is declined. */
  declines = false;
  /** What the provider knows of an attempt. */
  readonly charges = new Map<string, ChargeState | "refunded">();
  /** Asks whose asker gave up before they arrived, by receiver. */
  readonly #late = new Map<string, Asked["message"][]>();
  readonly #seen = new WeakSet<Asked>();

  /** Delivers one waiting ask under a fate. */
  deliver(asked: Asked, fate: Fate): void {
    const late = this.#late.get(asked.to) ?? [];
    this.#late.set(asked.to, []);
    if (fate === "late") {
      this.#late.set(asked.to, [...late, asked.message]);
      return this.#end(asked, unknown(1));
    }
    for (const message of late) this.#run(asked.to, message);
    if (fate === "dropped") return this.#end(asked, failed("unavailable", 1));
    const outcome = this.#run(asked.to, asked.message);
    this.#end(asked, fate === "answered" ? outcome : unknown(1));
  }

  /** Lets time pass; no ask waits for a minute. */
  advance(durationMs: number): void {
    if (durationMs >= MINUTE_MS) {
      for (const asked of [...this.shop.asked]) this.deliver(asked, "late");
    }
    this.shop.advance(durationMs);
    for (const shard of this.shards) shard.advance(durationMs);
  }

  /** An honest network and enough time: everything comes to its end. */
  settle(): void {
    for (let round = 0; round < 200; round++) {
      while (this.shop.asked[0]) this.deliver(this.shop.asked[0], "answered");
      this.advance(MINUTE_MS);
    }
    assert.equal(this.shop.asked.length, 0);
  }

  /** What must be true after every step. */
  check(): void {
    this.shop.refold();
    for (const asked of this.shop.asked) {
      if (this.#seen.has(asked)) continue;
      this.#seen.add(asked);
      const { kind, attemptId } = asked.message as PaymentMessage;
      if (kind === "charge") this.#checkPinned(attemptId);
    }
  }

  /** The holds of an order at its shards, as the shards know them. */
  holdsOf(orderId: string): (string | undefined)[] {
    const order = findOrder(this.shop.state, orderId)!;
    return shardsOf(order.lines, ARGS.shards).map((shard) =>
      findHold(this.shards[shard]!.state, order.holdId)?.status
    );
  }

  #checkPinned(attemptId: string): void {
    const order = findOrder(this.shop.state, attemptId.replace(/-\d+$/, ""))!;
    for (const shard of shardsOf(order.lines, ARGS.shards)) {
      const hold = findHold(this.shards[shard]!.state, order.holdId);
      assert.equal(hold?.status, "open");
      assert((hold?.pinnedUntilMs ?? 0) > 0);
    }
  }

  #end(asked: Asked, outcome: Outcome<unknown>): void {
    this.shop.answer(asked, outcome);
    this.check();
  }

  #run(to: string, message: Asked["message"]): Outcome<unknown> {
    if (to === "payment") return this.#pay(message as PaymentMessage);
    const shard = this.shards[Number(/\d+/.exec(to)![0])]!;
    const outcome = shard.send(message as InventoryMessage);
    assert(outcome !== undefined);
    return outcome;
  }

  #pay({ kind, attemptId }: PaymentMessage): Outcome<unknown> {
    const known = this.charges.get(attemptId);
    if (kind === "refund") {
      assert(known === "captured" || known === "refunded");
      this.charges.set(attemptId, "refunded");
      return ok(null);
    }
    const state = known ??
      (kind === "charge_status"
        ? "none"
        : this.declines
        ? "declined"
        : "captured");
    this.charges.set(attemptId, state);
    return ok({ state });
  }
}

/** What buyers order: on one shard, on two, on three. */
export const BASKETS = [linesAt(0), linesAt(0, 1), linesAt(1, 2, 3)];
