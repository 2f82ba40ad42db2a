/**
 * The servers of a run, each a process of its own with the permissions it
 * needs: ours as `deno task serve` starts it, bare Hono, and Hono with Redis.
 *
 * @module
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Child } from "./child.ts";
import type { Ground } from "./ground.ts";

/** A server that takes requests. */
export interface Server {
  readonly name: string;
  /** `http://HOST:PORT` */
  readonly url: string;
  /** Resident memory of all its processes. */
  memoryBytes(): number;
  /** Processor time of all its processes so far. */
  cpuSeconds(): number;
  /** What it said last, for messages. */
  lastWords(): string;
  stop(): Promise<void>;
}

/**
 * The serve task's own flags, and those of them that tune the engine: the
 * peers get the same young generation as our shop.
 */
const SERVE = serveFlags();
const ENGINE = SERVE.filter((flag) => flag.startsWith("--v8-flags="));

/** The task is run from the root, where its permission set stands. */
const ROOT = fileURLToPath(import.meta.resolve("../../"));
const SHOP = fileURLToPath(import.meta.resolve("../../web/main.ts"));
const BARE = fileURLToPath(import.meta.resolve("../peers/bare/main.ts"));
const OVER_REDIS = fileURLToPath(
  import.meta.resolve("../peers/redis/main.ts"),
);

function serveFlags(): string[] {
  const url = import.meta.resolve("../../deno.json");
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL(url)));
  return tasks.serve.command.split(" ").slice(1, -1);
}

/** What a shop is started with. */
export interface ShopOptions {
  readonly name: string;
  readonly catalogFile: string;
  readonly configFile: string;
  /** A folder that may exist already, to start the same shop again. */
  readonly dataFolder: string;
  /** Variables besides. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A running shop; `child` is there to be killed. */
export interface Shop extends Server {
  readonly child: Child;
  /** From the start of the process to its line `ready`. */
  readonly readyAfterMs: number;
}

/** Starts our shop, as `deno task serve` does. */
export async function startShop(
  ground: Ground,
  options: ShopOptions,
): Promise<Shop> {
  const startedAtMs = performance.now();
  const { child, announced } = await Child.start({
    name: options.name,
    args: [...SERVE, SHOP],
    cwd: ROOT,
    env: {
      PORT: "0",
      CATALOG: options.catalogFile,
      DATA_DIR: options.dataFolder,
      SESSION_SECRET: ground.sessionSecret,
      SHOP_CONFIG: options.configFile,
      ...options.environment,
    },
  });
  return {
    name: options.name,
    url: announced,
    child,
    readyAfterMs: performance.now() - startedAtMs,
    memoryBytes: () => child.memoryBytes(),
    cpuSeconds: () => child.cpuSeconds(),
    lastWords: () => child.lastWords(),
    stop: () => child.stop(),
  };
}

/** Starts Hono with nothing behind it; `fields` as its file says. */
export async function startBare(
  name: string,
  fields: "fields" | "" = "",
): Promise<Server> {
  const args = [
    "run",
    "--quiet",
    "--no-prompt",
    ...ENGINE,
    "--allow-net=127.0.0.1",
    BARE,
    fields,
  ];
  const { child, announced } = await Child.start({ name, args });
  return {
    name,
    url: announced,
    memoryBytes: () => child.memoryBytes(),
    cpuSeconds: () => child.cpuSeconds(),
    lastWords: () => child.lastWords(),
    stop: () => child.stop(),
  };
}

/** When Redis says that a write is done. */
export type Appendfsync = "everysec" | "always";

/** Starts Redis with a log of its own, and Hono in front of it. */
export async function startOverRedis(
  ground: Ground,
  name: string,
  appendfsync: Appendfsync,
  files: { readonly catalogFile: string; readonly configFile: string },
): Promise<Server> {
  const port = freePort();
  const redis = await startRedis(ground, port, appendfsync);
  try {
    const { child, announced } = await Child.start({
      name,
      args: [
        "run",
        "--quiet",
        "--no-prompt",
        ...ENGINE,
        "--allow-net=127.0.0.1",
        `--allow-read=${ROOT},${ground.folder}`,
        // The client looks for its own variables; it finds none.
        "--ignore-env",
        OVER_REDIS,
        String(port),
        files.catalogFile,
        files.configFile,
        ground.sessionSecret,
      ],
    });
    return {
      name,
      url: announced,
      memoryBytes: () => child.memoryBytes() + redis.memoryBytes(),
      cpuSeconds: () => child.cpuSeconds() + redis.cpuSeconds(),
      lastWords: () => child.lastWords(),
      stop: async () => {
        await child.stop();
        await redis.stop();
      },
    };
  } catch (error) {
    await redis.stop();
    throw error;
  }
}

/** How Redis is started, and what it says then. */
export const REDIS = {
  program: "redis-server",
  ready: /(Ready to accept connections)/,
} as const;

async function startRedis(
  ground: Ground,
  port: number,
  appendfsync: Appendfsync,
): Promise<Child> {
  const folder = join(ground.folder, `redis-${port}`);
  await Deno.mkdir(folder);
  const { child } = await Child.start({
    ...REDIS,
    name: `redis-server (${appendfsync})`,
    args: [
      ...["--bind", "127.0.0.1", "--port", String(port), "--dir", folder],
      ...["--appendonly", "yes", "--appendfsync", appendfsync],
      // No snapshots, and no rewriting of the log: both would only cost it.
      ...["--save", "", "--auto-aof-rewrite-percentage", "0"],
    ],
  });
  return child;
}

/** A port that was free a moment ago: Redis cannot say which one it took. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}
