/**
 * The configuration as code uses it: plain values whose names say the unit,
 * settled from a checked config file and from the environment.
 *
 * @module
 */
import { join } from "node:path";
import type { CacheArgs } from "../actors/cache_node.ts";
import type { RangeMap } from "../actors/placement.ts";
import type { RestartSpec } from "../actors/runtime/supervision.ts";
import type { BalancerName } from "./balancers/policies.ts";
import type { ShopFile } from "./config.ts";
import type { ThrottlePolicy } from "./pool/adaptive_throttle.ts";
import type { HealthPolicy } from "./pool/health.ts";
import type { RetryBudgetPolicy } from "./pool/retry_budget.ts";
import type { NearCachePolicy } from "./near_cache.ts";
import type { BreakerPolicy } from "../actors/runtime/circuit_breaker.ts";
import type { AdmissionPolicies } from "./admission.ts";
import { periodsOf } from "./config_archive.ts";
import { settleLimit, settleSharing } from "./config_limits.ts";
import { rangesOf } from "./config_topology.ts";
import type { ConcurrencyPolicy } from "./limiters/concurrency.ts";
import type { SharingPolicy } from "./limiters/shared_limits.ts";
import type { ShardPeriod } from "./routers/time_router.ts";
import { parseDuration, parseRate, parseSize } from "./units.ts";

/** A configuration that cannot be used: exit code 2. One line per problem. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";

  /** @param lines Each says where, what was expected, what was found. */
  constructor(readonly lines: readonly string[]) {
    super(lines.join("\n"));
  }
}

/** The environment's part. Secrets stand here and nowhere else. */
export interface EnvironmentConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly dataFolder: string;
  readonly catalogFile: string;
  /** Null: generated into the data folder. */
  readonly sessionSecret: string | null;
  /** Null: generated into the data folder. */
  readonly adminToken: string | null;
  /** Null: this process is the whole shop. */
  readonly cluster: ClusterEnvironment | null;
}

/** What the processes of one shop share. */
export interface ClusterEnvironment {
  readonly redisUrl: string;
  readonly databaseUrl: string;
}

/** Where actors run. */
export type Placement = ShopFile["topology"]["placement"];

/** How many partitions each kind has; fixed when a store is created. */
export type PartitionCounts = ShopFile["topology"]["partitions"];

/** How calls are shared out over a pool. Plain data. */
export interface BalanceConfig {
  readonly policy: BalancerName;
  /** By index; empty: all the same. */
  readonly weights: readonly number[];
  readonly slackPercent: number;
  readonly capacityCalls: number;
  readonly health: HealthPolicy;
  readonly probeEveryMs: number;
  readonly retriesMost: number;
  readonly tryWithinMs: number;
  readonly budget: RetryBudgetPolicy;
  readonly throttle: ThrottlePolicy | null;
}

/** The effective configuration, in the units that names say. */
export interface Config {
  readonly environment: EnvironmentConfig;
  readonly topology: {
    readonly placement: Placement;
    readonly shopWorkers: number;
    readonly cacheNodes: number;
    /** 0: each cache node reads the catalog itself. */
    readonly catalogReaders: number;
    /** For a new store only. */
    readonly partitions: PartitionCounts;
    /** Which SKUs each inventory partition keeps; null: it is by hash. */
    readonly stockRanges: RangeMap | null;
    readonly virtualNodes: number;
    readonly restart: RestartSpec;
    /** A worker that misses this many beats in a row hangs. */
    readonly heartbeat: { readonly everyMs: number; readonly missed: number };
    /** A worker is replaced shortly before; null: V8's own limit. */
    readonly workerMemoryLimitBytes: number | null;
  };
  readonly admission: AdmissionPolicies & {
    /** Of placing orders; null: no limit of how many at once. */
    readonly concurrency: ConcurrencyPolicy | null;
    /** How several processes count together. */
    readonly shared: SharingPolicy;
    readonly trustedProxies: readonly string[];
  };
  readonly cache: Omit<CacheArgs, "shards" | "catalog"> & {
    readonly near: NearCachePolicy;
  };
  readonly orders: {
    readonly holdForMs: number;
    readonly limitPerUser: number | null;
    readonly keepKeysMs: number;
    readonly currency: string;
  };
  readonly accounts: {
    readonly maxFailures: number;
    readonly failureWindowMs: number;
  };
  /** Of the breakers before actors and gateways; null: there are none. */
  readonly breaker: BreakerPolicy | null;
  readonly balance: BalanceConfig;
  readonly edge: {
    readonly bodyLimitBytes: number;
    readonly requestTimeoutMs: number;
  };
  readonly payment: {
    readonly timeoutMs: number;
    readonly concurrency: number;
  };
  readonly cluster: {
    readonly leaseForMs: number;
    /** Of all processes together; for a new store only. */
    readonly shopWorkers: number;
  };
  /** Whose past goes into files of their own. */
  readonly archivePeriods: readonly ShardPeriod[];
  /** The file's sections with every default, as they are written. */
  readonly file: ShopFile;
}

