/**
 * Limits that processes share: how far what they let pass can be from what one
 * bucket would, on a network that is slow, loses and doubles, and without it.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Limiter } from "../../../cluster/limiters/limiter.ts";
import { TokenBucket } from "../../../cluster/limiters/token_bucket.ts";
import { SharedLimits } from "../../../cluster/limiters/shared_limits.ts";
import { STORE_CASES } from "./limit_store_contract.ts";
import {
  type Fate,
  LimitStoreModel,
  LimitWorld,
  mostBeyond,
  type Passed,
  QUIET,
  SHARING,
} from "./limit_world.ts";

interface Bucket {
  readonly burst: number;
  readonly ratePerSecond: number;
}

const BUCKET_OF_40: Bucket = { burst: 40, ratePerSecond: 1 };

function policyOf({ burst, ratePerSecond }: Bucket) {
  return {
    ...{ kind: "token-bucket" as const, capacityTokens: burst },
    refillPerSecond: ratePerSecond,
  };
}

/** The same key in every process. */
function limitersOf(
  world: LimitWorld,
  bucket: Bucket,
  key = "user:ann",
): Limiter[] {
  return world.processes.map((limits) =>
    limits.limiterFor(key, policyOf(bucket), world.nowMs)
  );
}

/** Offers one request to each process every so often; gives what passed. */
function offer(
  world: LimitWorld,
  limiters: readonly Limiter[],
  { everyMs, untilMs }: { everyMs: number; untilMs: number },
): Passed[] {
  const passed: Passed[] = [];
  for (let atMs = world.nowMs + everyMs; atMs <= untilMs; atMs += everyMs) {
    world.advanceTo(atMs);
    for (const limiter of limiters) {
      if (limiter.tryTake(atMs)) passed.push({ atMs, cost: 1 });
    }
  }
  return passed;
}

const BUCKET = fc.record({
  burst: fc.integer({ min: 1, max: 40 }),
  ratePerSecond: fc.integer({ min: 1, max: 60 }),
});

const REQUESTS = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.nat(3), fc.nat(60), fc.nat(800)),
    process: fc.nat(3),
    cost: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, fc.constant(3)),
  }),
  { minLength: 20, maxLength: 250 },
);

type Requests = readonly {
  readonly afterMs: number;
  readonly process: number;
  readonly cost: number;
}[];

/** Asks for all; gives what passed. */
function ask(
  world: LimitWorld,
  limiters: readonly Limiter[],
  requests: Requests,
): Passed[] {
  const passed: Passed[] = [];
  for (const { afterMs, process, cost } of requests) {
    const atMs = world.nowMs + afterMs;
    world.advanceTo(atMs);
    const limiter = limiters[process % limiters.length]!;
    if (limiter.tryTake(atMs, cost)) passed.push({ atMs, cost });
  }
  return passed;
}

/** A portion of each process but one, or its dearest request. */
function slackOf(
  { burst }: Bucket,
  processes: number,
  slackPercent: number,
): number {
  const others = processes - 1;
  if (others === 0) return 0;
  const portion = Math.floor(burst * slackPercent / 100 / others);
  return others * Math.max(portion, 3);
}

/** The fates of messages; the last is that of all others. */
function sequence(fates: readonly Fate[]): () => Fate {
  let next = 0;
  return () => fates[Math.min(next++, fates.length - 1)]!;
}

/** The fates of messages, again and again. */
function cycle(fates: readonly Fate[]): () => Fate {
  let next = 0;
  return () => fates[next++ % fates.length]!;
}

const TRIP = fc.record({ thereMs: fc.nat(100), backMs: fc.nat(100) });

const TWICE = fc.record({
  ...{ thereMs: fc.nat(100), backMs: fc.nat(100) },
  mishap: fc.record({ againAfterMs: fc.nat(1_000) }),
});

