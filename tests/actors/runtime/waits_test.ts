/** Asks, timers and sleeps end once: by an answer, by time, with their life. */
import assert from "node:assert/strict";
import type { Message } from "../../../actors/runtime/actor.ts";
import type { Cell } from "../../../actors/runtime/cell.ts";
import { Ask } from "../../../actors/runtime/slip.ts";
import { Waits } from "../../../actors/runtime/waits.ts";
import { cellOf } from "./domain_bench.ts";

function stand(incarnation = 1) {
  const ended: (Ask | string)[] = [];
  const waits = new Waits({
    incarnation,
    askExpired: (ask) => {
      ended.push(ask);
      waits.close(ask);
    },
    timerFired: ({ message }) => ended.push(message.kind),
  });
  return {
    waits,
    ended,
    a: cellOf("a[0]", false),
    b: cellOf("b[0]", false),
  };
}

/** An ask that leaves the domain, and so has a number. */
function ask(waits: Waits, cell: Cell | null, to: string, dueMs: number) {
  const id = waits.nextId();
  const asked = new Ask(cell, 0, to, "", id, dueMs, "", undefined, null, null);
  waits.open(asked);
  return asked;
}

const tick: Message = { kind: "tick" };

Deno.test("an ask ends once, by its answer or by its deadline", () => {
  const { waits, ended, a } = stand();
  const answered = ask(waits, a, "b[0]", 8);
  const late = ask(waits, a, "b[0]", 8);
  assert.equal(waits.byId(answered.id), answered);
  assert.equal(waits.close(answered), true);
  assert.equal(waits.close(answered), false);
  assert.equal(waits.byId(answered.id), undefined);
  waits.due(100);
  assert.deepEqual(ended, [late]);
  assert.equal(waits.asksUnderWay, 0);
});

Deno.test("a timer fires once; the same key replaces it, null cancels it", () => {
  const { waits, ended, a } = stand();
  waits.setTimer(a, "once", 8, { kind: "early" });
  waits.setTimer(a, "once", 16, tick);
  waits.setTimer(a, "never", 8, { kind: "never" });
  waits.setTimer(a, "never", 0, null);
  waits.due(8);
  assert.deepEqual(ended, []);
  waits.due(16);
  waits.due(100);
  assert.deepEqual(ended, ["tick"]);
  assert.equal(a.timers?.size, 0);
});

Deno.test("timers that are forgotten are one life's, and all of them", () => {
  const { waits, ended, a, b } = stand();
  for (const cell of [a, b]) {
    waits.setTimer(cell, "tick", 8, { kind: cell.address });
    waits.setTimer(cell, "tock", 8, { kind: cell.address });
  }
  waits.forget(a);
  waits.due(100);
  assert.deepEqual(ended, ["b[0]", "b[0]"]);
});

Deno.test("a million asks that were answered leave nothing to look at", () => {
  const { waits, ended, a } = stand();
  for (let count = 0; count < 1_000_000; count++) {
    waits.close(ask(waits, a, "b[0]", 8));
  }
  assert.equal(waits.asksUnderWay, 0);
  waits.due(100);
  assert.equal(ended.length, 0);
  assert.equal(waits.nextMs, Infinity);
});

Deno.test("asks to a lost address are found, and no others", () => {
  const { waits, a } = stand();
  const lost = [ask(waits, a, "far[1]", 8), ask(waits, null, "far[1]", 8)];
  ask(waits, a, "far[2]", 8);
  assert.deepEqual(waits.asksTo((to) => to === "far[1]"), lost);
});

Deno.test("ids are safe integers and never those of another life", () => {
  const first = stand(1).waits.nextId();
  const last = stand(2 ** 20 - 1).waits.nextId();
  assert.notEqual(first, last);
  assert(Number.isSafeInteger(last + 2 ** 32));
});

Deno.test("a sleep acts once, when its time has come", () => {
  const { waits } = stand();
  let acts = 0;
  waits.sleep(8, () => acts++);
  waits.due(7);
  assert.equal(acts, 0);
  assert.equal(waits.nextMs, 8);
  waits.due(8);
  waits.due(100);
  assert.equal(acts, 1);
});
