/**
 * What holds at the gate and before callees: in no window does a limit let more
 * pass than it says, nobody is refused who has something left, and a breaker
 * makes legal steps only and always leaves open again.
 *
 * @module
 */
import type {
  BreakerPolicy,
  BreakerReport,
  BreakerState,
} from "../../actors/runtime/circuit_breaker.ts";
import type { BreakerStatus } from "../../actors/runtime/domain_report.ts";
import type { AdmissionPolicies } from "../../cluster/admission.ts";
import type { LimiterPolicy } from "../../cluster/limiters/limiter.ts";
import type { Checker, Observation } from "../observation.ts";
import { Inspection } from "./inspection.ts";

/** At most `burst + perSecond × w` in a window of w seconds. */
interface Bound {
  readonly burst: number;
  readonly perSecond: number;
  /** Whether it also lets as many pass; only the buckets say exactly how many. */
  readonly isExact: boolean;
  /** What was there at the start. */
  readonly initial: number;
  /** What waits in its line has others behind it. */
  readonly givesNothingBack?: boolean;
  /** Of a sliding window: no more than the burst pass in any of this length. */
  readonly windowUs?: number;
}

/** What a policy promises, from its own words and not from its code. */
function boundOf(policy: LimiterPolicy): Bound {
  switch (policy.kind) {
    case "token-bucket": {
      const { capacityTokens: burst, refillPerSecond: perSecond } = policy;
      const initial = policy.initialTokens ?? burst;
      return { burst, perSecond, isExact: true, initial };
    }
    case "leaky-bucket": {
      const { capacity: burst, leakPerSecond: perSecond } = policy;
      return { burst, perSecond, isExact: true, initial: burst };
    }
    case "leaky-queue": {
      const { leakPerSecond: perSecond, maxWaitMs } = policy;
      const burst = Math.ceil(perSecond * maxWaitMs / 1_000) + 1;
      const initial = burst;
      const givesNothingBack = true;
      return { burst, perSecond, isExact: false, initial, givesNothingBack };
    }
    case "sliding-window": {
      const { limit: burst, windowMs } = policy;
      const perSecond = burst * 1_000 / windowMs;
      const windowUs = windowMs * 1_000;
      return { burst, perSecond, isExact: false, initial: burst, windowUs };
    }
    case "warm-up": {
      const { ratePerSecond: perSecond } = policy;
      const burst = Math.max(1, Math.floor(perSecond / 10));
      return { burst, perSecond, isExact: false, initial: burst };
    }
  }
}

/** What one key has used of its bound: a level that sinks at its rate. */
interface Meter {
  used: number;
  atUs: number;
  readonly bound: Bound;
  /** When requests passed, of a sliding window; else null. */
  readonly passedUs: number[] | null;
}

/** Meters are looked through once there are twice as many as were left. */
const METERS_MIN = 512;

/**
 * The shop's times are floats of milliseconds, so a limiter can be two
 * microseconds behind; and levels are sums of fractions.
 */
function slackOf({ perSecond }: Bound): number {
  return 1e-6 + perSecond * 2e-6;
}

/**
 * `limiter.legal`: in every window at most burst + rate × window pass, for each
 * user, each route and everybody; and a bucket refuses only when it is empty.
 *
 * That holds for every window exactly when a level that each request raises by
 * its cost, and that sinks at the rate, never exceeds the burst.
 */
export class LimiterLegal extends Inspection {
  readonly id = "limiter.legal";
  override readonly sees = ["admitted", "given_back"] as const;
  readonly #policies: AdmissionPolicies | null;
  readonly #user: Bound | null;
  readonly #overall: Bound | null;
  readonly #routes: ReadonlyMap<string, Bound>;
  /** By user; a table of its own, so that a user's name is the key as it is. */
  readonly #users = new Meters();
  /** Those of routes, and of all together, by what they are called. */
  readonly #others = new Meters();

