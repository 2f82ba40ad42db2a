import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { granted } from "../permission.ts";

const MAIN = fileURLToPath(import.meta.resolve("../../bench/main.ts"));

async function bench(...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", MAIN, ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

const ignore = !granted("run", "read");

Deno.test({
  name: "without a name the bench lists its benchmarks",
  ignore,
  async fn() {
    const { code, stdout } = await bench();
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^edge\.sale .+\nedge\.scale .+\ncluster .+\nactors\.\w+ .+\n/,
    );
    assert.match(stdout, /\nsavina\.bank_transaction_on_workers .+\n$/);
  },
});

Deno.test({
  name: "a wrong name, option or file is exit code 2 with one line",
  ignore,
  async fn() {
    for (
      const [args, says] of [
        [["nope"], /^Expected a benchmark \(edge\.sale, .+\), found: nope\n$/],
        [["--nope"], /^Unknown option '--nope'.*\n$/],
        [
          ["edge", "--rounds", "-1"],
          /^Option '--rounds' .+'--rounds=-XYZ'\.\n$/,
        ],
        [["edge", "--rounds", "0"], /^--rounds: expected .+, found: 0\n$/],
        [["edge", "--json", "no/such/folder/x"], /^Expected a path .+\n$/],
      ] as const
    ) {
      const { code, stdout, stderr } = await bench(...args);
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.match(stderr, says);
    }
  },
});
