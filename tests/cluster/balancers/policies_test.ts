/** Each balancing policy on the input of its row, and where it is at its limit. */
import assert from "node:assert/strict";
import { balancer, members, picks, tally } from "./members.ts";

Deno.test("row 10: round robin over a, b and c gives a b c a b c a", () => {
  const all = members(3);
  const sequence = picks(balancer("round-robin", all), all, 7);
  assert.equal(sequence.join(" "), "a b c a b c a");
});

Deno.test("row 15: 100 calls over 4 are 25 each, 10 over 3 are 4, 3 and 3", () => {
  const four = members(4);
  const of100 = tally(picks(balancer("round-robin", four), four, 100));
  assert.deepEqual([...of100.values()], [25, 25, 25, 25]);
  const three = members(3);
  const of10 = tally(picks(balancer("round-robin", three), three, 10));
  assert.deepEqual([...of10.values()], [4, 3, 3]);
});

Deno.test("round robin gives nobody two turns when a member leaves or returns", () => {
  const all = members(3);
  const policy = balancer("round-robin", all);
  assert.equal(policy.pick(all, "").name, "a");
  assert.equal(policy.pick([all[0]!, all[2]!], "").name, "c");
  assert.equal(policy.pick(all, "").name, "a");
  assert.equal(policy.pick(all, "").name, "b");
});

Deno.test("row 11: of 5, 2 and 9 connections the second is picked, of equals the first", () => {
  const all = members(3, (index) => ({ inFlight: [5, 2, 9][index]! }));
  const policy = balancer("least-connections", all);
  assert.equal(policy.pick(all, "").index, 1);
  all[2]!.inFlight = 2;
  assert.equal(policy.pick(all, "").index, 1);
  all[0]!.inFlight = 2;
  assert.equal(policy.pick(all, "").index, 0);
});

Deno.test("row 11: two choices keep the fullest of 10 nodes within 1.1 of the mean over 10,000 picks", () => {
  const all = members(10);
  const policy = balancer("power-of-two-choices", all);
  for (let call = 0; call < 10_000; call++) policy.pick(all, "").inFlight++;
  assert.ok(Math.max(...all.map(({ inFlight }) => inFlight)) <= 1_100);
});

Deno.test("with two choices the fullest of 4,096 bins holds 4 balls at most, with one it holds more", () => {
  // ln ln n / ln 2 is 3.06, and Θ(1) on it; one choice: ln n / ln ln n is 3.9
  // and rather twice that. The share of bins that are used is exact in the
  // limit: ds/dt = 1 - s², so tanh 1 = 0.7616; with one choice 1 - 1/e.
  const throwInto = (name: "power-of-two-choices" | "random") => {
    const all = members(4_096);
    const policy = balancer(name, all);
    for (let ball = 0; ball < 4_096; ball++) policy.pick(all, "").inFlight++;
    const loads = all.map(({ inFlight }) => inFlight);
    const used = loads.filter((load) => load > 0).length / 4_096;
    return { fullest: Math.max(...loads), used };
  };
  const two = throwInto("power-of-two-choices");
  const one = throwInto("random");
  assert.ok(two.fullest <= 4, `two choices: ${two.fullest}`);
  assert.ok(one.fullest >= 5, `one choice: ${one.fullest}`);
  assert.ok(Math.abs(two.used - 0.7616) < 0.015, `two choices: ${two.used}`);
  assert.ok(Math.abs(one.used - 0.6321) < 0.015, `one choice: ${one.used}`);
});

Deno.test("of two members two choices always find the less busy one", () => {
  const all = members(2, (index) => ({ inFlight: [3, 2][index]! }));
  const sequence = picks(balancer("power-of-two-choices", all), all, 100);
  assert.deepEqual(tally(sequence), new Map([["b", 100]]));
});

Deno.test("row 13: random over four nodes gives each a quarter within half a percent of 100,000 picks", () => {
  const all = members(4);
  const counts = tally(picks(balancer("random", all), all, 100_000));
  for (const [name, count] of counts) {
    assert.ok(Math.abs(count - 25_000) <= 500, `${name}: ${count}`);
  }
});

Deno.test("row 13: random picks the same for the same seed, and others for another", () => {
  const all = members(4);
  const of = (seed: number) => picks(balancer("random", all, seed), all, 50);
  assert.deepEqual(of(3), of(3));
  assert.notDeepEqual(of(3), of(4));
});

Deno.test("row 14: weights of 5, 1 and 1 give a a b a c a a", () => {
  const all = members(3, (index) => ({ weight: [5, 1, 1][index]! }));
  const policy = balancer("weighted-round-robin", all);
  assert.equal(picks(policy, all, 7).join(" "), "a a b a c a a");
  assert.equal(picks(policy, all, 7).join(" "), "a a b a c a a");
});

Deno.test("row 14: weights of 1 to 4 share 1,000 requests as 100, 200, 300 and 400", () => {
  const all = members(4, (index) => ({ weight: index + 1 }));
  const counts = tally(
    picks(balancer("weighted-round-robin", all), all, 1_000),
  );
  const inOrder = all.map(({ name }) => counts.get(name));
  assert.deepEqual(inOrder, [100, 200, 300, 400]);
});

