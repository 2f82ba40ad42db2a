/** Calls to a pool whose members fail: who is asked, how often, what is said. */
import assert from "node:assert/strict";
import { SeededRandom } from "../../../actors/runtime/random.ts";
import {
  failed,
  ok,
  type Outcome,
  rejected,
  unknown,
} from "../../../actors/runtime/outcome.ts";
import type { BalancerName } from "../../../cluster/balancers/policies.ts";
import { AdaptiveThrottle } from "../../../cluster/pool/adaptive_throttle.ts";
import { Pool } from "../../../cluster/pool/pool.ts";
import { PoolCalls } from "../../../cluster/pool/pool_calls.ts";
import { RetryBudget } from "../../../cluster/pool/retry_budget.ts";

const READ = { kind: "read" };
const DOWN = failed("unavailable", 250);

/** Three servers that answer at once, a clock that a test moves. */
class Stage {
  nowMs = 0;
  /** Who was asked, and for how long. */
  readonly asked: { readonly name: string; readonly withinMs: number }[] = [];
  readonly calls: PoolCalls;
  answers: (name: string) => Outcome<unknown> = (name) => ok(name);
  /** How long an answer takes. */
  takesMs = 0;

  constructor(
    {
      budgetPercent = 100,
      retriesMost = 2,
      count = 3,
      isThrottled = false,
      policy = "round-robin" as BalancerName,
    } = {},
  ) {
    const random = new SeededRandom(1, "calls");
    this.calls = new PoolCalls({
      pool: new Pool({
        names: ["5000", "5001", "5002"].slice(0, count),
        policy,
        virtualNodes: 16,
        slackPercent: 25,
        capacityCalls: 100,
        random,
        health: {
          badRepliesInRow: 5,
          ejectedForMs: 10_000,
          ejectedForMostMs: 60_000,
          ejectedPercentMost: 50,
          failedProbesInRow: 2,
          goodProbesInRow: 2,
          slowStartMs: 0,
        },
      }),
      budget: new RetryBudget({
        budgetPerMillion: budgetPercent * 10_000,
        reserveRetries: 5,
      }),
      throttle: isThrottled
        ? new AdaptiveThrottle(
          { multiplierPercent: 200, windowMs: 120_000 },
          random,
        )
        : null,
      retriesMost,
      tryWithinMs: 500,
      clock: { monotonicMs: () => this.nowMs },
      ask: (name, _message, withinMs, done) => {
        this.asked.push({ name, withinMs });
        this.nowMs += Math.min(this.takesMs, withinMs);
        done(this.takesMs > withinMs ? unknown(250) : this.answers(name));
      },
    });
  }

  call(withinMs = 5_000): Outcome<unknown> {
    let ended: Outcome<unknown> | null = null;
    this.calls.call("", READ, withinMs, (outcome) => {
      assert.equal(ended, null);
      ended = outcome;
    });
    assert.ok(ended !== null);
    return ended;
  }

  names(): string[] {
    return this.asked.map(({ name }) => name);
  }
}

Deno.test("row 18: nine calls to three servers are three each", () => {
  const stage = new Stage();
  for (let call = 0; call < 9; call++) stage.call();
  const counts = Map.groupBy(stage.names(), (name) => name);
  assert.deepEqual([...counts.values()].map((each) => each.length), [3, 3, 3]);
});

Deno.test("row 18: with one of three servers down, nine calls are answered by the other two in turns", () => {
  const stage = new Stage();
  stage.answers = (name) => name === "5000" ? DOWN : ok(name);
  for (let call = 0; call < 15; call++) stage.call();
  // Five bad replies have put it out; what is seen here comes after that.
  stage.asked.length = 0;
  const answers = Array.from({ length: 9 }, () => stage.call());
  const by = answers.map((answer) => answer.kind === "ok" && answer.value);
  assert.ok(by.every((name) => name === "5001" || name === "5002"));
  by.forEach((name, index) => assert.notEqual(name, by[index + 1]));
  assert.ok(!stage.names().includes("5000"));
});

Deno.test("row 18: no call that another server can answer fails, also before the one that is down is put out", () => {
  const stage = new Stage();
  stage.answers = (name) => name === "5000" ? DOWN : ok(name);
  // The first nine are the row's own: nobody knows yet that one is down.
  for (let call = 0; call < 30; call++) assert.equal(stage.call().kind, "ok");
  const first = stage.asked.slice(0, 12);
  assert.ok(first.filter(({ name }) => name === "5000").length <= 5);
  assert.ok(first.every(({ withinMs }) => withinMs <= 500));
});

