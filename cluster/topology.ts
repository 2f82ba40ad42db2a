/**
 * The shop as data: which actors and gateways there are, in which domain each
 * runs, and which of them a key belongs to.
 *
 * Two steps lead from a key to a thread. Key → partition is a stable hash over
 * a number that never changes in the life of a store. Partition → domain is
 * the ring, so that worker counts change between two starts without moving an
 * event. The plan is plain data and can be posted to every worker; each builds
 * the same `Topology` from it.
 *
 * @module
 */
import type { AccountsArgs } from "../actors/accounts.ts";
import type { CacheArgs } from "../actors/cache_node.ts";
import type { InventoryArgs } from "../actors/inventory_shard.ts";
import type { BreakerPolicy } from "../actors/runtime/circuit_breaker.ts";
import type { RestartSpec } from "../actors/runtime/supervision.ts";
import type { StorefrontArgs } from "../actors/storefront.ts";
import type { Config, PartitionCounts } from "./config.ts";
import type { BalanceConfig } from "./config_values.ts";
import { HashRing } from "./hash_ring.ts";
import { HashRouter } from "./routers/hash_router.ts";

/**
 * A worker gets at most ⌈partitions / workers⌉ of a kind. With a looser bound
 * of 1.25 the default, 16 on 2 workers, comes out 10 to 6, and the fuller
 * worker is the shop's limit; the even 8 to 8 moves 12 of 32 partitions when a
 * third worker joins instead of 9, and a move costs no event.
 */
const LOAD_SLACK = 1;

/** Five times a second, as the contract of product reads says. */
const PUBLISH_EVERY_MS = 200;

/** A thread, and what its actors have in common. */
export interface DomainPlan {
  /** `main`, `worker-0` …, `cache-0` …, `reader-0` … */
  readonly name: string;
  /** Workers commit together and have a journal; the others have none. */
  readonly role: "main" | "worker" | "cache" | "reader";
}

/** What every plan of an actor says, whatever its behavior. */
interface ActorPlanOf<Kind extends string, Args> {
  /** Such as `storefront[3]`; of a journaled actor also its partition. */
  readonly address: string;
  /** The behavior's name in the registry. */
  readonly kind: Kind;
  readonly domain: string;
  readonly args: Args;
  readonly journaled: boolean;
  readonly supervision: RestartSpec;
}

/** An actor: what it is, where it runs, how it is restarted. */
export type ActorPlan =
  | ActorPlanOf<"storefront", StorefrontArgs>
  | ActorPlanOf<"inventory_shard", InventoryArgs>
  | ActorPlanOf<"accounts", AccountsArgs>
  | ActorPlanOf<"cache_node", CacheArgs>;

/** Something that must be waited for, behind an address. */
export interface GatewayPlan {
  readonly address: string;
  /** `catalog` reads the store, `catalog_pool` has one of those read it. */
  readonly kind: "payment" | "password" | "catalog" | "catalog_pool";
  readonly domain: string;
}

/** The whole shop, as plain data. */
export interface ShopPlan {
  readonly domains: readonly DomainPlan[];
  readonly actors: readonly ActorPlan[];
  readonly gateways: readonly GatewayPlan[];
  /** Of the breakers before shards and gateways; null: there are none. */
  readonly breaker: BreakerPolicy | null;
  readonly partitions: PartitionCounts;
  readonly cacheNodes: number;
  readonly virtualNodes: number;
  /** How calls to the catalog are shared out over its gateways. */
  readonly balance: BalanceConfig;
}

/**
 * Plans the shop.
 *
 * @param partitions The store's counts; the config's only for a new store.
 */
export function planShop(
  config: Pick<
    Config,
    "topology" | "cache" | "orders" | "accounts" | "balance" | "breaker"
  >,
  partitions: PartitionCounts,
): ShopPlan {
  const { cacheNodes, virtualNodes } = config.topology;
  const domainOf = placePartitions(config.topology, partitions);
  const cacheDomain = domainsNamed("cache", config.topology);
  const plan = <Kind extends string, Args>(
    kind: Kind,
    address: string,
    domain: string,
    args: Args,
    journaled: boolean,
  ): ActorPlanOf<Kind, Args> => {
    const supervision = config.topology.restart;
    return { address, kind, domain, args, journaled, supervision };
  };
  const actors: ActorPlan[] = [
    ...addresses("storefront", partitions.storefront).map((address, index) => {
      const args = storefrontArgs(config, partitions, index);
      return plan("storefront", address, domainOf(address), args, true);
    }),
    ...addresses("inventory", partitions.inventory).map((address) => {
      const args = inventoryArgs(config);
      return plan("inventory_shard", address, domainOf(address), args, true);
    }),
    ...addresses("accounts", partitions.accounts).map((address, partition) => {
      const args = {
        ...config.accounts,
        partition,
        passwordGateway: "password",
      };
      return plan("accounts", address, domainOf(address), args, true);
    }),
    ...addresses("cache", cacheNodes).map((address, index) => {
      const args = cacheArgs(config, partitions, index);
      return plan("cache_node", address, cacheDomain(index), args, false);
    }),
  ];
  const gateways: GatewayPlan[] = [
    { address: "payment", kind: "payment", domain: "main" },
    { address: "password", kind: "password", domain: "main" },
    ...planCatalog(config.topology),
  ];
  return {
    domains: domainsOf([...actors, ...gateways]),
    actors,
    gateways,
    partitions,
    cacheNodes,
    virtualNodes,
    balance: config.balance,
    breaker: config.breaker,
  };
}

/**
 * Who reads the catalog. With readers these do, each with a connection of its
 * own, and beside each cache node stands a gateway that has one of them read.
 */