Deno.test("weighted round robin gives weight 0 nothing, and treats all alike without any weight", () => {
  const all = members(3, (index) => ({ weight: [0, 1, 1][index]! }));
  assert.deepEqual(
    tally(picks(balancer("weighted-round-robin", all), all, 10)),
    new Map([["b", 5], ["c", 5]]),
  );
  const none = members(2, () => ({ weight: 0 }));
  const sequence = picks(balancer("weighted-round-robin", none), none, 4);
  assert.equal(sequence.join(" "), "a b a b");
});

Deno.test("row 14: weighted by load gives a member that is twice as slow half as much", () => {
  const all = members(3, (index) => ({ latencyMs: [10, 20, 40][index]! }));
  const counts = tally(picks(balancer("weighted-by-load", all), all, 700));
  assert.deepEqual(all.map(({ name }) => counts.get(name)), [400, 200, 100]);
});

Deno.test("weighted by load follows a latency that changes, and tries who has no answers yet", () => {
  const all = members(2, (index) => ({ latencyMs: [10, 0][index]! }));
  const policy = balancer("weighted-by-load", all);
  assert.equal(tally(picks(policy, all, 10)).get("b"), 5);
  all[1]!.latencyMs = 40;
  assert.equal(tally(picks(policy, all, 10)).get("b"), 2);
});

Deno.test("weighted by load gives a member with a call under way half as much as an idle one", () => {
  const all = members(2, (index) => ({ latencyMs: 10, inFlight: index }));
  const counts = tally(picks(balancer("weighted-by-load", all), all, 30));
  assert.deepEqual(all.map(({ name }) => counts.get(name)), [20, 10]);
});

Deno.test("weighted by load owes nothing of what loads were before they changed a thousandfold", () => {
  const all = members(2, (index) => ({ latencyMs: [1, 1_000][index]! }));
  const policy = balancer("weighted-by-load", all);
  picks(policy, all, 5_000);
  for (const member of all) member.latencyMs = 1_000;
  assert.equal(tally(picks(policy, all, 20)).get("b"), 10);
});

/** The share of keys that another member has when one more is there. */
function movedShare(
  name: "source-hash" | "consistent-hash",
  count: number,
): number {
  const all = members(count + 1);
  const few = all.slice(0, count);
  // Made for those who are there, as after a restart.
  const [before, after] = [balancer(name, few), balancer(name, all)];
  const keys = Array.from({ length: 10_000 }, (_, key) => `10.0.${key}`);
  let moved = 0;
  for (const key of keys) {
    const now = after.pick(all, key);
    if (now === before.pick(few, key)) continue;
    // Only to the new one: nothing moves between the others.
    assert.equal(now.index, count);
    moved++;
  }
  return moved / keys.length;
}

for (const name of ["source-hash", "consistent-hash"] as const) {
  for (const count of [3, 10]) {
    Deno.test(`row 12: an added member takes its share and no more by ${name}, from ${count}`, () => {
      const fair = 1 / (count + 1);
      const moved = movedShare(name, count);
      // The spread of shares with 128 points is 9 % of each.
      assert.ok(Math.abs(moved - fair) < 0.25 * fair, `moved ${moved}`);
    });
  }
}

Deno.test("row 12: the source hash is the same in every process and release", () => {
  const all = members(10);
  const policy = balancer("source-hash", all);
  const keys = ["10.0.0.1", "192.168.7.9", "2001:db8::1", "华东"];
  const names = keys.map((key) => policy.pick(all, key).name);
  assert.equal(names.join(" "), "i g g i");
});

Deno.test("the source hash spreads 100,000 clients evenly", () => {
  const all = members(10);
  const counts = tally(picks(balancer("source-hash", all), all, 100_000));
  // Chi-squared with 9 degrees of freedom: above 21.7 in 1 of 100.
  const chiSquared = [...counts.values()]
    .reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
  assert.ok(chiSquared < 21.7, `chi-squared ${chiSquared}`);
});

Deno.test("I19 with bounded load no member has more than 1.25 times the mean under way, whatever is hot", () => {
  const all = members(8);
  const policy = balancer("consistent-hash", all);
  for (let call = 1; call <= 4_000; call++) {
    policy.pick(all, call % 2 === 0 ? "hot" : `key ${call}`).inFlight++;
    const most = Math.max(...all.map(({ inFlight }) => inFlight));
    assert.ok(most <= Math.ceil(call / 8 * 1.25), `${most} of ${call}`);
  }
});

Deno.test("a key comes back to its member on the ring as soon as that has room", () => {
  const all = members(4);
  const policy = balancer("consistent-hash", all);
  const home = policy.pick(all, "sku");
  home.inFlight = 10;
  assert.notEqual(policy.pick(all, "sku"), home);
  home.inFlight = 0;
  assert.equal(policy.pick(all, "sku"), home);
});
