/** `deno task simulate` refuses what it cannot do in a line, before it runs. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { granted } from "../permission.ts";

const MAIN = fileURLToPath(import.meta.resolve("../../sim/main.ts"));
const SCENARIO = fileURLToPath(
  import.meta.resolve("../../fixtures/scenarios/double11.json"),
);

for (const option of ["--json", "--report", "--trace"]) {
  Deno.test({
    name: `${option} to a place that cannot be written is one line and exit 2`,
    ignore: !granted("run", "read"),
    async fn() {
      const path = "no/such/folder/file";
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-check", "-A", MAIN].concat(
          [SCENARIO, option, path],
        ),
        stdin: "null",
      }).output();
      const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
      assert.equal(code, 2, text(stderr));
      assert.equal(text(stdout), "");
      assert.match(
        text(stderr),
        /^no\/such\/folder\/file: expected a path to write to, found .+\n$/,
      );
    },
  });
}
