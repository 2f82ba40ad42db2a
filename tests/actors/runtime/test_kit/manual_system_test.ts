/** A system whose time a test moves is the real one, step for step. */
import assert from "node:assert/strict";
import type { Asks, Behavior, Ref } from "../../../../actors/runtime/actor.ts";
import { failed, ok, unknown } from "../../../../actors/runtime/outcome.ts";
import {
  ManualSystem,
} from "../../../../actors/runtime/test_kit/manual_system.ts";
import type { SupervisorSpec } from "../../../../actors/runtime/supervisor.ts";

type Message =
  | ({ kind: "add"; amount: number } & Asks<number>)
  | ({ kind: "hold" } & Asks<number>)
  | { kind: "remind"; afterMs: number }
  | { kind: "reminded" }
  | { kind: "explode"; number: number }
  | { kind: "spin" };

type Added = { kind: "added"; amount: number };

interface CounterState {
  total: number;
  /** When it was reminded, wall time. */
  remindedMs: number[];
}

const counter: Behavior<CounterState, Message, undefined, Added> = {
  name: "counter",
  start: () => ({ total: 0, remindedMs: [] }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "add":
        state.total += message.amount;
        return ctx.reply(ok(state.total));
      case "hold":
        return void ctx.asker();
      case "remind":
        return ctx.timer(`${message.afterMs}`, message.afterMs, {
          kind: "reminded",
        });
      case "reminded":
        return void state.remindedMs.push(ctx.now());
      case "explode":
        ctx.log("warn", "about to explode");
        throw new Error("on purpose");
      case "spin":
        ctx.tell(ctx.self, { kind: "spin" });
    }
  },
  // Else the third of them would not be run.
  keyOf: (message) => message.kind === "explode" ? `${message.number}` : "",
};

const child = { name: "counter", behavior: counter, args: undefined };

function start() {
  const system = new ManualSystem({ nowMs: 1_000 });
  return { system, ref: system.spawn(child) };
}

Deno.test("nothing runs until it is told to", () => {
  const { system, ref } = start();
  const added = system.ask(ref, { kind: "add", amount: 2 }, 100);
  system.tell(ref, { kind: "add", amount: 3 });
  assert.equal(added.outcome, null);
  system.runUntilIdle();
  assert.deepEqual(added.outcome, ok(2));
  assert.equal((system.stateOf(ref) as CounterState).total, 5);
  assert.equal(system.nowMs, 1_000, "time stands still");
});

Deno.test("what is due on the way runs at its time, in order", () => {
  const { system, ref } = start();
  for (const afterMs of [300, 100, 201]) {
    system.tell(ref, { kind: "remind", afterMs });
  }
  system.advance(200);
  const { remindedMs } = system.stateOf(ref) as CounterState;
  assert.deepEqual(remindedMs, [1_100]);
  system.advance(100);
  assert.deepEqual(remindedMs, [1_100, 1_201, 1_300]);
  assert.equal(system.nowMs, 1_300);
});

Deno.test("an ask ends as unknown at its deadline and not before", () => {
  const { system, ref } = start();
  const held = system.ask(ref, { kind: "hold" }, 5_000);
  system.advance(4_999);
  assert.equal(held.outcome, null);
  system.advance(1);
  assert.deepEqual(held.outcome, unknown(250));
});

Deno.test("time can be moved up to the moment in which something is so", () => {
  const { system, ref } = start();
  const held = system.ask(ref, { kind: "hold" }, 5_000);
  assert(system.advanceUntil(() => held.outcome !== null, 60_000));
  assert.equal(system.nowMs, 6_000);
  assert(!system.advanceUntil(() => false, 10));
  assert.equal(system.nowMs, 6_010);
  assert.throws(() => system.advance(-1), RangeError);
  assert.throws(() => system.advance(Infinity), RangeError);
});

Deno.test("who keeps himself busy is found out", () => {
  const { system, ref } = start();
  system.tell(ref, { kind: "spin" });
  assert.throws(() => system.runUntilIdle(), /Still busy after 1000 runs/);
});

