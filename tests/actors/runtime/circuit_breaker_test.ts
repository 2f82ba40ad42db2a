/**
 * The circuit breaker: what Pekko documents of its own, rows 47 and 48 of the
 * checklist, and random histories against a naive model (I18).
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type BreakerPolicy,
  type BreakerReport,
  type BreakerState,
  CircuitBreaker,
} from "../../../actors/runtime/circuit_breaker.ts";
import { RETRY_AFTER_MS } from "../../../actors/runtime/outcome.ts";
import { SeededRandom } from "../../../actors/runtime/random.ts";

/** The draw that spreads nothing. */
const MIDDLE = 2 ** 31;

/** A breaker whose pauses are exact, and what it told of its transitions. */
function watched(policy: Partial<BreakerPolicy>, draw = MIDDLE) {
  const changes: string[] = [];
  const breaker = new CircuitBreaker(policy, {
    random: { next: () => draw },
    changed: (from, to, nowMs) => changes.push(`${from} ${to} ${nowMs}`),
  });
  return { breaker, changes };
}

/** The same, opened at 0 by failures. */
function opened(policy: Partial<BreakerPolicy>, draw = MIDDLE) {
  const made = watched(policy, draw);
  calls(made.breaker, 0, times(policy.minimumCalls!, "failed"));
  assert.equal(made.breaker.state, "open");
  return made;
}

/** Opens after this many failures in a row; one success closes. */
function inARow(maxFailures: number): Partial<BreakerPolicy> {
  return {
    failureRatePercent: 100,
    windowCalls: maxFailures,
    minimumCalls: maxFailures,
    probes: 1,
  };
}

type Ending = "succeeded" | "failed";

/** Makes calls that pass and end at once, one after the other. */
function calls(
  breaker: CircuitBreaker,
  nowMs: number,
  endings: readonly Ending[],
  durationMs = 1,
): void {
  for (const ending of endings) {
    assert.equal(breaker.tryCall(nowMs), 0);
    breaker[ending](nowMs, durationMs, breaker.generation);
  }
}

function times(count: number, ending: Ending): Ending[] {
  return Array.from({ length: count }, () => ending);
}

/** The state; then calls, failures and slow calls in the window. */
function seen(breaker: CircuitBreaker, nowMs = 0) {
  const { state, calls, failures, slow } = breaker.report(nowMs);
  return [state, calls, failures, slow];
}

/** How many of `count` calls at once are let through. */
function passing(breaker: CircuitBreaker, nowMs: number, count: number) {
  const answers = Array.from({ length: count }, () => breaker.tryCall(nowMs));
  return answers.filter((retryAfterMs) => retryAfterMs === 0).length;
}

Deno.test("closed, calls pass and successes keep it closed", () => {
  const { breaker, changes } = watched(inARow(1));
  calls(breaker, 0, times(1_000, "succeeded"));
  assert.deepEqual(seen(breaker), ["closed", 1, 0, 0]);
  assert.deepEqual(changes, []);
});

Deno.test("it opens with the last of the failures that it bears, not before", () => {
  const { breaker, changes } = watched(inARow(5));
  calls(breaker, 10, times(4, "failed"));
  assert.deepEqual(seen(breaker), ["closed", 4, 4, 0]);
  calls(breaker, 11, ["failed"]);
  assert.deepEqual(seen(breaker), ["open", 5, 5, 0]);
  assert.deepEqual(changes, ["closed open 11"]);
});

Deno.test("closed, a success takes failures in a row back to none", () => {
  const { breaker } = watched(inARow(5));
  calls(breaker, 0, [...times(4, "failed"), "succeeded"]);
  calls(breaker, 0, times(4, "failed"));
  assert.equal(breaker.state, "closed");
  calls(breaker, 0, ["failed"]);
  assert.equal(breaker.state, "open");
});