/** As many as a password of the shop's users; HS256 should have 32 bytes. */
const SECRET_CHARACTERS_MIN = 8;

/**
 * The variables whose secret is so short that it can be guessed. They are used
 * all the same: tokens that were minted elsewhere must stay valid.
 */
export function weakSecrets(
  { sessionSecret, adminToken }: EnvironmentConfig,
): string[] {
  const isWeak = (secret: string | null) =>
    secret !== null && secret.length < SECRET_CHARACTERS_MIN;
  return [
    ...isWeak(sessionSecret) ? ["SESSION_SECRET"] : [],
    ...isWeak(adminToken) ? ["ADMIN_TOKEN"] : [],
  ];
}

/** Environment variables; one that is empty counts as not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the environment's part.
 *
 * @throws {ConfigError} With a line for each variable that is wrong.
 */
export function readEnvironment(environment: Environment): EnvironmentConfig {
  const problems: string[] = [];
  const { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl } = environment;
  if (!redisUrl !== !databaseUrl) {
    const [missing, found] = redisUrl
      ? ["DATABASE_URL", "REDIS_URL"]
      : ["REDIS_URL", "DATABASE_URL"];
    problems.push(
      `${missing}: expected it beside ${found}, as the processes of a shop ` +
        `need both, found nothing`,
    );
  }
  const port = environment.PORT || "8000";
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    problems.push(
      `PORT: expected an integer from 0 to 65535, found ${
        JSON.stringify(port)
      }`,
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    host: environment.HOST || "127.0.0.1",
    port: Number(port),
    dataFolder: environment.DATA_DIR || "./data",
    catalogFile: environment.CATALOG || shippedCatalog(),
    sessionSecret: environment.SESSION_SECRET || null,
    adminToken: environment.ADMIN_TOKEN || null,
    cluster: redisUrl && databaseUrl ? { redisUrl, databaseUrl } : null,
  };
}

/** The fixture beside this folder, wherever the shop was started. */
function shippedCatalog(): string {
  return join(import.meta.dirname ?? "cluster", "../fixtures/catalog.csv");
}

/** From values with units to numbers whose names say the unit. */
export function settle(environment: EnvironmentConfig, file: ShopFile): Config {
  return {
    environment,
    topology: settleTopology(file.topology),
    admission: settleAdmission(file.admission),
    cache: settleCache(file.cache),
    orders: {
      holdForMs: ms(file.orders.holdFor),
      limitPerUser: file.orders.limitPerUser,
      keepKeysMs: ms(file.orders.keepKeysFor),
      currency: file.orders.currency,
    },
    accounts: {
      maxFailures: file.accounts.maxFailures,
      failureWindowMs: ms(file.accounts.failureWindow),
    },
    breaker: settleBreaker(file.breaker),
    balance: settleBalance(file.balance),
    edge: {
      bodyLimitBytes: checked(parseSize(file.edge.bodyLimit)),
      requestTimeoutMs: ms(file.edge.requestTimeout),
    },
    payment: {
      timeoutMs: ms(file.payment.timeout),
      concurrency: file.payment.concurrency,
    },
    cluster: {
      leaseForMs: ms(file.cluster.leaseFor),
      shopWorkers: file.cluster.shopWorkers,
    },
    archivePeriods: periodsOf(file.archive),
    file,
  };
}

