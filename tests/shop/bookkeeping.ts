/**
 * The auditor: holds what buyers were told against what the shop says now, and
 * both against the stock. Whatever happened in between, the three must agree.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type Purchase, STATUS_AT_END } from "./purchase.ts";
import type { Order, ShopClient, Stock } from "./shop_client.ts";
import { eventually } from "./stage.ts";

/** Holds of orders that came to nothing are given back within this time. */
const SETTLED_WITHIN_MS = 15_000;

/** The orders of every user among the purchases, by user. */
export async function ordersOf(
  client: ShopClient,
  purchases: readonly Purchase[],
): Promise<Map<string, Order[]>> {
  const users = [...new Set(purchases.map(({ user }) => user))];
  const lists = await Promise.all(
    users.map(async (user) => [user, await client.listOrders(user)] as const),
  );
  return new Map(lists);
}

/**
 * Every order that was answered is there, as it was answered. What a buyer
 * asked for without an answer has happened or not, unless it is `without`
 * effect: then it has not.
 */
export async function expectAnswersKept(
  client: ShopClient,
  purchases: readonly Purchase[],
  unanswered: "perhaps" | "without" = "perhaps",
): Promise<void> {
  const orders = await ordersOf(client, purchases);
  for (const purchase of purchases) {
    const { order, user, wish, fulfilled } = purchase;
    if (order === null) continue;
    const found = orders.get(user)!.find(({ id }) => id === order.id);
    assert(found !== undefined, `${order.id} of ${user} is lost`);
    const { status, ...content } = found;
    const { status: _, ...answered } = order;
    assert.deepEqual(content, answered);
    const known = fulfilled ? STATUS_AT_END[wish] : "awaiting_payment";
    const possible = unanswered === "without" || fulfilled
      ? [known]
      : [known, STATUS_AT_END[wish]];
    assert(
      possible.includes(status),
      `${order.id} is ${status}, expected ${possible.join(" or ")}`,
    );
  }
}

/** Each key that got an order has one, and there are no others. */
export async function expectOneOrderForEachKey(
  client: ShopClient,
  purchases: readonly Purchase[],
): Promise<void> {
  const orders = await ordersOf(client, purchases);
  for (const [user, found] of orders) {
    const known = purchases.filter((purchase) => purchase.user === user)
      .flatMap(({ order }) => order === null ? [] : [order.id]);
    assert.deepEqual(found.map(({ id }) => id).sort(), known.sort(), user);
  }
}

/**
 * Every SKU keeps the stock equation, and what is held and sold is what the
 * orders say.
 */
export async function expectStockOfOrders(
  client: ShopClient,
  purchases: readonly Purchase[],
): Promise<void> {
  const orders = [...(await ordersOf(client, purchases)).values()].flat();
  const held = unitsBySku(orders, "awaiting_payment");
  const sold = unitsBySku(orders, "paid");
  const wrong = (bySku: ReadonlyMap<string, Stock>) =>
    [...bySku].filter(([sku, stock]) =>
      stock.held !== (held.get(sku) ?? 0) || stock.sold !== (sold.get(sku) ?? 0)
    );
  const audit = async () => {
    const { bySku, violations } = await client.auditAll();
    assert.deepEqual(violations, []);
    for (const [sku, stock] of bySku) expectEquation(sku, stock);
    return bySku;
  };
  // What an abandoned order held comes back in the background.
  await eventually("stock as in the orders", SETTLED_WITHIN_MS, async () => {
    return wrong(await audit()).length === 0 ? true : null;
  }).catch(async () => assert.deepEqual(wrong(await audit()), []));
}

/** available + held + sold = initial + restocked − removed, none negative. */
export function expectEquation(sku: string, stock: Stock): void {
  const { available, held, sold, initial, restocked, removed } = stock;
  assert.equal(available + held + sold, initial + restocked - removed, sku);
  assert(Math.min(available, held, sold) >= 0, `${sku} is below zero`);
}

function unitsBySku(
  orders: readonly Order[],
  status: string,
): Map<string, number> {
  const units = new Map<string, number>();
  for (const order of orders) {
    if (order.status !== status) continue;
    for (const { sku, quantity } of order.lines) {
      units.set(sku, (units.get(sku) ?? 0) + quantity);
    }
  }
  return units;
}
