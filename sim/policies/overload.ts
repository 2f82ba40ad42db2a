/**
 * What a limiter is worth: the answers that come in time from a plain server
 * that is asked for up to five times what it can do. Calls come as a Poisson
 * process to a limiter and then to one queue with ten servers; who waits for
 * longer than a second has gone, and his call is worked off all the same. That
 * is why an open door collapses: soon every call that is worked off is late.
 *
 * Limiters of a rate are told what the server can do. So the same is played
 * with a server that turns out to be half as fast.
 *
 * @module
 */
import { SeededRandom } from "../../actors/runtime/random.ts";
import { admission } from "../../cluster/config.ts";
import { settleAdmission } from "../../cluster/config_values.ts";
import {
  AdaptiveConcurrency,
  type ConcurrencyPolicy,
} from "../../cluster/limiters/concurrency.ts";
import {
  type Limiter,
  LIMITER_KINDS,
  limiterFor,
  type LimiterPolicy,
} from "../../cluster/limiters/limiter.ts";
import { sample } from "../distributions.ts";
import { Scheduler } from "../scheduler.ts";

/** Who stands at the door. */
export type Doorman =
  | "nobody"
  | LimiterPolicy["kind"]
  | "adaptive, usual"
  | "adaptive, least";

/** All that are compared. */
export const DOORMEN: readonly Doorman[] = [
  "nobody",
  ...LIMITER_KINDS,
  "adaptive, usual",
  "adaptive, least",
];

/** How much is asked for, by what the server can do. */
export const LOADS = [0.5, 1, 2, 3, 5] as const;

/** How one doorman did under one load. */
export interface Goodput {
  readonly doorman: Doorman;
  /** Of the server's capacity. */
  readonly load: number;
  /** Answers in time, as a share of the server's capacity. */
  readonly goodput: number;
  /** Of the calls that came. */
  readonly refused: number;
  /** Of answers in time, the door's queue included; 0: there was none. */
  readonly meanMs: number;
}

/** A server, with each doorman and load. */
export interface OverloadCase {
  readonly name: string;
  readonly goodputs: readonly Goodput[];
}

/** Ten servers that take 10 ms each: what limiters are told. */
const SERVERS = 10;
const SERVICE_US = 10_000;
const CAPACITY_PER_SECOND = 1_000;
/** A rate of all of the capacity would let the queue wander off. */
const RATE = 0.95 * CAPACITY_PER_SECOND;
const DEADLINE_US = 1_000_000;
/** Two minutes: as long as the adaptive limit remembers the quickest calls. */
const RUN_US = 120_000_000;

const LIMITERS: readonly LimiterPolicy[] = [
  // A tenth of a second of it at once.
  { kind: "token-bucket", capacityTokens: 100, refillPerSecond: RATE },
  { kind: "leaky-bucket", capacity: 100, leakPerSecond: RATE },
  { kind: "leaky-queue", leakPerSecond: RATE, maxWaitMs: 100 },
  { kind: "sliding-window", limit: RATE / 10, windowMs: 100 },
  { kind: "warm-up", ratePerSecond: RATE, warmUpMs: 10_000 },
];

const CASES = [
  { name: "as fast as expected", slowness: 1 },
  { name: "half as fast", slowness: 2 },
] as const;

/**
 * Plays every load on every doorman.
 *
 * @param step Hears which case is played next.
 */
export function compareDoormen(step: (what: string) => void): OverloadCase[] {
  return CASES.map(({ name, slowness }) => {
    step(name);
    const goodputs = DOORMEN.flatMap((doorman) =>
      LOADS.map((load) => play(doorman, load, slowness))
    );
    return { name, goodputs };
  });
}

/** Lets a call in now, after a while, or not. */
interface Door {
  /** Milliseconds until the call goes on; null: it does not. */
  readonly admit: (nowMs: number) => number | null;
  readonly ended: (tookMs: number, nowMs: number) => void;
}

function doorOf(doorman: Doorman): Door {
  const policy = LIMITERS.find(({ kind }) => kind === doorman);
  if (policy !== undefined) return limiterDoor(limiterFor(policy, 0));
  if (doorman === "nobody") return { admit: () => 0, ended: () => {} };
  const baseline = doorman === "adaptive, usual" ? "usual" : "least";
  return adaptiveDoor({ ...defaultConcurrency(), baseline });
}

function limiterDoor(limiter: Limiter): Door {
  return {
    admit: (nowMs) => limiter.tryTake(nowMs) ? limiter.delayMs : null,
    ended: () => {},
  };
}

function adaptiveDoor(policy: ConcurrencyPolicy): Door {
  const concurrency = new AdaptiveConcurrency(policy);
  return {
    admit() {
      if (!concurrency.hasRoom) return null;
      concurrency.begin();
      return 0;
    },
    ended: (tookMs, nowMs) => concurrency.ended(tookMs, nowMs),
  };
}

/** What `"concurrency": {}` in a config gives. */
function defaultConcurrency(): ConcurrencyPolicy {
  return settleAdmission(admission.parse({ concurrency: {} })).concurrency!;
}

function play(doorman: Doorman, load: number, slowness: number): Goodput {
  const scheduler = new Scheduler();
  const door = doorOf(doorman);
  const arrivals = new SeededRandom(1, "arrivals");
  const services = new SeededRandom(1, "services");
  const meanUs = SERVICE_US * slowness;
  const perSecond = CAPACITY_PER_SECOND / slowness;
  const gap = {
    kind: "exponential",
    meanUs: 1_000_000 / (perSecond * load),
  } as const;
  /** When each server has worked off all that it was given. */
  const freeAtUs = new Float64Array(SERVERS);
  let [came, refused, inTime, sumUs] = [0, 0, 0, 0];
  const serve = (cameUs: number) => {
    const server = freeAtUs.indexOf(Math.min(...freeAtUs));
    const service = { kind: "exponential", meanUs } as const;
    const startUs = Math.max(scheduler.nowUs, freeAtUs[server]!);
    const endUs = startUs + Math.round(sample(service, services));
    freeAtUs[server] = endUs;
    // He hears the answer, or has gone by then.
    const leftUs = Math.min(endUs, cameUs + DEADLINE_US);
    scheduler.at(leftUs, 0, () => {
      door.ended((leftUs - cameUs) / 1_000, leftUs / 1_000);
      if (endUs > leftUs || endUs > RUN_US) return;
      inTime++;
      sumUs += endUs - cameUs;
    });
  };
  const arrive = () => {
    const { nowUs } = scheduler;
    if (nowUs > RUN_US) return;
    came++;
    const waitMs = door.admit(nowUs / 1_000);
    if (waitMs === null) refused++;
    else if (waitMs === 0) serve(nowUs);
    else {
      const goesOnUs = nowUs + Math.round(waitMs * 1_000);
      scheduler.at(goesOnUs, 0, () => serve(nowUs));
    }
    scheduler.at(nowUs + Math.round(sample(gap, arrivals)), 0, arrive);
  };
  arrive();
  while (scheduler.pending > 0) scheduler.step(Infinity);
  return {
    doorman,
    load,
    goodput: inTime / (perSecond * RUN_US / 1_000_000),
    refused: refused / came,
    meanMs: inTime === 0 ? 0 : sumUs / inTime / 1_000,
  };
}
