/**
 * What holds for every limiter: one table of policies, one list of cases. Then
 * what each policy is for: rows 42 to 44 of the checklist.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Limiter,
  LIMITER_KINDS,
  limiterFor,
  type LimiterPolicy,
} from "../../../cluster/limiters/limiter.ts";
import {
  LeakyMeter,
  LeakyQueue,
} from "../../../cluster/limiters/leaky_bucket.ts";
import { SHAREABLE } from "../../../cluster/limiters/shared_limits.ts";
import { SlidingWindow } from "../../../cluster/limiters/sliding_window.ts";
import { TokenBucket } from "../../../cluster/limiters/token_bucket.ts";
import { WarmUp } from "../../../cluster/limiters/warm_up.ts";
import { SeededRandom } from "../../../actors/runtime/random.ts";
import { sample } from "../../../sim/distributions.ts";
import { LimitWorld, SHARING } from "./limit_world.ts";

const positive = fc.integer({ min: 1, max: 20 });

/** Policies of each kind, with small numbers that meet often. */
const POLICIES: Readonly<
  Record<LimiterPolicy["kind"], fc.Arbitrary<LimiterPolicy>>
> = {
  "token-bucket": fc.tuple(positive, positive, fc.nat(1)).map(
    ([capacityTokens, refillPerSecond, full]) => ({
      kind: "token-bucket",
      capacityTokens,
      refillPerSecond,
      initialTokens: full * capacityTokens,
    }),
  ),
  "leaky-bucket": fc.tuple(positive, positive).map(
    ([capacity, leakPerSecond]) => ({
      kind: "leaky-bucket",
      capacity,
      leakPerSecond,
    }),
  ),
  "leaky-queue": fc.tuple(positive, fc.nat(2_000)).map(
    ([leakPerSecond, maxWaitMs]) => ({
      kind: "leaky-queue",
      leakPerSecond,
      maxWaitMs,
    }),
  ),
  "sliding-window": fc.tuple(positive, fc.integer({ min: 1, max: 3_000 })).map(
    ([limit, windowMs]) => ({ kind: "sliding-window", limit, windowMs }),
  ),
  // From 20 on a tenth of a second is more than one.
  "warm-up": fc.tuple(
    fc.integer({ min: 1, max: 80 }),
    fc.integer({ min: 1, max: 3_000 }),
  ).map(
    ([ratePerSecond, warmUpMs]) => ({
      kind: "warm-up",
      ratePerSecond,
      warmUpMs,
    }),
  ),
};

/** Requests: whole milliseconds after the one before, and a cost. */
const REQUESTS = fc.array(
  fc.record({ afterMs: fc.nat(400), cost: fc.integer({ min: 1, max: 4 }) }),
  { minLength: 1, maxLength: 60 },
);

type Requests = readonly { readonly afterMs: number; readonly cost: number }[];

/** Whether each request passes. */
function decide(limiter: Limiter, fromMs: number, list: Requests): boolean[] {
  let nowMs = fromMs;
  return list.map(({ afterMs, cost }) => {
    nowMs += afterMs;
    return limiter.tryTake(nowMs, cost);
  });
}

interface Case {
  readonly name: string;
  readonly check: (
    policy: LimiterPolicy,
    list: Requests,
    make: typeof limiterFor,
  ) => void;
}

/** Takes, and gives some of it back a while later; who was not given back. */
function keep(limiter: Limiter, list: Requests) {
  const kept: { readonly atMs: number; readonly cost: number }[] = [];
  let nowMs = 0;
  let due: (() => void) | null = null;
  list.forEach(({ afterMs, cost }, index) => {
    nowMs += afterMs;
    due?.();
    due = null;
    const atMs = nowMs;
    if (!limiter.tryTake(atMs, cost)) return;
    if (index % 3 > 0) return void kept.push({ atMs, cost });
    due = () => limiter.giveBack?.(atMs, nowMs, cost);
  });
  return kept;
}