Deno.test("row 18: with all servers down a call fails at once, says when to come back, and asks each once at most", () => {
  const stage = new Stage({ retriesMost: 9 });
  stage.answers = () => DOWN;
  const outcome = stage.call();
  assert.equal(outcome.kind, "failed");
  assert.ok(outcome.kind === "failed" && outcome.retryAfterMs > 0);
  assert.deepEqual(stage.names().toSorted(), ["5000", "5001", "5002"]);
});

Deno.test("row 18: one try takes no longer than its own bound, all together no longer than the caller waits", () => {
  const stage = new Stage();
  stage.takesMs = 10_000;
  assert.equal(stage.call(900).kind, "unknown");
  assert.deepEqual(stage.asked.map(({ withinMs }) => withinMs), [500, 400]);
  assert.equal(stage.nowMs, 900);
});

// G62
Deno.test("I27 a refusal is an answer and is not asked for again", () => {
  const stage = new Stage();
  stage.answers = () => rejected("not-found");
  for (let call = 0; call < 20; call++) {
    assert.deepEqual(stage.call(), rejected("not-found"));
  }
  assert.equal(stage.asked.length, 20);
  const { members } = stage.calls.report();
  assert.ok(members.every(({ state }) => state === "healthy"));
});

// G62
Deno.test("I27 attempts stay within one and the budget for each call, whatever fails", () => {
  const stage = new Stage({ budgetPercent: 20, retriesMost: 9 });
  stage.answers = () => DOWN;
  for (let call = 0; call < 1_000; call++) stage.call();
  assert.ok(stage.asked.length <= 1_000 * 1.2 + 5, `${stage.asked.length}`);
  assert.ok(stage.asked.length >= 1_000 * 1.2 - 5, `${stage.asked.length}`);
  assert.equal(stage.calls.report().retries, stage.asked.length - 1_000);
});

Deno.test("where nobody else may be asked a retry is neither counted nor paid for", () => {
  const stage = new Stage({ budgetPercent: 0, retriesMost: 9 });
  stage.answers = () => DOWN;
  stage.calls.drain("5001", true);
  stage.calls.drain("5002", true);
  for (let call = 0; call < 10; call++) assert.deepEqual(stage.call(), DOWN);
  assert.equal(stage.asked.length, 10);
  assert.equal(stage.calls.report().retries, 0);
  // All of the reserve is still there for the next who can be helped.
  stage.calls.drain("5001", false);
  stage.calls.drain("5002", false);
  stage.asked.length = 0;
  for (let call = 0; call < 10; call++) stage.call();
  assert.equal(stage.asked.length, 15);
  assert.equal(stage.calls.report().retries, 5);
});

// G62
Deno.test("no server is asked twice by one call, though the policy would pick it again", () => {
  const stage = new Stage({ policy: "source-hash", retriesMost: 9 });
  stage.answers = () => DOWN;
  assert.deepEqual(stage.call(), DOWN);
  assert.deepEqual(stage.names().toSorted(), ["5000", "5001", "5002"]);
});

Deno.test("a single server is not asked again by the same call", () => {
  const stage = new Stage({ count: 1 });
  stage.answers = () => DOWN;
  assert.deepEqual(stage.call(), DOWN);
  assert.equal(stage.asked.length, 1);
});

Deno.test("probes ask everybody, and who answers none of them gets no calls", () => {
  const stage = new Stage();
  stage.answers = (name) => name === "5001" ? DOWN : rejected("not-found");
  stage.calls.probe(READ);
  stage.calls.probe(READ);
  assert.equal(stage.asked.length, 6);
  stage.asked.length = 0;
  for (let call = 0; call < 6; call++) stage.call();
  assert.ok(!stage.names().includes("5001"));
});

Deno.test("row 46: a client of servers that refuse to work refuses most calls itself", () => {
  const stage = new Stage({ isThrottled: true, retriesMost: 0 });
  stage.answers = () => failed("overloaded", 1_000);
  for (let call = 0; call < 1_000; call++) stage.call();
  const { throttled } = stage.calls.report();
  assert.ok(throttled > 900, `${throttled} refused`);
  assert.equal(stage.asked.length, 1_000 - throttled);
});

Deno.test("a client of servers that answer is never held back", () => {
  const stage = new Stage({ isThrottled: true });
  for (let call = 0; call < 1_000; call++) {
    assert.equal(stage.call().kind, "ok");
  }
});
