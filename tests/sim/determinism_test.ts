/** A run depends on its seed and nothing else; if it did, it would be seen. */
import assert from "node:assert/strict";
import { granted } from "../permission.ts";
import { compare } from "./determinism/compare.ts";
import type { Planted } from "./determinism/runs.ts";

const ignore = !granted("read", "run");
/** Some thousand messages: runs that a process without optimizer has time for. */
const CLIENTS = 40;

Deno.test({
  name: "twenty seeds run the same in two processes that differ in the rest",
  ignore,
  async fn() {
    const seeds = Array.from({ length: 20 }, (_, index) => index + 1);
    assert.deepEqual(await compare({ seeds, clients: CLIENTS }), []);
  },
});

for (const planted of ["counter", "clock", "race"] satisfies Planted[]) {
  Deno.test({
    name: `a planted ${planted} is found, with the first event that differs`,
    ignore,
    async fn() {
      const differences = await compare({
        ...{ seeds: [1, 2], clients: CLIENTS, planted },
      });
      assert.ok(differences.length > 0);
      for (const { traces: [one, other], at, lines } of differences) {
        assert.notEqual(one, other);
        assert.ok(at > 0);
        assert.notEqual(lines[0], lines[1]);
        const { atUs } = JSON.parse(lines[0]);
        assert.ok(atUs >= 0);
      }
    },
  });
}
