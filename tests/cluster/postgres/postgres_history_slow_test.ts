/** The history of an order out of a real PostgreSQL. */
import assert from "node:assert/strict";
import { readHistory } from "../../../cluster/journal/history.ts";
import { postgresRows } from "../../../cluster/journal/postgres_history.ts";
import { granted } from "../../permission.ts";
import { recordOrder } from "../journal/recorded_order.ts";
import { PostgresShop } from "./postgres_shop.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

/** Runs the task's command with the task's permissions. */
async function run(url: string, id: string) {
  const root = new URL("../../../", import.meta.url);
  const { tasks } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", root)),
  );
  const [program, ...args] = tasks.journal.command.split(" ");
  assert.equal(program, "deno");
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args, id],
    cwd: root,
    env: { DATABASE_URL: url, NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

// G106
Deno.test({
  name: "the history of an order over PostgreSQL",
  ignore,
  async fn(test) {
    await using shop = await PostgresShop.open();
    await recordOrder(shop.journal("worker-0"));
    const { url } = shop.server;
    const { rows } = postgresRows(url);
    await test.step("has what became of its hold, oldest first", async () => {
      for (const id of ["o-1", "85123A"]) {
        const entries = await readHistory(rows, id);
        assert.deepEqual(
          entries.map(({ event, partition }) => `${partition} ${event.kind}`),
          [
            "inventory[0] stock_held",
            "storefront[1] order_placed",
            "inventory[0] stock_sold",
          ],
        );
      }
      for (const id of ["o-", "85123", "kind", "%", '"', "\0"]) {
        assert.deepEqual(await readHistory(rows, id), []);
      }
    });
    await test.step("is printed by the command while a shop runs", async () => {
      const { code, stdout } = await run(url, "o-1");
      assert.equal(code, 0);
      const lines = stdout.trimEnd().split("\n");
      assert.equal(lines.length, 3);
      assert.match(
        lines[0]!,
        /^2026-11-11T.* inventory\[0\] +1:1 +stock_held /,
      );
    });
    await test.step(
      "ends with 2 and one line when nobody names it or nothing answers",
      async () => {
        const wrong = url.replace(/\/\/.*@/, "//tester:hunter2@") + "_not";
        for (
          const [where, line] of [
            [url, /"o-2", which no event in "postgres:.*" names\n$/],
            [wrong, /expected a database of that name, found .*\n$/],
            ["nonsense", /expected postgres:\/\/USER:/],
          ] as const
        ) {
          const { code, stdout, stderr } = await run(where, "o-2");
          assert.equal(code, 2);
          assert.equal(stdout, "");
          assert.match(stderr, line);
          assert.equal(stderr.split("\n").length, 2);
          assert.doesNotMatch(stderr, /hunter2/);
        }
      },
    );
  },
});