Deno.test("calls slower than the limit open it though they succeed", () => {
  const policy = { minimumCalls: 4, slowCallMs: 100, slowRatePercent: 75 };
  const { breaker } = watched(policy);
  calls(breaker, 0, times(2, "succeeded"), 101);
  // The limit itself is in time.
  calls(breaker, 0, times(1, "succeeded"), 100);
  calls(breaker, 0, times(1, "succeeded"), 5_000);
  assert.deepEqual(seen(breaker), ["open", 4, 0, 3]);
});

Deno.test("a call past its deadline is failed and slow, and each share is its own", () => {
  const policy = { slowCallMs: 100, slowRatePercent: 60, minimumCalls: 10 };
  const { breaker } = watched(policy);
  calls(breaker, 0, times(4, "failed"), 101);
  calls(breaker, 0, times(1, "succeeded"), 101);
  calls(breaker, 0, times(5, "succeeded"));
  // 4 of 10 failed, under 50 %, and 5 were slow, under 60 %.
  assert.deepEqual(seen(breaker), ["closed", 10, 4, 5]);
  const silent = watched({ minimumCalls: 1 }).breaker;
  calls(silent, 0, times(50, "succeeded"), 1e9);
  assert.equal(silent.state, "closed", "slow counts without a policy");
});

Deno.test("left to its defaults it opens at half of 20 calls and looks at the last 100", () => {
  const { breaker } = watched({});
  calls(breaker, 0, times(19, "failed"));
  calls(breaker, 0, ["succeeded"]);
  assert.deepEqual(seen(breaker), ["open", 20, 19, 0]);
  const long = watched({}).breaker;
  calls(long, 0, [...times(150, "succeeded"), ...times(49, "failed")]);
  assert.deepEqual(seen(long), ["closed", 100, 49, 0]);
  calls(long, 0, ["failed"]);
  assert.equal(long.state, "open");
});

Deno.test("open, it refuses every call at once and says for how long", () => {
  const { breaker } = watched({ ...inARow(1), resetMinMs: 5_000 });
  calls(breaker, 100, ["failed"]);
  assert.equal(breaker.tryCall(100), 5_000);
  assert.equal(breaker.tryCall(4_000.5), 1_100);
  assert.equal(breaker.tryCall(5_099.75), 1);
  assert.equal(breaker.state, "open");
});

Deno.test("it is half-open for the first call after the pause", () => {
  const { breaker, changes } = opened({ ...inARow(1), resetMinMs: 1_000 });
  assert.equal(breaker.tryCall(999), 1);
  assert.equal(breaker.report(1_000).retryAfterMs, 0);
  assert.equal(breaker.state, "open", "a report is no call");
  assert.equal(breaker.tryCall(1_000), 0);
  assert.deepEqual(changes, ["closed open 0", "open half_open 1000"]);
});

Deno.test("half-open, a fixed number of probes pass and others are refused", () => {
  const { breaker } = opened({ ...inARow(1), probes: 2 });
  assert.equal(passing(breaker, 1_000, 3), 2);
  assert.equal(breaker.tryCall(9_999), RETRY_AFTER_MS);
  // A place is taken for good: a probe that ended well frees none.
  breaker.succeeded(10_000, 1, breaker.generation);
  assert.equal(breaker.tryCall(10_000), RETRY_AFTER_MS);
  assert.equal(breaker.state, "half_open");
});

Deno.test("half-open, the last probe to succeed closes it, with an empty window", () => {
  const { breaker, changes } = opened({ ...inARow(2), probes: 2 });
  calls(breaker, 1_000, ["succeeded"]);
  assert.equal(breaker.state, "half_open");
  calls(breaker, 1_001, ["succeeded"]);
  assert.equal(changes.at(-1), "half_open closed 1001");
  assert.deepEqual(seen(breaker), ["closed", 0, 0, 0]);
  // The failures that opened it count no more: it takes two new ones.
  calls(breaker, 1_002, ["failed"]);
  assert.equal(breaker.state, "closed");
  calls(breaker, 1_002, ["failed"]);
  assert.equal(breaker.state, "open");
});

