/**
 * What can happen in the storefront's small world, drawn at random: buyers act,
 * messages arrive or do not, actors crash, time passes.
 *
 * @module
 */
import fc from "fast-check";
import { allOrders } from "../../actors/storefront/order_book.ts";
import { MINUTE_MS } from "./storefront_kit.ts";
import { BASKETS, FATES, type World } from "./storefront_world.ts";

/** What happens next, with a number that says to whom. */
export type Action = readonly [
  "place" | "pay" | "cancel" | "deliver" | "crash" | "crash_shard" | "wait",
  number,
  number,
];

/** Any action. */
export const action: fc.Arbitrary<Action> = fc.tuple(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant("place" as const) },
    { weight: 3, arbitrary: fc.constant("pay" as const) },
    { weight: 1, arbitrary: fc.constant("cancel" as const) },
    { weight: 14, arbitrary: fc.constant("deliver" as const) },
    { weight: 1, arbitrary: fc.constant("crash" as const) },
    { weight: 1, arbitrary: fc.constant("crash_shard" as const) },
    { weight: 2, arbitrary: fc.constant("wait" as const) },
  ),
  fc.nat(99),
  fc.nat(9),
);

/** What `wait` can mean: a moment, a retry, a minute, past a pin, past a hold. */
export const WAITS_MS = [10, 500, MINUTE_MS, 11 * MINUTE_MS, 16 * MINUTE_MS];

/** Does it. */
export function act(
  world: World,
  [kind, which, how]: Action,
  waitsMs: readonly number[] = WAITS_MS,
): void {
  const { shop } = world;
  if (kind === "deliver") {
    const asked = shop.asked[which % (shop.asked.length || 1)];
    // Half of all messages meet no accident.
    const fate = FATES[how] ?? "answered";
    if (asked !== undefined) {
      world.declines = how % 3 === 0;
      world.deliver(firstTo(world, asked.to), fate);
    }
  } else if (kind === "place") {
    const userId = `user ${which % 2}`;
    const key = `k${which % 5}`;
    // A key nearly always comes with the same basket.
    const lines = BASKETS[(how === 9 ? 1 : 0) + which % 5 % 2]!;
    shop.send({ kind: "place_order", userId, key, lines });
  } else if (kind === "crash") shop.crash();
  else if (kind === "crash_shard") world.shards[how % 4]!.crash();
  else if (kind === "wait") world.advance(waitsMs[how % waitsMs.length]!);
  else buyerActs(world, kind, which, how);
}

/** Messages to one shard stay in order. */
function firstTo(world: World, to: string) {
  return world.shop.asked.find((asked) => asked.to === to)!;
}

function buyerActs(
  world: World,
  kind: "pay" | "cancel",
  which: number,
  how: number,
): void {
  const orders = [...allOrders(world.shop.state)];
  const order = orders[which % (orders.length || 1)];
  if (order === undefined) return;
  const { id: orderId, userId } = order;
  if (kind === "cancel") {
    world.shop.send({ kind: "cancel_order", userId, orderId });
  } else {
    const key = `p${orderId}${how % 2}`;
    const method = "sandbox";
    world.shop.send({ kind: "pay_order", userId, orderId, key, method });
  }
}
