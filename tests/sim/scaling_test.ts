/** `deno task scaling`: how it is called, and what its table says. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { tableOf } from "../../sim/scaling/sheet.ts";
import { granted } from "../permission.ts";

const MAIN = fileURLToPath(import.meta.resolve("../../sim/scaling/main.ts"));
const SHOP = fileURLToPath(
  import.meta.resolve("../../fixtures/many_processes.json"),
);

const REFUSED: readonly (readonly [string[], RegExp])[] = [
  [["--seed", "2"], /--seed/],
  [["--processes", "1,65"], /^--processes: expected numbers from 1 to 64/],
  [["--processes", "1,,2"], /^--processes: .*found ""/],
  [
    ["--rate", "fast"],
    /^--rate: expected a rate such as "2000\/s", found fast/,
  ],
  [["--json", "no/such/file"], /^no\/such\/file: expected a path to write to/],
  [["another.json"], /^Expected one SCENARIO at most, found 2/],
];

for (const [args, says] of REFUSED) {
  Deno.test({
    name: `scaling ${args.join(" ")} is one line and exit 2`,
    ignore: !granted("run", "read"),
    async fn() {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-check", "-A", MAIN, SHOP, ...args],
        stdin: "null",
      }).output();
      const line = new TextDecoder().decode(stderr);
      assert.equal(code, 2, line);
      assert.equal(stdout.length, 0);
      assert.match(line, says);
      assert.match(line, /^[^\n]+\n$/);
    },
  });
}

Deno.test("a row of scaling says what a process sells beside the first, and how far its bar goes", () => {
  const point = {
    ...{ p50Ms: 20, p99Ms: 40, leastBusy: 0.5, mostBusy: 1 },
    ...{ redisBusy: 0.25, databaseBusy: 0.1 },
    ...{ redisRequestsPerSecond: 2_000, commitsPerSecond: 900 },
  };
  const [, one, four] = tableOf([
    { ...point, processes: 2, ordersPerSecond: 1_000, speedUp: 1 },
    { ...point, processes: 4, ordersPerSecond: 1_500, speedUp: 1.5 },
  ]).split("\n");
  assert.match(one!, /^ +2 +1,000 +1\.0 +100 % .* 2,000 +900 +█{16}$/);
  assert.match(four!, /^ +4 +1,500 +1\.5 +75 % .* 50 %–100 % .* █{24}$/);
});
