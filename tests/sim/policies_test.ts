/** `deno task policies`: how it is called, and what its page is made of. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Comparison } from "../../sim/policies/comparison.ts";
import { DOORMEN, LOADS } from "../../sim/policies/overload.ts";
import { comparisonHtml } from "../../sim/policies/page.ts";
import { sheetsOf, textOf } from "../../sim/policies/sheets.ts";
import { granted } from "../permission.ts";

const MAIN = fileURLToPath(
  import.meta.resolve("../../sim/policies/main.ts"),
);

const REFUSED: readonly (readonly [string[], RegExp])[] = [
  [["--seed", "2"], /--seed/],
  [["fixtures"], /fixtures/],
  [["--json", "no/such/file"], /^no\/such\/file: expected a path to write to/],
  [["--report", "no/such/file"], /^no\/such\/file: expected a path/],
];

for (const [args, says] of REFUSED) {
  Deno.test({
    name: `policies ${args.join(" ")} is one line and exit 2, before any work`,
    ignore: !granted("run", "read"),
    async fn() {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-check", "-A", MAIN, ...args],
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

/** Figures that nothing has measured. */
function madeUp(): Comparison {
  const times = { meanMs: 2, p50Ms: 1, p90Ms: 3, p99Ms: 9, p999Ms: 27 };
  return {
    schema: "doorbuster-policies/1",
    limiters: [{
      name: "made up",
      goodputs: DOORMEN.flatMap((doorman) =>
        LOADS.map((load) => ({
          ...{ doorman, load, goodput: 0.25, refused: 0, meanMs: 0 },
        }))
      ),
    }],
    balancers: [{
      name: "<made> & up",
      policies: [{
        policy: "random",
        firstShare: 0.125,
        ...times,
        ...{ maxMs: 81, failedTries: 3, failed: 0, calls: 1_234 },
      }],
    }],
    caches: [{
      reads: "made up",
      entries: 1_000,
      hitRatios: { lru: 0.1, lfu: 0.2, fifo: 0, sieve: 1 },
    }],
  };
}

Deno.test("the page of policies loads nothing, runs nothing and draws every row", () => {
  const page = comparisonHtml(madeUp());
  assert.ok(page.includes("default-src &#39;none&#39;"));
  assert.doesNotMatch(
    page,
    /<script|<link rel="stylesheet|url\(|https?:(?!\/\/www\.w3\.org)/,
  );
  assert.ok(page.includes("&lt;made&gt; &amp; up"));
  const drawings = page.split('class="strip-plot"').length - 1;
  assert.equal(drawings, DOORMEN.length + 1 + 1);
  assert.doesNotMatch(page, /NaN|undefined|Infinity/);
});

Deno.test("the tables of policies stand in columns, each row with its name and figures", () => {
  const lines = textOf(sheetsOf(madeUp())).split("\n");
  const row = (name: string) => lines.findLast((line) => line.startsWith(name));
  assert.equal(
    row("token-bucket"),
    "token-bucket     0.250  0.250  0.250  0.250  0.250" +
      "           0.0 %         0 ms",
  );
  assert.equal(
    row("random"),
    "random           12.50 %     2    1    9             3             0",
  );
  assert.equal(
    row("made up"),
    "made up     1,000  10.0 %  20.0 %  0.0 %  100.0 %",
  );
  for (const line of lines) assert.equal(line, line.trimEnd());
});