// I17 G73
Deno.test("shared limits let at most burst + rate × window and the stated slack pass, however late, doubled and out of order what is told arrives", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      BUCKET,
      fc.constantFrom(0, 25, 100),
      fc.array(fc.oneof(TRIP, TWICE), { minLength: 1, maxLength: 9 }),
      REQUESTS,
      (processes, bucket, slackPercent, fates, requests) => {
        const sharing = { ...SHARING, slackPercent };
        const world = new LimitWorld(processes, sharing, cycle(fates));
        const passed = ask(world, limitersOf(world, bucket), requests);
        const slack = slackOf(bucket, processes, slackPercent);
        const beyond = mostBeyond(passed, bucket);
        assert.ok(beyond <= slack + 1e-9, `${beyond} of ${slack}`);
        assert.ok(world.processes.every(({ isAway }) => !isAway));
      },
    ),
    { seed: 17, numRuns: 400 },
  );
});

// I17 G73
Deno.test("shared limits whose messages are lost let each process pass its share besides, and no more", () => {
  const lost = fc.record({
    ...{ thereMs: fc.nat(100), backMs: fc.nat(100) },
    mishap: fc.constantFrom("lost" as const, "unanswered" as const),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 4 }),
      BUCKET,
      fc.array(fc.oneof(TRIP, TWICE, lost), { minLength: 1, maxLength: 9 }),
      REQUESTS,
      (processes, bucket, fates, requests) => {
        const world = new LimitWorld(processes, SHARING, cycle(fates));
        const passed = ask(world, limitersOf(world, bucket), requests);
        // Who is cut off takes a share that the others may take as well.
        const shares = (processes - 1) / processes;
        const doubled = {
          burst: bucket.burst * (1 + shares),
          ratePerSecond: bucket.ratePerSecond * (1 + shares),
        };
        const slack = slackOf(bucket, processes, 25) + 3 * processes;
        assert.ok(mostBeyond(passed, doubled) <= slack);
      },
    ),
    { seed: 17, numRuns: 400 },
  );
});

Deno.test("a client who stays with one of three processes gets all of his limit, and clients of all three get no more together", () => {
  for (const everybody of [false, true]) {
    const bucket = { burst: 40, ratePerSecond: 20 };
    const world = new LimitWorld(
      ...[3, SHARING] as const,
      () => ({ thereMs: 7, backMs: 7 }),
    );
    const limiters = limitersOf(world, bucket);
    const asked = everybody ? limiters : limiters.slice(0, 1);
    // Five times the rate, by each.
    const passed = offer(world, asked, { everyMs: 10, untilMs: 10_000 });
    const most = 40 + 20 * 10;
    // What drips in while the first are told, and while an answer travels.
    const least = most - 20 * 0.1 - 1;
    const slack = everybody ? 40 * 0.25 : 0;
    assert.ok(passed.length >= least, `${passed.length} of ${least}`);
    assert.ok(passed.length <= most + slack, `${passed.length} of ${most}`);
    // Each message is about the bucket once.
    const [messages, , tellings] = world.processes[0]!.metrics();
    assert.ok(tellings!.value <= messages!.value);
  }
});

Deno.test("a store hears of a bucket ten times a second, and of half a portion at once, however many requests there are", () => {
  const world = new LimitWorld(
    ...[3, SHARING] as const,
    () => ({ thereMs: 1, backMs: 1 }),
  );
  const bucket = { burst: 4_000, ratePerSecond: 4_000 };
  const limiters = limitersOf(world, bucket);
  const passed = offer(world, limiters, { everyMs: 1, untilMs: 10_000 });
  assert.equal(passed.length, 30_000);
  for (const limits of world.processes) {
    const [messages] = limits.metrics();
    // A portion is an eighth of the burst.
    const most = 10 * 10 + 10_000 / (4_000 / 8 / 2);
    assert.ok(messages!.value <= most, `${messages!.value} of ${most}`);
  }
});

Deno.test("a burst smaller than the number of processes lets one request of each pass at most, and the rate is kept", () => {
  const bucket = { burst: 1, ratePerSecond: 1 };
  const world = new LimitWorld(
    ...[5, SHARING] as const,
    () => ({ thereMs: 1, backMs: 1 }),
  );
  const limiters = limitersOf(world, bucket);
  const passed = offer(world, limiters, { everyMs: 50, untilMs: 60_000 });
  assert.ok(mostBeyond(passed, bucket) <= 4);
  assert.ok(passed.length >= 55 && passed.length <= 65, `${passed.length}`);
  // Nor without the store, where a share is a fifth of a request.
  world.isStoreThere = false;
  offer(world, limiters, { everyMs: 50, untilMs: 62_000 });
  const apart = offer(world, limiters, { everyMs: 50, untilMs: 122_000 });
  assert.ok(mostBeyond(apart, bucket, 62_000) <= 4);
  assert.ok(apart.length >= 55 && apart.length <= 65, `${apart.length}`);
});

