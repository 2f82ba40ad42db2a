/**
 * A purchase as its buyer keeps it: what he asked for, what he was told. He
 * asks again, with the same key, until he knows; whatever he is told later must
 * agree with what he was told before.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  type Answer,
  expectBody,
  type Order,
  type OrderLine,
  type ShopClient,
} from "./shop_client.ts";
import { eventually, pause } from "./stage.ts";

/** What a buyer does with his order. */
export type Wish = "keep" | "pay" | "cancel";

/** One key and what became of it. */
export interface Purchase {
  readonly user: string;
  readonly key: string;
  readonly lines: readonly OrderLine[];
  readonly wish: Wish;
  /** As it was first answered. */
  order: Order | null;
  /** He was told that his wish is fulfilled. */
  fulfilled: boolean;
  /** He was told that it is sold out. */
  soldOut: boolean;
}

/** What an order of that wish is in the end. */
export const STATUS_AT_END: Readonly<Record<Wish, string>> = {
  keep: "awaiting_payment",
  pay: "paid",
  cancel: "cancelled",
};

/** A purchase that nobody has asked for yet. */
export function newPurchase(
  what: Pick<Purchase, "user" | "key" | "lines" | "wish">,
): Purchase {
  return { ...what, order: null, fulfilled: false, soldOut: false };
}

/**
 * Does what the buyer wants, or finds out that it is done: running it again is
 * what a buyer does whose answer was lost. Throws `ConnectionLost`, and an
 * `AssertionError` when an answer contradicts an earlier one. `hear` gets
 * every single answer; he gives up after `patienceMs` without a yes or a no.
 */
export async function carryOut(
  client: ShopClient,
  purchase: Purchase,
  hear: (answer: Answer<Order>) => void = () => {},
  patienceMs = GIVE_UP_MS,
): Promise<void> {
  const { user, key, lines, wish } = purchase;
  const place = () => client.placeOrder(user, key, lines);
  const placed = await insist(place, hear, patienceMs);
  if (placed.problem !== null) {
    assert.equal(placed.problem.code, "sold-out", `${user}, ${key}`);
    assert.equal(purchase.order, null, `${key} had an order, now sold out`);
    purchase.soldOut = true;
    return;
  }
  assert.equal(placed.status, 201);
  if (purchase.order !== null) {
    assert.deepEqual(placed.body, purchase.order, "a key has one order");
    assert(placed.replayed, "a repeated key says that it is repeated");
  }
  purchase.order = placed.body;
  if (wish === "keep") purchase.fulfilled = true;
  if (wish === "pay") {
    await pay(client, purchase, placed.body.id, hear, patienceMs);
  }
  if (wish === "cancel") {
    const { id } = placed.body;
    const cancel = () => client.cancelOrder(user, id);
    const order = expectBody(await insist(cancel, hear, patienceMs));
    assert.equal(order.status, "cancelled");
    purchase.fulfilled = true;
  }
}

async function pay(
  client: ShopClient,
  purchase: Purchase,
  id: string,
  hear: (answer: Answer<Order>) => void,
  patienceMs: number,
): Promise<void> {
  const { user, key } = purchase;
  const ask = () => client.payOrder(user, id, `${key}-pay`);
  // A payment that takes long is asked for again with the same key.
  const order = await eventually(`${id} to be paid`, patienceMs, async () => {
    const answer = await insist(ask, hear, patienceMs);
    const body = expectBody(answer);
    return answer.status === 200 ? body : null;
  });
  assert.equal(order.status, "paid");
  purchase.fulfilled = true;
}

/** A worker is back within seconds; who waits longer has found a bug. */
const GIVE_UP_MS = 30_000;
/** Retry-After says whole seconds; a test has less patience. */
const ASK_AGAIN_MS = 50;

/** Asks until the answer is a yes, or a no that asking again cannot change. */
export async function insist<Body>(
  ask: () => Promise<Answer<Body>>,
  hear: (answer: Answer<Body>) => void = () => {},
  patienceMs = GIVE_UP_MS,
): Promise<Answer<Body>> {
  const untilMs = performance.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    hear(answer);
    if (answer.problem === null || !answer.problem.retryable) return answer;
    if (performance.now() > untilMs) return answer;
    await pause(ASK_AGAIN_MS);
  }
}
