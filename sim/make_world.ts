/**
 * The shop that a scenario asks for: one process, or several that share it.
 *
 * @module
 */
import { ClusterWorld } from "./cluster_world.ts";
import { ShopWorld } from "./shop_world.ts";
import type { World, WorldOptions } from "./world.ts";

/** Makes it; nothing runs before its `start`. */
export function makeWorld(options: WorldOptions): World {
  return options.scenario.network.processes > 0
    ? new ClusterWorld(options)
    : new ShopWorld(options);
}