Deno.test("a bucket that has not told a portion refuses until the store answers, and says how long answers take", () => {
  let backMs = 30;
  const world = new LimitWorld(
    ...[2, SHARING] as const,
    () => ({ thereMs: 10, backMs }),
  );
  const [limiter] = limitersOf(world, { burst: 40, ratePerSecond: 1 });
  const take = (count: number) =>
    Array.from({ length: count }, () => limiter!.tryTake(world.nowMs))
      .filter((passes) => passes).length;
  assert.equal(take(40), 10);
  assert.equal(limiter!.remaining(world.nowMs), 30);
  world.advanceTo(40);
  // Half of them were told, and the others are under way.
  assert.equal(limiter!.retryAfterMs(40), 0);
  assert.equal(take(40), 5);
  assert.equal(limiter!.retryAfterMs(40), 40);
  backMs = 0;
  world.advanceTo(80);
  assert.equal(take(40), 5);
  const told = world.processes[0]!.metrics();
  const held = told.find(({ name }) => name.endsWith("held_total"));
  assert.equal(held?.value, 30 + 35 + 35);
});

Deno.test("with their store away, shared limits go on as told: each with its share, open or closed", () => {
  const bucket = { burst: 30, ratePerSecond: 30 };
  const ends = (["share", "open", "closed"] as const).map((whenAway) => {
    const world = new LimitWorld(3, { ...SHARING, whenAway });
    const limiters = limitersOf(world, bucket);
    world.isStoreThere = false;
    // Each finds out by itself, by what it tells first.
    for (const limiter of limiters) limiter.tryTake(world.nowMs);
    world.advanceTo(2_000);
    assert.ok(world.processes.every(({ isAway }) => isAway));
    const passed = offer(world, limiters, { everyMs: 10, untilMs: 4_000 });
    return { passed: passed.length, waitMs: limiters[0]!.retryAfterMs(4_000) };
  });
  // The burst and two seconds of the rate, in whole requests of each.
  assert.ok(ends[0]!.passed > 90 - 3 * 3 && ends[0]!.passed <= 90);
  assert.deepEqual(ends.slice(1).map(({ passed }) => passed), [600, 0]);
  // A share of a third of the rate; now; when the store is tried again.
  assert.ok(ends[0]!.waitMs > 0 && ends[0]!.waitMs <= 100);
  assert.deepEqual(ends.slice(1).map(({ waitMs }) => waitMs), [0, 250]);
});

Deno.test("a store that comes back gives no second burst, and then the limit is counted together again", () => {
  const fates = fc.array(TRIP, { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 4 }),
      BUCKET,
      fc.integer({ min: 500, max: 8_000 }),
      fates,
      (processes, bucket, awayForMs, some) => {
        const world = new LimitWorld(processes, SHARING, cycle(some));
        const limiters = limitersOf(world, bucket);
        const each = { everyMs: 5 };
        world.advanceTo(2_000);
        world.isStoreThere = false;
        for (const limits of world.processes) {
          limits.limiterFor("user:bob", policyOf(bucket), 2_000).tryTake(2_000);
        }
        // All have noticed after a tick and the time of an answer.
        const fromMs = 2_400;
        world.advanceTo(fromMs);
        assert.ok(world.processes.every(({ isAway }) => isAway));
        const backMs = fromMs + awayForMs;
        const passed = offer(world, limiters, { ...each, untilMs: backMs });
        world.isStoreThere = true;
        const untilMs = backMs + 4_000;
        passed.push(...offer(world, limiters, { ...each, untilMs }));
        assert.ok(world.processes.every(({ isAway }) => !isAway));
        // The last to find out, a retry, a tick and a trip after the first,
        // have gone on with their shares.
        const shares = (processes - 1) / processes * bucket.ratePerSecond;
        const slack = slackOf(bucket, processes, 25) + processes +
          shares * (0.25 + 0.1 + 0.2);
        const beyond = mostBeyond(passed, bucket, fromMs);
        assert.ok(beyond <= slack + 1e-9, `${beyond} of ${slack}`);
        // Nor is anybody made to pay for what he took while it was away.
        const last = passed.filter(({ atMs }) => atMs > backMs);
        // Small bursts are full again while an answer travels.
        const least = bucket.burst < bucket.ratePerSecond
          ? 0
          : 4 * bucket.ratePerSecond - slack;
        assert.ok(last.length >= least, `${last.length} of ${least}`);
      },
    ),
    { seed: 34, numRuns: 60 },
  );
});

