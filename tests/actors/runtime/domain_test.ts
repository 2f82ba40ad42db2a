/** The promises of a commit domain, tried with a counter and a caller. */
import assert from "node:assert/strict";
import type { Behavior } from "../../../actors/runtime/actor.ts";
import { Envelope } from "../../../actors/runtime/envelope.ts";
import { ok, unknown } from "../../../actors/runtime/outcome.ts";
import {
  type Asked,
  Bench,
  type CallerMessage,
  type CounterMessage,
  spec,
} from "./domain_bench.ts";

Deno.test("an ask is answered and its event is durable", () => {
  const bench = new Bench();
  const added = bench.ask("counter[0]", add(5));
  bench.run();
  assert.deepEqual(added.outcome, ok(5));
  assert.equal(bench.disk.of("counter[0]").length, 1);
});

function add(amount: number): CounterMessage {
  return { kind: "add", amount };
}

Deno.test("G1 an answer leaves only after the commit it depends on", () => {
  const commits: (() => void)[] = [];
  const bench = new Bench({ schedule: (commit) => commits.push(commit) });
  const added = bench.ask("counter[0]", add(5));
  const read = bench.ask("counter[0]", { kind: "read" });
  bench.run();
  assert.equal(added.outcome, null);
  assert.deepEqual(
    read.outcome,
    ok(0),
    "the urgent read ran before anything was staged: it leaves at once",
  );
  const readUncommitted = bench.ask("counter[0]", { kind: "read" });
  bench.run();
  assert.equal(readUncommitted.outcome, null, "it would reveal the add");
  commits.shift()!();
  assert.deepEqual(added.outcome, ok(5));
  assert.deepEqual(readUncommitted.outcome, ok(5));
});

Deno.test("messages inside the domain flow before the commit", () => {
  const commits: (() => void)[] = [];
  const bench = new Bench({ schedule: (commit) => commits.push(commit) });
  bench.ask("caller[0]", { kind: "call", message: add(1) } as CallerMessage);
  bench.run();
  assert.equal(bench.state.total, 1);
  assert.equal(commits.length, 1, "one commit for both actors");
});

Deno.test("G2 a step that throws leaves neither event nor output", () => {
  const bench = new Bench();
  bench.ask("counter[0]", add(5));
  const crashed = bench.ask("counter[0]", {
    kind: "add_then_throw",
    amount: 7,
  } as CounterMessage);
  bench.run();
  bench.run(20);
  assert.equal(crashed.outcome?.kind, "failed");
  assert.equal((crashed.outcome as { code: string }).code, "crashed");
  assert.deepEqual(bench.disk.of("counter[0]").map((event) => event.kind), [
    "added",
  ]);
  assert.equal(bench.state.total, 5, "folded again without the thrown step");
  assert.equal(bench.state.volatile.recoveries, 1);
});

Deno.test("G3 a crash keeps the mailbox; only the crashing message is gone", () => {
  const bench = new Bench();
  bench.ask("counter[0]", {
    kind: "add_then_throw",
    amount: 7,
  } as CounterMessage);
  const after = bench.ask("counter[0]", add(2));
  bench.run();
  bench.run(20);
  assert.deepEqual(after.outcome, ok(2));
});

Deno.test("askers that an actor took along get unknown when it crashes", () => {
  const bench = new Bench();
  const waiting = bench.ask("counter[0]", { kind: "wait" });
  bench.run();
  bench.domain.crash("counter[0]", "test");
  bench.run(20);
  assert.equal(waiting.outcome?.kind, "unknown");
});

// G20
Deno.test("an actor that is down fails its asks at once with a time to wait", () => {
  const bench = new Bench();
  for (let crash = 0; crash < 4; crash++) {
    bench.domain.crash("counter[0]", "test");
    bench.run(800);
  }
  assert.equal(bench.status(), "down");
  const refused = bench.ask("counter[0]", add(1));
  bench.run();
  assert.equal(refused.outcome?.kind, "failed");
  bench.run(1_300);
  assert.equal(bench.status(), "running", "over budget it is tried again");
  const served = bench.ask("counter[0]", add(1));
  bench.run();
  assert.deepEqual(served.outcome, ok(1));
});

// G3
Deno.test("a kind and key that crashed its actor twice is not run again", () => {
  const bench = new Bench();
  const poison = { kind: "add_then_throw", amount: 9 } as CounterMessage;
  for (const expected of ["crashed", "crashed", "quarantined"]) {
    const outcome = bench.ask("counter[0]", poison);
    bench.run();
    bench.run(400);
    assert.equal((outcome.outcome as { code: string }).code, expected);
  }
});

Deno.test("G23 an ask into a full mailbox fails as overloaded, without effect", () => {
  const bench = new Bench();
  const asks = Array.from(
    { length: 5 },
    () => bench.ask("counter[0]", add(1)),
  );
  bench.run();
  assert.deepEqual(asks.map(({ outcome }) => outcome?.kind), [
    "ok",
    "ok",
    "ok",
    "ok",
    "failed",
  ]);
  assert.equal(bench.state.total, 4);
});

