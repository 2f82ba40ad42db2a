/**
 * `deno task serve`: reads the configuration, opens the shop, serves it, and
 * stops it cleanly. Everything that ends the program says why in one line.
 *
 * @module
 */
import type { Log } from "../actors/runtime/ports.ts";
import { CatalogError } from "../cluster/catalog_file.ts";
import {
  type Config,
  ConfigError,
  printConfig,
  readConfig,
  weakSecrets,
} from "../cluster/config.ts";
import { isHeld } from "../cluster/journal/data_folder.ts";
import { StoreError } from "../cluster/journal/database.ts";
import { hostClock } from "../cluster/worker/host_clock.ts";
import { type LiveShop, openShop } from "../cluster/worker/live_shop.ts";
import { StartError } from "../cluster/worker/threads.ts";
import { createEdge } from "./edge.ts";
import type { PeerInfo } from "./peers.ts";

const HELP = `deno task serve [--print-config] [--help]

Runs the shop over HTTP until SIGTERM or SIGINT.

Environment: HOST (127.0.0.1), PORT (8000; 0 takes any free port), DATA_DIR
(./data), CATALOG, SESSION_SECRET, ADMIN_TOKEN, SHOP_CONFIG (a JSON file);
REDIS_URL and DATABASE_URL together make it one of several processes.

  --print-config   shows the configuration with every default, and ends
  --help           shows this`;

/** Requests under way get this long; the whole stop has ten seconds. */
const DRAIN_MS = 4_000;

/** Bad usage, a bad file, a folder or port that cannot be had. */
const BAD_USAGE = 2;

const SECRET_FIELDS = /password|token|secret|authorization|cookie/i;

/** One JSON line for each event, on stderr; never a secret. */
const log: Log = {
  write(level, text, fields) {
    if (level === "debug") return;
    const time = new Date(hostClock.wallMs()).toISOString();
    const line = { time, level, text, ...fields };
    // deno-lint-ignore no-console -- the process's own log goes to stderr
    console.error(JSON.stringify(
      line,
      (name, value) => SECRET_FIELDS.test(name) ? undefined : value,
    ));
  },
};

/** A port or host that cannot be had; the message is one line. */
class AddressError extends Error {}

// A crash of ours is an event like any other: whoever reads the log gets JSON.
globalThis.addEventListener("error", (event) => crash(event.error));
globalThis.addEventListener(
  "unhandledrejection",
  (event) => crash(event.reason),
);

try {
  await main(Deno.args);
} catch (error) {
  const line = lineFor(error);
  if (line === null) throw error;
  refuse(line);
}

async function main(args: readonly string[]): Promise<void> {
  const known = ["--help", "-h", "--print-config"];
  const strange = args.find((arg) => !known.includes(arg));
  if (strange !== undefined) {
    const found = JSON.stringify(strange);
    return refuse(`Expected --print-config or --help, found ${found}`);
  }
  if (args.some((arg) => arg !== "--print-config")) return say(HELP);
  const config = readConfig(
    environment(),
    (path) => Deno.readTextFileSync(path),
  );
  if (args.length > 0) return say(printConfig(config));
  await serve(config);
}

/** What a person can mend, in one line; null for a bug. */
function lineFor(error: unknown): string | null {
  if (error instanceof ConfigError) {
    const [first, ...more] = error.lines;
    return more.length === 0 ? first! : `${first} (and ${more.length} more)`;
  }
  const isTheirs = error instanceof CatalogError ||
    error instanceof StoreError || error instanceof StartError ||
    error instanceof AddressError;
  return isTheirs ? error.message : null;
}

/** The variables that the configuration knows; the others stay unread. */
function environment(): Record<string, string | undefined> {
  const names = [
    "HOST",
    "PORT",
    "DATA_DIR",
    "CATALOG",
    "SESSION_SECRET",
    "ADMIN_TOKEN",
    "REDIS_URL",
    "DATABASE_URL",
    "SHOP_CONFIG",
  ];
  return Object.fromEntries(names.map((name) => [name, Deno.env.get(name)]));
}