  /** Without policies there is nothing to check. */
  constructor(policies: AdmissionPolicies | undefined) {
    super();
    this.#policies = policies ?? null;
    this.#user = policies === undefined ? null : boundOf(policies.user);
    this.#overall = policies?.overall ? boundOf(policies.overall) : null;
    this.#routes = new Map(
      Object.entries(policies?.routes ?? {}).map(([route, policy]) => [
        route,
        boundOf(policy),
      ]),
    );
  }

  observe(seen: Observation): void {
    if (this.#user === null) return;
    if (seen.kind !== "admitted" && seen.kind !== "given_back") return;
    const { client, route, atUs } = seen;
    const cost = this.#policies?.costs[route] ?? 1;
    const ofRoute = this.#routes.get(route);
    if (seen.kind === "given_back") {
      this.#gaveBack(this.#users, client, this.#user, cost, seen);
      if (this.#overall !== null) {
        this.#gaveBack(this.#others, "overall", this.#overall, cost, seen);
      }
      if (ofRoute !== undefined) {
        this.#gaveBack(this.#others, route, ofRoute, 1, seen);
      }
      return;
    }
    this.checked++;
    if (!seen.admitted) {
      if (seen.policy === "user") this.#refused(client, cost, atUs);
      return;
    }
    this.#passed(this.#users, client, this.#user, cost, atUs);
    if (this.#overall !== null) {
      this.#passed(this.#others, "overall", this.#overall, cost, atUs);
    }
    if (ofRoute !== undefined) {
      this.#passed(this.#others, route, ofRoute, 1, atUs);
    }
  }

  /** What has sunk since it was taken is not given back a second time. */
  #gaveBack(
    meters: Meters,
    key: string,
    bound: Bound,
    cost: number,
    { atUs, decidedUs }: { readonly atUs: number; readonly decidedUs: number },
  ): void {
    if (bound.givesNothingBack) return;
    const meter = meters.of(key, bound, atUs);
    const sunk = (atUs - decidedUs) * bound.perSecond / 1e6;
    meter.used = Math.max(0, meter.used - Math.max(0, cost - sunk));
    const from = meter.passedUs?.indexOf(decidedUs) ?? -1;
    if (from >= 0) meter.passedUs!.splice(from, cost);
  }

  #passed(
    meters: Meters,
    key: string,
    bound: Bound,
    cost: number,
    atUs: number,
  ): void {
    const meter = meters.of(key, bound, atUs);
    const { burst, windowUs } = bound;
    if (windowUs !== undefined) {
      const isWithin = slide(meter.passedUs!, atUs, windowUs, cost) <= burst;
      if (!isWithin) {
        const name = this.#nameOf(meters, key);
        const detail = `More than ${burst} of ${name} passed in ${windowUs} µs`;
        return this.report(atUs, name, detail);
      }
    }
    meter.used += cost;
    // Who pays more than one joins a queue that only looks at who is before.
    const most = bound.isExact ? bound.burst : bound.burst + cost - 1;
    if (meter.used <= most + slackOf(bound)) return;
    const name = this.#nameOf(meters, key);
    const detail = `The limit of ${name} is ${bound.burst} at once and ` +
      `${bound.perSecond} a second, but ${meter.used.toFixed(3)} are under way`;
    this.report(atUs, name, detail);
  }

  #refused(client: string, cost: number, atUs: number): void {
    const bound = this.#user!;
    const { used } = this.#users.of(client, bound, atUs);
    if (!bound.isExact || used + cost > bound.burst - slackOf(bound)) return;
    const left = (bound.burst - used).toFixed(3);
    const name = this.#nameOf(this.#users, client);
    this.report(atUs, name, `${name} is refused, but has ${left} left`);
  }

  #nameOf(meters: Meters, key: string): string {
    return meters === this.#users ? `user ${key}` : key;
  }
}

/** Levels by key, of which those at rest are forgotten. */
class Meters {
  #meters = new Map<string, Meter>();
  /** So many more than were not at rest when they were looked at. */
  #most = METERS_MIN;

  /** The meter of a key as it is at a moment. */
  of(key: string, bound: Bound, atUs: number): Meter {
    let meter = this.#meters.get(key);
    if (meter === undefined) {
      if (this.#meters.size >= this.#most) this.#forgetSome(atUs);
      // Whoever comes later finds what the first would have found then.
      const used = bound.burst - bound.initial;
      const passedUs = bound.windowUs === undefined ? null : [];
      meter = { used, atUs, bound, passedUs };
      this.#meters.set(key, meter);
    }
    meter.used = levelOf(meter, atUs);
    meter.atUs = atUs;
    return meter;
  }

  /** Into a new Map, for what `PassingMap` says. */
  #forgetSome(atUs: number): void {
    const meters = new Map<string, Meter>();
    for (const [key, meter] of this.#meters) {
      if (!isAtRest(meter, atUs)) meters.set(key, meter);
    }
    this.#meters = meters;
    this.#most = Math.max(METERS_MIN, 2 * meters.size);
  }
}