Deno.test("half-open, one failed probe opens it again and the others do not count", () => {
  const { breaker, changes } = opened({ ...inARow(1), probes: 3 });
  assert.equal(passing(breaker, 1_000, 3), 3);
  const { generation } = breaker;
  breaker.succeeded(1_010, 10, generation);
  breaker.failed(1_020, 20, generation);
  assert.equal(changes.at(-1), "half_open open 1020");
  breaker.succeeded(1_030, 30, generation);
  assert.equal(breaker.tryCall(1_030), 1_990);
});

Deno.test("half-open, slow probes open it when they are the share that opens", () => {
  const policy = { ...inARow(1), slowCallMs: 100, slowRatePercent: 50 };
  const once = opened({ ...policy, probes: 3 }).breaker;
  calls(once, 1_000, ["succeeded"], 101);
  calls(once, 1_000, times(2, "succeeded"));
  assert.equal(once.state, "closed", "one of three is under half");
  const twice = opened({ ...policy, probes: 3 }).breaker;
  calls(twice, 1_000, times(2, "succeeded"), 101);
  assert.equal(twice.state, "open", "two of three are over half");
});

Deno.test("the pause doubles with each relapse up to its maximum, and closing takes it back", () => {
  const { breaker } = watched(inARow(1));
  let nowMs = 0;
  const pausesMs = Array.from({ length: 8 }, () => {
    calls(breaker, nowMs, ["failed"]);
    const pauseMs = breaker.tryCall(nowMs);
    nowMs += pauseMs;
    return pauseMs;
  });
  const seconds = [1, 2, 4, 8, 16, 32, 60, 60];
  assert.deepEqual(pausesMs, seconds.map((each) => each * 1_000));
  calls(breaker, nowMs, ["succeeded", "failed"]);
  assert.equal(breaker.tryCall(nowMs), 1_000);
  assert.equal(breaker.report(nowMs).opened, 9);
});

Deno.test("pauses are spread by a fifth to either side", () => {
  const pauseMs = (draw: number, resetMinMs: number) =>
    opened({ ...inARow(1), resetMinMs }, draw).breaker.tryCall(0);
  assert.equal(pauseMs(0, 1_000), 800);
  assert.equal(pauseMs(2 ** 32 - 1, 1_000), 1_200);
  assert.equal(pauseMs(2 ** 32 - 1, 4), 4);
});

Deno.test("row 47: five failures of ten calls open it, nine of nine do not", () => {
  const policy = { minimumCalls: 10, failureRatePercent: 50 };
  const half = watched(policy).breaker;
  calls(half, 0, [...times(5, "succeeded"), ...times(4, "failed")]);
  assert.equal(half.state, "closed");
  calls(half, 0, ["failed"]);
  assert.equal(half.state, "open");
  const few = watched(policy).breaker;
  calls(few, 0, times(9, "failed"));
  assert.equal(few.state, "closed");
  // The tenth call opens it even when it is the only success.
  calls(few, 0, ["succeeded"]);
  assert.equal(few.state, "open");
  const less = watched(policy).breaker;
  calls(less, 0, [...times(4, "failed"), ...times(6, "succeeded")]);
  assert.equal(less.state, "closed");
});

Deno.test("row 47: of 100 calls that meet half-open at once exactly the probes pass", () => {
  for (const probes of [1, 3, 10, 99]) {
    const policy = { ...inARow(10), probes, resetMinMs: 60_000 };
    const { breaker } = opened(policy);
    assert.equal(passing(breaker, 59_999, 100), 0);
    assert.equal(passing(breaker, 60_000, 100), probes);
  }
});

Deno.test("row 47: all of five calls slow within 1,000 ms open it, older ones do not count", () => {
  const policy = { minimumCalls: 5, windowMs: 1_000, slowCallMs: 50 };
  const { breaker } = watched({ ...policy, slowRatePercent: 100 });
  calls(breaker, 0, ["succeeded"], 51);
  calls(breaker, 1_001, times(4, "succeeded"), 51);
  assert.equal(breaker.state, "closed");
  assert.equal(breaker.report(2_001).calls, 4);
  calls(breaker, 2_001, ["succeeded"], 51);
  assert.equal(breaker.state, "open");
});

