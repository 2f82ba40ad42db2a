/**
 * What the tests of the storefront share: a storefront that is stepped by
 * hand, SKUs of a wanted shard, and short words for the usual answers.
 *
 * @module
 */
import { BehaviorStep } from "../../actors/runtime/test_kit/behavior_step.ts";
import type { Asked } from "../../actors/runtime/test_kit/recorded.ts";
import { ok, type Outcome } from "../../actors/runtime/outcome.ts";
import type { Line, Reserve } from "../../actors/inventory_shard.ts";
import { partitionOf } from "../../actors/placement.ts";
import {
  type Placed,
  type PlaceOrder,
  storefront,
  type StorefrontArgs,
  type StorefrontEvent,
  type StorefrontMail,
  type StorefrontState,
} from "../../actors/storefront.ts";

export const MINUTE_MS = 60_000;

export const ARGS: StorefrontArgs = {
  shards: 4,
  partition: 3,
  holdForMs: 15 * MINUTE_MS,
  keepKeysMs: 24 * 60 * MINUTE_MS,
  currency: "GBP",
  paymentGateway: "payment",
};

/** A storefront under the hand of a test. */
export type Shop = BehaviorStep<
  StorefrontState,
  StorefrontMail,
  StorefrontArgs,
  StorefrontEvent
>;

export function openShop(): Shop {
  return new BehaviorStep(storefront, ARGS, { self: "storefront[3]" });
}

/** The `nth` SKU that lives at a shard. */
export function skuAt(shard: number, nth = 0): string {
  for (let number = 0, found = 0;; number++) {
    const sku = `sku-${number}`;
    if (partitionOf(sku, ARGS.shards) !== shard) continue;
    if (found++ === nth) return sku;
  }
}

/** One unit of the first SKU of each shard. */
export function linesAt(...shards: number[]): Line[] {
  return shards.map((shard) => ({ sku: skuAt(shard), quantity: 1 }));
}

export function placeOrder(more: Partial<PlaceOrder> = {}): PlaceOrder {
  return {
    kind: "place_order",
    userId: "ann",
    key: "k1",
    lines: linesAt(0),
    ...more,
  };
}

/** The oldest ask of that kind that waits for its answer. */
export function waiting(shop: Shop, kind: string): Asked {
  const asked = shop.asked.find(({ message }) => message.kind === kind);
  if (asked === undefined) throw new Error(`No ask "${kind}" is waiting`);
  return asked;
}

/** How many asks of that kind wait for their answers. */
export function count(shop: Shop, kind: string): number {
  return shop.asked.filter(({ message }) => message.kind === kind).length;
}

/** A shard's yes: every line at 2.50. */
export function held(asked: Asked): Outcome<unknown> {
  const { lines, untilMs } = asked.message as Reserve;
  const priced = lines.map((line) => ({ ...line, priceCents: 250 }));
  return ok({ lines: priced, untilMs });
}

/** Answers every ask of that kind. */
export function answerAll(
  shop: Shop,
  kind: string,
  outcome: Outcome<unknown> = ok(null),
): void {
  for (let left = count(shop, kind); left > 0; left--) {
    shop.answer(waiting(shop, kind), outcome);
  }
}

/** The newest answer that a buyer got. */
export function lastReply(shop: Shop): Outcome<unknown> | undefined {
  return shop.replies.at(-1)?.outcome;
}

/** Places an order whose shards all say yes. */
export function placed(shop: Shop, more: Partial<PlaceOrder> = {}): Placed {
  shop.send(placeOrder(more));
  while (count(shop, "reserve") > 0) {
    const asked = waiting(shop, "reserve");
    shop.answer(asked, held(asked));
  }
  const reply = lastReply(shop);
  if (reply?.kind !== "ok") throw new Error("The order was not placed");
  return reply.value as Placed;
}

/** The kinds of all facts, in order. */
export function facts(shop: Shop): string[] {
  return shop.events.map(({ kind }) => kind);
}
