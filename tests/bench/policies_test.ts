/** Every program in the contests of policies, with a few decisions. */
import assert from "node:assert/strict";
import { EVICTION_NAMES } from "../../actors/cache_node.ts";
import { runArm } from "../../bench/actors/arms.ts";
import { CACHE_ARMS, POLICIES } from "../../bench/policies.ts";
import { verifyHits } from "../../bench/policies/reads.ts";
import { granted } from "../permission.ts";

const READS = 20_000;

for (const [index, arm] of CACHE_ARMS.entries()) {
  Deno.test({
    name: `${arm.name} looks up products and counts them`,
    ignore: !granted("run", "read"),
    async fn() {
      for (const name of index === 0 ? EVICTION_NAMES : ["lru"]) {
        const task = { name, milliseconds: 1, sizes: { n: READS } };
        const { seconds } = await runArm(arm, { ...task, count: READS });
        assert.ok(seconds.length >= 1);
      }
    },
  });
}

Deno.test("every eviction policy has its contest", () => {
  const names = POLICIES.map(({ name }) => name);
  for (const policy of EVICTION_NAMES) {
    assert.ok(names.includes(`policies.cache_${policy}`), policy);
  }
});

Deno.test("a cache that hits too often or too rarely is not accepted", () => {
  verifyHits(676_000, 1_000_000);
  assert.throws(() => verifyHits(900_000, 1_000_000), /hit ratio/);
  assert.throws(() => verifyHits(500_000, 1_000_000), /hit ratio/);
});