function planCatalog(topology: Config["topology"]): GatewayPlan[] {
  const { cacheNodes, catalogReaders } = topology;
  const cacheDomain = domainsNamed("cache", topology);
  const readerDomain = domainsNamed("reader", topology);
  return [
    ...addresses("catalog", cacheNodes).map((address, index) => ({
      address,
      kind: catalogReaders === 0 ? "catalog" as const : "catalog_pool" as const,
      domain: cacheDomain(index),
    })),
    ...addresses("catalog_reader", catalogReaders).map((address, index) => ({
      address,
      kind: "catalog" as const,
      domain: readerDomain(index),
    })),
  ];
}

/** The domain of a kind's actor or gateway by its number. */
function domainsNamed(
  kind: "cache" | "reader",
  { placement }: Config["topology"],
): (index: number) => string {
  return (index) => placement === "inline" ? "main" : `${kind}-${index}`;
}

/** The gateways that read the catalog, by number: the members of its pool. */
export function catalogMembers({ gateways }: ShopPlan): string[] {
  return gateways.filter(({ kind }) => kind === "catalog")
    .map(({ address }) => address);
}

/** See the module. */
export class Topology {
  readonly plan: ShopPlan;
  readonly #domains = new Map<string, string>();
  // Addresses are made once: routing allocates nothing.
  readonly #storefronts: HashRouter;
  readonly #inventories: HashRouter;
  readonly #accounts: HashRouter;
  readonly #cacheRing: HashRing;

  constructor(plan: ShopPlan) {
    this.plan = plan;
    for (const { address, domain } of [...plan.actors, ...plan.gateways]) {
      this.#domains.set(address, domain);
    }
    const { storefront, inventory, accounts } = plan.partitions;
    this.#storefronts = partitionRouter("storefront", storefront);
    this.#inventories = partitionRouter("inventory", inventory);
    this.#accounts = partitionRouter("accounts", accounts);
    this.#cacheRing = new HashRing(
      addresses("cache", plan.cacheNodes),
      plan.virtualNodes,
    );
  }

  /** The domain of an actor or gateway; undefined for an unknown address. */
  locate(address: string): string | undefined {
    return this.#domains.get(address);
  }

  /** The storefront partition of a user. */
  storefrontOf(userId: string): string {
    return this.#storefronts.route(userId);
  }

  /** The storefront partition of that number; undefined when there is none. */
  storefront(partition: number): string | undefined {
    return this.#storefronts.at(partition);
  }

  /** The inventory shard of a SKU. */
  inventoryOf(sku: string): string {
    return this.#inventories.route(sku);
  }

  /**
   * The accounts partition of a user name, in whatever case it is typed, or of
   * a token id.
   */
  accountsOf(key: string): string {
    return this.#accounts.route(key.toLowerCase());
  }

  /** The cache node that keeps a product. */
  cacheNodeOf(sku: string): string {
    return this.#cacheRing.locate(sku);
  }
}

/** A store's partitions never change, and neither does the map of them. */
function partitionRouter(kind: string, count: number): HashRouter {
  return new HashRouter(1, addresses(kind, count));
}

/** `name[0]` to `name[count − 1]`. */
function addresses(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name}[${index}]`);
}

/** Says for each journaled partition in which domain it runs. */
function placePartitions(
  topology: Config["topology"],
  partitions: PartitionCounts,
): (partition: string) => string {
  const kinds = [
    addresses("storefront", partitions.storefront),
    addresses("inventory", partitions.inventory),
    addresses("accounts", partitions.accounts),
  ];
  const placed = new Map<string, string>();
  if (topology.placement === "spread") {
    kinds.flat().forEach((partition, index) => {
      placed.set(partition, `worker-${index}`);
    });
  } else if (topology.placement === "paired") {
    const workers = Array.from(
      { length: topology.shopWorkers },
      (_, index) => `worker-${index}`,
    );
    const ring = new HashRing(workers, topology.virtualNodes);
    // Each kind on its own: 16 partitions of one kind in one worker and 16 of
    // another in the next would be even, and useless.
    for (const kind of kinds) {
      for (const [partition, worker] of ring.assign(kind, LOAD_SLACK)) {
        placed.set(partition, worker);
      }
    }
  }
  return (partition) => placed.get(partition) ?? "main";
}

/** Domains in the order of who lives there first, `main` first of all. */
function domainsOf(plans: readonly { domain: string }[]): DomainPlan[] {
  const names = new Set(["main", ...plans.map(({ domain }) => domain)]);
  return [...names].map((name) => ({ name, role: roleOf(name) }));
}

function roleOf(domain: string): DomainPlan["role"] {
  if (domain === "main") return "main";
  if (domain.startsWith("cache-")) return "cache";
  return domain.startsWith("reader-") ? "reader" : "worker";
}

function storefrontArgs(
  { orders }: Pick<Config, "orders">,
  partitions: PartitionCounts,
  partition: number,
): StorefrontArgs {
  return {
    shards: partitions.inventory,
    partition,
    holdForMs: orders.holdForMs,
    keepKeysMs: orders.keepKeysMs,
    currency: orders.currency,
    paymentGateway: "payment",
  };
}

function inventoryArgs(
  { orders, topology }: Pick<Config, "orders" | "topology">,
): InventoryArgs {
  return {
    limitPerUser: orders.limitPerUser,
    cacheNodes: addresses("cache", topology.cacheNodes),
    publishEveryMs: PUBLISH_EVERY_MS,
  };
}

function cacheArgs(
  { cache }: Pick<Config, "cache">,
  partitions: PartitionCounts,
  index: number,
): CacheArgs {
  const { near: _, ...ofNode } = cache;
  return {
    ...ofNode,
    shards: partitions.inventory,
    catalog: `catalog[${index}]`,
  };
}
