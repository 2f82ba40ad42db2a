/**
 * Which behavior an address has. Worker entry, snapshot writer and simulator
 * share it, so they all run the same files; the imports are static, so that a
 * worker needs no permission beyond its own entry.
 *
 * @module
 */
import type { AnyBehavior } from "./runtime/actor.ts";
import { accounts } from "./accounts.ts";
import { cacheNode } from "./cache_node.ts";
import { inventoryShard } from "./inventory_shard.ts";
import { storefront } from "./storefront.ts";

/** The shop's behaviors by the kind that their addresses begin with. */
export const behaviors = {
  storefront,
  inventory: inventoryShard,
  accounts,
  cache: cacheNode,
} as const satisfies Readonly<Record<string, AnyBehavior>>;

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
