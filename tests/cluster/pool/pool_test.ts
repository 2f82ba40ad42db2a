/** Whom a pool uses: health, its limits, panic, slow start, draining. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { SeededRandom } from "../../../actors/runtime/random.ts";
import { BALANCER_NAMES } from "../../../cluster/balancers/policies.ts";
import type { HealthPolicy } from "../../../cluster/pool/health.ts";
import { Pool, type PoolOptions } from "../../../cluster/pool/pool.ts";

const HEALTH: HealthPolicy = {
  badRepliesInRow: 5,
  ejectedForMs: 1_000,
  ejectedForMostMs: 3_000,
  ejectedPercentMost: 50,
  failedProbesInRow: 3,
  goodProbesInRow: 2,
  slowStartMs: 0,
};

type Changes = Partial<Omit<PoolOptions, "health">> & {
  readonly health?: Partial<HealthPolicy>;
};

function poolOf(count: number, changes: Changes = {}): Pool {
  return new Pool({
    names: Array.from({ length: count }, (_, index) => `s${index}`),
    policy: "round-robin",
    virtualNodes: 16,
    slackPercent: 25,
    capacityCalls: 1_000,
    random: new SeededRandom(1, "pool"),
    ...changes,
    health: { ...HEALTH, ...changes.health },
  });
}

/** Makes calls one after the other; those in `bad` are not answered. */
function call(
  pool: Pool,
  nowMs: number,
  count: number,
  bad: readonly string[] = [],
): string[] {
  return Array.from({ length: count }, (_, index) => {
    const member = pool.take(`key ${index}`, nowMs);
    assert.ok(member !== null);
    pool.settle(member, !bad.includes(member.name), 1, nowMs);
    return member.name;
  });
}

function states(pool: Pool, nowMs: number): string {
  return pool.report(nowMs).members.map(({ state }) => state).join(" ");
}

Deno.test("row 21: five bad replies in a row put a member out, four and a good one do not", () => {
  const pool = poolOf(2);
  call(pool, 0, 8, ["s0"]);
  call(pool, 0, 2);
  call(pool, 0, 8, ["s0"]);
  assert.equal(states(pool, 0), "healthy healthy");
  call(pool, 0, 2, ["s0"]);
  assert.equal(states(pool, 0), "ejected healthy");
  assert.deepEqual(call(pool, 999, 3), ["s1", "s1", "s1"]);
});

Deno.test("row 21: a member that was put out is used again after its time, and twice as long the next time", () => {
  const pool = poolOf(2);
  call(pool, 0, 10, ["s0"]);
  assert.deepEqual(call(pool, 999, 2), ["s1", "s1"]);
  assert.ok(call(pool, 1_000, 2).includes("s0"));
  call(pool, 1_001, 10, ["s0"]);
  assert.equal(states(pool, 3_000), "ejected healthy");
  assert.equal(states(pool, 3_001), "healthy healthy");
  // Longer each time, but never longer than told.
  call(pool, 3_002, 10, ["s0"]);
  call(pool, 6_003, 10, ["s0"]);
  assert.equal(states(pool, 9_002), "ejected healthy");
  assert.equal(states(pool, 9_003), "healthy healthy");
});

Deno.test("a member that was well for long enough is put out as for the first time", () => {
  const pool = poolOf(2);
  call(pool, 0, 10, ["s0"]);
  call(pool, 2_001, 10, ["s0"]);
  assert.equal(states(pool, 3_000), "ejected healthy");
  assert.equal(states(pool, 3_001), "healthy healthy");
});

Deno.test("well for as long as the longest time out is long enough, however often it was out", () => {
  const pool = poolOf(2);
  let nowMs = 0;
  for (const outMs of [1_000, 2_000, 3_000, 3_000, 3_000]) {
    call(pool, nowMs, 10, ["s0"]);
    nowMs += outMs;
    assert.equal(states(pool, nowMs - 1), "ejected healthy");
  }
  call(pool, nowMs + 3_001, 10, ["s0"]);
  assert.equal(states(pool, nowMs + 4_000), "ejected healthy");
  assert.equal(states(pool, nowMs + 4_001), "healthy healthy");
});

Deno.test("late replies to calls of before its ejection are not held against a member that is back", () => {
  const pool = poolOf(2);
  const open = Array.from({ length: 40 }, (_, call) => pool.take(`${call}`, 0)!)
    .filter(({ name }) => name === "s0");
  for (const member of open) pool.settle(member, false, 1, 0);
  assert.equal(states(pool, 0), "ejected healthy");
  call(pool, 1_000, 8, ["s0"]);
  assert.equal(states(pool, 1_000), "healthy healthy");
  call(pool, 1_000, 2, ["s0"]);
  assert.equal(states(pool, 1_000), "ejected healthy");
});

