/** What every balancing policy keeps, whichever it is. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { BALANCER_NAMES } from "../../../cluster/balancers/policies.ts";
import { balancer, members, picks } from "./members.ts";

const anyLoad = fc.record({
  weight: fc.integer({ min: 0, max: 9 }),
  inFlight: fc.integer({ min: 0, max: 40 }),
  latencyMs: fc.double({ min: 0, max: 1_000, noNaN: true }),
});

/** Members with any load, and for some picks who of them is there. */
const anyPool = fc.array(anyLoad, { minLength: 1, maxLength: 8 }).chain((
  loads,
) =>
  fc.record({
    loads: fc.constant(loads),
    turns: fc.array(
      fc.record({
        key: fc.string(),
        there: fc.subarray(loads.map((_, index) => index), { minLength: 1 }),
      }),
      { maxLength: 40 },
    ),
  })
);

for (const name of BALANCER_NAMES) {
  Deno.test(`${name} picks one of those that are there, whoever they are`, () => {
    fc.assert(fc.property(anyPool, ({ loads, turns }) => {
      const all = members(loads.length, (index) => loads[index]!);
      const policy = balancer(name, all);
      for (const { key, there } of turns) {
        const few = there.map((index) => all[index]!);
        assert.ok(few.includes(policy.pick(few, key)));
      }
    }));
  });

  Deno.test(`${name} gives a member that left nothing, and that returned something`, () => {
    const all = members(4);
    const policy = balancer(name, all);
    picks(policy, all, 50);
    const without = all.filter(({ name }) => name !== "b");
    assert.ok(!picks(policy, without, 200).includes("b"));
    // It is the least busy one, where that is what counts.
    for (const member of without) member.inFlight = 3;
    assert.ok(picks(policy, all, 200).includes("b"));
  });

  Deno.test(`${name} decides alike in two processes with one seed`, () => {
    const all = members(6, (index) => ({ weight: index + 1 }));
    const [one, other] = [balancer(name, all, 7), balancer(name, all, 7)];
    assert.deepEqual(picks(one, all, 300), picks(other, all, 300));
  });

  Deno.test(`${name} spreads calls that stay open over all members`, () => {
    const all = members(4);
    const policy = balancer(name, all);
    for (let call = 0; call < 400; call++) {
      policy.pick(all, `key ${call}`).inFlight++;
    }
    const loads = all.map(({ inFlight }) => inFlight);
    assert.ok(Math.min(...loads) >= 60, `loads ${loads}`);
  });
}
