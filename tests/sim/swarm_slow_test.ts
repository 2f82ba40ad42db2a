/** Small variants of the library: what a seed draws, and what must hold. */
import assert from "node:assert/strict";
import { runScenario } from "../../sim/run.ts";
import { parseScenario, resolveScenario } from "../../sim/scenario.ts";
import { swarmScenario } from "../../sim/swarm/swarm_scenario.ts";
import { granted } from "../permission.ts";

const FOLDER = new URL("../../fixtures/scenarios/", import.meta.url);
const ignore = !granted("read");

function variantOf(name: string, seed: number, clients = 1_000) {
  const path = new URL(`${name}.json`, FOLDER);
  const file = parseScenario(Deno.readTextFileSync(path), path.pathname);
  return swarmScenario(file, { seed, clients });
}

function run(name: string, seed: number, clients?: number) {
  return runScenario({
    scenario: resolveScenario(variantOf(name, seed, clients), seed),
    seed,
    catalog: [],
    replay: "",
    wallMs: () => 0,
  });
}

Deno.test({
  name: "a seed always draws the same variant, another seed another one",
  ignore,
  fn() {
    const [one, again, other] = [7, 7, 8].map((seed) =>
      variantOf("shard-loss", seed).value
    );
    assert.deepEqual(again, one);
    assert.notDeepEqual(other, one);
  },
});

Deno.test({
  name: "over some seeds each feature is in at times and out at times",
  ignore,
  fn() {
    const variants = Array.from(
      { length: 60 },
      (_, seed) =>
        variantOf("shard-loss", seed).value as {
          faults: { do: string }[];
          network: object;
          journeys: object;
          clock: object;
          buggify?: object;
        },
    );
    const kinds = new Set(
      variants.flatMap(({ faults }) => faults.map((fault) => fault.do)),
    );
    assert.equal(kinds.size, 6);
    for (
      const has of [
        ({ faults }: typeof variants[0]) => faults.length > 0,
        ({ network }: typeof variants[0]) => "lossPercent" in network,
        ({ network }: typeof variants[0]) => "reorderPercent" in network,
        ({ journeys }: typeof variants[0]) => "quitter" in journeys,
        ({ clock }: typeof variants[0]) => "driftPerMillion" in clock,
        ({ buggify }: typeof variants[0]) => buggify !== undefined,
      ]
    ) {
      assert.ok(variants.some(has));
      assert.ok(!variants.every(has));
    }
  },
});

Deno.test({
  name: "no variant has more clients than asked for, nor any threshold",
  ignore,
  fn() {
    for (let seed = 1; seed <= 10; seed++) {
      const { load, thresholds } = resolveScenario(
        variantOf("double11", seed, 40),
        seed,
      );
      const [{ arrivals, fromUs, toUs }] = load as [typeof load[0] & object];
      assert.ok(arrivals.kind === "open");
      const perSecond = arrivals.curve[0]!.perSecond;
      const clients = perSecond * (toUs - fromUs) / 1_000_000;
      assert.ok(clients >= 10 && clients <= 41, `${clients} clients`);
      assert.deepEqual(thresholds, []);
    }
  },
});

Deno.test({
  name: "what is staged when a run ends is no difference from the journal",
  ignore,
  fn: () => assert.equal(run("cold-cache", 15).verdict, "passed"),
});

Deno.test({
  name: "a shop opens over a network that loses batches",
  ignore,
  fn: () => assert.equal(run("double11", 59).verdict, "passed"),
});

Deno.test({
  name: "a client who waits for his next try does not make the shop stuck",
  ignore,
  fn: () => assert.equal(run("payment-brownout", 6153).verdict, "passed"),
});

// A payment fails after its hold's deadline, and the run ends before the next
// sweep: the check called that hold late.
Deno.test({
  name: "a hold that is unpinned last of all is not late",
  ignore,
  fn: () => assert.equal(run("flash-sale", 9934).verdict, "passed"),
});
