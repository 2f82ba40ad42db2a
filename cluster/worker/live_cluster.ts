/**
 * One process of a shop that several processes run together. Redis carries the
 * leases that say who runs which shop workers, and the links to those that
 * others run; PostgreSQL keeps the journals, whose epochs make it safe.
 *
 * Reading `openClusterShop` from top to bottom is reading the start-up.
 *
 * @module
 */
import type { StockPublished } from "../../actors/cache_node.ts";
import { ok } from "../../actors/runtime/outcome.ts";
import type { Log } from "../../actors/runtime/ports.ts";
import {
  type ClusterEnvironment,
  type Config,
  ConfigError,
} from "../config.ts";
import { GatewayHost } from "../gateways/gateway.ts";
import { writeSecret } from "../journal/data_folder.ts";
import {
  openPostgresStore,
  type PostgresStore,
} from "../journal/postgres_store.ts";
import { connectRedis } from "../redis/redis_connection.ts";
import { agreeOnLeases } from "../redis/redis_ownership.ts";
import type { RedisPort } from "../redis/redis_port.ts";
import type { ShopGate } from "../shop_gate.ts";
import {
  cacheNodesOf,
  planShop,
  type ShopPlan,
  Topology,
} from "../topology.ts";
import { hostClock, hostTimers } from "./host_clock.ts";
import { openSharedLimits } from "./host_limits.ts";
import type { LiveShop } from "./live_shop.ts";
import { type GateHost, loadRevocations, openGate } from "./open_gate.ts";
import { openStock, readCatalog } from "./opening.ts";
import { ShopMember } from "./shop_member.ts";
import { linkMetrics, scalingMetric } from "./shop_metrics.ts";
import { keepSnapshots } from "./snapshots.ts";
import { StartError, startThreads, type Threads } from "./threads.ts";

/** What processes tell one another, besides mail. */
type News =
  | StockPublished
  | {
    readonly kind: "revoked";
    readonly tokenId: string;
    readonly expiresAtMs: number;
  }
  | { readonly kind: "dropped"; readonly sku: string };

/** Longer than any hand-over; a person who waits wants to hear why by then. */
const START_WITHIN_MS = 60_000;
const TRY_EVERY_MS = 250;
/** The board only passes on what it is told. */
const BOARD_CALLS = { concurrency: 64, queue: 0, withinMs: 1_000 };

/**
 * Opens this process's part of the shop.
 *
 * @param release Names the build; snapshots of another one are not used.
 * @throws {StoreError} When Redis or the database cannot be used.
 * @throws {CatalogError} When a new store's catalog cannot be read.
 * @throws {StartError} When a thread does not start, or somebody's shop
 * workers do not answer.
 * @throws {ConfigError} When leases last longer or shorter for the others.
 */