async function serve(config: Config): Promise<void> {
  // Until the shop is open nothing is under way that an end could harm.
  let stop = (): void => Deno.exit(0);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => stop());
  }
  probeAddress(config);
  const { cluster } = config.environment;
  // Redis and PostgreSQL are loaded only where they are used.
  const shop = cluster === null
    ? await openShop(config, log, readRelease())
    : await (await import("../cluster/worker/live_cluster.ts"))
      .openClusterShop(config, cluster, log, readRelease());
  try {
    const server = listen(config, shop);
    stop = once(() => closeDown(server, shop));
    announce(config, shop, server.addr.port);
  } catch (error) {
    await shop.stop();
    throw error;
  }
}

/** Names this build for what it leaves in the store. */
function readRelease(): string {
  const manifest = new URL("../deno.json", import.meta.url);
  return JSON.parse(Deno.readTextFileSync(manifest)).version;
}

/**
 * Finds out before the store is opened that the address cannot be had. When
 * somebody holds the port and the folder, it is our own shop, perhaps about to
 * stop: opening the folder waits for it and says who it is.
 */
function probeAddress(config: Config): void {
  const { host: hostname, port, dataFolder } = config.environment;
  try {
    Deno.listen({ hostname, port }).close();
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse && isHeld(dataFolder)) return;
    throw addressError(config, error as Error);
  }
}

function addressError(config: Config, error: Error): AddressError {
  const { host, port } = config.environment;
  const found = error.message.replaceAll(/\s+/g, " ");
  return new AddressError(
    error instanceof Deno.errors.AddrInUse ||
      error instanceof Deno.errors.PermissionDenied
      ? `PORT: expected a port of ${host} that is free, found ${port}: ${found}`
      : `HOST: expected an address of this machine, found ` +
        `${JSON.stringify(host)}: ${found}`,
  );
}

function listen(
  config: Config,
  shop: LiveShop,
): Deno.HttpServer<Deno.NetAddr> {
  const edge = createEdge({
    gate: shop.gate,
    sessionSecret: shop.sessionSecret,
    adminToken: shop.adminToken,
    config: {
      requestTimeoutMs: config.edge.requestTimeoutMs,
      bodyLimitBytes: config.edge.bodyLimitBytes,
      trustedProxies: [...config.admission.trustedProxies],
    },
    clock: hostClock,
    later: wait,
    randomId: () => crypto.randomUUID(),
    log,
  });
  const { host: hostname, port } = config.environment;
  try {
    return Deno.serve(
      { hostname, port, onListen: () => {} },
      // Passed on whole: reading the address costs, and few requests need it.
      (request, info) => edge.fetch(request, info as PeerInfo),
    );
  } catch (error) {
    throw addressError(config, error as Error);
  }
}

function announce(config: Config, shop: LiveShop, port: number): void {
  const { host, dataFolder, adminToken } = config.environment;
  log.write("info", "shop open", { startedInMs: shop.startedInMs });
  for (const variable of weakSecrets(config.environment)) {
    log.write("warn", "short enough to be guessed", { variable });
  }
  if (adminToken === null) {
    log.write("info", "admin bearer kept in a file", {
      path: `${dataFolder}/admin_token`,
    });
  }
  const name = host.includes(":") ? `[${host}]` : host;
  say(`ready http://${name}:${port}`);
}

async function closeDown(
  server: Deno.HttpServer,
  shop: LiveShop,
): Promise<void> {
  log.write("info", "stopping", {});
  await Promise.race([server.shutdown(), wait(DRAIN_MS)]);
  await shop.stop();
  log.write("info", "stopped", {});
  Deno.exit(0);
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function say(text: string): void {
  // deno-lint-ignore no-console -- what the command promises to print
  console.log(text);
}

/** Ends the program for a reason that the person at the keyboard can mend. */
function refuse(line: string): never {
  // deno-lint-ignore no-console -- the one line that says what is wrong
  console.error(line);
  Deno.exit(BAD_USAGE);
}

/** Ends the program for a bug of ours, with all that is known of it. */
function crash(cause: unknown): never {
  const stack = cause instanceof Error ? cause.stack : String(cause);
  log.write("error", "crashed", { stack });
  Deno.exit(1);
}
