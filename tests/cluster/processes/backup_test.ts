/** A dump of the database beside a shop of two processes that sells. */
import assert from "node:assert/strict";
import { granted } from "../../permission.ts";
import type { Purchase } from "../../shop/purchase.ts";
import { expectShopOfOneInstant, Rush, RUSH_CATALOG } from "../../shop/rush.ts";
import { ShopCluster } from "./shop_cluster.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

/** Purchases before the dump begins, and after it has ended. */
const BEFORE = 100;
const AFTER = 20;

/** The commands of OPERATIONS. */
async function run(program: string, ...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "null",
  }).output();
  assert(success, new TextDecoder().decode(stderr));
}

Deno.test({
  name: "G90 a dump of the database taken while two processes sell is the " +
    "shop of one instant, in a database of its own",
  ignore,
  async fn() {
    await using cluster = await ShopCluster.prepare(RUSH_CATALOG, {
      cluster: { shopWorkers: 2 },
    });
    const folder = await Deno.makeTempDir();
    const dump = `${folder}/dump`;
    let told: readonly Purchase[];
    let all: readonly Purchase[];
    try {
      const processes = [cluster.start(), cluster.start()];
      const clients = await Promise.all(
        processes.map((each) => cluster.connect(each)),
      );
      const rush = new Rush(clients, 2);
      await rush.more(BEFORE);
      told = rush.told();
      const url = cluster.databaseUrl();
      await run("pg_dump", "--format=custom", `--file=${dump}`, url);
      await rush.more(AFTER);
      await Promise.all(processes.map((each) => each.kill()));
      await rush.end();
      all = rush.purchases;
      await run("psql", "--command=CREATE DATABASE restored", url);
      const restored = cluster.databaseUrl(undefined, "restored");
      await run("pg_restore", "--exit-on-error", `--dbname=${restored}`, dump);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
    const shop = cluster.start(undefined, undefined, {
      databaseName: "restored",
    });
    const client = await cluster.connect(shop);
    await expectShopOfOneInstant(
      client,
      told,
      all,
      () => cluster.movedCents("restored"),
    );
  },
});
