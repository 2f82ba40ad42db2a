/** A dump of the database beside a shop of two processes that sells. */
import assert from "node:assert/strict";
import postgres from "postgres";
import { granted } from "../../permission.ts";
import type { Purchase } from "../../shop/purchase.ts";
import { expectShopOfOneInstant, Rush, RUSH_CATALOG } from "../../shop/rush.ts";
import { ShopCluster } from "./shop_cluster.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

/** Purchases before the dump begins, and after it has ended. */
const BEFORE = 200;
const AFTER = 50;

/** The commands of OPERATIONS. */
async function run(program: string, ...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "null",
  }).output();
  assert(success, new TextDecoder().decode(stderr));
}

async function movedCents(url: string): Promise<number> {
  const sql = postgres(url, { max: 1 });
  try {
    const [row] = await sql`
      SELECT sum(amount_cents)::float8 AS cents
      FROM doorbuster.attempts WHERE state = 'captured'`;
    return row!.cents;
  } finally {
    await sql.end();
  }
}

Deno.test({
  name: "G90 a dump of the database taken while two processes sell is the " +
    "shop of one instant, in a database of its own",
  ignore,
  async fn() {
    await using cluster = await ShopCluster.prepare(RUSH_CATALOG);
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
    const shop = cluster.start(undefined, undefined, "restored");
    const client = await cluster.connect(shop);
    await expectShopOfOneInstant(
      client,
      told,
      all,
      () => movedCents(cluster.databaseUrl(undefined, "restored")),
    );
  },
});
