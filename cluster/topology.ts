/**
 * The shop as data: which actors and gateways there are, in which domain each
 * runs, and which of them a key belongs to.
 *
 * Two steps lead from a key to a thread. Key → partition is a map that never
 * changes in the life of a store: a stable hash, of stock ranges if they are
 * chosen. Partition → domain is
 * the ring, so that worker counts change between two starts without moving an
 * event. The plan is plain data and can be posted to every worker; each builds
 * the same `Topology` from it.
 *
 * @module
 */
import type { AccountsArgs } from "../actors/accounts.ts";
import type { CacheArgs } from "../actors/cache_node.ts";
import type { InventoryArgs } from "../actors/inventory_shard.ts";
import { addressOf, type RangeMap } from "../actors/placement.ts";
import type { BreakerPolicy } from "../actors/runtime/circuit_breaker.ts";
import type { RestartSpec } from "../actors/runtime/supervision.ts";
import type { StorefrontArgs } from "../actors/storefront.ts";
import {
  addresses,
  cacheArgs,
  inventoryArgs,
  STOCK_BOARD,
  storefrontArgs,
} from "./actor_args.ts";
import type { Config, PartitionCounts } from "./config.ts";
import type { BalanceConfig } from "./config_values.ts";
import { HashRing } from "./hash_ring.ts";
import { HashRouter } from "./routers/hash_router.ts";
import { RangeRouter } from "./routers/range_router.ts";
import type { Router } from "./routers/router.ts";

/**
 * A worker gets at most ⌈partitions / workers⌉ of a kind. With a looser bound
 * of 1.25 the default, 16 on 2 workers, comes out 10 to 6, and the fuller
 * worker is the shop's limit; the even 8 to 8 moves 12 of 32 partitions when a
 * third worker joins instead of 9, and a move costs no event.
 */
const LOAD_SLACK = 1;

/** A thread, and what its actors have in common. */
export interface DomainPlan {
  /**
   * `main`, `worker-0` …, `cache-0` …, `reader-0` …; of several processes all
   * but the workers with the process: `main@3f9a1c07`.
   */
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
  readonly kind:
    | "payment"
    | "password"
    | "catalog"
    | "catalog_pool"
    | "stock_board";
  readonly domain: string;
}

/** The whole shop, as plain data. */
export interface ShopPlan {
  /** The process whose plan it is; empty when it is the only one. */
  readonly process: string;
  readonly domains: readonly DomainPlan[];
  readonly actors: readonly ActorPlan[];
  readonly gateways: readonly GatewayPlan[];
  /** Of the breakers before shards and gateways; null: there are none. */
  readonly breaker: BreakerPolicy | null;
  readonly partitions: PartitionCounts;
  /** Which SKUs each inventory shard keeps; null: it is by hash. */
  readonly stockRanges: RangeMap | null;
  readonly cacheNodes: number;
  readonly virtualNodes: number;
  /** How calls to the catalog are shared out over its gateways. */
  readonly balance: BalanceConfig;
}

/**
 * Plans the shop.
 *
 * @param partitions The store's counts; the config's only for a new store.
 * @param process Of several processes, which; a name of one life.
 */
export function planShop(
  config: Pick<
    Config,
    "topology" | "cache" | "orders" | "accounts" | "balance" | "breaker"
  >,
  partitions: PartitionCounts,
  process = "",
): ShopPlan {
  const { cacheNodes, virtualNodes, stockRanges } = config.topology;
  const shards = stockRanges ?? partitions.inventory;
  const main = nameIn(process, "main");
  const domainOf = placePartitions(config.topology, partitions, main);
  const cacheDomain = domainsNamed("cache", config.topology, process);
  const cacheRing = new HashRing(
    cacheAddresses(cacheNodes, process),
    virtualNodes,
  );
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
      const args = storefrontArgs(config, shards, index);
      return plan("storefront", address, domainOf(address), args, true);
    }),
    ...addresses("inventory", partitions.inventory).map((address) => {
      const args = inventoryArgs(config, process);
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
    ...cacheAddresses(cacheNodes, process).map((address, index) => {
      const keeps = (sku: string) => cacheRing.locate(sku) === address;
      const args = cacheArgs(config, shards, index, keeps);
      return plan("cache_node", address, cacheDomain(index), args, false);
    }),
  ];
  const gateways: GatewayPlan[] = [
    { address: "payment", kind: "payment", domain: main },
    { address: "password", kind: "password", domain: main },
    ...planCatalog(config.topology, process),
  ];
  if (process !== "") {
    gateways.push({ address: STOCK_BOARD, kind: "stock_board", domain: main });
  }
  return {
    process,
    domains: domainsOf(main, [...actors, ...gateways]),
    actors,
    gateways,
    partitions,
    stockRanges,
    ...{ cacheNodes, virtualNodes },
    balance: config.balance,
    breaker: config.breaker,
  };
}

