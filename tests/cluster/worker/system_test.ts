/** A system in one thread, as a program that brings its own actors uses it. */
import assert from "node:assert/strict";
import type { Asks, Behavior, Ref } from "../../../actors/runtime/actor.ts";
import { failed, ok, rejected } from "../../../actors/runtime/outcome.ts";
import {
  startSystem,
  type System,
  type SystemOptions,
} from "../../../cluster/worker/system.ts";

type ToCounter =
  | { kind: "count" }
  | ({ kind: "add"; amount: number } & Asks<number>)
  | ({ kind: "keep_waiting" } & Asks<number>)
  | ({ kind: "explode" } & Asks<number>);

const counter: Behavior<{ total: number }, ToCounter> = {
  name: "counter",
  start: () => ({ total: 0 }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "count":
        return void state.total++;
      case "add":
        if (message.amount < 0) return ctx.reply(rejected("negative"));
        state.total += message.amount;
        return ctx.reply(ok(state.total));
      case "keep_waiting":
        return void ctx.asker();
      case "explode":
        throw new Error("on purpose");
    }
  },
};

/** Far longer than anything here takes; who is answered at it was not. */
const WITHIN_MS = 60_000;

const visits: Ref<ToCounter> = "visits";
const nobody: Ref<ToCounter> = "nobody";

/** A system with one counter; what it logs goes nowhere. */
function start(options: SystemOptions = {}): System {
  return startSystem({
    children: [{ name: visits, behavior: counter, args: undefined }],
    log: { write: () => {} },
    ...options,
  });
}

function add(system: System, amount: number, to = visits) {
  return system.ask(to, { kind: "add", amount }, WITHIN_MS);
}

Deno.test("an actor answers asks, and has handled what it was told before", async () => {
  await using system = start();
  for (let count = 0; count < 5; count++) {
    system.tell(visits, { kind: "count" });
  }
  assert.deepEqual(await add(system, 2), ok(7));
  assert.deepEqual(await add(system, -1), rejected("negative"));
});

Deno.test("an ask says when nothing happened, and when nobody knows", async () => {
  await using system = start();
  assert.deepEqual(await add(system, 1, nobody), failed("unavailable", 250));
  const waiting = await system.ask(visits, { kind: "keep_waiting" }, 1);
  assert.equal(waiting.kind, "unknown");
  const crashed = await system.ask(visits, { kind: "explode" }, WITHIN_MS);
  assert.deepEqual(crashed, failed("crashed", 250));
});

Deno.test("an ask without an end is refused", async () => {
  await using system = start();
  for (const withinMs of [Infinity, NaN]) {
    assert.throws(
      () => system.ask(visits, { kind: "add", amount: 1 }, withinMs),
      {
        name: "RangeError",
        message:
          `Cannot ask visits without a deadline: current value is ${withinMs}`,
      },
    );
  }
});

Deno.test("an actor that is spawned lives at once, under its own name only", async () => {
  await using system = start();
  const child = { name: "orders", behavior: counter, args: undefined };
  const orders = system.spawn(child);
  assert.equal(orders, "orders");
  assert.deepEqual(await add(system, 3, orders), ok(3));
  assert.throws(() => system.spawn(child), {
    name: "TypeError",
    message: 'Cannot start "orders" as the name is taken',
  });
});

// G35
Deno.test("what nobody took is a dead letter that says why", async () => {
  await using system = start();
  system.tell(nobody, { kind: "count" });
  await add(system, 1);
  const letters = system.deadLetters().map(({ to, messageKind, reason }) => ({
    to,
    messageKind,
    reason,
  }));
  assert.deepEqual(letters, [
    { to: "nobody", messageKind: "count", reason: "not_there" },
  ]);
});