/** The topology section in code's units. */
export function settleTopology(
  section: ShopFile["topology"],
): Config["topology"] {
  const { restart, heartbeat, workerMemoryLimit, stock, ...same } = section;
  return {
    ...same,
    stockRanges: rangesOf(stock),
    restart: {
      maxRestarts: restart.maxRestarts,
      periodMs: ms(restart.period),
      backoffMinMs: ms(restart.backoffMin),
      backoffMaxMs: ms(restart.backoffMax),
    },
    heartbeat: { everyMs: ms(heartbeat.every), missed: heartbeat.missed },
    workerMemoryLimitBytes: workerMemoryLimit === null
      ? null
      : checked(parseSize(workerMemoryLimit)),
  };
}

/** The admission section in code's units. */
export function settleAdmission(
  section: ShopFile["admission"],
): Config["admission"] {
  const { user, address, overall, sku, routes, costs, ...same } = section;
  return {
    ...same,
    user: settleLimit(user),
    address: settleLimit(address),
    overall: overall && settleLimit(overall),
    sku: sku && settleLimit(sku),
    shared: settleSharing(section.shared),
    routes: ofRoutes(routes, settleLimit),
    costs: ofRoutes(costs, (cost) => cost),
  };
}

/** What is said of some routes, by route. */
function ofRoutes<Text, Value>(
  texts: Readonly<Record<string, Text | undefined>>,
  settle: (text: Text) => Value,
): Record<string, Value> {
  return Object.fromEntries(
    Object.entries(texts).flatMap(([name, text]) =>
      text === undefined ? [] : [[name, settle(text)]]
    ),
  );
}

/** The breaker section in code's units. */
export function settleBreaker(
  section: ShopFile["breaker"],
): Config["breaker"] {
  if (!section.enabled) return null;
  const { failurePercent, window, minimumCalls, probes, slowCall } = section;
  return {
    failureRatePercent: failurePercent,
    slowCallMs: slowCall === null ? null : ms(slowCall),
    slowRatePercent: slowCall === null ? null : section.slowPercent,
    windowCalls: window,
    windowMs: null,
    minimumCalls,
    probes,
    resetMinMs: ms(section.resetAfter),
    resetMaxMs: ms(section.resetAtMost),
  };
}

/** The cache section in code's units. */
export function settleCache(section: ShopFile["cache"]): Config["cache"] {
  return {
    policy: section.policy,
    capacityEntries: section.capacity,
    capacityBytes: checked(parseSize(section.memory)),
    ttlMs: ms(section.ttl),
    jitterPercent: section.jitterPercent,
    earlyRefreshFactor: section.earlyRefreshFactor,
    staleWhileRevalidateMs: ms(section.staleWhileRevalidate),
    staleIfErrorMs: ms(section.staleIfError),
    negativeTtlMs: ms(section.negativeTtl),
    filterBitsPerKey: section.filterBitsPerKey,
    warm: section.warm.map(({ from, until, skus }) => ({
      fromMs: Date.parse(from),
      untilMs: Date.parse(until),
      skus,
    })),
    lowStockUnits: section.lowStock,
    near: {
      abovePerSecond: checked(parseRate(section.near.above)),
      ttlMs: ms(section.near.ttl),
      capacityEntries: section.near.capacity,
    },
  };
}

/** The balance section in code's units. */
export function settleBalance(section: ShopFile["balance"]): BalanceConfig {
  const { policy, weights, slackPercent, ejection, probe, retry } = section;
  return {
    policy,
    weights,
    slackPercent,
    capacityCalls: section.capacity,
    health: {
      badRepliesInRow: ejection.badReplies,
      ejectedForMs: ms(ejection.for),
      ejectedForMostMs: ms(ejection.forMost),
      ejectedPercentMost: ejection.maxPercent,
      failedProbesInRow: probe.failures,
      goodProbesInRow: probe.successes,
      slowStartMs: ms(section.slowStart),
    },
    probeEveryMs: ms(probe.every),
    retriesMost: retry.max,
    tryWithinMs: ms(retry.tryWithin),
    budget: {
      budgetPerMillion: retry.budgetPercent * 10_000,
      reserveRetries: retry.reserve,
    },
    throttle: section.throttle && {
      multiplierPercent: section.throttle.multiplierPercent,
      windowMs: ms(section.throttle.window),
    },
  };
}

function ms(duration: string): number {
  return checked(parseDuration(duration));
}

/** The schema let it pass, so null here is a bug of ours. */
function checked(value: number | null): number {
  if (value === null) throw new TypeError("A value passed without its unit");
  return value;
}