Deno.test("row 48: six failures at once with a threshold of five still reach half-open", () => {
  const { breaker, changes } = watched(inARow(5));
  const { generation } = breaker;
  assert.equal(passing(breaker, 0, 6), 6);
  for (let call = 1; call <= 6; call++) breaker.failed(7, 7, generation);
  assert.equal(breaker.tryCall(1_007), 0);
  assert.deepEqual(changes, ["closed open 7", "open half_open 1007"]);
});

Deno.test("row 48: a flood meets half-open, its probe fails, and the breaker leaves open again", () => {
  const { breaker } = opened(inARow(5));
  assert.equal(passing(breaker, 1_000, 100), 1);
  breaker.failed(1_000, 1, breaker.generation);
  assert.equal(passing(breaker, 2_999, 100), 0);
  assert.equal(passing(breaker, 3_000, 100), 1);
  breaker.succeeded(3_000, 1, breaker.generation);
  assert.equal(passing(breaker, 3_000, 100), 100);
});

Deno.test("calls from before it opened change nothing, open or half-open", () => {
  const { breaker } = watched(inARow(1));
  const early = breaker.generation;
  assert.equal(passing(breaker, 0, 7), 7);
  breaker.failed(0, 1, early);
  for (const state of ["open", "half_open"]) {
    const before = breaker.report(1_000);
    assert.equal(before.state, state);
    breaker.failed(1_000, 1_000, early);
    breaker.succeeded(1_000, 1_000, early);
    breaker.abandoned(early);
    assert.deepEqual(breaker.report(1_000), before);
    assert.equal(breaker.tryCall(1_000), state === "open" ? 0 : RETRY_AFTER_MS);
  }
});

Deno.test("an abandoned probe gives its place to another, an abandoned call counts for nothing", () => {
  const { breaker } = watched(inARow(1));
  assert.equal(breaker.tryCall(0), 0);
  breaker.abandoned(breaker.generation);
  assert.equal(breaker.report(0).calls, 0);
  calls(breaker, 0, ["failed"]);
  assert.equal(passing(breaker, 1_000, 2), 1);
  breaker.abandoned(breaker.generation);
  assert.equal(passing(breaker, 1_000, 2), 1);
  breaker.succeeded(1_000, 1, breaker.generation);
  assert.equal(breaker.state, "closed");
});

Deno.test("a call that was reported twice is a bug and throws", () => {
  const { breaker } = watched({});
  calls(breaker, 0, ["succeeded"]);
  const { generation } = breaker;
  assert.throws(() => breaker.failed(0, 1, generation), {
    name: "RangeError",
    message: /one must be under way: current value is 0/,
  });
  assert.throws(() => breaker.succeeded(0, 1, generation), RangeError);
  assert.throws(() => breaker.abandoned(generation), RangeError);
  assert.deepEqual(seen(breaker), ["closed", 1, 0, 0]);
});

Deno.test("a target that is down keeps it open until it is up, however long", () => {
  const { breaker, changes } = watched({});
  breaker.targetDown(50, 200);
  assert.equal(breaker.tryCall(50), 200);
  breaker.targetDown(100, 400.5);
  assert.equal(breaker.tryCall(100), 401);
  assert.equal(breaker.tryCall(1e9), RETRY_AFTER_MS);
  assert.equal(breaker.report(1e9).isTargetDown, true);
  breaker.targetUp(1e9);
  assert.equal(passing(breaker, 1e9, 100), 3);
  assert.deepEqual(changes, ["closed open 50", "open half_open 1000000000"]);
  const { generation } = breaker;
  for (let probe = 1; probe <= 3; probe++) {
    breaker.succeeded(1e9, 1, generation);
  }
  assert.equal(breaker.state, "closed");
});

