/**
 * A place in a cluster where a process runs, with a network of its own to
 * Redis and to PostgreSQL: killed, stopped, cut off, and started again.
 *
 * @module
 */
import { ShopProcess } from "../../shop/shop_process.ts";
import type { ShopClient } from "../../shop/shop_client.ts";
import { TcpProxy, type Weather } from "../lock/tcp_proxy.ts";
import type { ShopCluster } from "./shop_cluster.ts";

/** See the module. */
export class Seat implements AsyncDisposable {
  readonly name: string;
  readonly #cluster: ShopCluster;
  readonly #redis: TcpProxy;
  readonly #database: TcpProxy;
  #process: ShopProcess | null = null;
  /** Null while nobody there answers. */
  #client: ShopClient | null = null;
  /** Those that were ended here on purpose. */
  readonly #ended = new Set<ShopProcess>();
  readonly #all: ShopProcess[] = [];
  readonly #logFolder: string | null;

  /** Where nobody sits yet. `logFolder` gets what its processes wrote. */
  constructor(name: string, cluster: ShopCluster, logFolder: string | null) {
    this.name = name;
    this.#logFolder = logFolder;
    this.#cluster = cluster;
    this.#redis = new TcpProxy(cluster.redis.port);
    this.#database = new TcpProxy(cluster.database.port);
  }

  /** Whoever buys here now; null while that makes no sense. */
  get client(): ShopClient | null {
    return this.#client;
  }

  /** Starts a process and waits until it serves. */
  async start(): Promise<void> {
    const shop = this.#cluster.start(this.#redis.port, this.#database.port);
    this.#process = shop;
    this.#all.push(shop);
    const client = await this.#cluster.connect(shop);
    if (this.#process === shop) this.#client = client;
  }

  /** Ends it as a power cut would. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends it as an operator would. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** Stops it in the midst of whatever it does. */
  pause(): void {
    this.#process!.signal("SIGSTOP");
    this.#hangUp();
  }

  /** Lets it go on. */
  async resume(): Promise<void> {
    this.#process!.signal("SIGCONT");
    this.#client = await this.#cluster.connect(this.#process!);
  }

  /** What the way to a server is like from now on. */
  setWeather(to: "redis" | "database", weather: Weather): void {
    (to === "redis" ? this.#redis : this.#database).weather = weather;
  }

  /** What its processes did that nobody asked of them. */
  complaints(): string[] {
    return this.#all.flatMap((shop) => [
      ...shop.logged.filter(({ text }) => text === "crashed")
        .map((line) => `${this.name} crashed: ${line.stack}`),
      ...this.#cluster.secrets.filter((secret) => shop.written.includes(secret))
        .map(() => `${this.name} wrote a secret into its log`),
      ...shop.isRunning || this.#ended.has(shop)
        ? []
        : [`${this.name} ended by itself: ${shop.written.slice(-2_000)}`],
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hangUp();
    for (const [index, shop] of this.#all.entries()) {
      await shop.kill();
      if (this.#logFolder === null) continue;
      const path = `${this.#logFolder}/${this.name}-${index + 1}.log`;
      await Deno.writeTextFile(path, shop.written);
    }
    await this.#redis[Symbol.asyncDispose]();
    await this.#database[Symbol.asyncDispose]();
  }

  async #end(signal: Deno.Signal): Promise<void> {
    const shop = this.#process!;
    this.#process = null;
    this.#ended.add(shop);
    shop.signal(signal);
    if (signal === "SIGKILL") this.#hangUp();
    else this.#client = null;
    await shop.ended;
    this.#hangUp();
  }

  /** Whoever waits for an answer hears that the connection is gone. */
  #hangUp(): void {
    this.#client?.[Symbol.dispose]();
    this.#client = null;
  }
}
