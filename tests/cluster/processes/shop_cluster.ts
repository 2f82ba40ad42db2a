/**
 * A shop of several processes as its operator runs it: a real Redis, a real
 * PostgreSQL, and as many `serve` as a test wants, each a process that can be
 * killed or stopped. All of it is gone with the test.
 *
 * @module
 */
import postgres from "postgres";
import { type Product, Stage } from "../../shop/stage.ts";
import { ShopClient } from "../../shop/shop_client.ts";
import { ShopProcess } from "../../shop/shop_process.ts";
import { PostgresServer } from "../postgres/postgres_server.ts";
import { RedisServer } from "../redis/redis_server.ts";

/** A store has its own secrets, so the stage's need not be given. */
const SESSION_SECRET = "the secret of a shop that is tested";
const ADMIN_TOKEN = "the token of a shop that is tested";

/** See the module. */
export class ShopCluster implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly database: PostgresServer;
  readonly processes: ShopProcess[] = [];
  readonly #stage: Stage;
  readonly #config: string;
  readonly #clients: ShopClient[] = [];

  private constructor(
    redis: RedisServer,
    database: PostgresServer,
    stage: Stage,
    config: unknown,
  ) {
    this.redis = redis;
    this.database = database;
    this.#stage = stage;
    this.#config = `${stage.folder}/config.json`;
    Deno.writeTextFileSync(this.#config, JSON.stringify(config));
  }

  /** Starts the two servers; no process yet. */
  static async prepare(
    products: readonly Product[],
    config: unknown = {},
    redisOptions: readonly string[] = [],
  ): Promise<ShopCluster> {
    const [redis, database] = await Promise.all([
      RedisServer.start(...redisOptions),
      PostgresServer.start(),
    ]);
    return new ShopCluster(redis, database, new Stage(products), config);
  }

  /** What must never be written into a log. */
  get secrets(): readonly string[] {
    return [SESSION_SECRET, ADMIN_TOKEN];
  }

  /** The database that all processes share. */
  databaseUrl(port = this.database.port, name = "postgres"): string {
    return `postgres://tester@127.0.0.1:${port}/${name}`;
  }

  /** Starts one more process; through proxies if other ports are given. */
  start(
    redisPort = this.redis.port,
    databasePort = this.database.port,
    { databaseName = "postgres", port = 0 } = {},
  ): ShopProcess {
    const shop = new ShopProcess({
      catalog: `${this.#stage.folder}/catalog.json`,
      dataFolder: `${this.#stage.folder}/data-${this.processes.length}`,
      sessionSecret: SESSION_SECRET,
      adminToken: ADMIN_TOKEN,
      config: this.#config,
      environment: {
        PORT: String(port),
        REDIS_URL: `redis://127.0.0.1:${redisPort}`,
        DATABASE_URL: this.databaseUrl(databasePort, databaseName),
      },
    });
    this.processes.push(shop);
    return shop;
  }

  /** Starts `count` processes at once; their clients when all are ready. */
  startServing(count: number): Promise<ShopClient[]> {
    const started = Array.from({ length: count }, () => this.start());
    return Promise.all(started.map((shop) => this.connect(shop)));
  }

  /** A client of a process, once it is ready. Whoever likes closes it. */
  async connect(shop: ShopProcess): Promise<ShopClient> {
    const client = new ShopClient(await shop.url, SESSION_SECRET, ADMIN_TOKEN);
    this.#clients.push(client);
    return client;
  }

  /** What the provider of a database has taken and kept. */
  async movedCents(databaseName = "postgres"): Promise<number> {
    const sql = postgres(this.databaseUrl(undefined, databaseName), { max: 1 });
    try {
      const [row] = await sql`
        SELECT sum(amount_cents)::float8 AS cents
        FROM doorbuster.attempts WHERE state = 'captured'`;
      return row!.cents;
    } finally {
      await sql.end();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client[Symbol.dispose]();
    await Promise.all(this.processes.map((each) => each.kill()));
    await this.redis[Symbol.asyncDispose]();
    await this.database[Symbol.asyncDispose]();
    this.#stage[Symbol.dispose]();
  }
}