Deno.test("a target that comes back while calls keep it open is probed at once", () => {
  const { breaker } = opened(inARow(1));
  breaker.targetUp(1);
  assert.equal(breaker.tryCall(1), 999, "up without down is no news");
  breaker.targetDown(2, 10_000);
  assert.equal(breaker.tryCall(2), 10_000);
  breaker.targetUp(3);
  assert.equal(breaker.tryCall(3), 0);
  breaker.targetUp(4);
  assert.equal(breaker.report(4).underWay, 1, "up twice changes nothing");
});

Deno.test("a probe that fells its target doubles the pause whoever tells first", () => {
  for (const isProbeFirst of [true, false]) {
    const { breaker } = opened(inARow(1));
    assert.equal(breaker.tryCall(1_000), 0);
    const { generation } = breaker;
    if (isProbeFirst) breaker.failed(1_001, 1, generation);
    breaker.targetDown(1_001, 100);
    if (!isProbeFirst) breaker.failed(1_001, 1, generation);
    breaker.targetUp(2_000);
    calls(breaker, 2_000, ["failed"]);
    assert.equal(breaker.tryCall(2_000), 4_000);
  }
});

Deno.test("who is told of a transition sees it done and may cause the next", () => {
  const told: BreakerReport[] = [];
  const breaker: CircuitBreaker = new CircuitBreaker(inARow(1), {
    random: { next: () => MIDDLE },
    changed(_from, to, nowMs) {
      told.push(breaker.report(nowMs));
      if (to === "half_open") breaker.targetDown(nowMs, 70);
    },
  });
  calls(breaker, 0, ["failed"]);
  assert.equal(breaker.tryCall(1_000), 70);
  const states = told.map(({ state }) => state);
  assert.deepEqual(states, ["open", "half_open", "open"]);
  assert.equal(told[0]!.retryAfterMs, 1_000);
  assert.equal(breaker.report(1_000).underWay, 0);
});

Deno.test("a policy out of its bounds is refused by name", () => {
  const rows: [Partial<BreakerPolicy>, RegExp][] = [
    [{ failureRatePercent: 0 }, /failureRatePercent .* 1 to 100: .* is 0$/],
    [{ failureRatePercent: 101 }, /failureRatePercent .* is 101$/],
    [{ probes: NaN }, /probes .* is NaN$/],
    [{ slowCallMs: 5 }, /slowRatePercent .* 1 to 100: .* is null$/],
    [{ slowRatePercent: 5 }, /slowCallMs .* is null$/],
    [{ windowCalls: 10_001 }, /windowCalls .* is 10001$/],
    [{ windowMs: 0.5 }, /windowMs .* is 0.5$/],
    [{ minimumCalls: 0 }, /minimumCalls .* 1 to 100: .* is 0$/],
    [{ windowCalls: 19 }, /minimumCalls .* 1 to 19: .* is 20$/],
    [{ resetMinMs: 0 }, /resetMinMs .* 1 to 86400000: .* is 0$/],
    [{ resetMaxMs: 999 }, /resetMaxMs .* 1000 to 86400000: .* is 999$/],
  ];
  for (const [policy, message] of rows) {
    assert.throws(() => watched(policy), { name: "RangeError", message });
  }
  const { breaker } = watched({ failureRatePercent: 100, windowMs: 1 });
  for (const retryAfterMs of [-1, NaN, Infinity]) {
    assert.throws(() => breaker.targetDown(0, retryAfterMs), RangeError);
  }
});

type Ended = { atMs: number; isFailed: boolean; isSlow: boolean };

/** A breaker that keeps every call and counts them anew each time. */
class Model {
  readonly changes: string[] = [];
  state: BreakerState = "closed";
  isTargetDown = false;
  retryAtMs = 0;
  opened = 0;
  /** How often it has opened since it was last closed. */
  openings = 0;
  underWay = 0;
  #ended: Ended[] = [];
  #probes: Ended[] = [];