Deno.test("the tree shows supervisors, actors, and what became of them", async () => {
  await using system = start({
    name: "shop",
    children: [{
      name: "counters",
      strategy: "one_for_one",
      maxRestarts: 3,
      periodMs: 60_000,
      children: [{ name: visits, behavior: counter, args: undefined }],
    }],
  });
  system.tell(visits, { kind: "explode" });
  assert.deepEqual(await add(system, 1), ok(1), "its mail is kept");
  const root = system.tree();
  assert(root.kind === "supervisor" && root.name === "shop");
  const [counters] = root.children;
  assert(counters?.kind === "supervisor" && counters.restarts === 1);
  const [actor] = counters.children;
  assert(actor?.kind === "actor" && actor.address === "visits");
  assert.deepEqual([actor.status, actor.restarts, actor.incarnation], [
    ...["running", 1, 2],
  ]);
  assert.equal(actor.lastCrash?.cause, "on purpose");
});

// G38
Deno.test("when the root gives up, everybody below it has ended, and it is said", async () => {
  const lines: string[] = [];
  await using system = start({
    root: { strategy: "one_for_one", maxRestarts: 0, periodMs: 1_000 },
    log: { write: (_level, text) => lines.push(text) },
  });
  await system.ask(visits, { kind: "explode" }, WITHIN_MS);
  assert.deepEqual(await add(system, 1), failed("unavailable", 250));
  assert.equal(lines.at(-1), "the root gave up");
});

Deno.test("what a start throws at first comes out, and nothing stays", () => {
  const start = () => {
    throw new Error("no state");
  };
  const broken = { ...counter, start };
  const children = [{ name: "broken", behavior: broken, args: undefined }];
  assert.throws(() => startSystem({ children }), { message: "no state" });
});

/** Writes down what it is told, and that it is stopped. */
function noting(notes: string[]): Behavior<null, { kind: string }> {
  return {
    name: "noting",
    start: () => null,
    receive: (ctx, _state, { kind }) => void notes.push(`${ctx.self} ${kind}`),
    signal(ctx, _state, { kind }) {
      if (kind === "stopping") notes.push(`${ctx.self} stops`);
    },
  };
}

// G39
Deno.test("stop lets everybody handle the mail there is, the last started first", async () => {
  const notes: string[] = [];
  const behavior = noting(notes);
  const system = start({ children: [] });
  for (const name of ["first", "second"]) {
    const ref = system.spawn({ name, behavior, args: undefined });
    for (const kind of ["a", "b"]) system.tell(ref, { kind });
  }
  await system.stop();
  assert.deepEqual(notes.filter((note) => note.startsWith("first")), [
    ...["first a", "first b", "first stops"],
  ]);
  assert.deepEqual(notes.filter((note) => note.startsWith("second")), [
    ...["second a", "second b", "second stops"],
  ]);
  assert(notes.indexOf("second stops") < notes.indexOf("first stops"));
  assert.deepEqual(system.deadLetters(), []);
});

// G22
Deno.test("after stop nobody waits: asks under way are unknown, later ones fail at once", async () => {
  const system = start({
    keyed: [{ name: "carts", behavior: counter, liveMax: 1 }],
  });
  const waiting = system.ask(visits, { kind: "keep_waiting" }, WITHIN_MS);
  const elsewhere = system.ask(nobody, { kind: "count" } as never, WITHIN_MS);
  await add(system, 1);
  const stopped = system.stop();
  assert.equal(system.stop(), stopped, "all wait for the same end");
  await stopped;
  assert.equal((await waiting).kind, "unknown");
  assert.equal((await elsewhere).kind, "failed");
  for (const ref of [visits, "carts[1]"]) {
    system.tell(ref, { kind: "count" });
    const late = await add(system, 1, ref);
    assert.deepEqual(late, failed("unavailable", 250), ref);
  }
  const root = system.tree();
  const carts = root.children[0]!;
  assert.deepEqual([root.children.length, carts.children], [1, []]);
});

Deno.test("`await using` stops at the end of the block", async () => {
  const notes: string[] = [];
  {
    await using system = start({ children: [] });
    const behavior = noting(notes);
    system.spawn({ name: "noting", behavior, args: undefined });
    assert.deepEqual(notes, []);
  }
  assert.deepEqual(notes, ["noting stops"]);
});

Deno.test("a system in one thread has no workers to show or to kill", async () => {
  await using system = start();
  assert.deepEqual(system.workers(), []);
  assert.equal(system.killWorker("worker-0"), false);
});