Deno.test("a supervisor restarts, backs off and gives up in virtual time", () => {
  const team: SupervisorSpec = {
    name: "team",
    strategy: "one_for_one",
    maxRestarts: 2,
    periodMs: 60_000,
    backoff: { minMs: 1_000, maxMs: 1_000, resetAfterMs: 60_000 },
    children: [child],
  };
  const root = {
    strategy: "one_for_one",
    maxRestarts: 0,
    periodMs: 1,
  } as const;
  const system = new ManualSystem({ children: [team], root });
  const ref: Ref<Message> = "counter";
  const explode = (number: number) => {
    system.tell(ref, { kind: "explode", number });
    system.runUntilIdle();
  };
  const add = () => {
    const added = system.ask(ref, { kind: "add", amount: 1 }, 100);
    system.runUntilIdle();
    return added.outcome;
  };
  explode(1);
  assert.equal((add() as { kind: string }).kind, "ok", "the first at once");
  explode(2);
  assert.equal((add() as { kind: string }).kind, "failed", "then it waits");
  system.advance(1_200);
  assert.equal((add() as { kind: string }).kind, "ok");
  explode(3);
  const [gone] = system.tree().children;
  assert.deepEqual(gone?.children, [], "beyond its budget all end");
  const texts = system.logged.map(({ text }) => text);
  assert.equal(texts.filter((text) => text === "about to explode").length, 3);
  assert.equal(texts.at(-1), "the root gave up");
});

Deno.test("the tree and the dead letters are those of the real runtime", () => {
  const { system, ref } = start();
  system.tell("nobody", { kind: "add" });
  const asked = system.ask("nobody", { kind: "add" }, 100);
  system.tell(ref, { kind: "add", amount: 1 });
  system.runUntilIdle();
  assert.deepEqual(asked.outcome, failed("unavailable", 250));
  assert.deepEqual(system.deadLetters(), [
    { atMs: 1_000, to: "nobody", messageKind: "add", reason: "not_there" },
  ]);
  const [node] = system.tree().children;
  assert(node?.kind === "actor");
  assert.deepEqual([node.address, node.handled], ["counter", 1]);
});

Deno.test("actors that are addressed by key start and go here too", () => {
  const keyed = { name: "cart", behavior: counter, liveMax: 2 };
  const system = new ManualSystem({ keyed: [{ ...keyed, idleAfterMs: 100 }] });
  const cart: Ref<Message> = "cart[ada]";
  system.tell(cart, { kind: "add", amount: 4 });
  system.runUntilIdle();
  assert.equal((system.stateOf(cart) as CounterState).total, 4);
  system.advance(200);
  assert.equal(system.stateOf(cart), undefined);
});

Deno.test("a message that no link could carry is refused where it is sent", () => {
  const { system, ref } = start();
  assert.throws(
    () => system.tell(ref, { kind: "add", amount: 0.5 }),
    TypeError,
  );
});

Deno.test("stop lets mail be handled, and waits for nobody longer than told", () => {
  const late: Behavior<string[]> = {
    name: "late",
    start: () => [],
    receive: (_ctx, state, message) => void state.push(message.kind),
    signal: (_ctx, state, signal) => void state.push(signal.kind),
  };
  const system = new ManualSystem();
  const ref = system.spawn({ name: "late", behavior: late, args: undefined });
  system.runUntilIdle();
  const heard = system.stateOf(ref);
  system.tell(ref, { kind: "work" });
  const startedMs = system.nowMs;
  system.stop();
  assert.deepEqual(heard, ["recovered", "work", "stopping"]);
  assert.deepEqual(system.tree().children, []);
  assert(system.nowMs - startedMs < 10_000, "it ended by itself");
});

Deno.test("a journaled actor goes on in the next system with that disk", () => {
  const saver: Behavior<{ total: number }, Message, undefined, Added> = {
    name: "saver",
    start: () => ({ total: 0 }),
    receive(ctx, _state, message) {
      if (message.kind !== "add") return;
      ctx.record({ kind: "added", amount: message.amount });
    },
    apply: (state, event) => void (state.total += event.amount),
  };
  const children = [
    { name: "saver", behavior: saver, args: undefined, journaled: true },
  ];
  const ref: Ref<Message> = "saver";
  const first = new ManualSystem({ children });
  first.tell(ref, { kind: "add", amount: 3 });
  first.runUntilIdle();
  const next = new ManualSystem({ children, disk: first.disk });
  assert.deepEqual(next.stateOf(ref), { total: 3 });
});
