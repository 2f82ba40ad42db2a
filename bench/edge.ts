/**
 * `edge.sale`: the shop over HTTP beside what bare Hono can do at most and beside
 * Hono with Redis, which people use today. All servers stand side by side on
 * this machine, and one wrk asks them in turn.
 * For each number of connections the servers start anew, so that what one
 * number leaves behind does not slow the next.
 *
 * @module
 */
import { join } from "node:path";
import {
  type Benchmark,
  BenchmarkError,
  type Result,
  type RunOptions,
} from "./benchmark.ts";
import { CONNECTIONS, EDGE_NAME, judgeEdge, LANES } from "./edge/claims.ts";
import {
  type Ground,
  prepareGround,
  skuOf,
  SOLD_OUT_SKU,
  SOLD_OUT_UNITS,
  writeCatalog,
  writeConfig,
} from "./edge/ground.ts";
import { type Lane, runLanes, type Samples, stepsOf } from "./edge/lanes.ts";
import { planLoad, type PlannedLoad, REPEAT_EVERY } from "./edge/load.ts";
import { needPrograms } from "./programs.ts";
import {
  type Server,
  startBare,
  startOverRedis,
  startShop,
} from "./edge/servers.ts";

/** As many as the shipped catalog has. */
const PRODUCTS = 3000;

/** Our shops. One cache node each, but for the default. */
const TOPOLOGIES = {
  [LANES.oneWorker]: { shopWorkers: 1, cacheNodes: 1 },
  [LANES.split]: {
    placement: "spread",
    cacheNodes: 1,
    partitions: { storefront: 1, inventory: 1, accounts: 1 },
  },
  [LANES.inline]: { placement: "inline", cacheNodes: 1 },
  [LANES.standard]: {},
} as const;

/** See the module. */
export const EDGE: Benchmark = {
  name: EDGE_NAME,
  summary: "the shop over HTTP beside bare Hono and beside Hono with Redis",
  run,
};

async function run(options: RunOptions): Promise<Result[]> {
  await needPrograms("wrk", "taskset", "redis-server");
  const ground = await prepareGround(options.folder);
  options.plan(
    CONNECTIONS.length * stepsOf(Object.keys(LANES).length, options),
  );
  try {
    const catalogFile = await writeCatalog(ground, PRODUCTS);
    const loads = await planLoads(ground);
    const results: Result[] = [];
    for (const connections of CONNECTIONS) {
      const samples = await measure(
        ground,
        catalogFile,
        loads,
        connections,
        options,
      );
      results.push(...judgeEdge(connections, samples));
    }
    return results;
  } finally {
    await Deno.remove(ground.folder, { recursive: true });
  }
}

interface Loads {
  readonly purchase: PlannedLoad;
  readonly soldOut: PlannedLoad;
  readonly product: PlannedLoad;
  readonly hot: PlannedLoad;
  readonly limited: PlannedLoad;
}

async function planLoads(ground: Ground): Promise<Loads> {
  const common = {
    reads: false,
    tokens: ground.tokens,
    skus: Array.from({ length: PRODUCTS }, (_, product) => skuOf(product)),
    repeats: [],
  };
  const { folder } = ground;
  const reads = { ...common, reads: true };
  return {
    purchase: await planLoad(
      { ...common, name: "purchase", expected: { 201: 1 } },
      folder,
    ),
    soldOut: await planLoad({
      ...common,
      name: "sold out",
      skus: [SOLD_OUT_SKU],
      repeats: Array.from({ length: SOLD_OUT_UNITS }, (_, user) => keyOf(user)),
      expected: { 409: 1 - 1 / REPEAT_EVERY, 201: 1 / REPEAT_EVERY },
    }, folder),
    product: await planLoad(
      { ...reads, name: "product", expected: { 200: 1 } },
      folder,
    ),
    hot: await planLoad(
      { ...reads, name: "hot", skus: [skuOf(0)], expected: { 200: 1 } },
      folder,
    ),
    // The one that is let in each second is lost among the others.
    limited: await planLoad(
      { ...reads, name: "limited", expected: { 429: 1, 200: 0 } },
      folder,
    ),
  };
}

/** Starts all servers, runs the lanes, stops what was started. */
async function measure(
  ground: Ground,
  catalogFile: string,
  loads: Loads,
  connections: number,
  options: RunOptions,
): Promise<Samples> {
  const servers: Server[] = [];
  try {
    const keep = async (starting: Promise<Server>) => {
      const server = await starting;
      servers.push(server);
      return server;
    };
    const bare = await keep(startBare("bare Hono"));
    const fielded = await keep(startBare("bare Hono with fields", "fields"));
    const lanes: Lane[] = [
      { name: LANES.barePost, server: bare, load: loads.purchase },
      { name: LANES.bareGet, server: bare, load: loads.product },
      { name: LANES.bareFields, server: fielded, load: loads.product },
    ];
    for (const appendfsync of ["everysec", "always"] as const) {
      const name = LANES[appendfsync];
      const configFile = await writeConfig(ground, "redis", {});
      const files = { catalogFile, configFile };
      const server = await keep(
        startOverRedis(ground, name, appendfsync, files),
      );
      lanes.push({ name, server, load: loads.purchase });
    }
    for (const [name, topology] of Object.entries(TOPOLOGIES)) {
      const file = name.replaceAll(/\W+/g, "-");
      const server = await keep(startShop(ground, {
        name,
        catalogFile,
        configFile: await writeConfig(ground, file, topology),
        dataFolder: join(ground.folder, `${file}-${connections}`),
      }));
      lanes.push({ name, server, load: loads.purchase });
      if (name !== LANES.oneWorker) continue;
      await sellOut(server, ground);
      lanes.push({ name: LANES.soldOut, server, load: loads.soldOut });
      lanes.push({ name: LANES.product, server, load: loads.product });
      lanes.push({ name: LANES.hot, server, load: loads.hot });
    }
    const limited = await keep(startShop(ground, {
      name: LANES.limited,
      catalogFile,
      configFile: await writeConfig(
        ground,
        "limited",
        { shopWorkers: 1 },
        { rate: "1/s", burst: 1 },
      ),
      dataFolder: join(ground.folder, `limited-${connections}`),
    }));
    lanes.push({ name: LANES.limited, server: limited, load: loads.limited });
    return await runLanes(lanes, connections, options);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** The key with which a user bought one of the units that sold out. */
function keyOf(user: number): string {
  return `sold-out-${user}`;
}

/** Buys every unit of the product that sells out, one for each user. */
async function sellOut(server: Server, ground: Ground): Promise<void> {
  const body = JSON.stringify({ lines: [{ sku: SOLD_OUT_SKU, quantity: 1 }] });
  for (const [user, token] of ground.tokens.entries()) {
    if (user >= SOLD_OUT_UNITS) return;
    const response = await fetch(`${server.url}/v1/orders`, {
      method: "POST",
      body,
      headers: {
        "authorization": `Bearer ${token}`,
        "content-type": "application/json",
        "idempotency-key": keyOf(user),
      },
    });
    const answer = await response.text();
    if (response.status === 201) continue;
    throw new BenchmarkError(
      `${server.name}: a purchase gave ${response.status}: ${answer}`,
    );
  }
}
