/** Where the shop's breakers stand, and that they are those of the config. */
import assert from "node:assert/strict";
import { Domain } from "../../actors/runtime/domain.ts";
import type { Outcome } from "../../actors/runtime/outcome.ts";
import { calleesOf, guardCallees } from "../../cluster/breakers.ts";
import { readConfig } from "../../cluster/config.ts";
import { planShop, type ShopPlan } from "../../cluster/topology.ts";

const PARTITIONS = { storefront: 2, inventory: 2, accounts: 1 };

function plan(file: Record<string, unknown>): ShopPlan {
  const config = readConfig(
    { SHOP_CONFIG: "shop.json" },
    () => JSON.stringify(file),
  );
  return planShop(config, PARTITIONS);
}

Deno.test("a breaker stands before payment, before each shard and before each catalog's store", () => {
  const shop = plan({ topology: { shopWorkers: 1, cacheNodes: 2 } });
  const shards = ["inventory[0]", "inventory[1]"];
  assert.deepEqual(calleesOf(shop, "worker-0"), [...shards, "payment"]);
  assert.deepEqual(calleesOf(shop, "cache-1"), [...shards, "catalog[1]"]);
  assert.deepEqual(calleesOf(shop, "main"), []);
});

/** A worker's domain whose every ask ends in `answer`. */
function worker(file: Record<string, unknown>) {
  let asked = 0;
  const domain: Domain = new Domain({
    name: "worker-0",
    incarnation: 1,
    seed: 1,
    clock: { monotonicMs: () => 1_000, wallMs: () => 1_000 },
    log: { write: () => {} },
    journal: null,
    transmit: () => {
      asked++;
      return "gone";
    },
    wake: () => {},
    died: (reason) => assert.fail(`the domain died: ${reason}`),
  });
  guardCallees(domain, plan({ topology: { shopWorkers: 1 }, ...file }));
  domain.start(() => {});
  const ask = () => {
    let ended: Outcome<unknown> | null = null;
    domain.ask("payment", { kind: "charge" }, 1_000, (outcome) => {
      ended = outcome;
    });
    domain.run();
    return ended;
  };
  return { domain, ask, asked: () => asked };
}

Deno.test("the config's breaker opens after as many failures as it says, and no call goes out any more", () => {
  const { domain, ask, asked } = worker({ breaker: { minimumCalls: 3 } });
  for (let call = 0; call < 10; call++) ask();
  assert.equal(asked(), 3);
  const payment = domain.report().breakers.find(({ address }) =>
    address === "payment"
  );
  assert.deepEqual([payment?.state, payment?.failures], ["open", 3]);
});

Deno.test("with breakers switched off every call goes out", () => {
  const { domain, ask, asked } = worker({ breaker: { enabled: false } });
  for (let call = 0; call < 30; call++) ask();
  assert.equal(asked(), 30);
  assert.deepEqual(domain.report().breakers, []);
});
