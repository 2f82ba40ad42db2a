/** A shop of two processes behind HAProxy, restarted one after the other. */
import assert from "node:assert/strict";
import { granted } from "../../permission.ts";
import { HAPROXY } from "../../proxies/haproxy/haproxy.ts";
import { freePort, Proxy } from "../../proxies/proxy.ts";
import type { Purchase } from "../../shop/purchase.ts";
import { expectShopOfOneInstant, Rush, RUSH_CATALOG } from "../../shop/rush.ts";
import { ShopClient } from "../../shop/shop_client.ts";
import { ShopCluster } from "./shop_cluster.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

// Nobody falls silent here; a crowded machine must not make it look so. Fewer
// threads start sooner.
const CONFIG = { cluster: { leaseFor: "15s", shopWorkers: 4 } };

/** Purchases before, between and after the restarts. */
const STRETCH = 50;

Deno.test({
  name: "processes restarted one after the other behind HAProxy: a buyer who " +
    "asks again when he is told to gets what he wants, and the books agree",
  ignore,
  async fn() {
    await using cluster = await ShopCluster.prepare(RUSH_CATALOG, CONFIG);
    const ports = [freePort(), freePort()] as const;
    const start = async (port: number) => {
      const shop = cluster.start(undefined, undefined, { port });
      await shop.url;
      return shop;
    };
    const processes = await Promise.all(ports.map(start));
    const [sessionSecret, adminToken] = cluster.secrets;
    let all: readonly Purchase[];
    {
      await using proxy = await Proxy.start(HAPROXY, {
        pages: ports,
        api: ports,
      });
      using client = new ShopClient(proxy.url, sessionSecret!, adminToken!);
      const rush = new Rush([client], 3);
      await rush.more(STRETCH);
      for (const [index, process] of processes.entries()) {
        const { code } = await process.stop();
        assert.equal(code, 0);
        await start(ports[index]!);
        await rush.more(STRETCH);
      }
      await proxy.stop();
      await rush.end();
      all = rush.purchases;
    }
    const client = await cluster.connect(cluster.processes.at(-1)!);
    await expectShopOfOneInstant(
      client,
      all,
      all,
      () => cluster.movedCents(),
    );
  },
});