  constructor(readonly policy: BreakerPolicy) {}

  get pauseMs(): number {
    const { resetMinMs, resetMaxMs } = this.policy;
    return Math.min(resetMinMs * 2 ** (this.openings - 1), resetMaxMs);
  }

  call(nowMs: number): boolean {
    const isOver = !this.isTargetDown && nowMs >= this.retryAtMs;
    if (this.state === "open" && isOver) this.#move("half_open");
    const passes = this.report(nowMs).retryAfterMs === 0;
    if (passes) this.underWay++;
    return passes;
  }

  down(nowMs: number, retryAfterMs: number): void {
    this.isTargetDown = true;
    this.retryAtMs = nowMs + retryAfterMs;
    if (this.state !== "open") this.#move("open");
  }

  up(): void {
    if (this.isTargetDown) this.#move("half_open");
    this.isTargetDown = false;
  }

  end(ending: Ending | "abandoned", atMs: number, durationMs: number): void {
    this.underWay--;
    if (ending === "abandoned") return;
    const { failureRatePercent, minimumCalls, probes } = this.policy;
    const slowRatePercent = this.policy.slowRatePercent ?? Infinity;
    const isLong = durationMs > (this.policy.slowCallMs ?? Infinity);
    const call = { atMs, isFailed: ending === "failed", isSlow: isLong };
    if (this.state === "half_open") {
      this.#probes.push(call);
      const slow = this.#probes.filter(({ isSlow }) => isSlow).length;
      const isSlow = 100 * slow / probes >= slowRatePercent;
      if (call.isFailed || isSlow) this.#move("open");
      else if (this.#probes.length === probes) this.#move("closed");
      return;
    }
    this.#ended.push(call);
    const { calls, failures, slow } = this.report(atMs);
    const isFailing = 100 * failures / calls >= failureRatePercent;
    const isSlow = 100 * slow / calls >= slowRatePercent;
    if (calls >= minimumCalls && (isFailing || isSlow)) this.#move("open");
  }

  #move(to: BreakerState): void {
    if (to === "open") this.opened++;
    if (to === "open") this.openings++;
    if (to === "closed") this.openings = 0;
    if (to === "closed") this.#ended = [];
    this.changes.push(`${this.state} ${to}`);
    this.state = to;
    this.underWay = 0;
    this.#probes = [];
  }

  report(nowMs: number): BreakerReport {
    const { state, underWay, opened, isTargetDown, policy } = this;
    const windowMs = policy.windowMs ?? Infinity;
    const window = this.#ended
      .filter(({ atMs }) => nowMs - atMs <= windowMs)
      .slice(-policy.windowCalls);
    const calls = window.length;
    const failures = window.filter(({ isFailed }) => isFailed).length;
    const slow = window.filter(({ isSlow }) => isSlow).length;
    const taken = underWay + this.#probes.length;
    const leftMs = Math.max(0, Math.ceil(this.retryAtMs - nowMs));
    const retryAfterMs = {
      closed: 0,
      half_open: taken < policy.probes ? 0 : RETRY_AFTER_MS,
      open: leftMs > 0 || !isTargetDown ? leftMs : RETRY_AFTER_MS,
    }[state];
    const counts = { calls, failures, slow, underWay, opened };
    return { state, ...counts, isTargetDown, retryAfterMs };
  }
}

type Happening = "wait" | "call" | Ending | "abandoned" | "down" | "up";
/** Of two numbers each takes what it needs: a time, or which call. */
type Step = readonly [Happening, which: number, lengthMs: number];

