/**
 * The RateLimit fields of every policy, as clients read them: what may pass,
 * what is left, and a time to come back that holds.
 *
 * @module
 */
import assert from "node:assert/strict";
import { AdmissionControl } from "../../cluster/admission.ts";
import type { LimiterPolicy } from "../../cluster/limiters/limiter.ts";
import { LimitFields } from "../../web/services.ts";

/** What the answers to requests of one user at the same time say. */
function fieldsOf(user: LimiterPolicy, requests: number) {
  const none = { overall: null, sku: null, reservePercent: 0 };
  const policies = { user, address: user, ...none, routes: {}, costs: {} };
  const control = new AdmissionControl(policies, 0);
  const fields = new LimitFields();
  return Array.from({ length: requests }, () => {
    const headers: Record<string, string> = {};
    const admission = control.admit("ada", "", 0);
    fields.describe(admission, headers);
    const { admitted, retryAfterMs } = admission;
    return { admitted, retryAfterMs, headers };
  });
}

const ROWS: readonly {
  readonly policy: LimiterPolicy;
  readonly passing: number;
  readonly text: string;
  readonly first: string;
  readonly refused: string;
  readonly retryAfterMs: number;
}[] = [
  {
    policy: { kind: "token-bucket", capacityTokens: 100, refillPerSecond: 10 },
    passing: 100,
    text: '"user";q=100;w=10',
    first: '"user";r=99;t=1',
    refused: '"user";r=0;t=1',
    retryAfterMs: 100,
  },
  {
    policy: { kind: "leaky-bucket", capacity: 10, leakPerSecond: 2 },
    passing: 10,
    text: '"user";q=10;w=5',
    first: '"user";r=9;t=1',
    refused: '"user";r=0;t=1',
    retryAfterMs: 500,
  },
  {
    policy: { kind: "leaky-queue", leakPerSecond: 5, maxWaitMs: 2_000 },
    passing: 11,
    text: '"user";q=11;w=3',
    first: '"user";r=10;t=1',
    refused: '"user";r=0;t=1',
    retryAfterMs: 200,
  },
  {
    policy: { kind: "sliding-window", limit: 5, windowMs: 5_000 },
    passing: 5,
    text: '"user";q=5;w=5',
    first: '"user";r=4;t=1',
    refused: '"user";r=0;t=5',
    retryAfterMs: 5_000,
  },
  {
    policy: { kind: "warm-up", ratePerSecond: 1, warmUpMs: 10_000 },
    passing: 1,
    text: '"user";q=1;w=1',
    first: '"user";r=0;t=1',
    refused: '"user";r=0;t=3',
    retryAfterMs: 2_800,
  },
];

for (const { policy, passing, ...expected } of ROWS) {
  Deno.test(`the RateLimit fields are right for ${policy.kind}`, () => {
    const answers = fieldsOf(policy, passing + 1);
    const passed = answers.filter(({ admitted }) => admitted);
    const last = answers.at(-1)!;
    assert.equal(passed.length, passing);
    assert.deepEqual({
      text: answers[0]!.headers["ratelimit-policy"],
      first: answers[0]!.headers["ratelimit"],
      refused: last.headers["ratelimit"],
      retryAfterMs: last.retryAfterMs,
    }, expected);
  });
}

Deno.test("row 41: of 150 at once a full bucket lets 100 pass, 50 are told to come back in a second", () => {
  const answers = fieldsOf(
    { kind: "token-bucket", capacityTokens: 100, refillPerSecond: 10 },
    150,
  );
  const refused = answers.filter(({ admitted }) => !admitted);
  assert.equal(refused.length, 50);
  for (const answer of refused) {
    assert.equal(answer.headers["ratelimit"], '"user";r=0;t=1');
  }
});