const CASES: readonly Case[] = [
  {
    // G26
    name: "lets at most burst + rate × window pass in any window",
    check(policy, list, make) {
      const limiter = make(policy, 0);
      const passed: { readonly atMs: number; readonly cost: number }[] = [];
      let atMs = 0;
      for (const { afterMs, cost } of list) {
        atMs += afterMs;
        if (limiter.tryTake(atMs, cost)) passed.push({ atMs, cost });
      }
      // A queue judges before it adds: only the first of a line may be dearer.
      const dearest = policy.kind === "leaky-queue" || policy.kind === "warm-up"
        ? 3
        : 0;
      passed.forEach((first, from) => {
        let taken = 0;
        for (const { atMs, cost } of passed.slice(from)) {
          taken += cost;
          const most = limiter.burst + dearest +
            limiter.ratePerSecond * (atMs - first.atMs) / 1_000;
          assert.ok(taken <= most + 1e-9, `${taken} of at most ${most}`);
        }
      });
    },
  },
  {
    // G26
    name: "keeps its bound for whom it keeps, whatever was given back and when",
    check(policy, list) {
      const limiter = limiterFor(policy, 0);
      const kept = keep(limiter, list);
      const dearest = policy.kind === "leaky-queue" || policy.kind === "warm-up"
        ? 3
        : 0;
      kept.forEach((first, from) => {
        let taken = 0;
        for (const { atMs, cost } of kept.slice(from)) {
          taken += cost;
          const most = limiter.burst + dearest +
            limiter.ratePerSecond * (atMs - first.atMs) / 1_000;
          assert.ok(taken <= most + 1e-9, `${taken} of at most ${most}`);
        }
      });
    },
  },
  {
    name: "is as before when all is given back at once, but a line and warmth",
    check(policy, list) {
      if (policy.kind === "leaky-queue") {
        return assert.equal(limiterFor(policy, 0).giveBack, undefined);
      }
      const [one, other] = [limiterFor(policy, 0), limiterFor(policy, 0)];
      let nowMs = 0;
      list.forEach(({ afterMs, cost }, index) => {
        nowMs += afterMs;
        if (index % 2 === 0) {
          one.tryTake(nowMs, cost);
          other.tryTake(nowMs, cost);
        } else if (one.tryTake(nowMs, cost)) one.giveBack!(nowMs, nowMs, cost);
        if (policy.kind === "warm-up") return;
        assert.equal(one.remaining(nowMs), other.remaining(nowMs));
      });
    },
  },
  {
    name: "takes nothing when it refuses",
    check(policy, list, make) {
      const [one, other] = [make(policy, 0), make(policy, 0)];
      let nowMs = 0;
      for (const { afterMs, cost } of list) {
        nowMs += afterMs;
        // The other one is only asked for what it can give.
        const passes = one.retryAfterMs(nowMs, cost) === 0;
        assert.equal(one.tryTake(nowMs, cost), passes);
        if (passes) assert.ok(other.tryTake(nowMs, cost));
        assert.equal(one.remaining(nowMs), other.remaining(nowMs));
        assert.equal(
          one.retryAfterMs(nowMs, cost),
          other.retryAfterMs(nowMs, cost),
        );
      }
    },
  },
  {
    // G70
    name: "names the first millisecond that passes",
    check(policy, list, make) {
      const limiter = make(policy, 0);
      let nowMs = 0;
      for (const { afterMs, cost } of list) {
        nowMs += afterMs;
        if (limiter.tryTake(nowMs, cost)) continue;
        const waitMs = limiter.retryAfterMs(nowMs, cost);
        if (waitMs === Infinity) {
          assert.ok(cost > limiter.burst);
          continue;
        }
        assert.ok(waitMs > 0 && Number.isSafeInteger(waitMs));
        assert.equal(limiter.tryTake(nowMs + waitMs - 1, cost), false);
        nowMs += waitMs;
        assert.equal(limiter.tryTake(nowMs, cost), true);
      }
    },
  },
  {
    name: "decides alike however often it is asked",
    check(policy, list, make) {
      const [quiet, nosy] = [make(policy, 0), make(policy, 0)];
      const expected = decide(quiet, 0, list);
      let nowMs = 0;
      const found = list.map(({ afterMs, cost }) => {
        for (let ms = 0; ms < afterMs; ms += 7) nosy.remaining(nowMs + ms);
        nowMs += afterMs;
        nosy.isFresh(nowMs);
        return nosy.tryTake(nowMs, cost);
      });
      assert.deepEqual(found, expected);
    },
  },
  {
    name: "says how many requests pass at once",
    check(policy, list, make) {
      const limiter = make(policy, 0);
      decide(limiter, 0, list);
      const nowMs = 100_000 + list.length;
      const remaining = limiter.remaining(nowMs);
      assert.ok(remaining <= limiter.burst);
      let passed = 0;
      while (limiter.tryTake(nowMs)) passed++;
      assert.equal(passed, remaining);
      assert.equal(limiter.remaining(nowMs), 0);
    },
  },
  {
    name: "gains nothing from a clock that goes backwards",
    check(policy, list, make) {
      const limiter = make(policy, 50_000);
      while (limiter.tryTake(50_000));
      for (const { afterMs } of list) {
        assert.equal(limiter.tryTake(50_000 - afterMs), false);
        assert.equal(limiter.tryTake(50_000), false);
      }
    },
  },
  {
    name: "is fresh only when a new one lets nobody pass whom it refuses",
    check(policy, list, make) {
      const limiter = make(policy, 0);
      decide(limiter, 0, list);
      const freshAtMs = Array.from({ length: 40 }, (_, at) => 500 * at + 24_000)
        .find((nowMs) => limiter.isFresh(nowMs));
      if (freshAtMs === undefined) return;
      const anew = make(policy, freshAtMs);
      const expected = decide(limiter, freshAtMs, list);
      const found = decide(anew, freshAtMs, list);
      const gains = (passes: boolean, index: number) =>
        passes && !expected[index];
      // One that starts empty may refuse more, and then pass what that saved.
      const startsEmpty = policy.kind === "token-bucket" &&
        policy.initialTokens === 0;
      if (!startsEmpty) assert.equal(found.some(gains), false);
    },
  },
];