Deno.test("a store that lost its data learns from who tells first: no second burst where all are busy, and one at most", () => {
  const bucket = { burst: 20, ratePerSecond: 10 };
  for (const thirdIsBusy of [true, false]) {
    const world = new LimitWorld(3, SHARING);
    const limiters = limitersOf(world, bucket);
    const busy = thirdIsBusy ? limiters : limiters.slice(0, 2);
    const passed = offer(world, busy, { everyMs: 10, untilMs: 3_000 });
    world.store.loseAll();
    // It believes that the bucket is full, or knows better.
    if (limiters[2]!.tryTake(3_000)) passed.push({ atMs: 3_000, cost: 1 });
    world.processes[2]!.tick(3_000);
    passed.push(...offer(world, limiters, { everyMs: 10, untilMs: 9_000 }));
    const slack = slackOf(bucket, 3, 25) + (thirdIsBusy ? 0 : 20);
    assert.ok(mostBeyond(passed, bucket) <= slack);
  }
});

Deno.test("a bucket is forgotten once it has told, and counts from where it was when it is needed again", () => {
  const bucket = { burst: 40, ratePerSecond: 40 };
  const world = new LimitWorld(2, SHARING);
  const [limiter] = limitersOf(world, bucket);
  world.advanceTo(1);
  for (let count = 0; count < 3; count++) assert.ok(limiter!.tryTake(1));
  world.advanceTo(90);
  // It is full again, though it has not told yet.
  assert.equal(limiter!.remaining(90), 40);
  assert.equal(limiter!.isFresh(90), false);
  world.advanceTo(1_000);
  assert.equal(limiter!.isFresh(1_000), true);
  const [again, other] = limitersOf(world, bucket);
  for (let count = 0; count < 2; count++) assert.ok(again!.tryTake(1_000));
  world.processes[0]!.tick(1_000);
  assert.ok(other!.tryTake(1_000));
  world.processes[1]!.tick(1_000);
  world.advanceTo(1_000);
  assert.equal(other!.remaining(1_000), 40 - 3);
});

Deno.test("a request that is dearer than a portion passes when nothing else is untold", () => {
  const world = new LimitWorld(
    ...[2, SHARING] as const,
    () => ({ thereMs: 5, backMs: 5 }),
  );
  const [limiter] = limitersOf(world, { burst: 40, ratePerSecond: 1 });
  assert.ok(limiter!.tryTake(0, 15));
  assert.equal(limiter!.tryTake(0), false);
  world.advanceTo(10);
  assert.ok(limiter!.tryTake(10));
});

Deno.test("a message that was lost or answered too late is told again", () => {
  const fates: Fate[] = [
    { thereMs: 0, backMs: 0, mishap: "lost" },
    { thereMs: 0, backMs: 450 },
    { thereMs: 0, backMs: 0 },
  ];
  const world = new LimitWorld(2, SHARING, sequence(fates));
  const [limits, others] = world.processes;
  const [limiter, other] = limitersOf(world, { burst: 40, ratePerSecond: 1 });
  world.advanceTo(1);
  for (let count = 0; count < 8; count++) limiter!.tryTake(1);
  const awayAtMs: number[] = [];
  for (let atMs = 50; atMs <= 4_000; atMs += 100) {
    world.advanceTo(atMs);
    if (!limits!.isReached) awayAtMs.push(atMs);
  }
  // Two ticks past the time of an answer; the one that comes at 1,150 is none.
  assert.deepEqual([awayAtMs[0], awayAtMs.at(-1)], [450, 1_350]);
  assert.equal(limits!.isAway, false);
  other!.tryTake(4_000);
  others!.tick(4_000);
  world.advanceTo(4_000);
  assert.equal(other!.remaining(4_000), 40 - 8 + 3 - 1);
});