Deno.test("no more members are put out than the cap allows, and none of one", () => {
  const pool = poolOf(4);
  call(pool, 0, 100, ["s0", "s1", "s2", "s3"]);
  const out = states(pool, 0).split(" ").filter((each) => each === "ejected");
  assert.equal(out.length, 2);
  const alone = poolOf(1);
  call(alone, 0, 100, ["s0"]);
  assert.equal(states(alone, 0), "healthy");
});

Deno.test("row 21: when all are bad all are used, not none", () => {
  const pool = poolOf(3, { health: { ejectedPercentMost: 100 } });
  call(pool, 0, 15, ["s0", "s1", "s2"]);
  assert.equal(states(pool, 0), "ejected ejected ejected");
  assert.equal(pool.report(0).isPanicking, true);
  assert.deepEqual(new Set(call(pool, 0, 9)), new Set(["s0", "s1", "s2"]));
  // And not any more once one is back.
  assert.equal(pool.report(1_000).isPanicking, false);
});

Deno.test("a member is down after its failed probes in a row and back after its good ones", () => {
  const pool = poolOf(2);
  for (const isGood of [false, false, true, false, false]) {
    pool.probed(0, isGood, 0);
  }
  assert.equal(states(pool, 0), "healthy healthy");
  pool.probed(0, false, 0);
  assert.equal(states(pool, 0), "down healthy");
  assert.deepEqual(call(pool, 0, 2), ["s1", "s1"]);
  pool.probed(0, true, 10);
  assert.equal(states(pool, 10), "down healthy");
  pool.probed(0, true, 20);
  assert.equal(states(pool, 20), "healthy healthy");
});

Deno.test("a member that is back after probes is not held to its bad replies of before", () => {
  const pool = poolOf(2, { health: { failedProbesInRow: 1 } });
  call(pool, 0, 8, ["s0"]);
  pool.probed(0, false, 0);
  pool.probed(0, true, 10);
  pool.probed(0, true, 20);
  call(pool, 20, 8, ["s0"]);
  assert.equal(states(pool, 20), "healthy healthy");
});

Deno.test("a member that drained starts slowly like any that returns", () => {
  const pool = poolOf(2, { health: { slowStartMs: 10_000 } });
  pool.drain("s0", true, 0);
  pool.drain("s0", false, 1_000);
  assert.equal(states(pool, 10_999), "warming healthy");
  assert.equal(states(pool, 11_000), "healthy healthy");
});

Deno.test("with all members down by their probes all are used", () => {
  const pool = poolOf(2, { health: { failedProbesInRow: 1 } });
  pool.probed(0, false, 0);
  pool.probed(1, false, 0);
  assert.deepEqual(new Set(call(pool, 0, 4)), new Set(["s0", "s1"]));
});

for (const policy of BALANCER_NAMES) {
  Deno.test(`under ${policy} a member that returned gets a tenth of its share at first, all of it in the end`, () => {
    const pool = poolOf(2, {
      policy,
      health: { slowStartMs: 10_000, failedProbesInRow: 1, goodProbesInRow: 1 },
    });
    pool.probed(1, false, 0);
    pool.probed(1, true, 1_000);
    assert.equal(states(pool, 1_000), "healthy warming");
    // Calls that stay open, as policies that count them go by nothing else.
    const shareAt = (nowMs: number) => {
      const taken = Array.from(
        { length: 400 },
        (_, index) => pool.take(`key ${index}`, nowMs)!,
      );
      for (const member of taken) pool.settle(member, true, 5, nowMs);
      return taken.filter(({ name }) => name === "s1").length / 400;
    };
    const cold = shareAt(1_000);
    assert.ok(cold > 0 && cold <= 0.12, `at first ${cold}`);
    const warm = shareAt(11_000);
    assert.ok(warm >= 0.3, `in the end ${warm}`);
    assert.equal(states(pool, 11_000), "healthy healthy");
  });

  Deno.test(`under ${policy} a member that drains gets nothing new and finishes what it has`, () => {
    const pool = poolOf(3, { policy });
    const held = Array.from({ length: 30 }, (_, i) => pool.take(`${i}`, 0)!);
    assert.equal(pool.drain("s1", true, 0), true);
    assert.ok(!call(pool, 0, 60).includes("s1"));
    for (const member of held) pool.settle(member, true, 1, 0);
    assert.equal(pool.report(0).members[1]!.inFlight, 0);
    assert.equal(states(pool, 0), "healthy draining healthy");
    pool.drain("s1", false, 0);
    assert.ok(
      call(pool, 0, 60).includes("s1") || policy === "least-connections",
    );
  });
}

