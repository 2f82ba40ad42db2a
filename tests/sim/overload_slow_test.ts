/**
 * Overload under virtual time, with the shop's own gate and actors: what is
 * shed, what passes meanwhile, and what a callee that hangs costs.
 */
import assert from "node:assert/strict";
import type { Observation } from "../../sim/observation.ts";
import { runScenario } from "../../sim/run.ts";
import type { RunResult } from "../../sim/run_result.ts";
import { parseScenario, resolveScenario } from "../../sim/scenario.ts";

type Section = Readonly<Record<string, unknown>>;

/** A shop of one worker; `more` says what is different. */
function run(
  more: Section,
  recorder?: (seen: Observation) => void,
): RunResult {
  const file = {
    schema: "doorbuster/1",
    name: "overload",
    teaches: "What an overloaded shop sheds, and what it does not.",
    clock: { duration: "40s" },
    topology: {
      shopWorkers: 1,
      cacheNodes: 1,
      partitions: { storefront: 2, inventory: 2, accounts: 1 },
    },
    catalog: { products: 50, popularity: { zipf: 0.5 }, stock: 100_000 },
    service: { reserve: "0.1ms", charge: "20ms" },
    disk: { sync: "1ms" },
    liveness: { within: "30m" },
    drain: "40m",
    ...more,
  };
  const text = JSON.stringify(file);
  return runScenario({
    scenario: resolveScenario(parseScenario(text, "overload.json"), 1),
    seed: 1,
    catalog: [],
    replay: "",
    wallMs: () => 0,
    ...recorder && { recorder },
  });
}

/** A latency in milliseconds of all calls of a step. */
function latency(
  { latencies }: RunResult,
  step: string,
  quantile: "p50Ms" | "p99Ms",
): number {
  return latencies.find((each) => each.step === step)![quantile];
}

function wrong({ checks }: RunResult): string[] {
  return checks.filter(({ ok }) => !ok).map(({ id }) => id);
}

/** Orders that come four times as fast as a storefront can take them. */
const RUSH = {
  clock: { duration: "30s" },
  edge: { requestTimeout: "5s" },
  journeys: {
    buyer: {
      weight: 7,
      steps: ["place_order", "pay_order"],
      think: "100ms",
    },
    quitter: {
      weight: 3,
      steps: ["place_order", "cancel_order"],
      think: "100ms",
    },
  },
  load: [
    { phase: "calm", for: "10s", open: { rate: "50/s" } },
    { phase: "rush", at: "10s", open: { rate: "400/s" } },
  ],
  service: { place_order: "4ms", reserve: "0.1ms", charge: "20ms" },
  breaker: { enabled: false },
};
const SHEDDING = {
  admission: { concurrency: { minimum: 8, initial: 16, maximum: 256 } },
};

/** A provider that hangs until the end, and buyers who pay once. */
const HANGING = {
  journeys: {
    buyer: { steps: ["place_order", "pay_order"], think: "100ms" },
  },
  load: [{ phase: "always", open: { rate: "20/s" } }],
  service: { charge: "20ms", charge_status: "20ms" },
  faults: [{
    ...{ id: "hang", do: "slow", target: "payment", factor: 3_000 },
    ...{ at: "1ms", for: "39s" },
  }],
};

/** A run that more than one test looks at. */
function once(play: () => RunResult): () => RunResult {
  let result: RunResult | undefined;
  return () => result ??= play();
}

const rush = once(() => run(RUSH));
/** How long orders took that were shed. */
const shedUs: number[] = [];
const shedding = once(() => {
  const askedAtUs = new Map<number, number>();
  return run({ ...RUSH, ...SHEDDING }, (seen) => {
    if (seen.kind === "called") askedAtUs.set(seen.call, seen.atUs);
    if (seen.kind !== "returned" || seen.outcome.kind !== "failed") return;
    shedUs.push(seen.atUs - askedAtUs.get(seen.call)!);
  });
});
const guarded = once(() => run({ ...HANGING, breaker: { minimumCalls: 5 } }));

