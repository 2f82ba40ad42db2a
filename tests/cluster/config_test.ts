/**
 * The configuration: defaults, what may be said, and how a mistake is named.
 *
 * @module
 */
import assert from "node:assert/strict";
import {
  ConfigError,
  type Environment,
  printConfig,
  readConfig,
  weakSecrets,
} from "../../cluster/config.ts";

/** Reads a config whose file has this text. */
function read(text: string, environment: Environment = {}) {
  return readConfig({ ...environment, SHOP_CONFIG: "shop.json" }, () => text);
}

/** The lines of the error that reading such a config ends in. */
function refusal(file: unknown, environment: Environment = {}) {
  try {
    const text = typeof file === "string" ? file : JSON.stringify(file);
    read(text, environment);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.lines;
  }
  assert.fail("The config was accepted");
}

const WINDOW = {
  from: "2026-11-10T23:50:00Z",
  until: "2026-11-11T00:05:00Z",
  skus: ["85123A"],
};

function noFile(): string {
  assert.fail("A file was read");
}

Deno.test("readConfig() knows every default without a file or a variable", () => {
  const config = readConfig({}, noFile);
  const { environment, topology, admission, cache, orders, edge } = config;
  assert.equal(environment.host, "127.0.0.1");
  assert.equal(environment.port, 8000);
  assert.equal(environment.dataFolder, "./data");
  assert.match(environment.catalogFile, /fixtures.catalog\.csv$/);
  assert.equal(environment.sessionSecret, null);
  assert.equal(environment.adminToken, null);
  assert.equal(topology.placement, "paired");
  assert.deepEqual(
    [topology.shopWorkers, topology.cacheNodes, topology.virtualNodes],
    [2, 2, 128],
  );
  assert.deepEqual(
    topology.partitions,
    { storefront: 16, inventory: 16, accounts: 4 },
  );
  // A hang is noticed after four seconds.
  const { everyMs, missed } = topology.heartbeat;
  assert.equal(everyMs * missed, 4_000);
  assert.equal(topology.workerMemoryLimitBytes, null);
  const kind = "token-bucket";
  assert.deepEqual(admission, {
    user: { kind, capacityTokens: 400, refillPerSecond: 200 },
    address: { kind, capacityTokens: 40_000, refillPerSecond: 20_000 },
    ...{ overall: null, sku: null, trustedProxies: [] },
    ...{ routes: {}, costs: {}, reservePercent: 10, concurrency: null },
    shared: { whenAway: "share", slackPercent: 25, answerWithinMs: 250 },
  });
  assert.deepEqual([cache.capacityEntries, cache.ttlMs], [10_000, 60_000]);
  assert.deepEqual(orders, {
    ...{ holdForMs: 900_000, limitPerUser: null, keepKeysMs: 86_400_000 },
    currency: "GBP",
  });
  assert.deepEqual(edge, { bodyLimitBytes: 65_536, requestTimeoutMs: 10_000 });
  assert.deepEqual(config.cluster, { leaseForMs: 3_000, shopWorkers: 8 });
});

Deno.test("readConfig() takes the environment, where empty is unset", () => {
  const { environment } = readConfig({
    ...{ HOST: "0.0.0.0", PORT: "0", DATA_DIR: "/srv/shop", CATALOG: "c.json" },
    ...{
      SESSION_SECRET: "secret-1",
      ADMIN_TOKEN: "",
      REDIS_URL: "",
      SHOP_CONFIG: "",
    },
  }, noFile);
  assert.deepEqual(environment, {
    ...{ host: "0.0.0.0", port: 0, dataFolder: "/srv/shop" },
    ...{ catalogFile: "c.json", sessionSecret: "secret-1", adminToken: null },
    cluster: null,
  });
});

Deno.test("readConfig() fills a section that a file gives in part", () => {
  const config = read(JSON.stringify({
    orders: { holdFor: "30s", limitPerUser: 2 },
    admission: { overall: { rate: "100/10s", burst: 5 } },
    topology: { partitions: { storefront: 8 }, workerMemoryLimit: "64MB" },
  }));
  assert.equal(config.orders.holdForMs, 30_000);
  assert.equal(config.orders.limitPerUser, 2);
  assert.equal(config.orders.keepKeysMs, 86_400_000);
  assert.deepEqual(
    config.admission.overall,
    { kind: "token-bucket", capacityTokens: 5, refillPerSecond: 10 },
  );
  assert.equal(config.topology.partitions.storefront, 8);
  assert.equal(config.topology.partitions.inventory, 16);
  assert.equal(config.topology.workerMemoryLimitBytes, 67_108_864);
});

