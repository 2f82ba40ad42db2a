/** What an actor sets aside, and when it hears that nothing came. */
import assert from "node:assert/strict";
import type { ChildSpec } from "../../../actors/runtime/actor.ts";
import { failed, ok } from "../../../actors/runtime/outcome.ts";
import { crash, Tree } from "./trees_bench.ts";

/** An actor `gate` that sets its mail aside while `door` is closed. */
function gated(more: Partial<ChildSpec> = {}) {
  const door = { isClosed: true };
  const tree = new Tree((tree) => ({
    main: [tree.child("gate", more, {
      droppable: new Set(["soon"]),
      receive(ctx, _state, message) {
        if ("act" in message) return message.act(ctx, message);
        if (door.isClosed) {
          return tree.note(`${message.kind} aside: ${ctx.stash()}`);
        }
        tree.note(message.kind);
        ctx.reply(ok(message.kind));
      },
    })],
  }));
  const tell = (...kinds: string[]) => {
    tree.stage.tell("gate", ...kinds.map((kind) => ({ kind })));
    tree.stage.run();
  };
  /** Opens the door and takes so many back. */
  const open = (limit?: number) => {
    door.isClosed = false;
    tree.news();
    tree.act("gate", (ctx) => ctx.unstash(limit));
  };
  return { tree, door, tell, open };
}

Deno.test("what was set aside comes back in its order, in front of the mail that waits", () => {
  const { tree, tell, open } = gated();
  tell("one", "two", "three");
  open(2);
  assert.deepEqual(tree.news(), ["one", "two"]);
  tree.domain.slow("gate", 8);
  tree.stage.tell("gate", tree.acting((ctx) => ctx.unstash()));
  tree.stage.tell("gate", { kind: "four" });
  tree.stage.run(100);
  assert.deepEqual(tree.news(), ["three", "four"]);
  open();
  assert.deepEqual(tree.news(), [], "each comes back once");
});

Deno.test("whoever asked waits with the message that was set aside", () => {
  const { tree, open } = gated();
  const one = tree.stage.ask("gate", { kind: "one" });
  const two = tree.stage.ask("gate", { kind: "two" });
  tree.stage.run(1_000);
  assert.deepEqual([one.outcome, two.outcome], [null, null]);
  open(1);
  assert.deepEqual([one.outcome, two.outcome], [ok("one"), null]);
  open();
  assert.deepEqual(two.outcome, ok("two"));
});

Deno.test("a message that was answered or whose asker was kept is set aside alone", () => {
  const { tree, open } = gated();
  for (const isKept of [true, false]) {
    const asked = tree.ask("gate", (ctx) => {
      if (isKept) ctx.timer("later", 8, tree.acting(answering(ctx.asker())));
      else ctx.reply(ok("first"));
      tree.note(`aside ${ctx.stash()}`);
    });
    tree.stage.run(8);
    assert.deepEqual(asked.outcome, ok("first"), "and nothing comes second");
  }
  assert.equal(tree.domain.report().pendingAsks, 0);
  open(0);
});

function answering(asker: number) {
  return (ctx: { answer(asker: number, outcome: unknown): void }) =>
    ctx.answer(asker, ok("first"));
}

Deno.test("G42 a stash survives crashes and normal ends of its actor, with its order and askers", () => {
  const { tree, tell, open } = gated();
  tell("one");
  const asked = tree.stage.ask("gate", { kind: "two" });
  tree.stage.run();
  tree.crash("gate");
  tell("three");
  tree.act("gate", (ctx) => ctx.stop());
  assert.equal(tree.life("gate"), 3);
  assert.equal(asked.outcome, null);
  open();
  assert.deepEqual(tree.news(), ["one", "two", "three"]);
  assert.deepEqual(asked.outcome, ok("two"));
});

Deno.test("a stash is bounded, by the capacity of the mailbox unless it says otherwise", () => {
  for (
    const [mailbox, kept] of [[{ capacity: 2 }, 2], [
      { capacity: 4, stashCapacity: 1 },
      1,
    ], [{ stashCapacity: 0 }, 0]] as const
  ) {
    const { tree, tell, open } = gated({ mailbox });
    for (let count = 0; count < 3; count++) tell(`${count}`);
    assert.deepEqual(
      tree.news().slice(1),
      [0, 1, 2].map((count) => `${count} aside: ${count < kept}`),
    );
    open();
    assert.equal(tree.news().length, kept, "what was not set aside is gone");
  }
});