/** Shared with nobody at the moment, and told about at once. */
function sharedFor(policy: LimiterPolicy, fromMs: number): Limiter {
  const world = new LimitWorld(1, SHARING);
  world.advanceTo(fromMs);
  const limiter = world.processes[0]!.limiterFor("key", policy, fromMs);
  const at = <Value>(nowMs: number, act: () => Value): Value => {
    world.advanceTo(Math.max(nowMs, world.nowMs));
    const value = act();
    world.processes[0]!.tick(world.nowMs);
    world.advanceTo(world.nowMs);
    return value;
  };
  return {
    ...{ burst: limiter.burst, ratePerSecond: limiter.ratePerSecond },
    delayMs: 0,
    tryTake: (nowMs, cost) => at(nowMs, () => limiter.tryTake(nowMs, cost)),
    remaining: (nowMs) => at(nowMs, () => limiter.remaining(nowMs)),
    retryAfterMs: (nowMs, cost) =>
      at(nowMs, () => limiter.retryAfterMs(nowMs, cost)),
    isFresh: (nowMs) => at(nowMs, () => limiter.isFresh(nowMs)),
  };
}

/** Each kind, and those that can be shared once more. */
const SUBJECTS = [
  ...LIMITER_KINDS.map((kind) => ({ kind, name: kind, make: limiterFor })),
  ...SHAREABLE.map((kind) => ({
    ...{ kind, name: `shared ${kind}`, make: sharedFor },
  })),
];

for (const { kind, name: subject, make } of SUBJECTS) {
  for (const { name, check } of CASES) {
    Deno.test(`every limiter: ${subject} ${name}`, () => {
      const property = fc.property(
        ...[POLICIES[kind], REQUESTS] as const,
        (policy, list) => check(policy, list, make),
      );
      fc.assert(property, { seed: 43, numRuns: 60 });
    });
  }
}

