/** Processes of one shop that come, go, die, and sleep through their lease. */
import assert from "node:assert/strict";
import { granted } from "../../permission.ts";
import { expectBody, type ShopClient } from "../../shop/shop_client.ts";
import type { ShopProcess } from "../../shop/shop_process.ts";
import { eventually, pause, products } from "../../shop/stage.ts";
import { expectBooksAgree, expectFencesGrow } from "./books.ts";
import { Rush } from "./rush.ts";
import { ShopCluster } from "./shop_cluster.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");
const CATALOG = products("thing", 40, 50_000);
const BUYERS = 20;
const LEASE_MS = 3_000;
/** What a process that dies with its lease may cost. */
const SERVED_WITHIN_MS = LEASE_MS + 1_000;
/** A median of three: what else the machine does may spoil one of them. */
const DEATHS = 3;
/** Nothing here takes as long, however busy the machine. */
const PATIENCE_MS = 60_000;

/** What a process says of itself and of the others. */
interface Membership {
  readonly process: string;
  readonly processes: readonly string[];
  readonly owned: readonly string[];
}

async function membership(client: ShopClient): Promise<Membership> {
  const path = "/v1/admin/topology";
  return expectBody(
    await client.call<Membership>("GET", path, { as: { admin: true } }),
  );
}

/** Every shard answers through it. */
async function serves(client: ShopClient): Promise<void> {
  await eventually("a process to serve everything", PATIENCE_MS, async () => {
    try {
      await client.audit();
      return true;
    } catch {
      return null;
    }
  });
}

/** No answer may be a no that asking again cannot change. */
function rushAt(
  open: () => readonly ShopClient[],
  buyers = BUYERS,
): Rush {
  return new Rush({
    ...{ buyers, seed: 1, catalog: CATALOG, open },
    hear: ({ problem }) =>
      assert(problem === null || problem.retryable, JSON.stringify(problem)),
  });
}

/** What the shop workers of a process have come to, in the order of the log. */
function workersIn(shop: ShopProcess, text: string): string[] {
  return shop.logged.filter((line) => line.text === text)
    .map(({ worker }) => String(worker));
}

Deno.test({
  name: "a process that joins is given its share, one that is told to stop " +
    "hands its own over, and no answer is lost",
  ignore,
  async fn() {
    await using cluster = await ShopCluster.prepare(CATALOG);
    const open = await cluster.startServing(2);
    const rush = rushAt(() => open);
    const third = cluster.start();
    const joined = await cluster.connect(third);
    open.push(joined);
    const share = await eventually("a share", PATIENCE_MS, async () => {
      const { owned } = await membership(joined);
      return owned.length >= 2 ? owned : null;
    });
    assert(share.length <= 3, `${share}`);
    await pause(500);
    open.pop();
    const { code } = await third.stop();
    assert.equal(code, 0);
    const handedOver = workersIn(third, "shop worker handed over");
    assert.deepEqual(workersIn(third, "lease lost"), []);
    assert.deepEqual(new Set(handedOver).size, handedOver.length);
    await Promise.all(open.map(serves));
    await rush.end();
    assert(rush.orders > 0);
    await expectBooksAgree(open, rush.purchases, cluster.databaseUrl());
  },
});

Deno.test({
  name: "what a killed process had is served by another within a lease and a " +
    "second",
  ignore,
  async fn() {
    await using cluster = await ShopCluster.prepare(CATALOG);
    const open = await cluster.startServing(1);
    const survivor = open[0]!;
    const rush = rushAt(() => open, 4);
    const servedAfterMs: number[] = [];
    while (servedAfterMs.length < DEATHS) {
      const victim = cluster.start();
      const client = await cluster.connect(victim);
      await eventually("half of the workers", PATIENCE_MS, async () => {
        const { owned } = await membership(client);
        return owned.length === 4 ? true : null;
      });
      const killedMs = performance.now();
      await victim.kill();
      await serves(survivor);
      servedAfterMs.push(performance.now() - killedMs);
    }
    await rush.end();
    await expectBooksAgree(open, rush.purchases, cluster.databaseUrl());
    const [, medianMs] = servedAfterMs.toSorted((a, b) => a - b);
    assert(medianMs! <= SERVED_WITHIN_MS, `${servedAfterMs}`);
  },
});

Deno.test({
  name:
    "a process that sleeps through its lease sells nothing when it wakes, " +
    "notices, and takes part again",
  ignore,
  async fn() {
    await using cluster = await ShopCluster.prepare(products("last", 40, 1));
    const sleeper = cluster.start();
    const [asleep, awake] = await Promise.all([
      cluster.connect(sleeper),
      cluster.connect(cluster.start()),
    ]);
    const before = await membership(asleep);
    assert(before.owned.length >= 4);
    sleeper.signal("SIGSTOP");
    // Taken by the kernel, and read when the process wakes up.
    const askedAsleep = Array.from(
      { length: 40 },
      (_, index) =>
        asleep.placeOrder(`late-${index}`, "key", [
          { sku: `last-${index}`, quantity: 1 },
        ]),
    );
    await pause(LEASE_MS + 500);
    await serves(awake);
    for (let index = 0; index < 40; index++) {
      const lines = [{ sku: `last-${index}`, quantity: 1 }];
      const order = await eventually("an order", PATIENCE_MS, async () => {
        const answer = await awake.placeOrder(`early-${index}`, "key", lines);
        return answer.problem === null ? answer.body : null;
      });
      assert.equal(order.lines.length, 1);
    }
    sleeper.signal("SIGCONT");
    for (const { problem } of await Promise.all(askedAsleep)) {
      const isRefused = problem?.code === "sold-out" || problem?.retryable;
      assert(isRefused, "the last unit was sold to somebody else");
    }
    await serves(asleep);
    const lost = workersIn(sleeper, "lease lost");
    assert.deepEqual(new Set(lost), new Set(before.owned));
    await eventually("a share", PATIENCE_MS, async () => {
      const { owned } = await membership(asleep);
      return owned.length > 0 ? true : null;
    });
    await expectFencesGrow(cluster.databaseUrl());
    const { totals, violations } = await asleep.auditAll();
    assert.deepEqual(violations, []);
    assert.equal(totals.held, 40);
  },
});