Deno.test("printConfig() gives a file that means the same", () => {
  const config = read('{"orders": {"holdFor": "90s"}}');
  const printed = printConfig(config);
  assert.deepEqual(read(printed), config);
  assert.equal(JSON.parse(printed).orders.holdFor, "90s");
  assert.equal(JSON.parse(printed).admission.user.rate, "200/s");
});

Deno.test("readConfig() takes windows of products to be warmed", () => {
  const config = read(JSON.stringify({ cache: { warm: [WINDOW] } }));
  assert.deepEqual(config.cache.warm, [{
    fromMs: Date.UTC(2026, 10, 10, 23, 50),
    untilMs: Date.UTC(2026, 10, 11, 0, 5),
    skus: ["85123A"],
  }]);
  assert.deepEqual(
    refusal({
      cache: { warm: [{ ...WINDOW, until: "2026-11-10T23:00:00Z" }] },
    }),
    [
      "shop.json: cache.warm.0.until: expected a time after " +
      '2026-11-10T23:50:00Z, its from, found "2026-11-10T23:00:00Z"',
    ],
  );
  assert.deepEqual(refusal({ cache: { warm: [{ skus: ["a"] }] } }), [
    "shop.json: cache.warm.0.from: expected a time in UTC such as " +
    '"2026-11-11T00:00:00Z", found nothing',
    "shop.json: cache.warm.0.until: expected a time in UTC such as " +
    '"2026-11-11T00:00:00Z", found nothing',
  ]);
});

Deno.test("printConfig() prints no secret", () => {
  const secrets = { SESSION_SECRET: "hush-hush-1", ADMIN_TOKEN: "hush-hush-2" };
  assert.doesNotMatch(printConfig(read("{}", secrets)), /hush/);
});

Deno.test("readConfig() names the path, what it expected and what it found", () => {
  assert.deepEqual(refusal({ orders: { holdFor: 30 }, edge: 5 }), [
    'shop.json: orders.holdFor: expected a duration from "1ms" to "7d", ' +
    'such as "30s", found 30',
    "shop.json: edge: expected an object, found 5",
  ]);
  assert.deepEqual(refusal({ topology: { placement: "paire" } }), [
    'shop.json: topology.placement: expected "paired", "spread" or "inline", ' +
    'found "paire"',
  ]);
  assert.deepEqual(refusal({ admission: { user: { burst: 400 } } }), [
    "shop.json: admission.user.rate: expected a rate of whole tokens per " +
    'second from "1/s", such as "200/s", found nothing',
  ]);
});

Deno.test("readConfig() refuses unknown keys and says which there are", () => {
  assert.deepEqual(refusal({ orders: { holdfor: "30s" } }), [
    "shop.json: orders.holdfor: expected one of holdFor, limitPerUser, " +
    "keepKeysFor, currency, found an unknown key",
  ]);
  const [line] = refusal('{"__proto__": {"x": 1}}');
  assert.match(line!, /^shop\.json: __proto__: .*found an unknown key$/);
});

