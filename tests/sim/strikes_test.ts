/** A fault strikes what its target names, under every name that it has. */
import assert from "node:assert/strict";
import type { Observation } from "../../sim/observation.ts";
import { runScenario } from "../../sim/run.ts";
import { parseScenario, resolveScenario } from "../../sim/scenario.ts";
import type { Traced } from "../../sim/thread_options.ts";
import { scenario } from "./planted_failure.ts";

/** What a run shows of faults, a second after its start unless they say. */
function strike(
  faults: Record<string, unknown> | readonly Record<string, unknown>[],
  changes: Record<string, unknown> = {},
  traced?: Traced,
): Observation[] {
  const all = [faults].flat().map((fault, index) => (
    { id: `fault-${index}`, at: "1s", ...fault }
  ));
  const whole = scenario({ faults: all, ...changes });
  const file = parseScenario(JSON.stringify(whole), "it");
  const seen: Observation[] = [];
  runScenario({
    scenario: resolveScenario(file, 1),
    seed: 1,
    catalog: [],
    replay: "",
    wallMs: () => 0,
    recorder: (observation) => void seen.push(observation),
    ...traced && { traced },
  });
  return seen;
}

/** How long the core of `worker-0` is busy with a reserve, second by second. */
function reservesUs(faults: readonly Record<string, unknown>[]): number[] {
  const busyUs: number[] = [];
  const { topology } = scenario();
  strike(
    faults,
    {
      clock: { duration: "6s" },
      topology: { ...topology, shopWorkers: 1 },
      service: { reserve: "1ms" },
    },
    (_actor, kind, fromUs, toUs) => {
      if (kind !== "reserve") return;
      busyUs[Math.floor(fromUs / 1e6)] = toUs - fromUs;
    },
  );
  return busyUs;
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

Deno.test("what two partitions keep apart stays so until the longer one is over", () => {
  const ends = { do: "partition", from: "worker[0]", to: "worker[1]" };
  const long = { ...ends, for: "4s" };
  const short = { ...ends, at: "1500ms", for: "200ms" };
  const arrived = (faults: Parameters<typeof strike>[0]) =>
    strike(faults).flatMap((each) =>
      each.kind === "mail_counted" && each.isLast
        ? each.ways.map(({ way, arrived }) => `${arrived} by ${way}`)
        : []
    );
  assert.deepEqual(arrived([long, short]), arrived(long));
  assert.notDeepEqual(arrived(short), arrived(long));
});

Deno.test("what two faults slow is as slow as both say, and each ends by itself", () => {
  const slow = { do: "slow", target: "worker[0]" };
  const long = { ...slow, factor: 3, at: "1s", for: "3s" };
  const short = { ...slow, factor: 2, at: "2s", for: "1s" };
  assert.deepEqual(reservesUs([long, short]).slice(0, 5), [
    ...[1_000, 3_000, 6_000, 3_000, 1_000],
  ]);
});

Deno.test("a worker that is slow is so in its next life too", () => {
  const target = "worker[0]";
  const slow = { do: "slow", target, factor: 3, at: "1s", for: "3s" };
  const crash = { do: "crash", target, at: "1500ms" };
  assert.deepEqual(reservesUs([slow, crash]).slice(2, 5), [
    ...[3_000, 3_000, 1_000],
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

for (const second of ["crash", "hang"]) {
  Deno.test(`a worker that is down is not lost again by the hang before its ${second}`, () => {
    const { topology } = scenario();
    const target = "worker[0]";
    // It is found silent after 500 ms, when the other fault has struck.
    // The first loss is made good at once, the next one after a back-off.
    const faults = [
      { do: "crash", target, at: "200ms" },
      { do: "hang", target, for: "2s" },
      {
        do: second,
        target,
        at: "1200ms",
        ...second === "hang" && { for: "2s" },
      },
    ];
    const seen = strike(faults, {
      topology: {
        ...topology,
        heartbeat: { every: "100ms", missed: 5 },
        restart: { backoffMin: "1s" },
      },
    });
    assert.deepEqual(lost(seen), ["worker-0", "worker-0"]);
    const lives = seen.flatMap((each) =>
      each.kind === "worker_started" && each.worker === "worker-0"
        ? [each.incarnation]
        : []
    );
    assert.deepEqual(lives, [1, 2, 3]);
  });
}
