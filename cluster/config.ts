/**
 * What a shop can be told: the environment, then an optional JSON file.
 *
 * Each section of the file is a schema of its own, and scenario files have the
 * same sections with the same schemas. They only check and fill in defaults;
 * values keep their units, so that what is printed is what can be read again.
 * An unknown key is an error, and every error is one line that says where, what
 * was expected (the message of the rule) and what was found.
 *
 * @module
 */
import { z } from "zod";
import { BALANCER_NAMES } from "./balancers/policies.ts";
import { EVICTION_NAMES } from "../actors/cache_node.ts";
import {
  type Config,
  ConfigError,
  type Environment,
  readEnvironment,
  settle,
  weakSecrets,
} from "./config_values.ts";
import { archive } from "./config_archive.ts";
import { admission, breaker } from "./config_limits.ts";
import { topology } from "./config_topology.ts";
import {
  duration,
  integer,
  moment,
  rate,
  section,
  size,
} from "./config_rules.ts";
import { parseDuration } from "./units.ts";

export {
  admission,
  breaker,
  type Config,
  ConfigError,
  type Environment,
  topology,
  weakSecrets,
};
export type {
  ClusterEnvironment,
  EnvironmentConfig,
  PartitionCounts,
  Placement,
} from "./config_values.ts";

/** A sale has some products; the catalog's rest is read as it comes. */
const WARMED_SKUS_MAX = 10_000;

/** Products that are filled and kept fresh from one moment to another. */
const warmWindow = section({
  from: moment(),
  until: moment(),
  skus: z.array(
    z.string({ error: "a SKU" }).min(1, { error: "a SKU" })
      .max(64, { error: "a SKU of at most 64 characters" }),
    { error: "an array of SKUs" },
  ).min(1, { error: "at least one SKU" })
    .max(WARMED_SKUS_MAX, { error: `at most ${WARMED_SKUS_MAX} SKUs` }),
}).superRefine(({ from, until }, context) => {
  if (Date.parse(until) > Date.parse(from)) return;
  const message = `a time after ${from}, its from`;
  context.addIssue({ code: "custom", path: ["until"], message });
});

/** What cache nodes keep, and for how long. */
export const cache = section({
  policy: z.enum(EVICTION_NAMES, {
    error: `one of ${EVICTION_NAMES.join(", ")}`,
    // It hits most often in what was compared: docs/adr/0013.
  }).default("sieve"),
  // Of one node, in entries and in bytes; 10 M products would be some GB.
  capacity: integer(1, 10_000_000).default(10_000),
  memory: size("64KB", "64GB").default("64MB"),
  ttl: duration("1ms", "7d").default("60s"),
  // Spreads expiry, so that what was filled together is not refilled together.
  jitterPercent: integer(0, 99).default(10),
  // XFetch's beta: 1 is the paper's; 0 fills only what has expired.
  earlyRefreshFactor: integer(0, 100).default(1),
  // For so long an expired entry is served while it is filled …
  staleWhileRevalidate: duration("0s", "1d").default("5s"),
  // … and while it cannot be.
  staleIfError: duration("0s", "7d").default("1d"),
  // How long "no such product" is remembered.
  negativeTtl: duration("0s", "1d").default("5s"),
  // Of the filter of SKUs that exist; 10 let 1 % of made-up ones pass. 0: none.
  filterBitsPerKey: integer(0, 32).default(10),
  // A window for each sale, from some minutes before it until it has begun; a
  // year has some hundred.
  warm: z.array(warmWindow, { error: "an array of windows" })
    .max(1_000, { error: "at most 1000 windows" }).default([]),
  // What very many read is kept at the edge for a moment.
  near: section({
    // Reads of one product that are too many for its node's share of a core.
    above: rate("reads").default("200/s"),
    // Stock is published every 200 ms: 50 more keep to the 250 ms that a
    // product's reader is promised. 0s: nothing is kept.
    ttl: duration("0s", "1s").default("50ms"),
    capacity: integer(1, 10_000).default(256),
  }).prefault({}),
  // Up to this many available units the stock state is "low".
  lowStock: integer(0, 1_000_000).default(5),
}).superRefine(({ capacity, warm }, context) => {
  warm.forEach(({ skus }, index) => {
    // All of them may belong to one node.
    if (skus.length <= capacity) return;
    const message = `no more SKUs than the capacity of ${capacity}`;
    context.addIssue({
      code: "custom",
      path: ["warm", index, "skus"],
      message,
    });
  });
});