Deno.test("an answer that lay there while the process stood still is in time", () => {
  const answers: (() => void)[] = [];
  const limits = new SharedLimits(SHARING, {
    tell(tellings, done) {
      const microTokens = tellings.map(() => 1_000_000);
      answers.push(() => done({ kind: "ok", microTokens }, 1_000));
    },
  }, QUIET);
  const policy = policyOf({ burst: 40, ratePerSecond: 1 });
  const limiter = limits.limiterFor("user:ann", policy, 0);
  limiter.tryTake(0);
  limits.tick(0);
  // The timer is the first to run when it goes on.
  limits.tick(1_000);
  answers.shift()!();
  limits.tick(1_100);
  assert.equal(limits.isAway, false);
  assert.equal(limiter.remaining(1_000), 1);
});

Deno.test("what processes took as their shares is counted when the store is back, and nobody takes more before all have told", () => {
  for (const isEmpty of [false, true]) {
    const bucket = { burst: 40, ratePerSecond: 1 };
    const world = new LimitWorld(2, SHARING);
    const limiters = limitersOf(world, bucket);
    for (const limiter of limiters) limiter.tryTake(0);
    world.advanceTo(150);
    world.isStoreThere = false;
    for (const limiter of limiters) limiter.tryTake(150);
    world.advanceTo(1_000);
    // Half of the 38 that it knows of, and of what dripped in.
    assert.equal(limiters[0]!.remaining(1_000), 19);
    const passed = offer(world, limiters, { everyMs: 10, untilMs: 2_000 });
    assert.ok(passed.length >= 38 && passed.length <= 39);
    if (isEmpty) world.store.loseAll();
    world.cutOff.delete(0);
    passed.push(...offer(world, limiters, { everyMs: 10, untilMs: 2_600 }));
    world.cutOff.delete(1);
    passed.push(...offer(world, limiters, { everyMs: 10, untilMs: 4_000 }));
    assert.ok(world.processes.every(({ isAway }) => !isAway));
    // A token a second drips in; to both, or none, or one too many.
    assert.ok(passed.length >= 39 && passed.length <= 43, `${passed.length}`);
    const later = offer(world, limiters, { everyMs: 10, untilMs: 14_000 });
    assert.ok(later.length >= 8 && later.length <= 12, `${later.length}`);
  }
});

Deno.test("until all have told their shares, a process that has told takes no more of its own than a portion at a time", () => {
  const world = new LimitWorld(2, SHARING);
  const [first, last] = limitersOf(world, BUCKET_OF_40);
  const take = (limiter: Limiter) => {
    let count = 0;
    while (limiter.tryTake(world.nowMs)) count++;
    return count;
  };
  world.isStoreThere = false;
  for (const limiter of limitersOf(world, BUCKET_OF_40, "user:bob")) {
    limiter.tryTake(0);
  }
  world.advanceTo(1_000);
  world.cutOff.delete(0);
  world.advanceTo(1_900);
  world.cutOff.delete(1);
  world.advanceTo(2_600);
  const stances = world.processes.map(({ stance }) => stance);
  assert.deepEqual(stances, ["store", "share"]);
  assert.deepEqual([first!, last!].map(take), [10, 10]);
});

Deno.test("a store that was away for a moment counts what was taken meanwhile, and nothing that was not", () => {
  const bucket = { burst: 40, ratePerSecond: 1 };
  const world = new LimitWorld(2, SHARING);
  const limiters = limitersOf(world, bucket);
  offer(world, limiters, { everyMs: 1, untilMs: 15 });
  world.advanceTo(120);
  world.isStoreThere = false;
  for (const limiter of limiters) limiter.tryTake(120);
  world.advanceTo(400);
  for (const limiter of limiters) {
    for (let count = 0; count < 2; count++) assert.ok(limiter.tryTake(400));
  }
  world.isStoreThere = true;
  world.advanceTo(3_000);
  // 40 - 30 - 2 - 4 are left, and 3 dripped in.
  const [one] = limiters;
  const passed = offer(world, [one!], { everyMs: 1, untilMs: 3_100 });
  assert.ok(passed.length >= 6 && passed.length <= 8, `${passed.length}`);
});

