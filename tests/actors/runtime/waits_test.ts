/** Asks, timers and sleeps end once: by an answer, by time, with their life. */
import assert from "node:assert/strict";
import type { Message } from "../../../actors/runtime/actor.ts";
import { Cell, Effects, type StepHost } from "../../../actors/runtime/cell.ts";
import { Waits } from "../../../actors/runtime/waits.ts";
import { counter, spec } from "./domain_bench.ts";

/** What a cell is made with; no step runs here. */
const host: StepHost = {
  effects: new Effects(),
  seed: 1,
  incarnation: 1,
  freezes: false,
  wallMs: () => 0,
  monotonicMs: () => 0,
  nextId: () => 1,
  room: () => "queued",
  count: () => {},
  log: () => {},
};

function stand(incarnation = 1) {
  const ended: (number | string)[] = [];
  const waits = new Waits({
    incarnation,
    askExpired: (id) => {
      ended.push(id);
      waits.takeAsk(id);
    },
    timerFired: (_cell, message) => ended.push(message.kind),
  });
  const cells = ["a[0]", "b[0]"].map((address) =>
    new Cell(spec(address, counter, false), host)
  );
  return { waits, ended, a: cells[0]!, b: cells[1]! };
}

function ask(waits: Waits, cell: Cell | null, to: string, dueMs: number) {
  const id = waits.nextId();
  waits.addAsk(id, { cell, to, as: "", about: undefined, done: null }, dueMs);
  return id;
}

const tick: Message = { kind: "tick" };

Deno.test("an ask ends once, by its answer or by its deadline", () => {
  const { waits, ended, a } = stand();
  const answered = ask(waits, a, "b[0]", 8);
  const late = ask(waits, a, "b[0]", 8);
  assert.equal(waits.takeAsk(answered)?.to, "b[0]");
  assert.equal(waits.takeAsk(answered), undefined);
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
  assert.equal(a.timers.size, 0);
});

Deno.test("what is forgotten is one life's, and all of it", () => {
  const { waits, ended, a, b } = stand();
  for (const cell of [a, b]) {
    ask(waits, cell, "far[0]", 8);
    waits.setTimer(cell, "tick", 8, { kind: cell.spec.address });
  }
  waits.forget(a);
  assert.equal(waits.asksUnderWay, 1);
  waits.due(100);
  assert.equal(ended.length, 2);
  assert(ended.includes("b[0]"));
});

Deno.test("asks to a lost address are found, and no others", () => {
  const { waits, a } = stand();
  const lost = [ask(waits, a, "far[1]", 8), ask(waits, null, "far[1]", 8)];
  ask(waits, a, "far[2]", 8);
  assert.deepEqual(waits.asksTo((to) => to === "far[1]").sort(), lost);
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
