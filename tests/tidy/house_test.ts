/** The file and document rules, over the repository and over broken ones. */
import assert from "node:assert/strict";
import { granted } from "../permission.ts";
import * as docs from "./docs.ts";
import * as files from "./files.ts";
import { type Finding, readTree, type Rule, type Tree } from "./tree.ts";

const RULES: Readonly<Record<string, Rule>> = { ...files, ...docs };
const ROOT = new URL("../../", import.meta.url);

function say({ rule, where, because, instead }: Finding): string {
  return `${where}: ${because} (${rule}). Instead: ${instead}`;
}

for (const [name, rule] of Object.entries(RULES)) {
  Deno.test({
    name: `the repository keeps the rule ${name}`,
    ignore: !granted("read"),
    fn() {
      const found = rule(readTree(ROOT)).map(say);
      if (found.length > 0) assert.fail(found.join("\n"));
    },
  });
}

type Row = readonly [rule: string, tree: Record<string, string>, says: RegExp];

const LINES = (count: number) => "x\n".repeat(count);
const DOC = "/**\n * A thing.\n *\n * @module\n */\n";
/** A whole checklist, with one row replaced. */
const LIST = (id = "", item = "") =>
  [
    ...Array.from({ length: 72 }, (_, index) => `${index + 1}`),
    ...Array.from({ length: 29 }, (_, index) => `I${index + 1}`),
  ].map((row) => row === id ? item : `- **${row}** Is. Proof: not yet`)
    .join("\n");

const BROKEN: readonly Row[] = [
  ["fileLength", { "web/a.ts": LINES(401) }, /401 lines/],
  ["fileLength", { "tests/a_test.ts": LINES(601) }, /601 lines/],
  ["moduleDoc", { "web/a.ts": "// no\n" }, /does not open/],
  ["moduleDoc", { "web/a.tsx": "/** @module */\n" }, /does not open/],
  ["folders", { "web/utils/a.ts": DOC }, /none of the house/],
  ["folders", { "src/a.ts": DOC }, /none of the house/],
  ["folders", { "tools/a.ts": DOC }, /none of the house/],
  ["unimported", { "web/a.ts": DOC }, /neither a task/],
  [
    "unimported",
    { "web/a.ts": DOC, "tests/web/a_test.ts": `import "../../web/a.ts";` },
    /neither a task/,
  ],
  [
    "lightModule",
    { "mod.ts": `export * from "./a.ts"`, "a.ts": `import "hono/tiny"` },
    /loads hono/,
  ],
  ["words", { "web/a.ts": "// TO" + "DO later\n" }, /loose end/],
  ["words", { "README.md": "FIX" + "ME\n" }, /loose end/],
  ["words", { "web/a.ts": `"/wor` + `k/main"` }, /one machine/],
  ["words", { "deno.json": `"../share` + `d/x"` }, /one machine/],
  ["words", { "docs/A.md": "in /tm" + "p/x\n" }, /one machine/],
  ["explained", { "web/a.ts": "// deno-lint-" + "ignore no-x\n" }, /reason/],
  ["explained", { "web/a.ts": "a as unknown" + " as B\n" }, /reason/],
  ["links", { "README.md": "[a](docs/B.md)" }, /docs\/B\.md leads nowhere/],
  ["links", { "docs/A.md": "[a](#there)\n# Here\n" }, /#there leads nowhere/],
  ["guarantees", {}, /not there/],
  ["guarantees", { "docs/GUARANTEES.md": "- **G1** x\n" }, /no test cites G1/],
  [
    "guarantees",
    { "docs/GUARANTEES.md": "x", "tests/a_test.ts": "// G7" },
    /G7 is no promise/,
  ],
  ["checklist", {}, /not there/],
  ["checklist", { "docs/CHECKLIST.md": LIST("I5") }, /row I5 is not there/],
  [
    "checklist",
    { "docs/CHECKLIST.md": LIST("7", "- **7** Is.") },
    /row 7: it names no proof/,
  ],
  [
    "checklist",
    { "docs/CHECKLIST.md": LIST("7", "- **7** Is. Proof: soon") },
    /cannot read the proof soon/,
  ],
  [
    "checklist",
    { "docs/CHECKLIST.md": LIST("7", '- **7** Is. Proof: `a_test.ts` "b"') },
    /there is no a_test\.ts/,
  ],
  [
    "checklist",
    {
      "docs/CHECKLIST.md": LIST("7", '- **7** Is. Proof: `a_test.ts` "b"'),
      "a_test.ts": `Deno.test("b c", f)`,
    },
    /a_test\.ts has no test "b"/,
  ],
];

const FINE: readonly (readonly [rule: string, Record<string, string>])[] = [
  ["fileLength", { "web/a.ts": LINES(400), "tests/a_test.ts": LINES(600) }],
  ["moduleDoc", { "web/a.ts": DOC, "tests/a_test.ts": "" }],
  ["folders", { "web/pages/a.tsx": "", "mod.ts": "" }],
  ["unimported", {
    "deno.json": `"deno run web/main.ts"`,
    "web/main.ts": `import "./a.ts"; new URL("./b.ts", import.meta.url)`,
    "web/a.ts": "",
    "web/b.ts": "",
  }],
  ["lightModule", {
    "mod.ts": `export * from "./a.ts"`,
    "a.ts": `import type { B } from "./b.ts";`,
    "b.ts": `import "zod"`,
  }],
  ["words", { "web/a.ts": "// a framework/house, /home/work/x" }],
  ["explained", {
    "web/a.ts": "// deno-lint-" + "ignore no-x -- because\n" +
      "// Its brand does not exist at run time.\na as unknown" + " as B\n",
  }],
  ["links", {
    "docs/A.md": "[a](../mod.ts) [b](#the-one-idea) [c](https://x.org) [d](.)" +
      "\n## The one idea\n",
    "mod.ts": "",
  }],
  ["guarantees", { "docs/GUARANTEES.md": "| G1 | x", "tests/a.ts": "// G1" }],
  ["checklist", {
    "docs/CHECKLIST.md": LIST(
      "7",
      '- **7** Is. Proof: `a_test.ts` "b\n  c"; partly: `a_test.ts` "d; e"',
    ),
    "a_test.ts": `Deno.test("b " +\n "c", f); Deno.test("d; e", f)`,
  }],
];

function judge(rule: string, files: Record<string, string>): string[] {
  const tree: Tree = new Map(Object.entries(files));
  const check = RULES[rule];
  assert(check !== undefined, `there is no rule ${rule}`);
  return check(tree).map(say);
}

Deno.test("every file and document rule finds what it forbids", () => {
  for (const [rule, files, says] of BROKEN) {
    const found = judge(rule, files);
    assert.equal(found.length, 1, `${rule}: ${Object.keys(files)} ${found}`);
    assert.match(found.join(), says);
  }
});

Deno.test("the file and document rules leave what is allowed alone", () => {
  for (const [rule, files] of FINE) assert.deepEqual(judge(rule, files), []);
});

Deno.test("every file and document rule stands in both tables", () => {
  const names = new Set(Object.keys(RULES));
  assert.deepEqual(new Set(BROKEN.map(([rule]) => rule)), names);
  assert.deepEqual(new Set(FINE.map(([rule]) => rule)), names);
});