/** Tells a breaker and its model the same and compares them all the way. */
function history(policy: BreakerPolicy, seed: number, steps: readonly Step[]) {
  const model = new Model(policy);
  const changes: string[] = [];
  const breaker = new CircuitBreaker(policy, {
    random: new SeededRandom(seed),
    changed: (from, to) => changes.push(`${from} ${to}`),
  });
  const underWay: number[] = [];
  let nowMs = 0;
  for (const [happening, which, lengthMs] of steps) {
    const { opened } = model;
    if (happening === "wait") nowMs += lengthMs / 4;
    else if (happening === "call") {
      const passes = breaker.tryCall(nowMs) === 0;
      assert.equal(passes, model.call(nowMs));
      if (passes) underWay.push(breaker.generation);
    } else if (happening === "down") {
      model.down(nowMs, lengthMs);
      breaker.targetDown(nowMs, lengthMs);
    } else if (happening === "up") {
      model.up();
      breaker.targetUp(nowMs);
    } else if (underWay.length > 0) {
      const generation = underWay.splice(which % underWay.length, 1)[0]!;
      const isNow = generation === model.changes.length;
      if (isNow) model.end(happening, nowMs, lengthMs);
      if (happening === "abandoned") breaker.abandoned(generation);
      else breaker[happening](nowMs, lengthMs, generation);
    }
    const report = breaker.report(nowMs);
    if (model.opened > opened && !model.isTargetDown) {
      const spreadMs = Math.abs(report.retryAfterMs - model.pauseMs);
      assert(spreadMs * 5 <= model.pauseMs, "spread by more than a fifth");
      model.retryAtMs = nowMs + report.retryAfterMs;
    }
    const { state, isTargetDown: _, ...numbers } = report;
    assert(Object.values(numbers).every(Number.isSafeInteger));
    assert(state !== "half_open" || numbers.underWay <= policy.probes);
    assert.deepEqual(report, model.report(nowMs));
    assert.deepEqual(changes, model.changes);
  }
  return { breaker, changes, underWay, nowMs };
}

const POLICY = fc.record({
  failureRatePercent: fc.integer({ min: 1, max: 100 }),
  slow: fc.option(fc.integer({ min: 1, max: 100 })),
  windowCalls: fc.integer({ min: 1, max: 12 }),
  windowMs: fc.option(fc.integer({ min: 1, max: 40 })),
  minimum: fc.nat(11),
  probes: fc.integer({ min: 1, max: 4 }),
  resetMinMs: fc.integer({ min: 1, max: 20 }),
  factor: fc.integer({ min: 1, max: 9 }),
}).map(({ slow, minimum, factor, ...policy }): BreakerPolicy => ({
  ...policy,
  slowRatePercent: slow,
  slowCallMs: slow === null ? null : 30,
  minimumCalls: 1 + minimum % policy.windowCalls,
  resetMaxMs: policy.resetMinMs * factor,
}));

const HAPPENING = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom<Happening>("abandoned", "up") },
  { weight: 1, arbitrary: fc.constantFrom<Happening>("failed", "down") },
  { weight: 9, arbitrary: fc.constantFrom<Happening>("call", "succeeded") },
  { weight: 3, arbitrary: fc.constantFrom<Happening>("wait", "failed") },
);

Deno.test("I18 every history is the model's, by legal transitions, and none ends stuck", () => {
  const seen = new Map<string, number>();
  const steps = fc.array(
    fc.tuple(HAPPENING, fc.nat(50), fc.nat(50)),
    { maxLength: 150, size: "max" },
  );
  fc.assert(
    fc.property(POLICY, fc.nat(), steps, (policy, seed, steps) => {
      const { changes, ...end } = history(policy, seed, steps);
      for (const each of changes) seen.set(each, (seen.get(each) ?? 0) + 1);
      const { breaker, underWay, nowMs } = end;
      breaker.targetUp(nowMs);
      for (const generation of underWay) breaker.abandoned(generation);
      const { retryAfterMs } = breaker.report(nowMs);
      assert.equal(breaker.tryCall(nowMs + retryAfterMs), 0);
    }),
    { seed: 20261111, numRuns: 1_000 },
  );
  assert.equal(
    [...seen.keys()].sort().join(),
    "closed open,half_open closed,half_open open,open half_open",
  );
  assert(Math.min(...seen.values()) >= 100, "a transition is hardly tried");
});
