/** The guide shows what its programs print. */
import assert from "node:assert/strict";
import { TemporaryFolder } from "../cluster/journal/shop_folder.ts";
import { granted } from "../permission.ts";

const ROOT = new URL("../../", import.meta.url);
/** A program, and what stands below it, if it prints anything. */
const PROGRAM =
  /^```ts(?: ignore)?\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm;
/** How a block says that it is one file of several. */
const FILE_NAME = /^\/\/ (\w+\.ts)\n/;

interface Program {
  readonly file: string;
  readonly code: string;
  /** Undefined where it prints nothing. */
  readonly prints: string | undefined;
}

/** All programs, in order; one without a name of its own is `hello-1.ts` … */
async function readGuide(): Promise<Program[]> {
  const guide = await Deno.readTextFile(new URL("docs/guide.md", ROOT));
  return [...guide.matchAll(PROGRAM)].map(([, code, prints], index) => {
    const file = code!.match(FILE_NAME)?.[1] ?? `hello-${index}.ts`;
    return { file, code: code!, prints };
  });
}

/** Runs Deno as a reader would, and returns what it prints. */
async function deno(folder: string, ...args: string[]): Promise<string> {
  const [command, ...rest] = args;
  const config = new URL("deno.json", ROOT).pathname;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [command!, "--config", config, ...rest],
    cwd: folder,
    env: { NO_COLOR: "1" },
  }).output();
  const texts = [stdout, stderr].map((text) => new TextDecoder().decode(text));
  return texts.join("");
}

Deno.test({
  name: "every program of the guide prints what the guide says",
  ignore: !granted("read", "write", "run"),
  async fn() {
    using folder = new TemporaryFolder();
    const { path } = folder;
    const programs = await readGuide();
    assert(programs.length >= 9);
    for (const { file, code } of programs) {
      await Deno.writeTextFile(`${path}/${file}`, code);
    }
    const printed = await Promise.all(programs.map(async (program) => {
      const { file, code, prints } = program;
      // One file of several that prints nothing is for another one to load.
      if (FILE_NAME.test(code) && prints === undefined) return program;
      const threads = code.includes("startSystemOnThreads");
      const permissions = ["--no-prompt", ...threads ? ["--allow-read"] : []];
      const text = await deno(path, "run", "--no-check", ...permissions, file);
      return { ...program, prints: text === "" ? undefined : text };
    }));
    assert.deepEqual(printed, programs);
    // The others are checked where they stand, since they need no other file.
    const several = programs.filter(({ code }) => FILE_NAME.test(code));
    const check = await deno(
      path,
      ...["check", "--quiet", ...several.map(({ file }) => file)],
    );
    assert.equal(check, "");
  },
});