Deno.test("every limiter refuses negative rates, zero capacity and fractions", () => {
  const bad: readonly LimiterPolicy[] = [
    { kind: "token-bucket", capacityTokens: 0, refillPerSecond: 1 },
    { kind: "token-bucket", capacityTokens: 1, refillPerSecond: -1 },
    { kind: "leaky-bucket", capacity: 0, leakPerSecond: 1 },
    { kind: "leaky-bucket", capacity: 1, leakPerSecond: -1 },
    { kind: "leaky-queue", leakPerSecond: 0.5, maxWaitMs: 1 },
    { kind: "leaky-queue", leakPerSecond: 1, maxWaitMs: 60_001 },
    { kind: "sliding-window", limit: 0, windowMs: 1 },
    { kind: "sliding-window", limit: 1_001, windowMs: 1 },
    { kind: "sliding-window", limit: 1, windowMs: -1 },
    { kind: "warm-up", ratePerSecond: -1, warmUpMs: 1 },
    { kind: "warm-up", ratePerSecond: 1, warmUpMs: 0 },
  ];
  for (const policy of bad) {
    assert.throws(() => limiterFor(policy, 0), {
      name: "RangeError",
      message: /^Cannot make a .* as \w+ must be an integer from \d/,
    });
  }
});

Deno.test("every limiter is exact after a pause of years", () => {
  for (const kind of LIMITER_KINDS) {
    const [policy] = fc.sample(POLICIES[kind], { seed: 1, numRuns: 1 });
    const limiter = limiterFor(policy!, 0);
    while (limiter.tryTake(0));
    assert.ok(limiter.isFresh(4e12), kind);
    assert.equal(limiter.retryAfterMs(4e12), 0, kind);
  }
});

Deno.test("row 42: 300 in 60 s leak out at 5 per second", () => {
  const meter = new LeakyMeter({ capacity: 300, leakPerSecond: 5 }, 0);
  assert.ok(meter.tryTake(0, 300));
  assert.equal(meter.isFresh(59_999.999), false);
  assert.equal(meter.isFresh(60_000), true);
});

Deno.test("row 42: of twelve at once eleven wait 0, 200 … 2,000 ms and the twelfth is refused", () => {
  const queue = new LeakyQueue({ leakPerSecond: 5, maxWaitMs: 2_000 }, 0);
  const waits = Array.from(
    { length: 12 },
    () => queue.tryTake(0) ? queue.delayMs : null,
  );
  const expected = [0, 200, 400, 600, 800, 1_000, 1_200, 1_400, 1_600, 1_800];
  assert.deepEqual(waits, [...expected, 2_000, null]);
  assert.equal(queue.retryAfterMs(0), 200);
});

Deno.test("a leaky queue lets its requests go at its rate, whenever they came", () => {
  const queue = new LeakyQueue({ leakPerSecond: 3, maxWaitMs: 5_000 }, 0);
  const goesAtUs: number[] = [];
  for (let nowMs = 0; nowMs < 5_000; nowMs += 37) {
    if (queue.tryTake(nowMs)) {
      goesAtUs.push(nowMs * 1_000 + queue.delayMs * 1e3);
    }
  }
  goesAtUs.slice(1).forEach((atUs, before) => {
    const gapUs = Math.round(atUs - goesAtUs[before]!);
    assert.ok(gapUs >= 333_333 && gapUs <= 333_334, `${gapUs} µs`);
  });
});

Deno.test("a leaky bucket as a meter decides as a token bucket that starts full", () => {
  const property = fc.property(
    positive,
    positive,
    REQUESTS,
    (most, rate, list) => {
      const meter = new LeakyMeter({ capacity: most, leakPerSecond: rate }, 0);
      const bucket = new TokenBucket(
        { capacityTokens: most, refillPerSecond: rate },
        0,
      );
      assert.deepEqual(decide(meter, 0, list), decide(bucket, 0, list));
    },
  );
  fc.assert(property, { seed: 42, numRuns: 100 });
});

Deno.test("row 43: of six requests in 5 s a window of five refuses the sixth", () => {
  const window = new SlidingWindow({ limit: 5, windowMs: 5_000 }, 0);
  const passed = [0, 1_000, 2_000, 3_000, 4_000, 4_999].map((nowMs) =>
    window.tryTake(nowMs)
  );
  assert.deepEqual(passed, [true, true, true, true, true, false]);
  assert.equal(window.retryAfterMs(4_999), 1);
  assert.equal(window.tryTake(5_000), true);
  assert.equal(window.tryTake(5_999), false);
});