Deno.test("G22 an ask that nobody answers ends unknown at its deadline", () => {
  const bench = new Bench();
  const waiting = bench.ask("counter[0]", { kind: "wait" }, 500);
  bench.run(490);
  assert.equal(waiting.outcome, null);
  bench.run(20);
  assert.equal(kindOf(waiting), "unknown");
});

Deno.test("timers fire once, and die with their incarnation", () => {
  const bench = new Bench();
  bench.domain.tell("counter[0]", { kind: "arm", delayMs: 50 } as never);
  bench.run();
  bench.run(60);
  assert.equal(bench.state.volatile.ticks, 1);
  bench.domain.tell("counter[0]", { kind: "arm", delayMs: 50 } as never);
  bench.run();
  bench.domain.crash("counter[0]", "test");
  bench.run(100);
  assert.equal(bench.state.volatile.ticks, 0);
});

Deno.test("a fenced append ends the domain; its askers get unknown", () => {
  const bench = new Bench();
  bench.disk.epochs.set("counter[0]", 99);
  const late = bench.ask("counter[0]", add(1));
  bench.run();
  assert.equal(late.outcome?.kind, "unknown");
  assert.equal(bench.died, "fenced");
  assert.equal(bench.disk.of("counter[0]").length, 0);
});

Deno.test("G17 full storage refuses new work and commits the old when it returns", () => {
  const bench = new Bench();
  bench.journal.refuseWith = "unavailable";
  const first = bench.ask("counter[0]", add(1));
  bench.run();
  assert.equal(first.outcome, null);
  const second = bench.ask("counter[0]", add(1));
  bench.run();
  assert.equal(
    (second.outcome as { code: string }).code,
    "storage-unavailable",
  );
  bench.journal.refuseWith = null;
  bench.run(200);
  assert.deepEqual(first.outcome, ok(1));
  assert.equal(bench.died, null);
});

Deno.test("an answer to an earlier life of the domain is a dead letter", () => {
  const bench = new Bench();
  bench.domain.deliver(new Envelope("caller[0]", "counter[9]", -7, 0, ok(1)));
  bench.run();
  assert.equal(bench.domain.report().deadLetters, 1);
});

Deno.test("G16 state after a restart is the fold of the journal", () => {
  const bench = new Bench();
  for (const amount of [1, 2, 3]) bench.ask("counter[0]", add(amount));
  bench.run();
  const again = new Bench({ disk: bench.disk });
  assert.equal(again.state.total, 6);
  assert.equal(again.domain.report().actors[0]!.epoch, 2);
});

Deno.test("a step answers its asker once, whatever it says after that", () => {
  const eager: Behavior<null> = {
    name: "eager",
    start: () => null,
    receive(ctx) {
      ctx.reply(ok("first"));
      ctx.reply(ok("second"));
      assert.equal(ctx.asker(), 0);
    },
  };
  const bench = new Bench({ actors: [spec("eager[0]", eager, false)] });
  bench.domain.deliver(
    new Envelope("eager[0]", "far[0]", 7, 2_000_000, { kind: "ask" }),
  );
  bench.run();
  assert.deepEqual(bench.sent.map(({ ask, content }) => [ask, content]), [
    [-7, ok("first")],
  ]);
});

Deno.test("what is late is run all the same, unless its kind may be dropped", () => {
  const ran: string[] = [];
  const reader: Behavior<null> = {
    name: "reader",
    start: () => null,
    receive: (ctx, _state, message) => {
      ran.push(message.kind);
      ctx.reply(ok(null));
    },
    droppable: new Set(["read"]),
  };
  const bench = new Bench({ actors: [spec("reader[0]", reader, false)] });
  for (const kind of ["read", "write"]) {
    bench.domain.deliver(
      new Envelope("reader[0]", "far[0]", 7, bench.nowMs - 1, { kind }),
    );
  }
  bench.run();
  assert.deepEqual(ran, ["write"]);
  const [dropped] = bench.sent;
  assert.equal((dropped?.content as { code: string }).code, "expired");
  assert.equal(bench.domain.report().expired, 1);
});

Deno.test("an ended domain tells everybody who waits that it does not know", () => {
  const commits: (() => void)[] = [];
  const bench = new Bench({ schedule: (commit) => commits.push(commit) });
  const held = bench.ask("counter[0]", add(1));
  const waiting = bench.ask("counter[0]", { kind: "wait" });
  bench.domain.deliver(
    new Envelope("counter[0]", "far[0]", 7, 2_000_000, add(1)),
  );
  bench.run();
  bench.journal.refuseWith = "unknown";
  commits.shift()!();
  assert.equal(bench.died, "append-unknown");
  assert.deepEqual([kindOf(held), kindOf(waiting)], ["unknown", "unknown"]);
  assert.deepEqual(
    bench.sent.map(({ to, ask, content }) => [to, ask, content.kind]),
    [["far[0]", -7, "unknown"]],
  );
});

Deno.test("asks to a lost domain settle, all others wait on", () => {
  const bench = new Bench();
  const lost = bench.ask("far[1]", { kind: "read" });
  const other = bench.ask("far[2]", { kind: "read" });
  bench.run();
  bench.domain.settleLost((to) => to === "far[1]", unknown(250));
  assert.deepEqual([kindOf(lost), kindOf(other)], ["unknown", undefined]);
});

function kindOf(asked: Asked) {
  return asked.outcome?.kind;
}