Deno.test("readConfig() holds every number to its bounds", () => {
  const bad = [
    { orders: { holdFor: "0s" } },
    { orders: { limitPerUser: 0 } },
    { orders: { limitPerUser: 1.5 } },
    { orders: { currency: "pound" } },
    { topology: { shopWorkers: 0 } },
    { topology: { workerMemoryLimit: "63MB" } },
    { topology: { partitions: { inventory: 4097 } } },
    { admission: { user: { rate: "1/10s", burst: 1 } } },
    { admission: { user: { rate: "0/s", burst: 1 } } },
    { admission: { user: { rate: "-1/s", burst: 1 } } },
    { admission: { user: { rate: "1/s", burst: 0 } } },
    { admission: { user: { rate: "1/s", burst: 1, initialTokens: 2 } } },
    { admission: { user: { rate: "1/s", burst: 1, policy: "bucket" } } },
    { admission: { reservePercent: 91 } },
    { admission: { routes: { buy: { rate: "1/s", burst: 1 } } } },
    { admission: { costs: { placeOrder: 401 } } },
    // A tenth of the burst is kept for others.
    {
      admission: {
        overall: { rate: "9/s", burst: 100 },
        costs: { signIn: 91 },
      },
    },
    { admission: { user: { policy: "sliding-window", rate: "5/25h" } } },
    { admission: { concurrency: { initial: 63 } } },
    { breaker: { enabled: "yes" } },
    { breaker: { window: 10, minimumCalls: 11 } },
    { breaker: { resetAfter: "2s", resetAtMost: "1s" } },
    { admission: { trustedProxies: [""] } },
    { cache: { jitterPercent: 100 } },
    { cache: { policy: "mru" } },
    { cache: { capacity: 0 } },
    { cache: { memory: "1KB" } },
    { cache: { earlyRefreshFactor: -1 } },
    { cache: { staleIfError: "8d" } },
    { cache: { filterBitsPerKey: 33 } },
    { cache: { near: { above: "0/s" } } },
    { cache: { warm: {} } },
    { cache: { warm: [{ ...WINDOW, from: "2026-11-11" }] } },
    { cache: { warm: [{ ...WINDOW, until: WINDOW.from }] } },
    { cache: { warm: [{ ...WINDOW, skus: [] }] } },
    { cache: { warm: [{ ...WINDOW, skus: ["a".repeat(65)] }] } },
    { cache: { capacity: 1, warm: [{ ...WINDOW, skus: ["a", "b"] }] } },
    { cache: { near: { ttl: "2s" } } },
    { edge: { bodyLimit: "65GB" } },
    { payment: null },
    { cluster: { leaseFor: "299ms" } },
    { cluster: { leaseFor: "61s" } },
    { cluster: { lease: "3s" } },
  ];
  for (const file of bad) {
    assert.equal(refusal(file).length, 1, JSON.stringify(file));
  }
});

Deno.test("every error of readConfig() is one line", () => {
  const texts = ["", "oops\n{}\n", "[]", '{"a\\nb": 1}', "null", '"\\n"'];
  for (const line of texts.flatMap((text) => refusal(text))) {
    assert.doesNotMatch(line, /\n/);
    assert.match(line, /^shop\.json: .*expected .*found /);
  }
});

Deno.test("readConfig() says so when the file cannot be read", () => {
  const unreadable = () => {
    throw new Error("No such file: shop.json");
  };
  assert.throws(
    () => readConfig({ SHOP_CONFIG: "shop.json" }, unreadable),
    new ConfigError([
      "SHOP_CONFIG: expected a readable file, found No such file: shop.json",
    ]),
  );
});

Deno.test("readConfig() refuses a port that is none", () => {
  for (const PORT of ["65536", "-1", "80a", "1.5"]) {
    const [line] = refusal({}, { PORT });
    assert.equal(
      line,
      `PORT: expected an integer from 0 to 65535, found "${PORT}"`,
    );
  }
});

Deno.test("weakSecrets() names those that can be guessed", () => {
  const { environment } = read("{}", {
    SESSION_SECRET: "hush",
    ADMIN_TOKEN: "12345678",
  });
  assert.deepEqual(weakSecrets(environment), ["SESSION_SECRET"]);
});

Deno.test("readConfig() takes Redis and PostgreSQL together or not at all", () => {
  const redis = { REDIS_URL: "redis://:hush@h" };
  const database = { DATABASE_URL: "postgres://hush@h/shop" };
  const config = readConfig({ ...redis, ...database }, noFile);
  assert.deepEqual(config.environment.cluster, {
    redisUrl: redis.REDIS_URL,
    databaseUrl: database.DATABASE_URL,
  });
  const [noDatabase] = refusal({}, redis);
  assert.match(noDatabase!, /^DATABASE_URL: expected it beside REDIS_URL/);
  const [noRedis] = refusal({}, database);
  assert.match(noRedis!, /^REDIS_URL: expected it beside DATABASE_URL/);
  assert.doesNotMatch(noDatabase! + noRedis!, /hush/);
});

Deno.test("readConfig() refuses a placement that several processes cannot have", () => {
  const [line] = refusal({ topology: { placement: "inline" } }, {
    REDIS_URL: "redis://h",
    DATABASE_URL: "postgres://h/shop",
  });
  assert.equal(
    line,
    'shop.json: topology.placement: expected "paired", as several processes ' +
      'share the shop workers, found "inline"',
  );
});

