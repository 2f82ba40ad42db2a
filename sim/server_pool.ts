/**
 * A plain pool of servers under virtual time: calls come as a Poisson process,
 * each server works them off one after the other, and the shop's own pool says
 * who gets which. It shows what a balancing policy is worth before a shop is
 * built on it: the share of each server, and what callers wait.
 *
 * A server may be slow, and it may fail: then it says so at once, which makes
 * it look idle. What a caller has given up is worked off all the same.
 *
 * @module
 */
import { failed, ok, unknown } from "../actors/runtime/outcome.ts";
import { SeededRandom, stableHash } from "../actors/runtime/random.ts";
import { AdaptiveThrottle } from "../cluster/pool/adaptive_throttle.ts";
import {
  Pool,
  type PoolOptions,
  type PoolReport,
} from "../cluster/pool/pool.ts";
import {
  PoolCalls,
  type PoolCallsOptions,
} from "../cluster/pool/pool_calls.ts";
import {
  RetryBudget,
  type RetryBudgetPolicy,
} from "../cluster/pool/retry_budget.ts";
import type { ThrottlePolicy } from "../cluster/pool/adaptive_throttle.ts";
import { type Distribution, sample } from "./distributions.ts";
import { LatencyHistogram } from "./latency_histogram.ts";
import { Scheduler } from "./scheduler.ts";

/** A server. */
export interface SimulatedServer {
  readonly service: Distribution;
  /** Of its calls; these are answered at once, with a failure. */
  readonly failsPerMillion?: number;
}

/** Servers, who calls them, and how calls are shared out. */
export interface ServerPoolModel
  extends
    Omit<PoolOptions, "names" | "random">,
    Pick<PoolCallsOptions, "retriesMost" | "tryWithinMs"> {
  readonly servers: readonly SimulatedServer[];
  readonly budget: RetryBudgetPolicy;
  readonly throttle: ThrottlePolicy | null;
  /** Calls that are wanted, and how many in a second on average. */
  readonly calls: number;
  readonly callsPerSecond: number;
  /** Different callers; each keeps its key. */
  readonly clients: number;
  /** How long a caller waits in all. */
  readonly withinMs: number;
  readonly seed: number;
}

/** What came of it. */
export interface ServerPoolResult {
  readonly pool: PoolReport;
  /** Calls that no server answered. */
  readonly failed: number;
  readonly retries: number;
  readonly throttled: number;
  /** How long answered calls took, waiting and retries included. */
  readonly latencies: LatencyHistogram;
}

const MICROSECONDS = 1_000_000;
const CALL = { kind: "call" };

/** Runs the model to its end: the same for the same seed. */
export function simulateServerPool(model: ServerPoolModel): ServerPoolResult {
  const scheduler = new Scheduler();
  const stream = (label: string) => new SeededRandom(model.seed, label);
  const names = model.servers.map((_, index) => `server[${index}]`);
  const pool = new Pool({ ...model, names, random: stream("policy") });
  const queues = new Map(names.map((name, index) => [
    name,
    new ServerQueue(model.servers[index]!, scheduler, stream(name)),
  ]));
  const calls = new PoolCalls({
    ...model,
    pool,
    budget: new RetryBudget(model.budget),
    throttle: model.throttle &&
      new AdaptiveThrottle(model.throttle, stream("throttle")),
    clock: { monotonicMs: () => scheduler.nowUs / 1_000 },
    ask: (name, _message, withinMs, done) =>
      queues.get(name)!.serve(withinMs, done),
  });
  const arrivals = stream("arrivals");
  const latencies = new LatencyHistogram();
  const gap = {
    kind: "exponential",
    meanUs: MICROSECONDS / model.callsPerSecond,
  } as const;
  let lost = 0;
  const arrive = (left: number) => {
    if (left === 0) return;
    const startUs = scheduler.nowUs;
    const key = `client ${arrivals.below(model.clients)}`;
    calls.call(key, CALL, model.withinMs, ({ kind }) => {
      if (kind === "ok") latencies.record(scheduler.nowUs - startUs);
      else lost++;
    });
    const atUs = startUs + Math.round(sample(gap, arrivals));
    scheduler.at(atUs, 0, () => arrive(left - 1));
  };
  arrive(model.calls);
  while (scheduler.pending > 0) scheduler.step(Infinity);
  return {
    pool: calls.report(),
    failed: lost,
    ...calls.counts,
    latencies,
  };
}

type Answer = Parameters<PoolCallsOptions["ask"]>[3];

/** One server and the calls that wait for it, first come first served. */
class ServerQueue {
  readonly #server: SimulatedServer;
  readonly #scheduler: Scheduler;
  readonly #random: SeededRandom;
  readonly #label: number;
  /** When it has worked off all that has come. */
  #freeAtUs = 0;

  constructor(
    server: SimulatedServer,
    scheduler: Scheduler,
    random: SeededRandom,
  ) {
    this.#server = server;
    this.#scheduler = scheduler;
    this.#random = random;
    this.#label = stableHash("server");
  }

  serve(withinMs: number, done: Answer): void {
    const { service, failsPerMillion = 0 } = this.#server;
    const { nowUs } = this.#scheduler;
    if (this.#random.below(MICROSECONDS) < failsPerMillion) {
      const fail = () => done(failed("crashed", 0));
      this.#scheduler.at(nowUs, this.#label, fail);
      return;
    }
    const startUs = Math.max(nowUs, this.#freeAtUs);
    this.#freeAtUs = startUs + Math.round(sample(service, this.#random));
    const untilUs = nowUs + withinMs * 1_000;
    const isLate = this.#freeAtUs > untilUs;
    this.#scheduler.at(
      isLate ? untilUs : this.#freeAtUs,
      this.#label,
      () => done(isLate ? unknown(0) : ok(null)),
    );
  }
}
