/** A step by hand keeps the rules of a real host where they can be felt. */
import assert from "node:assert/strict";
import type {
  Asks,
  Behavior,
  Context,
  Ref,
  Signal,
} from "../../../../actors/runtime/actor.ts";
import { failed, ok, unknown } from "../../../../actors/runtime/outcome.ts";
import { BehaviorStep } from "../../../../actors/runtime/test_kit/behavior_step.ts";

type Job =
  | { kind: "start"; name: string }
  | { kind: "stop"; ref: Ref }
  | { kind: "watch"; ref: Ref }
  | { kind: "unwatch"; ref: Ref }
  | { kind: "open"; limit?: number }
  | { kind: "explode" }
  | ({ kind: "work"; number: number } & Asks<number>);

interface ForemanState {
  isOpen: boolean;
  heard: Signal[];
}

const worker: Behavior<null> = {
  name: "worker",
  start: () => null,
  receive: () => {},
};

function startWorker(ctx: Context<Job, never>, name: string): void {
  ctx.spawn({ name, behavior: worker, args: undefined });
}

/** Starts workers, and sets work aside until it is open. */
const foreman: Behavior<ForemanState, Job> = {
  name: "foreman",
  start: () => ({ isOpen: false, heard: [] }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "start":
        return startWorker(ctx, message.name);
      case "stop":
        return ctx.stop(message.ref);
      case "watch":
        return ctx.watch(message.ref);
      case "unwatch":
        return ctx.unwatch(message.ref);
      case "open":
        state.isOpen = true;
        return ctx.unstash(message.limit);
      case "explode":
        startWorker(ctx, "short-lived");
        ctx.watch("market");
        ctx.stash();
        throw new Error("on purpose");
      case "work":
        if (message.number === 13) throw new Error("on purpose");
        if (state.isOpen) ctx.reply(ok(message.number));
        else if (!ctx.stash()) ctx.reply(failed("overloaded", 0));
    }
  },
  signal(_ctx, state, signal) {
    if (signal.kind === "room") throw new Error("on purpose");
    state.heard.push(signal);
  },
};

const NORMAL = { kind: "normal" } as const;

function step() {
  return new BehaviorStep(foreman, undefined, { self: "foreman" });
}

Deno.test("a child shows while it runs, and its end is heard once", () => {
  const foreman = step();
  foreman.tell({ kind: "start", name: "a" });
  const ref = foreman.spawned[0]!.ref;
  assert.equal(ref, "foreman/a");
  foreman.down(ref, NORMAL);
  assert.deepEqual(foreman.spawned, []);
  assert.deepEqual(foreman.state.heard.at(-1), {
    kind: "down",
    ref,
    reason: NORMAL,
  });
  assert.throws(() => foreman.down(ref, NORMAL), /neither a child nor watched/);
});

Deno.test("a stopped child does not run, and its end is still to be heard", () => {
  const foreman = step();
  foreman.tell({ kind: "start", name: "a" });
  foreman.tell({ kind: "stop", ref: "foreman/a" });
  assert.deepEqual(foreman.spawned, []);
  assert.deepEqual(foreman.stopped, ["foreman/a"]);
  assert.throws(
    () => foreman.tell({ kind: "start", name: "a" }),
    /the name is taken/,
    "its place is free when it has ended",
  );
});

Deno.test("a name that is taken or none, and somebody else's child, are refused", () => {
  const foreman = step();
  foreman.tell({ kind: "start", name: "a" });
  for (
    const [message, says] of [
      [{ kind: "start", name: "a" }, /the name is taken/],
      [{ kind: "start", name: "a/b" }, /its name must be of letters/],
      [{ kind: "stop", ref: "market" }, /it is no child of foreman/],
    ] as const
  ) {
    assert.throws(() => foreman.tell(message), says);
    foreman.tell({ kind: "start", name: "a" });
  }
});

Deno.test("only who is watched, and until then, has an end that is heard", () => {
  const foreman = step();
  foreman.tell({ kind: "watch", ref: "market" });
  foreman.tell({ kind: "watch", ref: "harbor" });
  foreman.tell({ kind: "unwatch", ref: "harbor" });
  assert.deepEqual([...foreman.watching], ["market"]);
  foreman.down("market", NORMAL);
  assert.deepEqual([...foreman.watching], []);
  assert.throws(() => foreman.down("harbor", NORMAL), /nor watched/);
});