Deno.test("readConfig() takes every policy of limits, each with what it needs", () => {
  const { admission } = read(JSON.stringify({
    admission: {
      user: { policy: "sliding-window", rate: "5/5s" },
      address: { policy: "leaky-bucket", rate: "5/s", burst: 300 },
      overall: { policy: "warm-up", rate: "10/s", warmUp: "5s" },
      sku: { rate: "10/s", burst: 100, initialTokens: 0 },
      routes: {
        payOrder: { policy: "leaky-queue", rate: "5/s", maxWait: "2s" },
      },
      costs: { searchProducts: 5 },
      concurrency: { initial: 500 },
    },
  }));
  assert.deepEqual(admission, {
    user: { kind: "sliding-window", limit: 5, windowMs: 5_000 },
    address: { kind: "leaky-bucket", capacity: 300, leakPerSecond: 5 },
    overall: { kind: "warm-up", ratePerSecond: 10, warmUpMs: 5_000 },
    sku: {
      ...{ kind: "token-bucket", capacityTokens: 100, refillPerSecond: 10 },
      initialTokens: 0,
    },
    routes: {
      payOrder: { kind: "leaky-queue", leakPerSecond: 5, maxWaitMs: 2_000 },
    },
    ...{ costs: { searchProducts: 5 }, reservePercent: 10, trustedProxies: [] },
    concurrency: {
      ...{ baseline: "least", minimum: 64, initial: 500, maximum: 4_096 },
    },
    shared: { whenAway: "share", slackPercent: 25, answerWithinMs: 250 },
  });
});

Deno.test("readConfig() takes who counts a limit, and how processes count together", () => {
  const shared = { whenAway: "closed", slackPercent: 10, answerWithin: "1s" };
  const user = { rate: "5/s", burst: 9, scope: "process" };
  const overall = { rate: "5/s", burst: 9, scope: "shop" };
  const { admission } = read(
    JSON.stringify({ admission: { user, overall, shared } }),
  );
  assert.deepEqual(
    [admission.user.scope, admission.overall?.scope, admission.address.scope],
    ["process", "shop", undefined],
  );
  assert.deepEqual(admission.shared, {
    ...{ whenAway: "closed", slackPercent: 10, answerWithinMs: 1_000 },
  });
});

Deno.test("readConfig() refuses to share what processes cannot count together, and says what it takes", () => {
  const window = { policy: "sliding-window", rate: "5/5s", scope: "shop" };
  assert.deepEqual(refusal({ admission: { user: window } }), [
    'shop.json: admission.user.scope: expected "process", as each counts ' +
    '"sliding-window" by itself, found "shop"',
  ]);
  const user = { rate: "5/s", burst: 9, scope: "cluster" };
  const shared = { whenAway: "off", slackPercent: 101, answerWithin: "1ms" };
  assert.deepEqual(refusal({ admission: { user, shared } }), [
    'shop.json: admission.user.scope: expected "shop" or "process", found ' +
    '"cluster"',
    'shop.json: admission.shared.whenAway: expected "share", "open" or ' +
    '"closed", found "off"',
    "shop.json: admission.shared.slackPercent: expected an integer from 0 to " +
    "100, found 101",
    'shop.json: admission.shared.answerWithin: expected a duration from "10ms" ' +
    'to "5s", such as "30s", found "1ms"',
  ]);
});

Deno.test("readConfig() says which setting a policy of limits lacks or has too many", () => {
  const about = (user: unknown) => refusal({ admission: { user } })[0];
  assert.equal(
    about({ rate: "5/s" }),
    'shop.json: admission.user.burst: expected a value, as "token-bucket" ' +
      "needs one, found nothing",
  );
  assert.equal(
    about({ policy: "sliding-window", rate: "5/5s", burst: 9 }),
    'shop.json: admission.user.burst: expected nothing, as "sliding-window" ' +
      "has none, found 9",
  );
  assert.equal(
    about({ policy: "sliding-window", rate: "1001/5s" }),
    "shop.json: admission.user.rate: expected 1 to 1000 requests in a window " +
      'of at most a day, such as "5/5s", found "1001/5s"',
  );
  assert.equal(
    about({ policy: "leaky-queue", rate: "2000000/s", maxWait: "1s" }),
    "shop.json: admission.user.rate: expected a rate of whole tokens per " +
      'second from "1/s" to "1000000/s", found "2000000/s"',
  );
});

Deno.test("readConfig() has a switch for opening on a callee's failure and others for our own load", () => {
  const off = read('{"breaker": {"enabled": false}}');
  assert.equal(off.breaker, null);
  const on = read('{"admission": {"overall": null}}');
  assert.deepEqual(on.breaker, {
    ...{ failureRatePercent: 50, slowCallMs: null, slowRatePercent: null },
    ...{ windowCalls: 100, windowMs: null, minimumCalls: 20, probes: 3 },
    ...{ resetMinMs: 1_000, resetMaxMs: 60_000 },
  });
});