// G71, I25
Deno.test("row 45: while new orders are shed, paying and cancelling stay quick, and more is sold", () => {
  const [all, shed] = [rush(), shedding()];
  assert.deepEqual([...wrong(all), ...wrong(shed)], []);
  // Who queues for longer than he waits is served in vain.
  assert.ok(latency(all, "place_order", "p50Ms") > 5_000);
  assert.ok(latency(shed, "place_order", "p99Ms") < 200);
  const sold = (result: RunResult) => result.metrics["ok.place_order"]!;
  assert.ok(sold(shed) > 2 * sold(all), `${sold(shed)} and ${sold(all)}`);
  assert.ok(latency(shed, "pay_order", "p99Ms") < 150);
  assert.ok(latency(shed, "cancel_order", "p99Ms") < 100);
  assert.equal(shed.metrics["failed.pay_order"], 0);
  assert.equal(shed.metrics["failed.cancel_order"], 0);
});

// I25
Deno.test("orders that queue for seconds do not hold up who pays or cancels", () => {
  assert.ok(latency(rush(), "place_order", "p50Ms") > 5_000);
  assert.ok(latency(rush(), "pay_order", "p99Ms") < 400);
  assert.ok(latency(rush(), "cancel_order", "p99Ms") < 200);
});

// I28
Deno.test("an order that is shed is refused at once, without a message to anybody", () => {
  shedding();
  assert.ok(shedUs.length > 1_000);
  assert.deepEqual(shedUs.filter((us) => us > 0), []);
});

// G72
Deno.test("a provider that hangs costs each buyer three seconds, and with its breaker open nothing", () => {
  const without = run({ ...HANGING, breaker: { enabled: false } });
  assert.deepEqual([...wrong(without), ...wrong(guarded())], []);
  assert.ok(latency(without, "pay_order", "p50Ms") > 3_000);
  assert.ok(latency(guarded(), "pay_order", "p50Ms") < 10);
  for (const { metrics } of [without, guarded()]) {
    assert.equal(metrics["failed.pay_order"], 0);
    assert.equal(metrics["failed.place_order"], 0);
  }
});

// G72
Deno.test("row 3: shedding our own load and opening on a callee's failure have switches of their own", () => {
  const changes = (result: RunResult) =>
    result.checks.find(({ id }) => id === "breaker.legal")!.checked;
  assert.ok(shedding().metrics["failed.place_order"]! > 1_000);
  assert.equal(changes(shedding()), 0);
  assert.ok(changes(guarded()) > 0);
  assert.equal(guarded().metrics["failed.place_order"], 0);
  assert.equal(guarded().metrics["limited.place_order"], 0);
});

Deno.test("who is refused for a product has spent nothing, and may ask for it until he gets it", () => {
  let givenBack = 0;
  const refusedBy = new Set<string>();
  const buyers = new Set<string>();
  const result = run({
    journeys: {
      buyer: {
        steps: ["place_order"],
        retry: { max: 100, backoff: "50ms" },
      },
    },
    load: [{ phase: "rush", for: "1s", open: { rate: "20/s" } }],
    catalog: { products: 1, popularity: { zipf: 0.5 }, stock: 1_000 },
    admission: {
      user: { rate: "1/s", burst: 1 },
      overall: { policy: "sliding-window", rate: "20/s" },
      sku: { rate: "5/s", burst: 1 },
    },
  }, (seen) => {
    if (seen.kind === "given_back") givenBack++;
    if (seen.kind === "called") buyers.add(seen.client);
    if (seen.kind === "admitted" && !seen.admitted) refusedBy.add(seen.policy);
  });
  assert.deepEqual(wrong(result), []);
  assert.ok(givenBack > 20, `${givenBack}`);
  assert.deepEqual([...refusedBy], []);
  assert.equal(result.metrics["ok.place_order"], buyers.size);
});