Deno.test("a message set aside is answered when it runs after all", () => {
  const foreman = step();
  foreman.stashCapacity = 2;
  const answers = [1, 2, 3].map((number) =>
    foreman.send({ kind: "work", number })
  );
  assert.deepEqual(answers, [undefined, undefined, failed("overloaded", 0)]);
  assert.deepEqual(foreman.stashed.map(({ asker }) => asker), [1, 2]);
  foreman.tell({ kind: "open", limit: 1 });
  assert.deepEqual(foreman.replies.at(-1), { asker: 1, outcome: ok(1) });
  foreman.tell({ kind: "open" });
  assert.deepEqual(foreman.replies.at(-1), { asker: 2, outcome: ok(2) });
});

Deno.test("setting a message aside twice is setting it aside once", () => {
  const keeper: Behavior<null> = {
    name: "keeper",
    start: () => null,
    receive: (ctx) => assert(ctx.stash() && ctx.stash()),
  };
  const actor = new BehaviorStep(keeper, undefined);
  actor.tell({ kind: "keep" });
  assert.equal(actor.stashed.length, 1);
});

Deno.test("what is set aside survives a crash, and so does who waits for it", () => {
  const foreman = step();
  foreman.send({ kind: "work", number: 1 });
  foreman.crash();
  assert.equal(foreman.incarnation, 2);
  assert.deepEqual(foreman.replies, []);
  foreman.tell({ kind: "open" });
  assert.deepEqual(foreman.replies, [{ asker: 1, outcome: ok(1) }]);
});

Deno.test("after a crash in the midst of unstashing the rest is still there", () => {
  const foreman = step();
  for (const number of [1, 2, 3]) foreman.send({ kind: "work", number });
  // A message that was well when it was set aside.
  Object.assign(foreman.stashed, {
    1: { ...foreman.stashed[1], message: { kind: "work", number: 13 } },
  });
  assert.throws(() => foreman.tell({ kind: "open" }), /on purpose/);
  assert.deepEqual(foreman.stashed.map(({ asker }) => asker), [3]);
  assert.deepEqual(foreman.replies.map(({ outcome }) => outcome.kind), [
    "ok",
    "failed",
  ]);
});

Deno.test("a step that throws starts, watches and sets aside nothing", () => {
  const foreman = step();
  foreman.tell({ kind: "start", name: "a" });
  foreman.tell({ kind: "watch", ref: "harbor" });
  assert.throws(() => foreman.tell({ kind: "explode" }), /on purpose/);
  assert.deepEqual(foreman.spawned, [], "the child of the last life neither");
  assert.equal(foreman.watching.size, 0, "nor what it watched");
  assert.deepEqual(foreman.stashed, []);
});

Deno.test("a signal that throws begins the next life", () => {
  const foreman = step();
  foreman.tell({ kind: "open" });
  assert.throws(
    () => foreman.signal({ kind: "room", ref: "market" }),
    /on purpose/,
  );
  assert.equal(foreman.incarnation, 2);
  assert.equal(foreman.state.isOpen, false);
});

Deno.test("waits without an end are refused, as a host does", () => {
  const hasty = (act: (ctx: Context) => void): Behavior<null> => ({
    name: "hasty",
    start: () => null,
    receive: act,
  });
  const endless = { as: "done", withinMs: Infinity };
  for (
    const act of [
      (ctx: Context) => ctx.ask("market", { kind: "wait" }, endless),
      (ctx: Context) => ctx.timer("late", NaN, { kind: "wake" }),
    ]
  ) {
    const actor = new BehaviorStep(hasty(act), undefined);
    assert.throws(() => actor.tell({ kind: "go" }), RangeError);
  }
});

Deno.test("a crash settles who was taken along as unknown", () => {
  const keeper: Behavior<null> = {
    name: "keeper",
    start: () => null,
    receive: (ctx) => void ctx.asker(),
  };
  const actor = new BehaviorStep(keeper, undefined);
  assert.equal(actor.send({ kind: "wait" }), undefined);
  actor.crash();
  assert.deepEqual(actor.replies, [{ asker: 1, outcome: unknown(0) }]);
});
