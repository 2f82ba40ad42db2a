/** The catalog's readers in a simulated shop: its reads survive their faults. */
import assert from "node:assert/strict";
import type { CachedProduct } from "../../actors/cache_node.ts";
import type { Observation } from "../../sim/observation.ts";
import { runScenario } from "../../sim/run.ts";
import { parseScenario, resolveScenario } from "../../sim/scenario.ts";

const READERS = {
  schema: "doorbuster/1",
  name: "readers",
  teaches: "Reads of the catalog are answered while one of its readers is ill.",
  clock: { duration: "8s" },
  topology: {
    cacheNodes: 1,
    catalogReaders: 3,
    partitions: { storefront: 1, inventory: 1, accounts: 1 },
  },
  // Every read finds nothing, or nothing fresh, and asks a reader.
  cache: {
    ttl: "1ms",
    jitterPercent: 0,
    staleWhileRevalidate: "0s",
  },
  balance: { slowStart: "0s" },
  catalog: { products: 50, popularity: { zipf: 0.5 }, stock: 10 },
  journeys: { reader: { steps: ["read_product"] } },
  load: [{ phase: "all", for: "6s", open: { rate: "60/s" } }],
  service: { read_entry: { exponential: "2ms" } },
};

/** How the reads of a run ended: by kind, or by whence the product came. */
function reads(changes: Record<string, unknown>): Map<string, number> {
  const text = JSON.stringify({ ...READERS, ...changes });
  const counts = new Map<string, number>();
  const result = runScenario({
    scenario: resolveScenario(parseScenario(text, "it"), 1),
    seed: 1,
    catalog: [],
    replay: "",
    wallMs: () => 0,
    recorder: (seen: Observation) => {
      if (seen.kind !== "returned") return;
      const { outcome } = seen;
      const how = outcome.kind === "ok"
        ? (outcome.value as CachedProduct).status
        : outcome.kind;
      counts.set(how, (counts.get(how) ?? 0) + 1);
    },
  });
  assert.equal(result.verdict, "passed", JSON.stringify(result.checks));
  return counts;
}

const FAULTS = {
  "crashes": { do: "crash", target: "reader[1]" },
  "is a thousand times slower": {
    do: "slow",
    target: "catalog_reader[1]",
    factor: 1_000,
    for: "3s",
  },
};

// G63
for (const [what, fault] of Object.entries(FAULTS)) {
  Deno.test(`no read fails while one of three readers ${what}`, () => {
    const faults = [{ id: "it", at: "2s", ...fault }];
    const counts = reads({ faults });
    // Not one had to be answered by what had expired, or not at all.
    for (const bad of ["stale", "failed", "unknown", "rejected"]) {
      assert.equal(counts.get(bad), undefined, bad);
    }
    const asked = counts.get("miss")! + counts.get("expired")!;
    assert.ok(asked > 250, JSON.stringify([...counts]));
  });
}

Deno.test("without retries fills fail while a reader is that slow, so it is the retries that save them", () => {
  const faults = [{
    id: "it",
    at: "2s",
    ...FAULTS["is a thousand times slower"],
  }];
  const balance = { ...READERS.balance, retry: { max: 0 } };
  const counts = reads({ faults, balance });
  const bad = (counts.get("stale") ?? 0) + (counts.get("failed") ?? 0);
  assert.ok(bad > 0, JSON.stringify([...counts]));
});

Deno.test("a scenario's weights must fit its readers, as a config's must", () => {
  const balance = { weights: [1, 2] };
  assert.throws(
    () => parseScenario(JSON.stringify({ ...READERS, balance }), "it"),
    /balance\.weights: expected none or 3 weights/,
  );
});
