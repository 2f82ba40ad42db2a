/** The record minute at several scales. */
import assert from "node:assert/strict";
import { parseScenario, resolveScenario } from "../../sim/scenario.ts";
import { atScale } from "../../sim/record_minute/record_minute.ts";
import { granted } from "../permission.ts";

const FILE = new URL("../../fixtures/record_minute.json", import.meta.url);

function minute(scale: number) {
  const file = parseScenario(Deno.readTextFileSync(FILE), "record_minute.json");
  return resolveScenario(atScale(file, scale), 1);
}

Deno.test({
  name: "the record minute is 583,000 orders/s of 100,000 products by Zipf",
  ignore: !granted("read"),
  fn() {
    const { load, catalog, clock } = minute(1);
    assert.equal(clock.durationUs, 60_000_000);
    assert.equal(catalog.products, 100_000);
    assert.deepEqual(catalog.popularity, { kind: "zipf", exponent: 1.22 });
    const [{ arrivals }] = load as [typeof load[0]];
    assert.ok(arrivals.kind === "open");
    assert.equal(arrivals.curve[0]!.perSecond, 583_000);
  },
});

Deno.test({
  name: "each worker of the record minute has as much to do at every scale",
  ignore: !granted("read"),
  fn() {
    for (const [scale, workers] of [[1, 40], [0.1, 4], [0.025, 1]] as const) {
      const { config: { topology } } = minute(scale);
      assert.equal(topology.shopWorkers, workers);
      assert.equal(topology.partitions.storefront, 2 * workers);
      assert.equal(topology.partitions.inventory, 2 * workers);
    }
  },
});

Deno.test({
  name: "the file of the record minute is the scale of a tenth",
  ignore: !granted("read"),
  fn() {
    const text = Deno.readTextFileSync(FILE);
    const file = parseScenario(text, "record_minute.json");
    assert.deepEqual(atScale(file, 0.1).value, file.value);
  },
});