for (const policy of ["consistent-hash", "source-hash"] as const) {
  Deno.test(`row 7: a fifth server that joins under ${policy} takes a fifth of the keys and 3 % at most, and every call finds a server`, () => {
    const pool = poolOf(5, { policy, virtualNodes: 512 });
    const keys = Array.from({ length: 5_000 }, (_, key) => `sku-${key}`);
    const ownersNow = () =>
      keys.map((key) => {
        const member = pool.take(key, 0);
        assert.ok(member !== null);
        pool.settle(member, true, 1, 0);
        return member.name;
      });
    pool.drain("s4", true, 0);
    const before = ownersNow();
    pool.drain("s4", false, 0);
    const after = ownersNow();
    const moved = after.filter((name, index) => name !== before[index]);
    assert.ok(moved.every((name) => name === "s4"));
    assert.ok(moved.length <= 5_000 * (1 / 5 + 0.03), `moved ${moved.length}`);
    assert.ok(moved.length >= 5_000 * (1 / 5 - 0.05), `moved ${moved.length}`);
  });
}

Deno.test("with every member draining there is nobody to take", () => {
  const pool = poolOf(2);
  pool.drain("s0", true, 0);
  pool.drain("s1", true, 0);
  assert.equal(pool.take("", 0), null);
  assert.equal(pool.drain("s2", true, 0), false);
});

Deno.test("a member has as many calls under way as its capacity, and then the others are asked", () => {
  const pool = poolOf(2, {
    capacityCalls: 2,
    weights: [3, 1],
    policy: "weighted-round-robin",
  });
  const names = Array.from({ length: 4 }, () => pool.take("", 0)!.name);
  assert.deepEqual(names.toSorted(), ["s0", "s0", "s1", "s1"]);
  assert.equal(pool.take("", 0), null);
});

Deno.test("a member of weight 0 stands by until no other is left, under every policy", () => {
  for (const policy of BALANCER_NAMES) {
    const pool = poolOf(3, { policy, weights: [1, 1, 0] });
    assert.ok(!call(pool, 0, 50).includes("s2"), policy);
    pool.drain("s0", true, 0);
    pool.drain("s1", true, 0);
    assert.deepEqual(call(pool, 0, 2), ["s2", "s2"], policy);
  }
});

Deno.test("who was tried is not picked again", () => {
  const pool = poolOf(3);
  const first = pool.take("", 0)!;
  const second = pool.take("", 0, [first])!;
  const third = pool.take("", 0, [first, second])!;
  assert.equal(new Set([first, second, third]).size, 3);
  assert.equal(pool.take("", 0, [first, second, third]), null);
});

Deno.test("a pool without members, weight or capacity is refused, with what it got", () => {
  assert.throws(() => poolOf(0), /must have a member: current value is 0/);
  assert.throws(() => poolOf(2, { weights: [0, 0] }), /sum of weights/);
  assert.throws(
    () => poolOf(2, { capacityCalls: 0 }),
    /capacityCalls must be >= 1/,
  );
});

Deno.test("the smoothed latency is that of good answers, the newest an eighth of it", () => {
  const pool = poolOf(1);
  const settle = (isGood: boolean, tookMs: number) =>
    pool.settle(pool.take("", 0)!, isGood, tookMs, 0);
  settle(true, 100);
  settle(false, 1);
  settle(true, 20);
  assert.equal(pool.report(0).members[0]!.latencyMs, 90);
});

/** Something that happens to a pool, and how much later. */
const anyEvent = fc.record({
  afterMs: fc.integer({ min: 0, max: 2_000 }),
  what: fc.constantFrom("call", "call", "call", "probe", "drain"),
  index: fc.nat(4),
  isGood: fc.boolean(),
});

// G61
Deno.test("whatever happens, someone who does not drain is used if there is one, and as few are out as allowed", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 5 }),
    fc.constantFrom(...BALANCER_NAMES),
    fc.array(anyEvent, { maxLength: 120 }),
    (count, policy, events) => {
      const pool = poolOf(count, {
        policy,
        health: { badRepliesInRow: 2, slowStartMs: 500 },
      });
      let nowMs = 0;
      for (const { afterMs, what, index, isGood } of events) {
        nowMs += afterMs;
        if (what === "probe") pool.probed(index % count, isGood, nowMs);
        else if (what === "drain") {
          pool.drain(`s${index % count}`, isGood, nowMs);
        } else {
          const before = pool.report(nowMs).members;
          const staying = before.filter((each) => each.state !== "draining");
          const fit = staying.filter(({ state }) =>
            state === "healthy" || state === "warming"
          );
          const member = pool.take(`key ${index}`, nowMs);
          assert.equal(member === null, staying.length === 0);
          if (member === null) continue;
          const allowed = fit.length > 0 ? fit : staying;
          assert.ok(allowed.some(({ name }) => name === member.name));
          pool.settle(member, isGood, 1, nowMs);
        }
        const out = pool.report(nowMs).members
          .filter(({ state }) => state === "ejected");
        assert.ok(out.length <= count / 2);
      }
      const { members } = pool.report(nowMs);
      assert.ok(members.every(({ inFlight }) => inFlight === 0));
    },
  ));
});
