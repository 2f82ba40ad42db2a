/**
 * `cluster`: three processes of one shop beside one process, on the same Redis
 * and PostgreSQL, and beside one process with SQLite. All share this machine's
 * cores, so it shows what the links between processes cost, not what more
 * machines bring.
 *
 * Both shops have a database of their own in the one server, and take turns:
 * while one sells the others are idle. wrk knows one address, so there is one
 * of it for each process, at the same time, with a share of the connections and
 * of the buyers; their answers are added up.
 *
 * @module
 */
import { join } from "node:path";
import {
  type Benchmark,
  BenchmarkError,
  compare,
  type Result,
  type RunOptions,
} from "./benchmark.ts";
import {
  type Ground,
  prepareGround,
  skuOf,
  writeCatalog,
  writeConfig,
} from "./edge/ground.ts";
import { drive, planLoad, type PlannedLoad } from "./edge/load.ts";
import { type Shop, startShop } from "./edge/servers.ts";
import { startPostgres, startRedis } from "./locks/stores.ts";
import { needPrograms } from "./programs.ts";

const PROCESSES = 3;
/** As many as the shipped catalog has. */
const PRODUCTS = 3_000;
/** Divisible by three; throughput without a queue that only waits. */
const CONNECTIONS = 96;
/** Of the two cores one process has all there is: three pay for their links. */
const FLOOR = 0.4;
const WARM_UP_SECONDS = 2;
/** The default of a store. */
const WORKERS = 8;
const ADMIN_TOKEN = "the operator of a benchmark";
/** Some leases, on a busy machine. */
const SHARED_WITHIN_MS = 60_000;

const THREE = "three processes";
const ONE = "one process, PostgreSQL";
const LOCAL = "one process, SQLite";
const LANES = [THREE, ONE, LOCAL] as const;

/** A shop of one or more processes, and who buys at each of them. */
interface Lane {
  readonly name: string;
  readonly shops: readonly Shop[];
  readonly loads: readonly PlannedLoad[];
}

/** See the module. */
export const CLUSTER: Benchmark = {
  name: "cluster",
  summary: "three processes that are one shop, beside one that is alone",
  run,
};

async function run(options: RunOptions): Promise<Result[]> {
  await needPrograms("wrk");
  options.plan(LANES.length * (options.rounds + 1));
  const ground = await prepareGround(options.folder);
  await using started = new AsyncDisposableStack();
  try {
    const redis = started.use(await startRedis());
    const database = started.use(await startPostgres());
    const storesOf = async (name: string) => ({
      REDIS_URL: `redis://127.0.0.1:${redis.port}`,
      DATABASE_URL: await makeDatabase(database.port, name),
    });
    const lanes = [
      await startLane(
        ground,
        started,
        THREE,
        PROCESSES,
        await storesOf("three"),
      ),
      await startLane(ground, started, ONE, 1, await storesOf("one")),
      await startLane(ground, started, LOCAL, 1, {}),
    ];
    return judge(await measure(lanes, options));
  } finally {
    await started.disposeAsync();
    await Deno.remove(ground.folder, { recursive: true });
  }
}

/** Gives the URL of a new database. */
async function makeDatabase(port: number, name: string): Promise<string> {
  const { default: postgres } = await import("postgres");
  const server = `postgres://bench@127.0.0.1:${port}`;
  const sql = postgres(`${server}/postgres`, { max: 1, onnotice: () => {} });
  await sql.unsafe(`CREATE DATABASE ${name}`);
  await sql.end();
  return `${server}/${name}`;
}

/** Starts the processes of a lane, with the environment that names its stores. */
async function startLane(
  ground: Ground,
  started: AsyncDisposableStack,
  name: string,
  processes: number,
  environment: Readonly<Record<string, string>>,
): Promise<Lane> {
  const catalogFile = await writeCatalog(ground, PRODUCTS);
  const configFile = await writeConfig(ground, "cluster", {});
  const shops: Shop[] = [];
  const loads: PlannedLoad[] = [];
  for (let process = 0; process < processes; process++) {
    const nth = `${name} ${process + 1}`;
    const dataFolder = join(ground.folder, nth.replaceAll(/\W+/g, "-"));
    const files = { catalogFile, configFile, dataFolder };
    const shop = await startShop(ground, {
      ...{ name: nth, ...files },
      environment: { ...environment, ADMIN_TOKEN },
    });
    started.defer(() => shop.stop());
    shops.push(shop);
    loads.push(await planShare(ground, nth, process, processes));
  }
  if (processes > 1) await Promise.all(shops.map(untilShared));
  await untilSells(shops[0]!, ground);
  return { name, shops, loads };
}