/** What orders are held to. */
export const orders = section({
  holdFor: duration("1ms", "7d").default("15m"),
  // Units of one SKU a user may hold or own.
  limitPerUser: integer(1, 1_000_000_000).nullable().default(null),
  keepKeysFor: duration("1s", "30d").default("24h"),
  currency: z.string({ error: "three capital letters" })
    .regex(/^[A-Z]{3}$/, { error: "three capital letters" }).default("GBP"),
});

/** When guessing passwords is stopped. */
export const accounts = section({
  maxFailures: integer(1, 1000).default(5),
  failureWindow: duration("1s", "1d").default("15m"),
});

const policyNames = BALANCER_NAMES.map((name) => `"${name}"`).join(", ");
const weightsError = "weights that do not sum to 0";

/** How calls are shared out over servers that can stand in for each other. */
export const balance = section({
  policy: z.enum(BALANCER_NAMES, { error: `one of ${policyNames}` })
    .default("round-robin"),
  // By number of the server; empty: all weigh the same. 0: it stands by.
  weights: z.array(integer(0, 1_000_000), { error: "an array of weights" })
    .refine(
      (weights) => weights.length === 0 || weights.some((each) => each > 0),
      { error: weightsError },
    ).default([]),
  // For "consistent-hash": what one may have above the mean. With 25 % few
  // keys leave their server, and the fullest one stays near the others.
  slackPercent: integer(0, 1_000).default(25),
  // Calls under way at one server; a read takes microseconds.
  capacity: integer(1, 1_000_000).default(1_024),
  ejection: section({
    // Envoy's number: fewer meet by chance, more cost more people a try.
    badReplies: integer(1, 1_000).default(5),
    for: duration("1ms", "1h").default("10s"),
    forMost: duration("1ms", "1d").default("5m"),
    maxPercent: integer(0, 100).default(50),
  }).superRefine(({ for: first, forMost }, context) => {
    if (parseDuration(forMost)! >= parseDuration(first)!) return;
    const message = `a duration from ${first}, its for`;
    context.addIssue({ code: "custom", path: ["forMost"], message });
  }).prefault({}),
  slowStart: duration("0s", "1h").default("10s"),
  probe: section({
    every: duration("10ms", "10m").default("1s"),
    failures: integer(1, 100).default(3),
    successes: integer(1, 100).default(2),
  }).prefault({}),
  retry: section({
    max: integer(0, 10).default(1),
    // What a try may take; a cache node waits for a second in all.
    tryWithin: duration("1ms", "5m").default("500ms"),
    // Of first tries, and how many are saved up for a bad moment.
    budgetPercent: integer(0, 100).default(20),
    reserve: integer(0, 10_000).default(10),
  }).prefault({}),
  // A client that is refused holds back. Null: never, since the readers of one
  // file refuse nobody who does not wait for the disk as well.
  throttle: section({
    multiplierPercent: integer(100, 10_000).default(200),
    window: duration("1s", "1h").default("2m"),
  }).nullable().default(null),
});

/** What the HTTP edge takes. */
export const edge = section({
  // 100 lines with 64-character SKUs are under 16 KB.
  bodyLimit: size("1KB", "64MB").default("64KB"),
  requestTimeout: duration("100ms", "5m").default("10s"),
});

/** How long, and how many at a time, payments wait for the provider. */
export const payment = section({
  timeout: duration("1ms", "5m").default("5s"),
  concurrency: integer(1, 10_000).default(64),
});

/** How processes share a shop; the same in all of them. */
export const cluster = section({
  // How long a process that fell silent keeps what it runs, and so how long
  // that is down at most before another takes it over. It is renewed four
  // times as often: in 75 ms a round trip must fit, and a pause of the
  // collector. Longer than a minute, nobody would wait for it.
  leaseFor: duration("300ms", "1m").default("3s"),
  // Over all processes; for a new store only. With a few for each process a
  // share is even and what moves when one comes or goes is small; each is a
  // thread of some 13 MB with a connection to the database.
  shopWorkers: integer(1, 64).default(8),
});

