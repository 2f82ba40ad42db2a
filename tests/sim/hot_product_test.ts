/**
 * The shop's caches under virtual time, seen from its gate: one load for all,
 * however many nodes; a product that half of all read; how old an answer is.
 */
import assert from "node:assert/strict";
import type { CachedProduct } from "../../actors/cache_node.ts";
import { SeededRandom } from "../../actors/runtime/random.ts";
import { parseScenario, resolveScenario } from "../../sim/scenario.ts";
import { Scheduler } from "../../sim/scheduler.ts";
import { ShopWorld } from "../../sim/shop_world.ts";

const MILLISECOND = 1_000;
const SECOND = 1_000_000;

/** An open shop with four cache nodes and what its actors did. */
class Stage {
  readonly scheduler = new Scheduler();
  readonly world: ShopWorld;
  /** Loads that ended, and reads that a node answered at once, by product. */
  readonly loads: string[] = [];
  readonly nodeReads = new Map<string, number>();

  constructor(cache: Record<string, unknown> = {}) {
    const products = new Map(
      Array.from({ length: 1_000 }, (_, index) => {
        const sku = `P${index}`;
        return [sku, { sku, priceCents: 100, units: 1_000 }];
      }),
    );
    const file = parseScenario(JSON.stringify(scenario(cache)), "stage");
    this.world = new ShopWorld({
      scenario: resolveScenario(file, 1),
      seed: 1,
      scheduler: this.scheduler,
      products,
      observe: (each) => {
        if (each.kind !== "decided" || !each.actor.startsWith("cache")) return;
        // All that asks a cache node names a product.
        const { sku } = each.message as unknown as { sku: string };
        this.#count(sku);
      },
      log: { write: () => {} },
      traced: (actor, kind) => {
        if (kind === "entry_read") this.loads.push(actor);
      },
    });
    let isOpen = false;
    this.world.start(() => isOpen = true);
    while (!isOpen) this.scheduler.step(60 * SECOND);
    this.runFor(SECOND);
  }

  runFor(us: number): void {
    const untilUs = this.scheduler.nowUs + us;
    this.at(us, () => {});
    while (this.scheduler.step(untilUs));
  }

  at(afterUs: number, act: () => void): void {
    this.scheduler.at(this.scheduler.nowUs + afterUs, 0, act);
  }

  read(sku: string, done: (product: CachedProduct) => void = () => {}): void {
    this.world.gate.readProduct(sku, false, (outcome) => {
      assert.equal(outcome.kind, "ok");
      if (outcome.kind === "ok") done(outcome.value);
    });
  }

  /** Steady reads, every other one of `hot`. */
  crowd(forUs: number, perSecond: number, hot: string): void {
    const random = new SeededRandom(1, hot);
    const reads = forUs * perSecond / SECOND;
    for (let read = 0; read < reads; read++) {
      const sku = read % 2 === 0 ? hot : `P${random.below(1_000)}`;
      this.at(read * SECOND / perSecond, () => this.read(sku));
    }
    this.runFor(forUs);
  }

  #count(sku: string): void {
    this.nodeReads.set(sku, (this.nodeReads.get(sku) ?? 0) + 1);
  }
}

function scenario(cache: Record<string, unknown>) {
  return {
    schema: "doorbuster/1",
    name: "stage",
    teaches: "What one product's readers do to its cache node.",
    clock: { duration: "10s" },
    topology: {
      cacheNodes: 4,
      partitions: { storefront: 1, inventory: 4, accounts: 1 },
    },
    cache,
    catalog: { products: 1_000, popularity: { zipf: 1 }, stock: 1_000 },
    journeys: { reader: { steps: ["read_product"] } },
    load: [{ phase: "none", open: { rate: "1/s" } }],
    service: { read_entry: "20ms", read_product: "0.01ms" },
  };
}

// G27, I13
Deno.test("row 1: 1,000 readers of one expired product cause one load over all cache nodes", () => {
  for (const near of [{ ttl: "50ms" }, { ttl: "0s" }]) {
    const cache = { ttl: "1s", staleWhileRevalidate: "0s", near };
    const stage = new Stage(cache);
    stage.read("P7");
    stage.runFor(2 * SECOND);
    assert.equal(stage.loads.length, 1);
    const statuses: string[] = [];
    for (let reader = 0; reader < 1_000; reader++) {
      stage.read("P7", ({ status }) => statuses.push(status));
    }
    stage.runFor(SECOND);
    assert.equal(stage.loads.length, 2);
    assert.equal(statuses.length, 1_000);
    assert.equal(statuses.filter((each) => each === "expired").length, 1);
    assert.equal(statuses.filter((each) => each === "collapsed").length, 999);
  }
});

Deno.test("row 36: a product that half of 20,000 readers a second want is found within a second, and its node sees under 1 % of them", () => {
  const stage = new Stage();
  stage.crowd(SECOND, 20_000, "P7");
  stage.nodeReads.clear();
  stage.crowd(SECOND, 20_000, "P7");
  const seen = stage.nodeReads.get("P7") ?? 0;
  assert.ok(seen > 0 && seen < 100, `${seen} of 10,000`);
  const without = new Stage({ near: { ttl: "0s" } });
  without.read("P7");
  without.runFor(SECOND);
  without.crowd(SECOND / 10, 20_000, "P7");
  assert.ok(without.nodeReads.get("P7")! > 900);
});

