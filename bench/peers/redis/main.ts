/**
 * What shops use today: Hono in front of Redis, a purchase as one Lua script.
 * The edge, the admission and the settings are the shop's own; only the gate
 * differs. Takes the port of Redis, the catalog file, the config file and the
 * session secret as arguments, since it may not read the environment.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a process entry talks to its terminal
import { createClient } from "@redis/client";
import { AdmissionControl } from "../../../cluster/admission.ts";
import {
  type CatalogItem,
  parseCatalog,
} from "../../../cluster/catalog_file.ts";
import { readConfig } from "../../../cluster/config.ts";
import { createEdge } from "../../../web/edge.ts";
import { RedisGate } from "./gate.ts";

const [redisPort, catalogFile, configFile, sessionSecret] = Deno.args;
if (!redisPort || !catalogFile || !configFile || !sessionSecret) {
  throw new TypeError("Expected a port, a catalog, a config and a secret");
}

const clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
const config = readConfig(
  { SHOP_CONFIG: configFile },
  (path) => Deno.readTextFileSync(path),
);
const client = createClient({
  socket: { host: "127.0.0.1", port: Number(redisPort) },
});
await client.connect();
await openStock(
  parseCatalog(Deno.readTextFileSync(catalogFile), catalogFile),
);
const script = await client.scriptLoad(
  Deno.readTextFileSync(new URL("./purchase.lua", import.meta.url)),
);

/** The importer's job; in batches, since each command waits in memory. */
async function openStock(items: readonly CatalogItem[]): Promise<void> {
  const batch = 1000;
  for (let from = 0; from < items.length; from += batch) {
    await Promise.all(
      items.slice(from, from + batch).map(({ sku, units, priceCents }) =>
        client.hSet(`stock:${sku}`, { available: units, price: priceCents })
      ),
    );
  }
}

const edge = createEdge({
  gate: new RedisGate({
    // The client sends commands of one turn together.
    purchase: (keys, args) => client.evalSha(script, { keys, arguments: args }),
    admission: new AdmissionControl(config.admission, clock.monotonicMs()),
    clock,
    limitPerUser: config.orders.limitPerUser ?? Number.MAX_SAFE_INTEGER,
    holdForMs: config.orders.holdForMs,
    keepKeysMs: config.orders.keepKeysMs,
  }),
  sessionSecret,
  adminToken: crypto.randomUUID(),
  config: {
    requestTimeoutMs: config.edge.requestTimeoutMs,
    bodyLimitBytes: config.edge.bodyLimitBytes,
    trustedProxies: [],
  },
  clock,
  later: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  randomId: () => crypto.randomUUID(),
  log: { write: (level, text) => console.error(level, text) },
});

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ hostname, port }) =>
    console.log(`ready http://${hostname}:${port}`),
}, (request, info) =>
  edge.fetch(request, {
    remoteAddr: { hostname: (info.remoteAddr as Deno.NetAddr).hostname },
  }));
