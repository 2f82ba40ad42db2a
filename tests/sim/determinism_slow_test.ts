/** A run depends on its seed and nothing else; if it did, it would be seen. */
import assert from "node:assert/strict";
import { granted } from "../permission.ts";
import { compare, type Difference } from "./determinism/compare.ts";
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
      const [{ traces, first }] = differences as [Difference];
      assert.notEqual(traces[0], traces[1]);
      assert.ok(first !== null && first.at > 0);
      assert.notEqual(first.lines[0], first.lines[1]);
      const [line] = first.lines.filter((each) => each !== "");
      assert.ok(JSON.parse(line!).atUs >= 0);
    },
  });
}
