/** Each rule of the lint plugin, seen to fail and seen to hold. */
import assert from "node:assert/strict";
import plugin from "./lint_plugin.ts";

type Row = readonly [path: string, code: string, rule: string, says: RegExp];

const LONG = (lines: number) => `function f() {${"\n".repeat(lines - 1)}}`;

const BROKEN: readonly Row[] = [
  // Layers
  [
    "actors/runtime/steps.ts",
    `import "../storefront.ts"`,
    "imports",
    /may not import actors\/storefront/,
  ],
  [
    "actors/storefront.ts",
    `import "../cluster/gate.ts"`,
    "imports",
    /imports point down/,
  ],
  [
    "cluster/gate.ts",
    `export { a } from "../web/main.ts"`,
    "imports",
    /may not import web/,
  ],
  [
    "cluster/gate.ts",
    `export * from "../sim/main.ts"`,
    "imports",
    /may not import sim/,
  ],
  ["web/app.tsx", `import "../sim/x.ts"`, "imports", /may not import sim/],
  ["sim/run.ts", `import "../web/x.ts"`, "imports", /may not import web/],
  ["sim/run.ts", `await import("../web/x.ts")`, "imports", /may not import/],
  ["mod.ts", `export * from "./web/x.ts"`, "imports", /may not import web/],
  [
    "web/app.ts",
    `import "../tests/permission.ts"`,
    "imports",
    /may not import tests/,
  ],
  // Doormen
  [
    "cluster/gate.ts",
    `import { Hono } from "hono"`,
    "imports",
    /only web\/ may use hono/,
  ],
  [
    "cluster/gate.ts",
    `import { Hono } from "npm:hono@4/tiny"`,
    "imports",
    /only web\/ may use hono/,
  ],
  [
    "cluster/gate.ts",
    `import { z } from "npm:@hono/zod-openapi@1"`,
    "imports",
    /only web\/ may use @hono\/zod-openapi/,
  ],
  [
    "web/orders.ts",
    `import "node:sqlite"`,
    "imports",
    /only cluster\/journal\/ may use node:sqlite/,
  ],
  [
    "cluster/worker/host.ts",
    `import "@redis/client"`,
    "imports",
    /only cluster\/redis\/ may use @redis\/client/,
  ],
  [
    "cluster/gate.ts",
    `new Worker("x")`,
    "imports",
    /only cluster\/worker\/ may use Worker/,
  ],
  [
    "cluster/gate.ts",
    `import { z } from "zod"`,
    "imports",
    /may use zod/,
  ],
  [
    "actors/storefront.ts",
    `import { z } from "zod"`,
    "imports",
    /actors\/ knows nothing outside/,
  ],
  [
    "actors/storefront.ts",
    `import { createHash } from "node:crypto"`,
    "imports",
    /gateway/,
  ],
  ["web/app.ts", `import "leftpad"`, "imports", /leftpad has no doorman/],
  // Ambient
  ["actors/a.ts", `const now = () => Date.now()`, "ambient", /ctx/],
  ["cluster/gate.ts", `const f = () => new Date()`, "ambient", /given ms/],
  ["web/app.ts", `performance.now()`, "ambient", /Clock/],
  ["actors/a.ts", `globalThis.Math.random()`, "ambient", /Math/],
  ["web/app.ts", `Math.random()`, "ambient", /Random/],
  ["web/app.ts", `crypto.randomUUID()`, "ambient", /Random/],
  ["web/app.ts", `crypto.getRandomValues(bytes)`, "ambient", /Random/],
  ["cluster/gate.ts", `setTimeout(f, 1)`, "ambient", /tick/],
  ["cluster/gate.ts", `globalThis.setInterval(f, 1)`, "ambient", /tick/],
  ["cluster/gate.ts", `console.error("x")`, "ambient", /Log/],
  ["cluster/gate.ts", `Deno.env.get("X")`, "ambient", /main\.ts/],
  ["actors/a.ts", `Deno.readTextFileSync("x")`, "ambient", /through ctx/],
  ["actors/a.ts", `Math.log(2)`, "ambient", /table/],
  // Sizes, state, words
  ["web/app.ts", LONG(71), "function-length", /71 lines/],
  [
    "web/app.ts",
    `const f = () => {${"\n".repeat(70)}}`,
    "function-length",
    /71 lines/,
  ],
  ["actors/a.ts", `let count = 0`, "module-state", /actor's state/],
  ["actors/a.ts", `const seen = new Map()`, "module-state", /ReadonlyMap/],
  ["actors/a.ts", `/** x */ export const q = []`, "module-state", /state/],
  ["actors/a.ts", `const cache = {}`, "module-state", /state/],
  ["actors/a.ts", `class A { static #n = 0 }`, "module-state", /static/],
  ["web/app.ts", `export function f() {}`, "documented-exports", /JSDoc/],
  ["web/app.ts", `/* no */ export type A = 1`, "documented-exports", /JSDoc/],
  ["web/app.ts", `export default {}`, "documented-exports", /JSDoc/],
];

const FINE: readonly (readonly [path: string, code: string])[] = [
  ["actors/a.ts", `import type { Ref } from "./runtime/actor.ts"`],
  ["actors/a.ts", `import assert from "node:assert/strict"`],
  ["cluster/gate.ts", `import { a } from "../actors/registry.ts"`],
  ["cluster/journal/file.ts", `import "node:sqlite"`],
  [
    "cluster/worker/host.ts",
    `new Worker("x"); setTimeout(f, performance.now())`,
  ],
  ["web/app.ts", `import { Hono } from "hono/tiny"; import "zod"`],
  ["web/app.ts", `import { createHmac } from "node:crypto"`],
  ["web/main.ts", `Deno.env.get("PORT"); Date.now()`],
  ["web/app.ts", `new Date(1).toISOString(); Date.parse("x"); clock.now()`],
  ["tests/a_test.ts", `import { Hono } from "hono"; export const a = 1`],
  ["actors/a.ts", `const KINDS: ReadonlySet<string> = new Set(["a"])`],
  ["actors/a.ts", `const LIMITS = { lines: 100 }, ORDER = ["a"]`],
  ["actors/a.ts", `declare const tag: unique symbol`],
  ["actors/a.ts", `class A { static readonly MAX = 1; #n = 0 }`],
  ["web/app.ts", LONG(70)],
  [
    "web/app.ts",
    `/** Says a. */\n// deno-lint-ignore x -- y\nexport type A = 1`,
  ],
  ["web/app.ts", `export { a } from "./b.ts"`],
];

Deno.test("every house rule of the linter finds what it forbids", () => {
  for (const [path, code, rule, says] of BROKEN) {
    const found = Deno.lint.runPlugin(plugin, path, code);
    const ids = found.map(({ id }) => id);
    assert.deepEqual([...new Set(ids)], [`house/${rule}`], `${path}: ${code}`);
    assert.match(found.map((f) => `${f.message} ${f.hint}`).join(), says);
  }
});

Deno.test("the linter's house rules leave allowed code alone", () => {
  for (const [path, code] of FINE) {
    const found = Deno.lint.runPlugin(plugin, path, code);
    assert.deepEqual(found.map(({ message }) => message), [], code);
  }
});

Deno.test("every rule of the plugin stands in the table of broken code", () => {
  const proven = new Set(BROKEN.map(([, , rule]) => rule));
  assert.deepEqual(new Set(Object.keys(plugin.rules)), proven);
});