Deno.test("a sliding window lets nobody pass twice around its edge", () => {
  const window = new SlidingWindow({ limit: 5, windowMs: 1_000 }, 0);
  const passedAt = (nowMs: number) =>
    Array.from({ length: 10 }, () => window.tryTake(nowMs))
      .filter((passed) => passed).length;
  // A window that is counted anew at each second would let ten pass.
  assert.equal(passedAt(999), 5);
  assert.equal(passedAt(1_000), 0);
  assert.equal(passedAt(1_999), 5);
});

Deno.test("a full bucket gives nothing back that has dripped in since", () => {
  const bucket = new TokenBucket({ capacityTokens: 1, refillPerSecond: 1 }, 0);
  assert.ok(bucket.tryTake(0));
  // Full again; had nobody taken it, it would hold no more.
  assert.ok(bucket.tryTake(1_000));
  bucket.giveBack(0, 1_000);
  assert.equal(bucket.tryTake(1_000), false);
  bucket.giveBack(1_000, 1_250);
  assert.equal(bucket.remaining(1_250), 1);
});

Deno.test("row 44: of 10 per second a third passes at first, and all after 5 s", () => {
  const limiter = new WarmUp({ ratePerSecond: 10, warmUpMs: 5_000 }, 0);
  const perSecond = Array.from({ length: 8 }, () => 0);
  for (let nowMs = 0; nowMs < 8_000; nowMs++) {
    if (limiter.tryTake(nowMs)) perSecond[Math.floor(nowMs / 1_000)]!++;
  }
  assert.deepEqual(perSecond.slice(5), [10, 10, 10]);
  assert.ok(perSecond[0]! <= 4, `${perSecond[0]} in the first second`);
  const sorted = perSecond.toSorted((left, right) => left - right);
  assert.deepEqual(perSecond, sorted);
});

Deno.test("a warm limiter cools down when nobody comes", () => {
  const limiter = new WarmUp({ ratePerSecond: 10, warmUpMs: 5_000 }, 0);
  for (let nowMs = 0; nowMs < 10_000; nowMs++) limiter.tryTake(nowMs);
  const nowMs = 10_000 + limiter.retryAfterMs(10_000);
  assert.ok(limiter.tryTake(nowMs));
  assert.equal(limiter.retryAfterMs(nowMs), 100);
  assert.equal(limiter.isFresh(13_000), false);
  assert.equal(limiter.isFresh(16_000), true);
  limiter.tryTake(16_000);
  assert.ok(limiter.retryAfterMs(16_000) > 290);
});

/** How many of a Poisson stream pass in each of so many seconds. */
function passedEachSecond(
  limiter: Limiter,
  offeredPerSecond: number,
  seconds: number,
): number[] {
  const random = new SeededRandom(44, "arrivals");
  const gap = { kind: "exponential", meanUs: 1e6 / offeredPerSecond } as const;
  const passed = Array.from({ length: seconds }, () => 0);
  let nowUs = 0;
  while ((nowUs += sample(gap, random)) < seconds * 1e6) {
    if (limiter.tryTake(nowUs / 1_000)) passed[Math.floor(nowUs / 1e6)]!++;
  }
  return passed;
}

for (const load of [1, 2, 5]) {
  Deno.test(`row 44: an uneven stream of ${load} times the rate begins at a third and warms up to all of it`, () => {
    const policy = { ratePerSecond: 1_000, warmUpMs: 5_000 };
    const limiter = new WarmUp(policy, 0);
    const passed = passedEachSecond(limiter, 1_000 * load, 20);
    assert.ok(passed[0]! > 300 && passed[0]! < 500, `${passed[0]} at first`);
    const warm = passed.slice(10).reduce((sum, each) => sum + each) / 10;
    // Of a stream at just the rate what came in its rushes is refused.
    assert.ok(warm > 950 && warm <= 1_010, `${warm} a second when warm`);
  });
}
