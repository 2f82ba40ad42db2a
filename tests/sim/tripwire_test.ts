/** Nothing ambient works during a run, and all of it does afterwards. */
import assert from "node:assert/strict";
import type { Checker } from "../../sim/observation.ts";
import { AmbientAccess, withoutAmbient } from "../../sim/tripwire.ts";
import { fileOf, rerunUnder, scenario } from "./planted_failure.ts";
import { resolveScenario } from "../../sim/scenario.ts";

const USES: readonly (readonly [api: string, use: () => unknown])[] = [
  ["Date.now", () => Date.now()],
  ["new Date()", () => new Date()],
  ["new Date()", () => Date()],
  ["performance.now", () => performance.now()],
  ["Temporal.Now.instant", () => Temporal.Now.instant()],
  ["Math.random", () => Math.random()],
  ["crypto.randomUUID", () => crypto.randomUUID()],
  [
    "crypto.getRandomValues",
    () => crypto.getRandomValues(new Uint8Array(1)),
  ],
  ["setTimeout", () => setTimeout(() => {}, 0)],
  ["setInterval", () => setInterval(() => {}, 1)],
  ["queueMicrotask", () => queueMicrotask(() => {})],
];

/** All that a run replaces. */
function originals(): unknown[] {
  return [
    ...[Date, Date.now, performance.now, Temporal.Now.instant, Math.random],
    ...[crypto.randomUUID, crypto.getRandomValues, setTimeout, setInterval],
    ...[queueMicrotask, Object.hasOwn(performance, "now")],
  ];
}

/** Does something in the middle of a run. */
function checkerThat(act: () => void): Checker {
  return {
    ...{ id: "planted", checked: 0, violation: null },
    observe: ({ kind }) => kind === "recorded" && act(),
    end() {},
  };
}

Deno.test("each ambient thing throws its name, its caller and a way out", () => {
  for (const [api, use] of USES) {
    assert.throws(() => withoutAmbient(use), (error) => {
      assert.ok(error instanceof AmbientAccess);
      assert.equal(error.api, api);
      assert.ok(error.message.startsWith(`${api} was called`));
      assert.match(error.message, /Instead: \S/);
      assert.match(error.stack!, /tripwire_test\.ts/);
      return true;
    });
  }
});

Deno.test("what is no ambient time goes on as ever", () => {
  const date = withoutAmbient(() => new Date(1_604_995_200_000));
  assert.ok(date instanceof Date);
  assert.equal(date.toISOString(), "2020-11-10T08:00:00.000Z");
  assert.equal(withoutAmbient(() => Date.UTC(1970, 0, 2)), 86_400_000);
});

Deno.test("an access that the run caught still fails it", () => {
  const hide = () => {
    try {
      return Date.now();
    } catch {
      return 0;
    }
  };
  assert.throws(() => withoutAmbient(hide), { api: "Date.now" });
});

Deno.test("everything is back after a run, also after one that threw", () => {
  const before = originals();
  const fail = () => {
    throw new TypeError("planted");
  };
  withoutAmbient(() => {});
  assert.deepEqual(originals(), before);
  assert.throws(() => withoutAmbient(fail), { message: "planted" });
  assert.deepEqual(originals(), before);
  assert.throws(() => withoutAmbient(() => Math.random()), AmbientAccess);
  assert.deepEqual(originals(), before);
});

Deno.test("a clock that is read in a simulated run is named", () => {
  const run = (act: () => void) =>
    rerunUnder(() => [checkerThat(act)])(
      resolveScenario(fileOf(scenario()), 1),
      1,
    );
  const aliased = () => void Reflect.get(Date, ["n", "ow"].join("")).call();
  const before = originals();
  assert.throws(() => run(aliased), { api: "Date.now" });
  assert.deepEqual(originals(), before);
  assert.ok(run(() => {}).events > 0);
});