Deno.test("what a process took long ago without the store has dripped in again, and is not counted", () => {
  let fate: Fate = { thereMs: 0, backMs: 0, mishap: "lost" };
  const world = new LimitWorld(2, SHARING, () => fate);
  const bucket = { burst: 40, ratePerSecond: 10 };
  const limiters = limitersOf(world, bucket, "user:bob");
  // This one is due while a message about another is under way.
  offer(world, limitersOf(world, bucket), { everyMs: 1, untilMs: 10 });
  offer(world, limiters, { everyMs: 10, untilMs: 20_000 });
  fate = { thereMs: 0, backMs: 0 };
  world.advanceTo(22_000);
  assert.ok(world.processes.every(({ isAway }) => !isAway));
  const passed = offer(world, limiters, { everyMs: 10, untilMs: 32_000 });
  assert.ok(passed.length >= 100, `${passed.length}`);
});

Deno.test("a process that leaves tells what is untold first, if the store is there", () => {
  const world = new LimitWorld(
    ...[2, SHARING] as const,
    () => ({ thereMs: 20, backMs: 20 }),
  );
  const [leaving, staying] = world.processes;
  // More than one message has room for.
  const buckets = Array.from(
    { length: 100 },
    (_, index) => limitersOf(world, BUCKET_OF_40, `user:${index}`),
  );
  for (const [limiter] of buckets) limiter!.tryTake(0);
  const leftAtMs: number[] = [];
  leaving!.leave(0, () => leftAtMs.push(world.nowMs));
  world.advanceTo(1_000);
  assert.deepEqual(leftAtMs, [80]);
  for (const [, other] of buckets) other!.tryTake(1_000);
  world.advanceTo(1_500);
  for (const [, other] of buckets) {
    assert.equal(other!.remaining(1_000), 40 - 1 + 1 - 1);
  }
  world.isStoreThere = false;
  for (const [, other] of buckets) other!.tryTake(1_500);
  staying!.leave(1_500, () => leftAtMs.push(world.nowMs));
  world.advanceTo(2_000);
  assert.deepEqual(leftAtMs, [80, 1_500]);
});

Deno.test("a limit of one process, and one that cannot be shared, is counted by each process", () => {
  const world = new LimitWorld(2, SHARING);
  const limits = world.processes[0]!;
  const own = limits.limiterFor(
    "user:ann",
    {
      ...policyOf({ burst: 3, ratePerSecond: 1 }),
      scope: "process",
    },
    0,
  );
  assert.ok(own instanceof TokenBucket);
  const window = { kind: "sliding-window", limit: 3, windowMs: 50 } as const;
  const limiter = limits.limiterFor("user:ann", window, 0);
  for (let count = 0; count < 3; count++) assert.ok(limiter.tryTake(0));
  world.advanceTo(200);
  const counts = limits.metrics().map(({ value }) => value);
  assert.ok(counts.every((value) => value === 0));
});

Deno.test("with one process more, less may be untold, and alone nothing is held back", () => {
  const world = new LimitWorld(1, SHARING, () => ({ thereMs: 9, backMs: 9 }));
  const [limits] = world.processes;
  const taken = (key: string) => {
    const policy = policyOf({ burst: 100, ratePerSecond: 1 });
    const limiter = limits!.limiterFor(key, policy, 0);
    let count = 0;
    while (limiter.tryTake(0)) count++;
    return count;
  };
  assert.equal(taken("alone"), 100);
  limits!.setProcesses(2);
  assert.equal(taken("two"), 25);
  limits!.setProcesses(6);
  assert.equal(taken("six"), 5);
});

for (const { name, check } of STORE_CASES) {
  Deno.test(`the model of a store of limits ${name}`, async () => {
    const store = new LimitStoreModel();
    let nowUs = 0;
    await check((process, ...tellings) => {
      nowUs += 1_000;
      const levels = store.tell(process, tellings, nowUs);
      return Promise.resolve(levels.map((level) => level / 1_000_000));
    });
  });
}