Deno.test("row 64: when all turn to another product, its node is relieved within a second", () => {
  const stage = new Stage();
  stage.crowd(SECOND, 4_000, "P7");
  for (const sku of ["P8", "P9"]) {
    stage.nodeReads.clear();
    stage.crowd(SECOND, 4_000, sku);
    // Until it is found, and then every 50 ms.
    assert.ok(stage.nodeReads.get(sku)! < 200 + 20 + 10, `${sku}`);
    stage.nodeReads.clear();
    stage.crowd(SECOND / 2, 4_000, sku);
    assert.ok(stage.nodeReads.get(sku)! <= 11, `${sku}`);
  }
});

// G60
Deno.test("what a reader of a hot product is told to be available is at most 250 ms old", () => {
  const stage = new Stage();
  const { gate } = stage.world;
  /** When there were so many, for the first time, by what a seller knows. */
  const soldAtUs = new Map<number, number>();
  for (let sale = 1; sale < 200; sale++) {
    stage.at(
      sale * 10 * MILLISECOND,
      () =>
        gate.adjustStock("P7", -1, (outcome) => {
          if (outcome.kind !== "ok") return;
          soldAtUs.set(outcome.value.available, stage.scheduler.nowUs);
        }),
    );
  }
  let oldestUs = 0;
  let nearReads = 0;
  for (let read = 0; read < 4_000; read++) {
    stage.at(
      read * MILLISECOND / 2,
      () =>
        stage.read("P7", ({ body, status }) => {
          if (status === "near") nearReads++;
          const { available } = JSON.parse(body);
          const overAtUs = soldAtUs.get(available - 1) ?? Infinity;
          oldestUs = Math.max(oldestUs, stage.scheduler.nowUs - overAtUs);
        }),
    );
  }
  stage.runFor(3 * SECOND);
  assert.ok(nearReads > 3_000, `${nearReads}`);
  // The link to and from the node takes some of it.
  assert.ok(oldestUs > 150 * MILLISECOND, `${oldestUs}`);
  assert.ok(oldestUs <= 250 * MILLISECOND, `${oldestUs}`);
});

// I12
Deno.test("row 31: a hot product that was dropped is loaded once, and nobody sees an older version", () => {
  const stage = new Stage();
  const { gate } = stage.world;
  stage.crowd(SECOND, 4_000, "P7");
  let newest = 0;
  gate.adjustStock("P7", -5, () => {});
  stage.crowd(SECOND, 4_000, "P7");
  gate.lookAtCache("P7", (outcome) => {
    if (outcome.kind === "ok") newest = outcome.value.entry!.version;
  });
  stage.runFor(MILLISECOND);
  assert.ok(newest > 2);
  stage.loads.length = 0;
  gate.dropFromCache("P7", () => {});
  const versions: number[] = [];
  for (let reader = 0; reader < 500; reader++) {
    stage.read("P7", ({ version, status }) => {
      versions.push(version);
      assert.notEqual(status, "near");
    });
  }
  stage.runFor(SECOND);
  assert.equal(versions.length, 500);
  assert.ok(Math.min(...versions) >= newest);
  assert.equal(stage.loads.length, 1);
});

Deno.test("row 6: the first read asks the store, the second does not", () => {
  const stage = new Stage();
  const answers: CachedProduct[] = [];
  for (let read = 0; read < 2; read++) {
    stage.read("P7", (answer) => answers.push(answer));
    stage.runFor(SECOND);
  }
  assert.deepEqual(answers.map(({ status }) => status), ["miss", "hit"]);
  assert.equal(stage.loads.length, 1);
  // The catalog takes 20 ms, and the way to it and back.
  assert.ok(answers[0]!.storeMs! >= 20 && answers[0]!.storeMs! < 22);
  assert.ok(!("storeMs" in answers[1]!));
});

// G100
Deno.test("row 9: a sale whose products are warmed from ten minutes before begins with hits, and one that was warmed once with misses", () => {
  const skus = Array.from({ length: 50 }, (_, index) => `P${index}`);
  const first = (until: string) => {
    const window = { from: "2020-11-11T00:10:00Z", until, skus };
    const stage = new Stage({
      ...{ ttl: "60s", staleWhileRevalidate: "0s", filterBitsPerKey: 0 },
      warm: [window],
    });
    const saleUs = 20 * 60 * SECOND;
    stage.runFor(saleUs - stage.scheduler.nowUs);
    const loads = stage.loads.length;
    const statuses = new Set<string>();
    for (const sku of skus) {
      stage.read(sku, ({ status }) => statuses.add(status));
    }
    stage.runFor(SECOND);
    return { loads, statuses: [...statuses], more: stage.loads.length - loads };
  };
  const kept = first("2020-11-11T00:21:00Z");
  assert.deepEqual(kept.statuses, ["hit"]);
  assert.ok(kept.loads >= 50 * 10, `${kept.loads} loads in ten minutes`);
  const once = first("2020-11-11T00:10:10Z");
  assert.deepEqual(once, { loads: 50, statuses: ["expired"], more: 50 });
});
