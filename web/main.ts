/**
 * `deno task serve`: reads the configuration, opens the shop, serves it, and
 * stops it cleanly. Everything that ends the program says why in one line.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { Log } from "../actors/runtime/ports.ts";
import { CatalogError } from "../cluster/catalog_file.ts";
import {
  type Config,
  ConfigError,
  printConfig,
  readConfig,
} from "../cluster/config.ts";
import { StoreError } from "../cluster/journal/database.ts";
import { hostClock } from "../cluster/worker/host_clock.ts";
import { type LiveShop, openShop } from "../cluster/worker/live_shop.ts";
import manifest from "../deno.json" with { type: "json" };
import { createEdge } from "./edge.ts";

const HELP = `deno task serve [--print-config] [--help]

Runs the shop over HTTP until SIGTERM or SIGINT.

Environment: HOST (127.0.0.1), PORT (8000; 0 takes any free port), DATA_DIR
(./data), CATALOG, SESSION_SECRET, ADMIN_TOKEN, SHOP_CONFIG (a JSON file).

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

try {
  await main();
} catch (error) {
  const isUsers = error instanceof ConfigError ||
    error instanceof CatalogError || error instanceof StoreError;
  if (!isUsers) throw error;
  refuse(error.message);
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help) return say(HELP);
  const config = readConfig(
    environment(),
    (path) => Deno.readTextFileSync(path),
  );
  if (options.printConfig) return say(printConfig(config));
  await serve(config);
}

function readOptions(): { help: boolean; printConfig: boolean } {
  try {
    const { values } = parseArgs({
      args: Deno.args,
      options: {
        help: { type: "boolean", short: "h", default: false },
        "print-config": { type: "boolean", default: false },
      },
    });
    return { help: values.help, printConfig: values["print-config"] };
  } catch (error) {
    return refuse(`${(error as Error).message} (see --help)`);
  }
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
  const shop = await openShop(config, log, manifest.version);
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
    randomId: () => crypto.randomUUID(),
    log,
  });
  const { host, port } = config.environment;
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve(
      { hostname: host, port, onListen: () => {} },
      (request, info) =>
        edge.fetch(request, {
          remoteAddr: { hostname: (info.remoteAddr as Deno.NetAddr).hostname },
        }),
    );
  } catch (error) {
    await shop.stop();
    return refuse(
      `PORT: expected ${host}:${port} to be free, found ` +
        (error as Error).message,
    );
  }
  stopOnSignals(server, shop);
  announce(config, shop, server.addr.port);
}

function announce(config: Config, shop: LiveShop, port: number): void {
  const { host, dataFolder, adminToken } = config.environment;
  log.write("info", "shop open", { startedInMs: shop.startedInMs });
  if (adminToken === null) {
    log.write("info", "admin bearer kept in a file", {
      path: `${dataFolder}/admin_token`,
    });
  }
  const name = host.includes(":") ? `[${host}]` : host;
  say(`ready http://${name}:${port}`);
}

function stopOnSignals(server: Deno.HttpServer, shop: LiveShop): void {
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    log.write("info", "stopping", {});
    const drained = server.shutdown();
    await Promise.race([drained, wait(DRAIN_MS)]);
    await shop.stop();
    log.write("info", "stopped", {});
    Deno.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, stop);
  }
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
