/**
 * Which behavior an address has. Worker entry, snapshot writer and simulator
 * share it, so they all run the same files; the imports are static, so that a
 * worker needs no permission beyond its own entry.
 *
 * @module
 */
import type { AnyBehavior, JournalEvent } from "./runtime/actor.ts";
import { accounts } from "./accounts.ts";
import { cacheNode } from "./cache_node.ts";
import { carryStock } from "./inventory/stock_archive.ts";
import {
  type InventoryArgs,
  inventoryShard,
  type InventoryState,
} from "./inventory_shard.ts";
import {
  storefront,
  type StorefrontArgs,
  type StorefrontState,
} from "./storefront.ts";
import { carryOrders } from "./storefront/order_archive.ts";

/** The shop's behaviors by the kind that their addresses begin with. */
export const behaviors = {
  storefront,
  inventory: inventoryShard,
  accounts,
  cache: cacheNode,
} as const satisfies Readonly<Record<string, AnyBehavior>>;

/** How an actor's past is told in few events, so that the many can go. */
export interface Past {
  /** A state to fold the past into; it keeps all that `carry` needs. */
  readonly start: (args: unknown) => unknown;
  /** The events that make the state again, less what is over. */
  readonly carry: (state: unknown) => Iterable<JournalEvent>;
}

/** The pasts that can be archived. A user is one event, and stays for good. */
export const pasts: Partial<Readonly<Record<ActorKind, Past>>> = {
  storefront: {
    start: (args) => storefront.start(args as StorefrontArgs),
    carry: (state) => carryOrders(state as StorefrontState),
  },
  inventory: {
    start(args) {
      const { limitPerUser, ...rest } = args as InventoryArgs;
      // Users are counted only for a limit, and one may be set later.
      return inventoryShard.start({
        ...rest,
        limitPerUser: limitPerUser ?? Number.MAX_SAFE_INTEGER,
      });
    },
    carry: (state) => carryStock(state as InventoryState),
  },
};

/** The kind of an actor, such as `inventory`. */
export type ActorKind = keyof typeof behaviors;

/**
 * The kind of the actor at an address `kind[number]`, with `@` and a process
 * behind it when several have one.
 *
 * @throws {TypeError} when the address has another form or the kind has no
 * behavior; a gateway's has none.
 */
export function kindOf(address: string): ActorKind {
  const kind =
    /^([a-z_]+)\[(?:0|[1-9]\d*)\](?:@[0-9a-z]+)?$/.exec(address)?.[1] ?? "";
  if (!Object.hasOwn(behaviors, kind)) {
    throw new TypeError(
      `Cannot find a behavior as the address is not "kind[number]" of ` +
        `${Object.keys(behaviors).join(", ")}: current value is "${address}"`,
    );
  }
  return kind as ActorKind;
}