/** Who joins is given shop workers by the others; nobody buys before that. */
async function untilShared({ name, url }: Shop): Promise<void> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
  const untilMs = performance.now() + SHARED_WITHIN_MS;
  while (performance.now() < untilMs) {
    const answer = await fetch(`${url}/v1/admin/topology`, { headers });
    const { owned, reachable } = await answer.json();
    const isShared = owned.length >= Math.floor(WORKERS / PROCESSES) &&
      owned.length <= Math.ceil(WORKERS / PROCESSES);
    if (isShared && reachable.length === WORKERS) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new BenchmarkError(`${name} was not given its share`);
}

/**
 * After workers have moved, each breaker that stands before one of their shards
 * lets a few orders through before it lets all, and refuses others meanwhile.
 * So every buyer buys once, until in a whole round nobody is refused.
 */
async function untilSells(
  { name, url }: Shop,
  { tokens }: Ground,
): Promise<void> {
  const untilMs = performance.now() + SHARED_WITHIN_MS;
  while (performance.now() < untilMs) {
    let refused = 0;
    for (let from = 0; from < tokens.length; from += CONNECTIONS) {
      const some = tokens.slice(from, from + CONNECTIONS);
      const statuses = await Promise.all(
        some.map((token, nth) => tryOut(url, token, from + nth)),
      );
      refused += statuses.filter((status) => status !== 201).length;
    }
    if (refused === 0) return;
  }
  throw new BenchmarkError(`${name} does not sell everything`);
}

async function tryOut(url: string, token: string, nth: number) {
  const lines = [{ sku: skuOf(nth), quantity: 1 }];
  const answer = await fetch(`${url}/v1/orders`, {
    method: "POST",
    body: JSON.stringify({ lines }),
    headers: {
      "authorization": `Bearer ${token}`,
      "content-type": "application/json",
      "idempotency-key": crypto.randomUUID(),
    },
  });
  await answer.body?.cancel();
  return answer.status;
}

/** Each buyer goes to one process, as a balancer sends him. */
function planShare(
  { folder, tokens }: Ground,
  name: string,
  process: number,
  processes: number,
): Promise<PlannedLoad> {
  const skus = Array.from({ length: PRODUCTS }, (_, product) => skuOf(product));
  const own = tokens.filter((_, user) => user % processes === process);
  const load = { name, tokens: own, skus, reads: false, repeats: [] };
  return planLoad({ ...load, expected: { 201: 1 } }, folder);
}

/** Purchases per second of each lane, round by round. */
async function measure(
  lanes: readonly Lane[],
  { rounds, roundSeconds, step }: RunOptions,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const rates = new Map<string, number[]>(LANES.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    const isWarmUp = round === 0;
    for (const lane of lanes) {
      const seconds = isWarmUp ? WARM_UP_SECONDS : roundSeconds;
      const perSecond = await driveAll(lane, seconds);
      if (!isWarmUp) rates.get(lane.name)!.push(perSecond);
      step(`${lane.name}: ${perSecond.toFixed(0)}/s`);
    }
  }
  return rates;
}

async function driveAll({ shops, loads }: Lane, seconds: number) {
  const share = CONNECTIONS / shops.length;
  const figures = await Promise.all(
    shops.map((shop, nth) => drive(shop, loads[nth]!, share, seconds)),
  );
  return figures.reduce((sum, { perSecond }) => sum + perSecond, 0);
}

function judge(rates: ReadonlyMap<string, readonly number[]>): Result[] {
  const of = (name: string) => rates.get(name)!;
  const metric = (name: string) => `${name}: purchases at ${CONNECTIONS}`;
  const figure = { bench: CLUSTER.name, unit: "/s" } as const;
  return [
    compare({
      ...{ ...figure, metric: metric(THREE), ours: of(THREE) },
      peers: { [ONE]: of(ONE), [LOCAL]: of(LOCAL) },
      goals: [{ against: ONE, floor: FLOOR }],
    }),
    compare({
      ...{ ...figure, metric: metric(ONE), ours: of(ONE) },
      peers: { [LOCAL]: of(LOCAL) },
    }),
  ];
}
