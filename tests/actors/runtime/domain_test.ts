/** The promises of a commit domain, tried with a counter and a caller. */
import assert from "node:assert/strict";
import type {
  Answered,
  Asks,
  Behavior,
  Context,
} from "../../../actors/runtime/actor.ts";
import type { ActorSpec } from "../../../actors/runtime/cell.ts";
import { Domain } from "../../../actors/runtime/domain.ts";
import { Envelope } from "../../../actors/runtime/envelope.ts";
import {
  MemoryDisk,
  MemoryJournal,
} from "../../../actors/runtime/memory_journal.ts";
import { ok, type Outcome } from "../../../actors/runtime/outcome.ts";

type CounterMessage =
  | ({ kind: "add"; amount: number } & Asks<number>)
  | ({ kind: "read" } & Asks<number>)
  | ({ kind: "add_then_throw"; amount: number } & Asks<number>)
  | ({ kind: "wait" } & Asks<number>)
  | { kind: "arm"; delayMs: number }
  | { kind: "tick" };

type Added = { kind: "added"; amount: number; atMs?: number };

interface CounterState {
  total: number;
  volatile: { recoveries: number; ticks: number };
}

const counter: Behavior<CounterState, CounterMessage, undefined, Added> = {
  name: "counter",
  start: () => ({ total: 0, volatile: { recoveries: 0, ticks: 0 } }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "add":
        ctx.record({ kind: "added", amount: message.amount, atMs: ctx.now() });
        return ctx.reply(ok(state.total));
      case "read":
        return ctx.reply(ok(state.total));
      case "add_then_throw":
        ctx.record({ kind: "added", amount: message.amount });
        ctx.reply(ok(state.total));
        throw new Error("on purpose");
      case "wait":
        ctx.asker();
        return;
      case "arm":
        return ctx.timer("tick", message.delayMs, { kind: "tick" });
      case "tick":
        state.volatile.ticks++;
    }
  },
  apply(state, event) {
    state.total += event.amount;
  },
  signal(_ctx, state, signal) {
    if (signal.kind === "recovered") state.volatile.recoveries++;
  },
  urgent: new Set(["read"]),
  keyOf: (message) => "amount" in message ? String(message.amount) : "",
};

type CallerMessage =
  | ({ kind: "call"; message: CounterMessage } & Asks<unknown>)
  | Answered<"called", number, { asker: number }>;

/** Asks the counter and hands the outcome on. */
const caller: Behavior<null, CallerMessage> = {
  name: "caller",
  start: () => null,
  receive(ctx: Context<CallerMessage, never>, _state, message) {
    if (message.kind === "called") {
      return ctx.answer(message.about.asker, message.outcome);
    }
    ctx.ask("counter[0]", message.message, {
      as: "called",
      withinMs: 100,
      about: { asker: ctx.asker() },
    });
  },
};

const restart = {
  maxRestarts: 3,
  periodMs: 10_000,
  backoffMinMs: 100,
  backoffMaxMs: 1_000,
};

function spec(
  address: string,
  behavior: ActorSpec["behavior"],
  journaled: boolean,
): ActorSpec {
  return {
    address,
    behavior,
    args: undefined,
    journaled,
    restart,
    mailboxCapacity: 4,
  };
}

/** A domain under virtual time, with its disk and what left it. */
class Bench {
  nowMs = 1_000_000;
  readonly sent: Envelope[] = [];
  readonly commits: (() => void)[] = [];
  died: string | null = null;
  readonly journal: MemoryJournal;
  readonly domain: Domain;

  constructor(
    readonly disk = new MemoryDisk(),
    schedule?: (commit: () => void) => void,
  ) {
    this.journal = new MemoryJournal(disk, schedule);
    this.domain = new Domain({
      name: "main",
      incarnation: 1,
      seed: 1,
      clock: { monotonicMs: () => this.nowMs, wallMs: () => this.nowMs },
      log: { write: () => {} },
      journal: this.journal,
      transmit: (envelope) => {
        this.sent.push(envelope);
        return "queued";
      },
      wake: () => {},
      died: (reason) => this.died = reason,
      freeze: true,
    });
    this.domain.add(spec("counter[0]", counter, true));
    this.domain.add(spec("caller[0]", caller, false));
    this.domain.start(() => {});
  }

  /** Runs until there is nothing to do at this time. */
  run(advanceMs = 0): void {
    this.nowMs += advanceMs;
    while (this.domain.run() <= this.nowMs);
  }

  ask(to: string, message: { kind: string }, withinMs = 1_000) {
    const awaited: { outcome: Outcome<unknown> | null } = { outcome: null };
    this.domain.ask(to, message, withinMs, (outcome) => {
      assert.equal(awaited.outcome, null, "an ask settles once");
      awaited.outcome = outcome;
    });
    return awaited;
  }

  get state(): CounterState {
    return this.domain.stateOf("counter[0]") as CounterState;
  }
}

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
  const bench = new Bench(undefined, (commit) => commits.push(commit));
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
  const bench = new Bench(undefined, (commit) => commits.push(commit));
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

Deno.test("an actor that is down fails its asks at once with a time to wait", () => {
  const bench = new Bench();
  for (let crash = 0; crash < 4; crash++) {
    bench.domain.crash("counter[0]", "test");
    bench.run(800);
  }
  assert.equal(status(bench), "down");
  const refused = bench.ask("counter[0]", add(1));
  bench.run();
  assert.equal(refused.outcome?.kind, "failed");
  bench.run(1_300);
  assert.equal(status(bench), "running", "over budget it is tried again");
  const served = bench.ask("counter[0]", add(1));
  bench.run();
  assert.deepEqual(served.outcome, ok(1));
});

function status(bench: Bench): string {
  return bench.domain.report().actors[0]!.status;
}

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

Deno.test("an ask into a full mailbox fails as overloaded, without effect", () => {
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

Deno.test("an ask that nobody answers ends unknown at its deadline", () => {
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

Deno.test("full storage refuses new work and commits the old when it returns", () => {
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

Deno.test("state after a restart is the fold of the journal", () => {
  const bench = new Bench();
  for (const amount of [1, 2, 3]) bench.ask("counter[0]", add(amount));
  bench.run();
  const again = new Bench(bench.disk);
  assert.equal(again.state.total, 6);
  assert.equal(again.domain.report().actors[0]!.epoch, 2);
});

function kindOf(awaited: { outcome: Outcome<unknown> | null }) {
  return awaited.outcome?.kind;
}