Deno.test("setting aside twice is once, and putting back at once is no loss", () => {
  const { tree, open } = gated();
  let times = 0;
  tree.act("gate", (ctx) => {
    tree.note(`${ctx.stash()} ${ctx.stash()}`);
    if (times++ === 0) ctx.unstash();
  });
  assert.deepEqual(tree.news().slice(1), ["true true", "true true"]);
  open();
  assert.deepEqual(tree.news(), ["true true"]);
});

Deno.test("a message whose asker has gone is run all the same, unless it may be dropped", () => {
  const { tree, open } = gated();
  const asked = ["soon", "any_time"].map((kind) =>
    tree.stage.ask("gate", { kind }, 100)
  );
  tree.stage.run(200);
  assert.deepEqual(asked.map(({ outcome }) => outcome?.kind), [
    ...["unknown", "unknown"],
  ]);
  open();
  assert.deepEqual(tree.news(), ["any_time"]);
  assert.deepEqual(tree.domain.deadLetters.byReason(), { expired: 1 });
});

Deno.test("what is still set aside when its actor ends is refused, and counted", () => {
  const { tree, tell } = gated({ restart: "temporary" });
  tell("one");
  const asked = tree.stage.ask("gate", { kind: "two" });
  tree.stage.run();
  tree.act("gate", (ctx) => ctx.stop());
  assert.deepEqual(asked.outcome, failed("unavailable", 250));
  assert.deepEqual(tree.domain.deadLetters.byReason(), { ended: 1 });
});

Deno.test("a signal has no message that could be set aside", () => {
  const { tree } = gated();
  tree.onSignal = (ctx, { kind }) => {
    if (kind === "stopping") ctx.stash();
  };
  tree.act("gate", (ctx) => ctx.stop());
  assert.match(tree.stage.actor("gate")!.lastCrash!.cause, /stash a signal/);
});

// ── Quiet times ───────────────────────────────────────────────────────────

/** An actor that is told when nothing came for 100 ms. */
function quiet(more: Partial<ChildSpec> = {}): Tree {
  return new Tree((tree) => ({
    main: [tree.child("a", { idleAfterMs: 100, ...more })],
  }));
}

/** When it was idle, in milliseconds from now, within so many. */
function idleWithin(tree: Tree, withinMs: number): number[] {
  const idle: number[] = [];
  tree.news();
  for (let ms = 8; ms <= withinMs; ms += 8) {
    tree.stage.run(8);
    for (const line of tree.news()) if (line === "a: idle") idle.push(ms);
  }
  return idle;
}

Deno.test("an actor hears once in a quiet time that it is idle, also when nothing ever came", () => {
  const tree = quiet();
  assert.deepEqual(idleWithin(tree, 1_000), [104]);
  tree.stage.tell("a", { kind: "hello" });
  assert.deepEqual(idleWithin(tree, 1_000), [104], "from the message on");
});

Deno.test("every message puts it off", () => {
  const tree = quiet();
  for (let times = 0; times < 5; times++) {
    assert.deepEqual(idleWithin(tree, 80), []);
    tree.stage.tell("a", { kind: "hello" });
    tree.stage.run();
  }
  assert.deepEqual(idleWithin(tree, 1_000), [104]);
});

Deno.test("who has mail is not idle, however slow it is", () => {
  const tree = quiet();
  tree.domain.slow("a", 200);
  tree.stage.tell("a", { kind: "one" }, { kind: "two" }, { kind: "three" });
  const [first, ...more] = idleWithin(tree, 2_000);
  assert(first! >= 400 && more.length === 0, `${first}`);
});

Deno.test("each life has quiet times of its own", () => {
  const tree = quiet();
  tree.stage.run(48);
  tree.crash("a");
  assert.deepEqual(idleWithin(tree, 1_000), [104], "from its start on");
  tree.onSignal = (_ctx, { kind }) => {
    if (kind === "idle") crash();
  };
  tree.stage.tell("a", { kind: "hello" });
  const idle = idleWithin(tree, 400);
  assert.equal(idle.length, 3, "and again after each crash");
});

Deno.test("one that stops when it is idle is not told again", () => {
  const tree = quiet({ restart: "transient" });
  tree.onSignal = (ctx, { kind }) => {
    if (kind === "idle") ctx.stop();
  };
  assert.deepEqual(idleWithin(tree, 1_000), [104]);
  assert.equal(tree.stage.actor("a"), undefined);
});
