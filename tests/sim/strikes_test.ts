/** A fault strikes what its target names, under every name that it has. */
import assert from "node:assert/strict";
import type { Observation } from "../../sim/observation.ts";
import { runScenario } from "../../sim/run.ts";
import { parseScenario, resolveScenario } from "../../sim/scenario.ts";
import { scenario } from "./planted_failure.ts";

/** What a run shows of one fault a second after its start. */
function strike(fault: Record<string, unknown>): Observation[] {
  const changes = { faults: [{ id: "it", at: "1s", ...fault }] };
  const file = parseScenario(JSON.stringify(scenario(changes)), "it");
  const seen: Observation[] = [];
  runScenario({
    scenario: resolveScenario(file, 1),
    seed: 1,
    catalog: [],
    replay: "",
    wallMs: () => 0,
    recorder: (observation) => void seen.push(observation),
  });
  return seen;
}

function lost(seen: readonly Observation[]): string[] {
  return seen.flatMap((each) =>
    each.kind === "worker_lost" ? [each.worker] : []
  );
}

for (
  const [target, workers] of [
    ["worker[0]", ["worker-0"]],
    ["worker-1", ["worker-1"]],
    ["worker[*]", ["worker-0", "worker-1"]],
    ["cache_worker[0]", ["cache-0"]],
    ["cache-1", ["cache-1"]],
    ["cache_worker[*]", ["cache-0", "cache-1"]],
    // An actor's crash leaves its thread alone.
    ["inventory[1]", []],
    ["cache[*]", []],
  ] as const
) {
  Deno.test(`a crash of ${target} takes ${workers.join(", ") || "no thread"}`, () => {
    const seen = strike({ do: "crash", target });
    assert.deepEqual(lost(seen), workers);
    assert(seen.some(({ kind }) => kind === "fault_began"));
  });
}

Deno.test("a partition is told with both of its ends, and ends", () => {
  const ends = { from: "worker[0]", to: "cache_worker[1]" };
  const seen = strike({ do: "partition", ...ends, for: "500ms" });
  const told = seen.flatMap((each) =>
    each.kind === "fault_began" || each.kind === "fault_ended"
      ? [`${each.kind} ${each.target}`]
      : []
  );
  assert.deepEqual(told, [
    "fault_began worker-0→cache-1",
    "fault_ended worker-0→cache-1",
  ]);
});

Deno.test("a flush empties a cache node and starts no actor again, as live", () => {
  const reads = (seen: readonly Observation[]) =>
    seen.flatMap((each) => {
      if (each.kind !== "returned" || each.outcome.kind !== "ok") return [];
      const { status } = each.outcome.value as { status?: string };
      return status === undefined ? [] : [`${each.atUs >= 1e6} ${status}`];
    });
  const misses = (seen: readonly Observation[]) =>
    reads(seen).filter((read) => read === "true miss").length;
  const flushed = strike({ do: "flush", target: "cache[*]" });
  const calm = strike({ do: "slow", factor: 1, target: "payment" });
  assert(misses(flushed) > misses(calm), `${misses(flushed)} misses`);
});
