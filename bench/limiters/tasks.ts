/**
 * Each limiter's policy as a task: users come in turn, each to a limiter of his
 * own, and hear what is left to them. Besides, the whole of the shop's
 * admission with the token bucket. That is generous, as its peer is, so that
 * every request passes.
 *
 * @module
 */
import { AdmissionControl } from "../../cluster/admission.ts";
import {
  type Limiter,
  limiterFor,
  type LimiterPolicy,
} from "../../cluster/limiters/limiter.ts";
import {
  type Limit,
  SharedLimits,
} from "../../cluster/limiters/shared_limits.ts";
import type { Ran, Run, Sizes } from "../actors/program.ts";
import { BURST, userOf, verifyPassed } from "./users.ts";

const POLICIES: readonly LimiterPolicy[] = [
  { kind: "token-bucket", capacityTokens: BURST, refillPerSecond: BURST },
  { kind: "leaky-bucket", capacity: BURST, leakPerSecond: BURST },
  { kind: "leaky-queue", leakPerSecond: BURST, maxWaitMs: 1_000 },
  { kind: "sliding-window", limit: 100, windowMs: 1_000 },
  { kind: "warm-up", ratePerSecond: 100, warmUpMs: 1_000 },
];

const [BUCKET] = POLICIES;

/** Every user of this part of a round tells once: as in a shop's 100 ms. */
const REQUESTS_PER_TICK = 20_000;

/**
 * Shared by three processes, with a store that answers at once: what a process
 * does itself.
 */
function decideTogether(sizes: Sizes): Promise<Ran> {
  const limits = new SharedLimits(
    { whenAway: "closed", slackPercent: 25, answerWithinMs: 250 },
    {
      tell: (tellings, done) => {
        const microTokens = tellings.map((telling) => telling.microTokens);
        done({ kind: "ok", microTokens }, Date.now());
      },
    },
    { write: () => {} },
    3,
  );
  return decide(BUCKET!, sizes, {
    make: (limit, nowMs, key) => limits.limiterFor(key, limit, nowMs),
    tick: (nowMs) => limits.tick(nowMs),
  });
}

/** Limiters of this process alone, which need no ticks. */
const ALONE = {
  make: (limit: Limit, nowMs: number, _key: string) => limiterFor(limit, nowMs),
  tick: (_nowMs: number) => {},
};

/** The decision alone, by the clock that the peer reads. */
function decide(
  policy: LimiterPolicy,
  { n }: Sizes,
  { make, tick } = ALONE,
): Promise<Ran> {
  const limiters = new Map<string, Limiter>();
  let passed = 0;
  let left = 0;
  for (let request = 0; request < n; request++) {
    const user = userOf(request);
    const nowMs = Date.now();
    let limiter = limiters.get(user);
    if (limiter === undefined) {
      limiter = make(policy, nowMs, user);
      limiters.set(user, limiter);
    }
    if (request % REQUESTS_PER_TICK === 0) tick(nowMs);
    if (limiter.tryTake(nowMs)) passed++;
    left += limiter.remaining(nowMs);
  }
  // The window and the warm-up refuse some: how many is the machine's affair.
  if (policy.kind.endsWith("bucket")) verifyPassed(passed, n);
  if (left < 0) throw new Error("Cannot have less than nothing left");
  return Promise.resolve({ count: n });
}

/** All that the shop's gate does for a request, by its clock. */
function admit(user: LimiterPolicy, { n }: Sizes): Promise<Ran> {
  const control = new AdmissionControl({
    ...{ user, address: user, overall: null, sku: null },
    ...{ routes: {}, costs: {}, reservePercent: 0 },
  }, performance.now());
  let passed = 0;
  for (let request = 0; request < n; request++) {
    const nowMs = performance.now();
    const { admitted } = control.admit(
      userOf(request),
      "",
      nowMs,
      "placeOrder",
    );
    if (admitted) passed++;
  }
  verifyPassed(passed, n);
  return Promise.resolve({ count: n });
}

/** The tasks by name. */
export const TASKS: Readonly<Record<string, Run>> = {
  ...Object.fromEntries(
    POLICIES.map((policy) => [policy.kind, (sizes) => decide(policy, sizes)]),
  ),
  "shared-token-bucket": decideTogether,
  admission: (sizes) => admit(BUCKET!, sizes),
};
