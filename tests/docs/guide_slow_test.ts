/** The guide shows what its programs print. */
import assert from "node:assert/strict";
import { granted } from "../permission.ts";

const ROOT = new URL("../../", import.meta.url);
/** A program, and what stands below it, if it prints anything. */
const PROGRAM = /^```ts\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm;

/** Runs a program as a reader would, and returns what it prints. */
async function run(code: string): Promise<string> {
  const deno = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", "-"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = deno.stdin.getWriter();
  await input.write(new TextEncoder().encode(code));
  await input.close();
  const { stdout, stderr } = await deno.output();
  return [stdout, stderr].map((text) => new TextDecoder().decode(text)).join(
    "",
  );
}

Deno.test({
  name: "every program of the guide prints what the guide says",
  ignore: !granted("read", "run"),
  async fn() {
    const guide = await Deno.readTextFile(new URL("docs/guide.md", ROOT));
    const programs = [...guide.matchAll(PROGRAM)];
    assert(programs.length >= 6);
    const printed = await Promise.all(programs.map(([, code]) => run(code!)));
    assert.deepEqual(printed, programs.map(([, , text]) => text ?? ""));
  },
});