export async function openClusterShop(
  config: Config,
  cluster: ClusterEnvironment,
  log: Log,
  release: string,
): Promise<LiveShop> {
  const startedMs = hostClock.monotonicMs();
  const closing: (() => void | Promise<void>)[] = [];
  const stop = async () => {
    for (const close of closing) await close();
  };
  try {
    // First: with a Redis that is no good, no store is made.
    const redis = await connectRedis(cluster.redisUrl, log);
    closing.unshift(() => redis.close());
    const store = await openStore(config, cluster.databaseUrl);
    closing.unshift(() => store.close());
    const agree = () => agreeOnLeaseFor(config, redis.port, store.storeId);
    await agree();
    const plan = planOf(config, store);
    const storage = { kind: "postgres", url: cluster.databaseUrl } as const;
    const shared = openSharedLimits({
      ...{ redis: redis.port, storeId: store.storeId, log },
      ...{ process: plan.process, policy: config.admission.shared },
    });
    closing.unshift(() => shared[Symbol.asyncDispose]());
    const threads = await startThreads({
      config,
      plan,
      storage,
      ledger: store.ledger,
      gateways: [stockBoard((stock) => member.broadcast(stock))],
      log,
      release,
    });
    closing.unshift(() => threads.stop());
    closing.unshift(
      keepSnapshots({ storage, release, shop: plan, threads, log }),
    );
    const member: ShopMember = new ShopMember({
      redis: redis.port,
      storeId: store.storeId,
      plan,
      threads,
      leaseForMs: config.cluster.leaseForMs,
      log,
      heard: (news) => hear(news as News, plan, threads, gate),
      missed: () => gate.loadRevocations(() => {}),
      counted: (processes) => shared.limits.setProcesses(processes),
    });
    const gate: ShopGate = openGate(config, plan, threads, {
      sharedLimits: shared.limits,
      ...hostOf(member),
    });
    closing.unshift(() => member.leave());
    await member.join();
    // Another one may have started with its own at the same moment.
    await agree();
    await insist(async () => {
      await openStockOnce(store, plan, threads);
      await loadRevocations(gate);
    });
    threads.main.startProbes();
    const startedInMs = Math.round(hostClock.monotonicMs() - startedMs);
    return { gate, ...secretsOf(config, store), startedInMs, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** All measure leases and one another's silence by the same time. */
async function agreeOnLeaseFor(
  { cluster: { leaseForMs } }: Config,
  redis: RedisPort,
  storeId: string,
): Promise<void> {
  const theirsMs = await agreeOnLeases(redis, storeId, leaseForMs);
  if (theirsMs === null || theirsMs === leaseForMs) return;
  throw new ConfigError([
    `cluster.leaseFor: expected "${theirsMs}ms" as the shop's other ` +
    `processes have it, found "${leaseForMs}ms"`,
  ]);
}

/** What a member adds to a gate. */
function hostOf(member: ShopMember): GateHost {
  const tell = (news: News) => member.broadcast(news);
  return {
    locks: () => member.locks(),
    describe: () => member.describe(),
    metrics: () => [
      scalingMetric(member.scalingPerMinute),
      ...linkMetrics(member.report()),
    ],
    isReady: () => member.isPresent,
    others: {
      revoked: (tokenId, expiresAtMs) =>
        tell({ kind: "revoked", tokenId, expiresAtMs }),
      dropped: (sku) => tell({ kind: "dropped", sku }),
    },
  };
}

async function openStockOnce(
  { catalog }: PostgresStore,
  plan: ShopPlan,
  { main }: Threads,
): Promise<void> {
  if (await catalog.isOpened()) return;
  await openStock(catalog, main, new Topology(plan));
}

/** Tries again for a while: shop workers may be changing hands just now. */
async function insist(start: () => Promise<void>): Promise<void> {
  const untilMs = hostClock.monotonicMs() + START_WITHIN_MS;
  for (;;) {
    try {
      return await start();
    } catch (error) {
      const isOver = hostClock.monotonicMs() >= untilMs;
      if (isOver || !(error instanceof StartError)) throw error;
      await new Promise<void>((done) => hostTimers.set(done, TRY_EVERY_MS));
    }
  }
}

/** Those of the environment, else those that the store keeps for all. */
function secretsOf(
  { environment }: Config,
  store: PostgresStore,
): Pick<LiveShop, "sessionSecret" | "adminToken"> {
  const { dataFolder, sessionSecret, adminToken } = environment;
  if (adminToken === null) {
    writeSecret(dataFolder, "admin_token", store.adminToken);
  }
  return {
    sessionSecret: sessionSecret ?? store.sessionSecret,
    adminToken: adminToken ?? store.adminToken,
  };
}

/** The store that all processes share; the first one makes and fills it. */
async function openStore(config: Config, url: string): Promise<PostgresStore> {
  const draw = () => crypto.getRandomValues(new Uint8Array(32));
  const store = await openPostgresStore({
    url,
    timers: hostTimers,
    partitions: config.topology.partitions,
    stockRanges: config.topology.stockRanges,
    territories: config.cluster.shopWorkers,
    newStoreId: () => crypto.randomUUID(),
    drawSecret: () =>
      draw().toBase64({ alphabet: "base64url", omitPadding: true }),
  });
  try {
    if (await store.catalog.isEmpty()) {
      await store.catalog.importProducts(
        readCatalog(config.environment.catalogFile),
      );
    }
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The store says how many shop workers there are, over all processes. */
function planOf(config: Config, store: PostgresStore): ShopPlan {
  const { topology } = config;
  const shopWorkers = store.territories;
  // Four billion names: two processes never share one.
  const name = crypto.getRandomValues(new Uint8Array(4)).toHex();
  return planShop(
    { ...config, topology: { ...topology, shopWorkers } },
    topology.partitions,
    name,
  );
}

/** Where shards publish stock; all processes hear of it. */
function stockBoard(tellAll: (stock: StockPublished) => void): GatewayHost {
  return new GatewayHost({
    ...BOARD_CALLS,
    address: "stock_board",
    clock: hostClock,
    timers: hostTimers,
    handle(message) {
      tellAll(message as StockPublished);
      return ok(null);
    },
  });
}

/** Something was said to all processes, perhaps by this one. */
function hear(
  news: News,
  plan: ShopPlan,
  { main }: Threads,
  gate: ShopGate,
): void {
  switch (news.kind) {
    case "stock_published":
      for (const node of cacheNodesOf(plan)) {
        main.turns.domain.tell(node, news);
      }
      return;
    case "revoked":
      return gate.noteRevoked(news.tokenId, news.expiresAtMs);
    case "dropped":
      return gate.noteDropped(news.sku);
  }
}
