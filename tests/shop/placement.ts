/**
 * Who is where in a running shop, so that a test can choose buyers and products
 * that a fault must touch, and others that it must not.
 *
 * @module
 */
import { addressOf, partitionOf } from "../../actors/placement.ts";
import type { ShopClient, TopologyView } from "./shop_client.ts";
import { eventually } from "./stage.ts";

/** A worker is noticed to be gone, replaced and recovered well within this. */
const REPLACED_WITHIN_MS = 30_000;

/** Addresses, actors and workers as the topology shows them. */
export class Placement {
  readonly #topology: TopologyView;

  constructor(topology: TopologyView) {
    this.#topology = topology;
  }

  /** The inventory shard of a SKU. */
  shardOf(sku: string): string {
    const { inventory } = this.#topology.partitions;
    return addressOf("inventory", partitionOf(sku, inventory));
  }

  /** The storefront of a user. */
  storefrontOf(user: string): string {
    const { storefront } = this.#topology.partitions;
    return addressOf("storefront", partitionOf(user, storefront));
  }

  /** The worker that runs an actor. */
  workerOf(address: string): string {
    return this.#topology.actors
      .find((actor) => actor.address === address)!.worker;
  }

  /** `count` users, named after the worker, whose storefronts it runs. */
  usersOn(worker: string, count: number): string[] {
    const users: string[] = [];
    for (let number = 0; users.length < count; number++) {
      const user = `${worker}-user-${number}`;
      if (this.workerOf(this.storefrontOf(user)) === worker) users.push(user);
    }
    return users;
  }

  /** Those of the SKUs that are kept on a worker, each in a basket alone. */
  basketsOn(worker: string, skus: readonly string[]): string[][] {
    return skus.filter((sku) => this.workerOf(this.shardOf(sku)) === worker)
      .map((sku) => [sku]);
  }
}

/** Waits until a worker runs in that incarnation. */
export async function replaced(
  client: ShopClient,
  name: string,
  incarnation: number,
): Promise<void> {
  await eventually(`${name} to be replaced`, REPLACED_WITHIN_MS, async () => {
    const { workers } = await client.topology();
    const worker = workers.find((each) => each.name === name)!;
    const isNew = worker.incarnation === incarnation &&
      worker.status === "ready";
    return isNew ? true : null;
  });
}

/** Waits until an actor runs after that many restarts. */
export async function restarted(
  client: ShopClient,
  address: string,
  restarts: number,
): Promise<void> {
  await eventually(`${address} to restart`, REPLACED_WITHIN_MS, async () => {
    const { actors } = await client.topology();
    const actor = actors.find((each) => each.address === address)!;
    const runs = actor.restarts >= restarts && actor.status === "running";
    return runs ? true : null;
  });
}
