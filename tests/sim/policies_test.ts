/** `deno task policies`: how it is called, and what its page is made of. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { DOORMEN } from "../../sim/policies/overload.ts";
import { comparisonHtml } from "../../sim/policies/page.ts";
import { sheetsOf, textOf } from "../../sim/policies/sheets.ts";
import { granted } from "../permission.ts";
import { madeUpComparison } from "./made_up_comparison.ts";

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
    name: `policies ${args.join(" ")} is one line and exit 2`,
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

Deno.test({
  name: "policies whose page cannot be written leave no figures either",
  ignore: !granted("run", "read", "write"),
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const { code } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-check", "-A", MAIN]
          .concat(["--json", `${folder}/a.json`, "--report", folder]),
        stdin: "null",
        stderr: "null",
      }).output();
      assert.equal(code, 2);
      assert.deepEqual([...Deno.readDirSync(folder)], []);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("the page of policies loads nothing, runs nothing and draws every row", () => {
  const page = comparisonHtml(madeUpComparison());
  assert.ok(page.includes("default-src &#39;none&#39;"));
  const asks = /<script|\ssrc=|<link rel="stylesheet|url\(|https?:/;
  assert.equal(asks.exec(page.replaceAll("http://www.w3.org", "")), null);
  assert.ok(page.includes("&lt;made&gt; &amp; up"));
  const drawings = page.split('class="strip-plot"').length - 1;
  assert.equal(drawings, DOORMEN.length + 1 + 1);
  assert.equal(/NaN|undefined|Infinity/.exec(page), null);
});

Deno.test("the tables of policies stand in columns, each row with its name and figures", () => {
  const lines = textOf(sheetsOf(madeUpComparison())).split("\n");
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