/** A whole config file. */
export const shopFile = section({
  topology: topology.prefault({}),
  admission: admission.prefault({}),
  cache: cache.prefault({}),
  orders: orders.prefault({}),
  accounts: accounts.prefault({}),
  breaker: breaker.prefault({}),
  balance: balance.prefault({}),
  edge: edge.prefault({}),
  payment: payment.prefault({}),
  cluster: cluster.prefault({}),
  archive: archive.prefault({}),
}).superRefine((file, context) => {
  const message = weightsMisfit(file);
  if (message === null) return;
  const path = ["balance", "weights"];
  context.addIssue({ code: "custom", path, message });
});

/** What the weights should be, when they are not one for each server. */
export function weightsMisfit(
  file: {
    readonly topology: { catalogReaders: number; cacheNodes: number };
    readonly balance: { weights: readonly number[] };
  },
): string | null {
  const servers = file.topology.catalogReaders || file.topology.cacheNodes;
  const { length } = file.balance.weights;
  if (length === 0 || length === servers) return null;
  return `none or ${servers} weights, one for each server`;
}

/** A config file with every default filled in, values as written. */
export type ShopFile = z.output<typeof shopFile>;

/**
 * Reads the whole configuration.
 *
 * @param readText Reads the file that `SHOP_CONFIG` names; may throw.
 * @throws {ConfigError} With a line for each thing that is wrong.
 */
export function readConfig(
  environment: Environment,
  readText: (path: string) => string,
): Config {
  const path = environment.SHOP_CONFIG;
  const file = path ? parseShopFile(readFile(path, readText), path) : {};
  const config = settle(readEnvironment(environment), shopFile.parse(file));
  const { placement } = config.topology;
  if (config.environment.cluster !== null && placement !== "paired") {
    throw new ConfigError([
      `${path}: topology.placement: expected "paired", as several processes ` +
      `share the shop workers, found "${placement}"`,
    ]);
  }
  return config;
}

/**
 * The file's sections with every default, as JSON that `SHOP_CONFIG` takes
 * again. The environment, and with it every secret, is not part of it.
 */
export function printConfig(config: Config): string {
  return JSON.stringify(config.file, null, 2);
}

/**
 * Checks the text of a config file.
 *
 * @param path The name by which errors call the file.
 * @throws {ConfigError}
 */
export function parseShopFile(text: string, path: string): ShopFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The engine's message quotes the text, line ends and all.
    const found = (error as Error).message.replaceAll(/\s+/g, " ");
    throw new ConfigError([`${path}: expected valid JSON, found ${found}`]);
  }
  const parsed = shopFile.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    describeIssues(parsed.error, value).map((line) => `${path}: ${line}`),
  );
}

/**
 * One line for each issue: the path inside the file, what was expected, what
 * was found. The schema's own messages say what is expected.
 */
export function describeIssues(error: z.ZodError, value: unknown): string[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code !== "unrecognized_keys") {
      const found = show(valueAt(value, path));
      return [`${place(path)}: expected ${issue.message}, found ${found}`];
    }
    return issue.keys.map((key) => {
      const where = place([...path, key]);
      return `${where}: expected ${issue.message}, found an unknown key`;
    });
  });
}

function place(path: readonly string[]): string {
  if (path.length === 0) return "the file";
  // A key that is no plain word is quoted, so that a line stays a line.
  return path.map((key) => /^[\w-]+$/.test(key) ? key : JSON.stringify(key))
    .join(".");
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Object.getOwnPropertyDescriptor(value, key)?.value;
  }
  return value;
}

function show(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}

function readFile(path: string, readText: (path: string) => string): string {
  try {
    return readText(path);
  } catch (error) {
    const found = (error as Error).message;
    throw new ConfigError([
      `SHOP_CONFIG: expected a readable file, found ${found}`,
    ]);
  }
}
