import assert from "node:assert/strict";
import { granted } from "../permission.ts";
import { runStep } from "./step.ts";

const ignore = !granted("read", "write", "run", "env");

/** Runs a test file with this text, as a step of the test command does. */
async function runFile(text: string) {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/some_test.ts`;
    await Deno.writeTextFile(path, text);
    const command = ["test", "--no-check", "--no-config", path];
    return await runStep({ name: "some", command, report: true });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test({
  name: "a step that passes is counted by its report and says nothing",
  ignore,
  async fn() {
    const { count, complaint } = await runFile(
      `Deno.test("a", () => {}); Deno.test.ignore("b", () => {});`,
    );
    assert.deepEqual(count, { passed: 1, failed: 0, skipped: 1 });
    assert.equal(complaint, "");
  },
});

Deno.test({
  name: "a step that fails shows the failure but not what passed",
  ignore,
  async fn() {
    const { count, complaint } = await runFile(
      `Deno.test("fine", () => {});
       Deno.test("bad", () => { throw new Error("the reason"); });`,
    );
    assert.deepEqual(count, { passed: 1, failed: 1, skipped: 0 });
    assert.match(complaint, /--- some failed: deno test[\s\S]*the reason/);
    assert.doesNotMatch(complaint, /fine/);
  },
});

Deno.test({
  name: "an error while a test file loads is a failure",
  ignore,
  async fn() {
    const { count, complaint } = await runFile(`import "./not_there.ts";`);
    assert.deepEqual(count, { passed: 0, failed: 1, skipped: 0 });
    assert.match(complaint, /Module not found/);
  },
});
