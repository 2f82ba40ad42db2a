/**
 * Each limiter's policy as a task: admit users in turn. Only the token bucket
 * has a peer; it is generous, so that every request passes in both.
 *
 * @module
 */
import { AdmissionControl } from "../../cluster/admission.ts";
import type { LimiterPolicy } from "../../cluster/limiters/limiter.ts";
import type { Ran, Run, Sizes } from "../actors/program.ts";
import { BURST, userOf, verifyPassed } from "./users.ts";

const POLICIES: readonly LimiterPolicy[] = [
  { kind: "token-bucket", capacityTokens: BURST, refillPerSecond: BURST },
  { kind: "leaky-bucket", capacity: BURST, leakPerSecond: BURST },
  { kind: "leaky-queue", leakPerSecond: BURST, maxWaitMs: 1_000 },
  { kind: "sliding-window", limit: 100, windowMs: 1_000 },
  { kind: "warm-up", ratePerSecond: 100, warmUpMs: 1_000 },
];

function admit(user: LimiterPolicy, { n }: Sizes): Promise<Ran> {
  const control = new AdmissionControl({
    ...{ user, address: user, overall: null, sku: null },
    ...{ routes: {}, costs: {}, reservePercent: 0 },
  }, performance.now());
  let passed = 0;
  for (let request = 0; request < n; request++) {
    const { admitted } = control.admit(
      userOf(request),
      "",
      performance.now(),
      "placeOrder",
    );
    if (admitted) passed++;
  }
  // The window and the warm-up refuse some: how many is the machine's affair.
  if (user.kind.endsWith("bucket")) verifyPassed(passed, n);
  return Promise.resolve({ count: n });
}

/** The tasks by name. */
export const TASKS: Readonly<Record<string, Run>> = Object.fromEntries(
  POLICIES.map((policy) => [policy.kind, (sizes) => admit(policy, sizes)]),
);
