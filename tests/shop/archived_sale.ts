/**
 * A sale before an archive, and what its buyers must find afterwards.
 *
 * @module
 */
import assert from "node:assert/strict";
import { carryOut, newPurchase, type Purchase } from "./purchase.ts";
import type { ShopClient } from "./shop_client.ts";
import type { ShopProcess } from "./shop_process.ts";
import { products } from "./stage.ts";

/** The shop's configuration. */
export const CONFIG = { orders: { limitPerUser: 3 } };

/** What is sold. */
export const PRODUCTS = [...products("cup", 3, 99), ...products("pan", 2, 99)];

/** Older than any archive leaves alone. */
export const HUNDRED_DAYS_MS = 100 * 86_400_000;

/** Twenty buyers of every wish; whose wish is `keep` is not over. */
export async function sell(client: ShopClient): Promise<Purchase[]> {
  const wishes = ["pay", "cancel", "pay", "keep"] as const;
  const purchases = Array.from({ length: 40 }, (_, index) =>
    newPurchase({
      user: `buyer-${index % 20}`,
      key: `key-${index}`,
      lines: [
        { sku: `cup-${index % 20 % 3}`, quantity: 1 },
        { sku: `pan-${index % 20 % 2}`, quantity: 1 },
      ],
      wish: wishes[index % 4]!,
    }));
  for (const purchase of purchases) await carryOut(client, purchase);
  return purchases;
}

/** Events that the shop has folded since it was started. */
export function recoveredEvents({ logged }: ShopProcess): number {
  return logged.filter(({ text }) => text === "journal recovered")
    .reduce((sum, line) => sum + Number(line.events), 0);
}

/** Orders that were over are not found; the others are as they were. */
export async function expectOrders(
  client: ShopClient,
  purchases: readonly Purchase[],
): Promise<void> {
  for (const { user, key, lines, wish, order } of purchases) {
    const found = await client.readOrder(user, order!.id);
    if (wish === "keep") {
      assert.deepEqual(found.body, order);
      const again = await client.placeOrder(user, key, lines);
      assert(again.problem === null && again.replayed);
      assert.deepEqual(again.body, order);
    } else assert.equal(found.problem?.code, "not-found");
  }
  const open = purchases.filter(({ wish }) => wish === "keep");
  for (const { user } of open) {
    const ids = (await client.listOrders(user)).map(({ id }) => id);
    const own = open.filter((purchase) => purchase.user === user);
    assert.deepEqual(ids.sort(), own.map(({ order }) => order!.id).sort());
  }
}

/** Who bought two of three may buy one more; its id is a new one. */
export async function expectLimits(
  client: ShopClient,
  purchases: readonly Purchase[],
): Promise<void> {
  const { user, lines } = purchases.find(({ wish }) => wish === "pay")!;
  const [line] = lines;
  const two = [{ ...line!, quantity: 2 }];
  const refused = await client.placeOrder(user, "more", two);
  assert.equal(refused.problem?.code, "purchase-limit");
  const placed = await client.placeOrder(user, "one-more", [line!]);
  assert(placed.problem === null);
  const ids = purchases.map(({ order }) => numberOf(order!.id));
  assert(!ids.includes(numberOf(placed.body.id)));
}

/** An order id without its random end. */
function numberOf(orderId: string): string {
  return orderId.slice(0, orderId.lastIndexOf("-"));
}
