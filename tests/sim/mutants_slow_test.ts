/** Whatever the shop must not do, somebody notices when it does it. */
import assert from "node:assert/strict";
import { granted } from "../permission.ts";
import { MUTANTS } from "./mutants.ts";
import { PROCESS_MUTANTS } from "./process_mutants.ts";
import {
  eachInCopy,
  tryMutant,
  tryOriginal,
  type Verdict,
} from "./mutant_run.ts";

const ALL = [...MUTANTS, ...PROCESS_MUTANTS];

/** Who found it, or what else happened. */
function say({ mutant, checks, said }: Verdict): string {
  return `${mutant}: ${checks.join(", ") || "nothing"} failed\n${said}`;
}

Deno.test({
  name: "every mutant of the shop is found, by the check that is for it",
  ignore: !granted("read", "write", "run"),
  async fn() {
    const missed: string[] = [];
    await eachInCopy(ALL, async (folder, mutant) => {
      const verdict = await tryMutant(folder, mutant);
      if (!verdict.isFound) missed.push(say(verdict));
    });
    assert.deepEqual(missed, []);
  },
});

Deno.test({
  name: "what finds a mutant finds nothing in the shop itself",
  ignore: !granted("read", "write", "run"),
  async fn() {
    const failed: string[] = [];
    await eachInCopy(ALL, async (folder, mutant) => {
      const verdict = await tryOriginal(folder, mutant);
      if (verdict.checks.length > 0) failed.push(say(verdict));
    });
    assert.deepEqual(failed, []);
  },
});