function levelOf({ used, atUs, bound }: Meter, nowUs: number): number {
  return Math.max(0, used - (nowUs - atUs) * bound.perSecond / 1e6);
}

/** Whether a new one would say the same of all that comes. */
function isAtRest(meter: Meter, nowUs: number): boolean {
  const { bound: { burst, initial, windowUs = 0 }, atUs } = meter;
  return burst === initial && levelOf(meter, nowUs) === 0 &&
    nowUs - atUs >= windowUs;
}

/**
 * Adds what passes now and gives how many passed in the window that ends now.
 * Times in the shop are floats of milliseconds: a microsecond's grace.
 */
function slide(
  passedUs: number[],
  atUs: number,
  windowUs: number,
  cost: number,
): number {
  while (passedUs.length > 0 && passedUs[0]! <= atUs - windowUs + 1) {
    passedUs.shift();
  }
  for (let count = 0; count < cost; count++) passedUs.push(atUs);
  return passedUs.length;
}

/** A pause is spread by ±20 %; a millisecond for rounding up. */
const PAUSE_SPREAD = 1.2;
const ROUNDING_MS = 1;

const NEXT: Readonly<Record<BreakerState, readonly BreakerState[]>> = {
  closed: ["open"],
  open: ["half_open"],
  half_open: ["closed", "open"],
};

/**
 * `breaker.legal`: closed goes to open, for enough calls or because the target
 * is down; open goes to half-open; half-open to either. Open ends: the pause is
 * within its bounds, and when it is over the next call passes.
 */
export class BreakerLegal extends Inspection {
  readonly id = "breaker.legal";
  override readonly sees = ["breaker_changed"] as const;
  readonly #policy: BreakerPolicy | null;
  /** By domain, its life, and address. */
  readonly #states = new Map<string, { to: BreakerState; atUs: number }>();

  constructor(policy: BreakerPolicy | null | undefined) {
    super();
    this.#policy = policy ?? null;
  }

  observe(seen: Observation): void {
    if (seen.kind !== "breaker_changed" || this.#policy === null) return;
    const { domain, incarnation, address, from, to, report, atUs } = seen;
    this.checked++;
    const key = `${domain} ${incarnation} ${address}`;
    const known = this.#states.get(key)?.to ?? "closed";
    this.#states.set(key, { to, atUs });
    if (from !== known || !NEXT[from].includes(to)) {
      const detail = `The breaker went from ${from} to ${to} and was ${known}`;
      return this.report(atUs, address, detail);
    }
    const { isTargetDown, calls, retryAfterMs } = report;
    const { minimumCalls, resetMaxMs } = this.#policy;
    if (to !== "open" || isTargetDown) return;
    if (from === "closed" && calls < minimumCalls) {
      const detail = `It opened after ${calls} calls, not ${minimumCalls}`;
      return this.report(atUs, address, detail);
    }
    if (retryAfterMs > resetMaxMs * PAUSE_SPREAD + ROUNDING_MS) {
      const detail = `It opened for ${retryAfterMs} ms, over ${resetMaxMs} ms`;
      this.report(atUs, address, detail);
    }
  }

  /** Looks at a breaker when all is over: one whose pause is over lets pass. */
  look(atUs: number, name: string, address: string, now: BreakerReport): void {
    const known = this.#states.get(`${name} ${address}`);
    if (known === undefined || this.#policy === null) return;
    const openMs = (atUs - known.atUs) / 1_000;
    // Threads can have clocks that drift: twice the longest pause is enough.
    const pauseMs = 2 * this.#policy.resetMaxMs;
    if (now.state !== "open" || now.isTargetDown || openMs < pauseMs) return;
    if (now.retryAfterMs === 0) return;
    const detail = `It is open after ${openMs} ms and lets nothing pass`;
    this.report(atUs, address, detail);
  }
}

/** Looks at the breakers that there are when all is over, by life of a thread. */
export function lookAtBreakers(
  checkers: readonly Checker[],
  atUs: number,
  lives: readonly {
    readonly life: string;
    readonly breakers: readonly BreakerStatus[];
  }[],
): void {
  for (const checker of checkers) {
    if (!(checker instanceof BreakerLegal)) continue;
    for (const { life, breakers } of lives) {
      for (const { address, ...report } of breakers) {
        checker.look(atUs, life, address, report);
      }
    }
  }
}
