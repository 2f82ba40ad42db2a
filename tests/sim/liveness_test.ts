/** What never ends is told as that, and as nothing else. */
import assert from "node:assert/strict";
import { runScenario } from "../../sim/run.ts";
import { resolveScenario } from "../../sim/scenario.ts";
import { fileOf, scenario } from "./planted_failure.ts";

function run(changes: Record<string, unknown>) {
  const soon = { liveness: { within: "2s" }, drain: "1s", faults: [] };
  return runScenario({
    scenario: resolveScenario(fileOf(scenario({ ...soon, ...changes })), 1),
    ...{ seed: 1, catalog: [], replay: "", wallMs: () => 0 },
  });
}

/** Ids of what is wrong, with the sentence. */
function wrong({ checks }: ReturnType<typeof run>): string[] {
  return checks.filter(({ ok }) => !ok)
    .map(({ id, firstViolation }) => `${id}: ${firstViolation!.detail}`);
}

Deno.test("clients who wait for ever are a failure of liveness, and break no invariant", () => {
  const result = run({ service: { place_order: "30s" } });
  assert.equal(result.verdict, "liveness");
  const [only, ...others] = wrong(result);
  assert.match(only!, /^liveness: The shop did not .* while \d+ clients wait$/);
  assert.deepEqual(others, []);
});

Deno.test("a payment that is never answered leaves the shop unable to rest", () => {
  const result = run({
    buggify: {
      ...{ activatePercent: 100, firePercent: 100 },
      paths: ["payment.no_answer"],
    },
  });
  assert.equal(result.verdict, "liveness");
  const idle = "liveness: The shop did not become idle in time";
  assert.ok(wrong(result).includes(idle), `${wrong(result)}`);
});
