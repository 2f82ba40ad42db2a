/**
 * A plain pool of servers under virtual time: calls come as a Poisson process,
 * each server works them off one after the other, and the shop's own pool says
 * who gets which. It shows what a balancing policy is worth before a shop is
 * built on it: the share of each server, and what callers wait.
 *
 * A server may be slow, and it may fail or have no room: then it says so at
 * once, which makes it look idle. What a caller has given up is worked off all
 * the same.
 *
 * @module
 */
import { failed, ok, unknown } from "../actors/runtime/outcome.ts";
import { SeededRandom, stableHash } from "../actors/runtime/random.ts";
import { AdaptiveThrottle } from "../cluster/pool/adaptive_throttle.ts";
import { TokenBucket } from "../cluster/limiters/token_bucket.ts";
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
  /** It has room for so many, and refuses others at once, until then. */
  readonly room?: { readonly perSecond: number; readonly untilMs: number };
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
  /** Different clients; each keeps its key. */
  readonly clients: number;
  /**
   * Who call for them, each with a pool that knows its own calls only: the
   * threads or processes of a shop. One unless told.
   */
  readonly callers?: number;
  /** How long a caller waits in all. */
  readonly withinMs: number;
  readonly seed: number;
}

/** What came of it. */
export interface ServerPoolResult {
  /** As the first caller sees it. */
  readonly pool: PoolReport;
  /** By server: its share of the picks of all callers. */
  readonly shares: readonly number[];
  /** Tries that a server did not answer, of all callers. */
  readonly failedTries: number;
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
  const arrivals = stream("arrivals");
  const queues = new Map(names.map((name, index) => [
    name,
    new ServerQueue(model.servers[index]!, scheduler, stream(name)),
  ]));
  const { callers: count = 1 } = model;
  const callers = Array.from({ length: count }, (_, index) => {
    const own = (label: string) =>
      stream(index === 0 ? label : `${label} ${index}`);
    return new PoolCalls({
      ...model,
      pool: new Pool({ ...model, names, random: own("policy") }),
      budget: new RetryBudget(model.budget),
      throttle: model.throttle &&
        new AdaptiveThrottle(model.throttle, own("throttle")),
      clock: { monotonicMs: () => scheduler.nowUs / 1_000 },
      ask: (name, _message, withinMs, done) =>
        queues.get(name)!.serve(withinMs, done),
    });
  });
  const latencies = new LatencyHistogram();
  const gap = {
    kind: "exponential",
    meanUs: MICROSECONDS / model.callsPerSecond,
  } as const;
  let lost = 0;
  const arrive = (left: number) => {
    if (left === 0) return;
    const startUs = scheduler.nowUs;
    const client = arrivals.below(model.clients);
    const key = `client ${client}`;
    callers[client % count]!.call(key, CALL, model.withinMs, ({ kind }) => {
      if (kind === "ok") latencies.record(scheduler.nowUs - startUs);
      else lost++;
    });
    const atUs = startUs + Math.round(sample(gap, arrivals));
    scheduler.at(atUs, 0, () => arrive(left - 1));
  };
  arrive(model.calls);
  while (scheduler.pending > 0) scheduler.step(Infinity);
  return { ...totals(callers, names.length), failed: lost, latencies };
}

/** What all callers have seen together. */
function totals(callers: readonly PoolCalls[], servers: number) {
  const reports = callers.map((caller) => caller.report());
  const members = reports.flatMap((report) => report.members);
  const add = <Item>(items: readonly Item[], of: (item: Item) => number) =>
    items.reduce((sum, item) => sum + of(item), 0);
  const picks = add(members, (member) => member.picks);
  const picksOf = (server: number) =>
    add(reports, ({ members }) => members[server]!.picks);
  return {
    pool: reports[0]!,
    shares: Array.from(
      { length: servers },
      (_, server) => picks === 0 ? 0 : picksOf(server) / picks,
    ),
    failedTries: add(members, (member) => member.failures),
    retries: add(reports, ({ retries }) => retries),
    throttled: add(reports, ({ throttled }) => throttled),
  };
}

type Answer = Parameters<PoolCallsOptions["ask"]>[3];

/** One server and the calls that wait for it, first come first served. */
class ServerQueue {
  readonly #server: SimulatedServer;
  readonly #scheduler: Scheduler;
  readonly #random: SeededRandom;
  readonly #label: number;
  /** The room that it has; null: for all. */
  readonly #room: TokenBucket | null;
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
    const { room } = server;
    // What chance brings together within a fifth of a second still has room.
    this.#room = room === undefined ? null : new TokenBucket({
      capacityTokens: Math.ceil(room.perSecond / 5),
      refillPerSecond: room.perSecond,
    }, 0);
  }

  serve(withinMs: number, done: Answer): void {
    const { service, failsPerMillion = 0 } = this.#server;
    const { nowUs } = this.#scheduler;
    if (this.#random.below(MICROSECONDS) < failsPerMillion) {
      const fail = () => done(failed("crashed", 0));
      this.#scheduler.at(nowUs, this.#label, fail);
      return;
    }
    if (!this.#hasRoom(nowUs / 1_000)) {
      const refuse = () => done(failed("overloaded", 0));
      this.#scheduler.at(nowUs, this.#label, refuse);
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

  #hasRoom(nowMs: number): boolean {
    const { untilMs = 0 } = this.#server.room ?? {};
    return nowMs >= untilMs || this.#room!.tryTake(nowMs);
  }
}
