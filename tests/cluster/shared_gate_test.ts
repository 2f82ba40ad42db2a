/** The doors of two processes of one shop, whose limits are counted together. */
import assert from "node:assert/strict";
import type { Domain } from "../../actors/runtime/domain.ts";
import { readConfig } from "../../cluster/config.ts";
import type { PoolCalls } from "../../cluster/pool/pool_calls.ts";
import { ShopGate } from "../../cluster/shop_gate.ts";
import { planShop, Topology } from "../../cluster/topology.ts";
import { LimitWorld } from "./limiters/limit_world.ts";

/** Processes of a shop with this admission section, and their doors. */
class Stage {
  readonly world: LimitWorld;
  readonly doors: readonly ShopGate[];

  constructor(section: unknown, { isShared = true } = {}) {
    const text = JSON.stringify({ admission: section });
    const config = readConfig({ SHOP_CONFIG: "shop.json" }, () => text);
    const { admission, topology } = config;
    this.world = new LimitWorld(2, admission.shared);
    const nowMs = () => this.world.nowMs;
    this.doors = this.world.processes.map((sharedLimits) =>
      new ShopGate({
        ...{ admission, near: config.cache.near, withinMs: 1_000 },
        // Who is only let in or not reaches no actor.
        ...{ domain: {} as Domain, catalog: {} as PoolCalls },
        topology: new Topology(planShop(config, topology.partitions)),
        clock: { monotonicMs: nowMs, wallMs: nowMs },
        sharedLimits: isShared ? sharedLimits : null,
        ...{ describe: () => null, breakers: () => null },
        injectFault: () => assert.fail("Nobody injects faults"),
        ...{ metrics: () => [], isReady: () => true },
      })
    );
  }

  /** How many of a hundred requests of a user each door lets in, in a second. */
  admitted(): number[] {
    const counts = this.doors.map(() => 0);
    for (let request = 0; request < 100; request++) {
      this.world.advanceTo(this.world.nowMs + 10);
      this.doors.forEach((door, index) => {
        if (door.admit("ann", "::1", "readOrder").admitted) counts[index]!++;
      });
    }
    return counts;
  }
}

const USER = { rate: "10/s", burst: 40 };

Deno.test("two doors that share a user's limit let him in as often as one would, and a portion more", () => {
  const alone = new Stage({ user: USER }, { isShared: false });
  assert.deepEqual(alone.admitted(), [49, 49]);
  const counts = new Stage({ user: USER }).admitted();
  const sum = counts[0]! + counts[1]!;
  assert.ok(sum >= 47 && sum <= 50 + 40 / 4, `${counts}`);
});

Deno.test("a door whose limits' store is away does as its config says, and its metrics say so", () => {
  const waysOut = [["share", 24], ["open", 100], ["closed", 0]] as const;
  for (const [whenAway, each] of waysOut) {
    const stage = new Stage({ user: USER, shared: { whenAway } });
    stage.world.isStoreThere = false;
    for (const door of stage.doors) door.admit("bob", "::1", "readOrder");
    stage.world.advanceTo(1_000);
    for (const count of stage.admitted()) {
      assert.ok(Math.abs(count - each) <= 1, `${whenAway}: ${count}`);
    }
    const away = stage.doors[0]!.metrics()
      .find(({ name }) => name === "shared_limits_away");
    assert.equal(away?.value, 1);
  }
});
