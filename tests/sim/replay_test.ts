import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { granted } from "../permission.ts";
import { scenario } from "./planted_failure.ts";

const SIM = fileURLToPath(import.meta.resolve("../../sim/"));
const ignore = !granted("run", "read", "write");

/** A folder with a scenario that misses a threshold whatever happens. */
async function inFolder(body: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    const thresholds = [{ metric: "restarts", eq: 0 }];
    await Deno.writeTextFile(
      join(folder, "planted.json"),
      JSON.stringify(scenario({ thresholds })),
    );
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(folder: string, entry: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", join(SIM, entry), ...args],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const lines = text(stdout).trimEnd().split("\n");
  return { code, lines, last: lines.at(-1)!, stderr: text(stderr) };
}

async function readJson(folder: string, file: string) {
  return JSON.parse(await Deno.readTextFile(join(folder, file)));
}

Deno.test({
  name: "a failing seed leaves a repro that fails again, and a smaller one",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      const failing = await run(folder, "main.ts", "planted.json");
      assert.equal(failing.code, 99, failing.stderr);
      const file = join("data", "repros", "planted-1.json");
      assert.ok(failing.last.endsWith(`replay="deno task replay ${file}"`));

      const again = await run(folder, "replay/main.ts", file);
      assert.equal(again.code, 99, again.stderr);
      assert.equal(again.last, failing.last);
      assert.equal(again.stderr, "");
      const { trace, excerpt } = await readJson(folder, file);
      assert.ok(again.lines.includes(
        `the same failure: check, key, time and trace ${trace}`,
      ));
      assert.deepEqual(
        again.lines.slice(0, excerpt.lines.length),
        excerpt.lines,
      );
      assert.ok(again.lines.includes("sequenceDiagram"));

      const args = [file, "--shrink", "--out", "small.json"];
      const shrunk = await run(folder, "replay/main.ts", ...args);
      assert.equal(shrunk.code, 99, shrunk.stderr);
      assert.ok(shrunk.lines.includes("  faults.shard: removed"));
      assert.ok(shrunk.last.endsWith('replay="deno task replay small.json"'));
      const small = await readJson(folder, "small.json");
      assert.equal(small.check, "restarts");
      assert.ok(small.removed.includes("faults.shard: removed"));
      assert.ok(small.events < 10_000);

      const last = await run(folder, "replay/main.ts", "small.json");
      assert.equal(last.last, shrunk.last);
      assert.ok(last.lines.some((line) => line.startsWith("the same failure")));
    }),
});

Deno.test({
  name: "with --seeds and --json repros of all failing seeds lie beside it",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      const args = [
        "planted.json",
        "--seeds",
        "3..4",
        "--json",
        "planted-3.json",
      ];
      const { code, lines } = await run(folder, "main.ts", ...args);
      assert.equal(code, 99);
      assert.equal(lines.length, 3);
      const results = await readJson(folder, "planted-3.json");
      for (const [index, seed] of [3, 4].entries()) {
        const file = `planted-${seed}.repro.json`;
        assert.equal(results[index].replay, `deno task replay ${file}`);
        assert.equal((await readJson(folder, file)).seed, seed);
      }
    }),
});

Deno.test({
  name: "a repro of another build says what differs and that the build does",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      await run(folder, "main.ts", "planted.json");
      const file = join("data", "repros", "planted-1.json");
      const repro = await readJson(folder, file);
      const changed = {
        ...repro,
        trace: "0123456789abcdef",
        build: { ...repro.build, v8: "1.0" },
      };
      await Deno.writeTextFile(join(folder, file), JSON.stringify(changed));
      const { code, lines } = await run(folder, "replay/main.ts", file);
      assert.equal(code, 99);
      const from = lines.indexOf("not the same failure:");
      assert.ok(from > 0);
      assert.deepEqual(lines.slice(from + 1, -1), [
        `  trace: 0123456789abcdef then, ${repro.trace} now`,
        "the build differs:",
        `  v8: 1.0 then, ${repro.build.v8} now`,
      ]);
    }),
});

Deno.test({
  name: "a wrong option or file of replay is exit code 2 with one line",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      await Deno.writeTextFile(join(folder, "broken.json"), '{"schema": 1}');
      for (
        const [args, says] of [
          [[], /^Expected one REPRO\.json, found 0 .+\n$/],
          [["--nope"], /^Unknown option '--nope'.*\n$/],
          [["no.json"], /^no\.json: expected a readable file, found .+\n$/],
          [["broken.json"], /^broken\.json: schema: expected .+ found 1\n$/],
          [
            ["planted.json"],
            /^planted\.json: schema: expected "doorbuster-.+\n$/,
          ],
          [["x.json", "--out", "y"], /^--out: expected --shrink .+\n$/],
          [
            ["broken.json", "--shrink", "--out", "no/such/y"],
            /^no\/such\/y: .+\n$/,
          ],
        ] as const
      ) {
        const { code, lines, stderr } = await run(
          folder,
          "replay/main.ts",
          ...args,
        );
        assert.equal(code, 2);
        assert.deepEqual(lines, [""]);
        assert.match(stderr, says);
      }
    }),
});

Deno.test({
  name: "replay says how it is used",
  ignore,
  async fn() {
    const { code, lines } = await run(".", "replay/main.ts", "--help");
    assert.equal(code, 0);
    assert.match(lines[0]!, /^Usage: deno task replay REPRO\.json/);
  },
});