/**
 * Who reads the catalog. With readers these do, each with a connection of its
 * own, and beside each cache node stands a gateway that has one of them read.
 */
function planCatalog(
  topology: Config["topology"],
  process: string,
): GatewayPlan[] {
  const { cacheNodes, catalogReaders } = topology;
  const cacheDomain = domainsNamed("cache", topology, process);
  const readerDomain = domainsNamed("reader", topology, process);
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
  process: string,
): (index: number) => string {
  return (index) =>
    nameIn(process, placement === "inline" ? "main" : `${kind}-${index}`);
}

/** A name that others see beside the same of their own. */
function nameIn(process: string, name: string): string {
  return process === "" ? name : `${name}@${process}`;
}

function cacheAddresses(count: number, process: string): string[] {
  return addresses("cache", count).map((address) => nameIn(process, address));
}

/** The gateways that read the catalog, by number: the members of its pool. */
export function catalogMembers({ gateways }: ShopPlan): string[] {
  return gateways.filter(({ kind }) => kind === "catalog")
    .map(({ address }) => address);
}

/** The domain of the thread that has the gate. */
export function mainDomain({ domains }: ShopPlan): string {
  return domains.find(({ role }) => role === "main")!.name;
}

/** The cache nodes of this process. */
export function cacheNodesOf({ cacheNodes, process }: ShopPlan): string[] {
  return cacheAddresses(cacheNodes, process);
}

/** See the module. */
export class Topology {
  readonly plan: ShopPlan;
  readonly #domains = new Map<string, string>();
  // Addresses are made once: routing allocates nothing.
  readonly #storefronts: HashRouter;
  readonly #inventories: Router<string>;
  readonly #accounts: HashRouter;
  readonly #cacheRing: HashRing;

  constructor(plan: ShopPlan) {
    this.plan = plan;
    for (const { address, domain } of [...plan.actors, ...plan.gateways]) {
      this.#domains.set(address, domain);
    }
    for (const { name } of plan.domains) this.#domains.set(name, name);
    const { storefront, inventory, accounts } = plan.partitions;
    this.#storefronts = partitionRouter("storefront", storefront);
    this.#inventories = plan.stockRanges === null
      ? partitionRouter("inventory", inventory)
      : rangeRouter("inventory", plan.stockRanges);
    this.#accounts = partitionRouter("accounts", accounts);
    this.#cacheRing = new HashRing(
      cacheAddresses(plan.cacheNodes, plan.process),
      plan.virtualNodes,
    );
  }

  /**
   * The domain of an actor or gateway, also of one of another process, which
   * has the same placement. A domain's own name, the address of callers outside
   * its actors, is itself; undefined for an unknown address.
   */
  locate(address: string): string | undefined {
    return this.#domains.get(address) ?? domainElsewhere(address);
  }

  /** The storefront partition of a user. */
  storefrontOf(userId: string): string {
    return this.#storefronts.route(userId);
  }

  /** The storefront partition of that number; undefined when there is none. */
  storefront(partition: number): string | undefined {
    return this.#storefronts.at(partition);
  }

  /** The inventory shard of a SKU; each map says one for every SKU. */
  inventoryOf(sku: string): string {
    return this.#inventories.route(sku)!;
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

/** `cache[0]@3f9a1c07` lives in `cache-0@3f9a1c07`, a domain in itself. */
function domainElsewhere(address: string): string | undefined {
  const at = address.indexOf("@");
  if (at < 0) return undefined;
  const bracket = address.indexOf("[");
  if (bracket < 0) return address;
  const kind = address.slice(0, bracket);
  const number = address.slice(bracket + 1, at - 1);
  return `${kind}-${number}${address.slice(at)}`;
}

/** A store's partitions never change, and neither does the map of them. */
function partitionRouter(kind: string, count: number): HashRouter {
  return new HashRouter(1, addresses(kind, count));
}

function rangeRouter(
  kind: string,
  { borders, partitions }: RangeMap,
): RangeRouter<string> {
  const ranges = borders.map((from, index) => ({
    from,
    to: borders[index + 1] ?? null,
    shard: addressOf(kind, partitions[index]!),
  }));
  return new RangeRouter(1, ranges);
}

/** Says for each journaled partition in which domain it runs. */
function placePartitions(
  topology: Config["topology"],
  partitions: PartitionCounts,
  main: string,
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
  return (partition) => placed.get(partition) ?? main;
}

/** Domains in the order of who lives there first, `main` first of all. */
function domainsOf(
  main: string,
  plans: readonly { domain: string }[],
): DomainPlan[] {
  const names = new Set([main, ...plans.map(({ domain }) => domain)]);
  return [...names].map((name) => ({
    name,
    role: name === main ? "main" : roleOf(name),
  }));
}

function roleOf(domain: string): DomainPlan["role"] {
  if (domain.startsWith("cache-")) return "cache";
  return domain.startsWith("reader-") ? "reader" : "worker";
}
