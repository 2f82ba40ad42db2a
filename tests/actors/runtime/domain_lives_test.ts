/** How actors of a domain begin, crash and begin again. */
import assert from "node:assert/strict";
import type {
  Answered,
  Asks,
  Behavior,
} from "../../../actors/runtime/actor.ts";
import { MemoryDisk } from "../../../actors/runtime/test_kit/memory_journal.ts";
import { ok } from "../../../actors/runtime/outcome.ts";
import {
  Bench,
  caller,
  type CallerMessage,
  counter,
  type CounterMessage,
  spec,
} from "./domain_bench.ts";

const add = (amount: number): CounterMessage => ({ kind: "add", amount });

Deno.test("a timer that has fired is not handed to the next life", () => {
  const bench = new Bench();
  bench.domain.slow("counter[0]", 100);
  bench.domain.tell("counter[0]", { kind: "arm", delayMs: 20 } as never);
  bench.run();
  bench.run(50);
  assert.equal(bench.state.volatile.ticks, 0, "it waits in the mailbox");
  bench.domain.crash("counter[0]", "test");
  bench.domain.slow("counter[0]", 0);
  bench.run(200);
  assert.equal(bench.state.volatile.recoveries, 1);
  assert.equal(bench.state.volatile.ticks, 0);
});

Deno.test("an answer that has come is not handed to the next life", () => {
  const bench = new Bench();
  bench.domain.slow("caller[0]", 100);
  const call = { kind: "call", message: add(1) } as CallerMessage;
  const asked = bench.ask("caller[0]", call);
  bench.run();
  assert.equal(bench.state.total, 1);
  bench.domain.crash("caller[0]", "test");
  bench.domain.slow("caller[0]", 0);
  bench.run(200);
  assert.equal(asked.outcome?.kind, "unknown");
  const { handled } = bench.domain.report().actors[1]!;
  assert.equal(handled, 1, "the call, not its answer");
  assert.equal(bench.domain.report().deadLetters, 1);
});

Deno.test("G16 a restart waits for its own events, not for a quiet journal", () => {
  const commits: (() => void)[] = [];
  const bench = new Bench({
    schedule: (commit) => commits.push(commit),
    actors: [spec("counter[0]", counter, true), spec("busy[0]", counter, true)],
  });
  bench.ask("counter[0]", add(1));
  bench.run();
  bench.domain.crash("counter[0]", "test");
  // From here on an append of the neighbor is under way at any time.
  bench.ask("busy[0]", add(1));
  bench.run(10);
  assert.equal(bench.status(), "folding");
  commits.shift()!();
  bench.run();
  assert.equal(commits.length, 1, "the neighbor's");
  assert.equal(bench.status(), "running");
  assert.equal(bench.state.total, 1);
});

/** Records that it lives, and how long after the start its timer fired. */
const starter: Behavior<
  { begun: number; firedAtMs: number },
  { kind: "fire" },
  undefined,
  { kind: "begun" }
> = {
  name: "starter",
  start: () => ({ begun: 0, firedAtMs: 0 }),
  receive: (ctx, state) => {
    state.firedAtMs = ctx.now();
  },
  apply: (state) => {
    state.begun++;
  },
  signal(ctx, _state, signal) {
    if (signal.kind !== "recovered") return;
    ctx.record({ kind: "begun" });
    ctx.timer("fire", 1_000, { kind: "fire" });
  },
};

Deno.test("what an actor does when it has recovered needs no mail to take effect", () => {
  const replays: (() => void)[] = [];
  const bench = new Bench({
    actors: [spec("starter[0]", starter, true)],
    journal: (journal) => ({
      recover: (...rest) => journal.recover(...rest),
      append: (...rest) => journal.append(...rest),
      replay: (...rest) => replays.push(() => journal.replay(...rest)),
    }),
  });
  bench.run();
  bench.domain.crash("starter[0]", "test");
  bench.run(10);
  const wakesBefore = bench.wakes;
  replays.shift()!();
  assert.equal(bench.wakes, wakesBefore + 1);
  bench.run();
  assert.equal(bench.disk.of("starter[0]").length, 2);
});

Deno.test("timers count from the end of a recovery that took long", () => {
  const bench: Bench = new Bench({
    actors: [spec("starter[0]", starter, true)],
    journal: (journal) => ({
      recover(partitions, into, done) {
        journal.recover(partitions, into, (recovered) => {
          clockMs += 5_000;
          done(recovered);
        });
      },
      append: (...rest) => journal.append(...rest),
      replay: (...rest) => journal.replay(...rest),
    }),
    wallMs: () => clockMs,
    monotonicMs: () => clockMs,
  });
  bench.run();
  const state = bench.domain.stateOf("starter[0]") as { firedAtMs: number };
  assert.equal(state.firedAtMs, 0, "5 s of recovery are not part of the wait");
  clockMs += 1_010;
  bench.run();
  assert.equal(state.firedAtMs, clockMs);
});
let clockMs = 1_000_000;

type GreeterMessage =
  | ({ kind: "greet" } & Asks<string>)
  | Answered<"greeted", string, undefined>;

/** Asks a neighbor as soon as it lives. */
const greeter: Behavior<{ heard: string[] }, GreeterMessage> = {
  name: "greeter",
  start: () => ({ heard: [] }),
  receive(ctx, state, message) {
    if (message.kind === "greet") return ctx.reply(ok("hello"));
    state.heard.push(message.outcome.kind);
  },
  signal(ctx, _state, signal) {
    if (signal.kind !== "recovered") return;
    const options = { as: "greeted", withinMs: 100 } as const;
    ctx.ask("greeter[1]", { kind: "greet" }, options);
  },
};

Deno.test("actors that recover together find one another there", () => {
  const bench = new Bench({
    actors: [
      spec("greeter[0]", greeter, false),
      spec("greeter[1]", greeter, false),
    ],
  });
  bench.run();
  assert.deepEqual(bench.domain.stateOf("greeter[0]"), { heard: ["ok"] });
});

type Sip = { kind: "sip" } & Asks<null>;

/** Its past cannot be folded while `poisoned` is set. */
const fragile: Behavior<null, Sip, undefined, { kind: "sipped" }> = {
  name: "fragile",
  start: () => null,
  receive: (ctx) => {
    ctx.record({ kind: "sipped" });
    ctx.reply(ok(null));
  },
  apply: () => {
    if (poisoned) throw new Error("on purpose");
  },
};
let poisoned = false;

Deno.test("a fold that throws at a restart is a crash of its actor alone", () => {
  poisoned = false;
  const bench = new Bench({
    actors: [
      spec("fragile[0]", fragile, true),
      spec("counter[0]", counter, true),
    ],
  });
  bench.ask("fragile[0]", { kind: "sip" });
  bench.run();
  poisoned = true;
  bench.domain.crash("fragile[0]", "test");
  bench.run(10);
  assert.notEqual(bench.status("fragile[0]"), "running");
  assert.equal(bench.domain.report().actors[0]!.lastCrash?.cause, "on purpose");
  const neighbor = bench.ask("counter[0]", add(1));
  bench.run();
  assert.deepEqual(neighbor.outcome, ok(1));
  poisoned = false;
  bench.run(5_000);
  assert.equal(bench.status("fragile[0]"), "running");
});

/** Crashes whenever it is told that it has recovered, until it may live. */
const stillborn: Behavior<null> = {
  name: "stillborn",
  start: () => null,
  receive: (ctx) => ctx.reply(ok(null)),
  signal: (_ctx, _state, signal) => {
    if (signal.kind === "recovered" && poisoned) throw new Error("on purpose");
  },
};

Deno.test("G20 an actor that crashes in recovered stays within its budget and comes back", () => {
  poisoned = true;
  const bench = new Bench({ actors: [spec("stillborn[0]", stillborn, false)] });
  for (let ms = 0; ms < 3_000; ms += 10) bench.run(10);
  const { crashes, status } = bench.domain.report().actors[0]!;
  assert.equal(status, "down");
  assert(crashes <= 8, `three restarts, then a try a second: ${crashes}`);
  poisoned = false;
  bench.run(2_000);
  const served = bench.ask("stillborn[0]", { kind: "anything" });
  bench.run();
  assert.deepEqual(served.outcome, ok(null));
});

Deno.test("an ask under way at a crash ends once, and its late answer is a dead letter", () => {
  const commits: (() => void)[] = [];
  const bench = new Bench({ schedule: (commit) => commits.push(commit) });
  const call = (message: CounterMessage) =>
    ({ kind: "call", message }) as CallerMessage;
  const asked = bench.ask("caller[0]", call(add(1)));
  bench.domain.slow("caller[0]", 20);
  bench.run();
  bench.domain.crash("caller[0]", "test");
  bench.domain.slow("caller[0]", 0);
  bench.run(50);
  assert.equal(asked.outcome?.kind, "unknown");
  const again = bench.ask("caller[0]", call({ kind: "read" }));
  bench.run();
  assert.equal(again.outcome, null, "held: it would reveal the add");
  commits.shift()!();
  assert.deepEqual(again.outcome, ok(1));
});

Deno.test("two lives of a domain draw from different random streams", () => {
  const drawn: number[] = [];
  const gambler: Behavior<null> = {
    name: "gambler",
    start: () => null,
    receive: (ctx) => void drawn.push(ctx.random()),
  };
  for (const incarnation of [1, 2, 1]) {
    const bench = new Bench({
      incarnation,
      actors: [spec("gambler[0]", gambler, false)],
    });
    bench.domain.tell("gambler[0]", { kind: "draw" });
    bench.run();
  }
  assert.notEqual(drawn[0], drawn[1], "an id drawn before must not come again");
  assert.equal(drawn[0], drawn[2], "the same life is the same run");
});

Deno.test("now never falls behind an event, whatever the wall clock does", () => {
  let wallMs = 5_000;
  const bench = new Bench({ wallMs: () => wallMs });
  bench.ask("counter[0]", add(1));
  bench.run();
  wallMs = 1_000;
  bench.ask("counter[0]", add(1));
  bench.run();
  const later = new Bench({ disk: bench.disk, wallMs: () => wallMs });
  later.ask("counter[0]", add(1));
  later.run();
  assert.deepEqual(
    later.disk.of("counter[0]").map(({ atMs }) => atMs),
    [5_000, 5_000, 5_000],
  );
});

Deno.test("a domain whose journal is away can be started again", () => {
  let isAway = true;
  const disk = new MemoryDisk();
  const bench = new Bench({
    disk,
    journal: (journal) => ({
      recover: (partitions, into, done) =>
        isAway ? done(null) : journal.recover(partitions, into, done),
      append: (...rest) => journal.append(...rest),
      replay: (...rest) => journal.replay(...rest),
    }),
  });
  const early = bench.ask("counter[0]", add(1));
  assert.equal(early.outcome?.kind, "failed");
  isAway = false;
  const answers: boolean[] = [];
  bench.domain.start((started) => answers.push(started));
  const served = bench.ask("counter[0]", add(1));
  bench.run();
  assert.deepEqual([answers, served.outcome], [[true], ok(1)]);
  assert.throws(() => bench.domain.start(() => {}), TypeError);
});

Deno.test("a domain that ended takes nothing more and lets nothing more out", () => {
  const bench = new Bench();
  bench.disk.epochs.set("counter[0]", 99);
  bench.ask("counter[0]", add(1));
  bench.run();
  assert.equal(bench.died, "fenced");
  const sentBefore = bench.sent.length;
  assert.equal(bench.ask("counter[0]", add(1)).outcome?.kind, "failed");
  bench.domain.tell("elsewhere[0]", { kind: "hello" });
  assert.equal(bench.domain.crash("caller[0]", "test"), false);
  bench.domain.stop();
  bench.run(10_000);
  assert.equal(bench.sent.length, sentBefore);
});

Deno.test("an actor must fit its domain, or it is refused when it is added", () => {
  const bench = new Bench();
  assert.throws(() => bench.domain.add(spec("late[0]", caller, false)));
  assert.throws(
    () => new Bench({ actors: [spec("main", caller, false)] }),
    TypeError,
  );
  assert.throws(
    () => new Bench({ actors: [spec("caller[0]", caller, true)] }),
    TypeError,
  );
});

/** A bench whose replays come when the test says so, with what it says. */
function lateReplays() {
  const replays: ((lastSequence?: number | null) => void)[] = [];
  const bench = new Bench({
    journal: (journal) => ({
      recover: (...rest) => journal.recover(...rest),
      append: (...rest) => journal.append(...rest),
      replay: (partition, into, done) =>
        replays.push((lastSequence) =>
          lastSequence === undefined
            ? journal.replay(partition, into, done)
            : done(lastSequence)
        ),
    }),
  });
  return { bench, replays };
}

Deno.test("a partition that cannot be read now is read again later", () => {
  const { bench, replays } = lateReplays();
  bench.ask("counter[0]", add(1));
  bench.run();
  bench.domain.crash("counter[0]", "test");
  bench.run(10);
  replays.shift()!(null);
  assert.equal(bench.status(), "folding");
  bench.run(300);
  // Somebody else's event: this actor must not live on without it.
  replays.shift()!(2);
  assert.equal(bench.status(), "folding");
  bench.run(300);
  replays.shift()!();
  assert.equal(bench.status(), "running");
  assert.equal(bench.state.total, 1);
});

Deno.test("a replay that comes back to a domain that ended begins no life", () => {
  const replays: (() => void)[] = [];
  const bench = new Bench({
    actors: [spec("counter[0]", counter, true), spec("busy[0]", counter, true)],
    journal: (journal) => ({
      recover: (...rest) => journal.recover(...rest),
      append: (...rest) => journal.append(...rest),
      replay: (...rest) => replays.push(() => journal.replay(...rest)),
    }),
  });
  bench.domain.crash("counter[0]", "test");
  bench.run(10);
  bench.journal.refuseWith = "fenced";
  const refused = bench.ask("busy[0]", add(1));
  bench.run();
  assert.deepEqual([bench.died, refused.outcome?.kind], ["fenced", "unknown"]);
  replays.shift()!();
  assert.equal(bench.status(), "folding");
});

Deno.test("each life of an actor draws from a stream of its own", () => {
  const drawn: number[] = [];
  const gambler: Behavior<null> = {
    name: "gambler",
    start: () => null,
    receive: (ctx) => void drawn.push(ctx.random()),
  };
  const bench = new Bench({ actors: [spec("gambler[0]", gambler, false)] });
  for (let life = 0; life < 2; life++) {
    bench.domain.tell("gambler[0]", { kind: "draw" });
    bench.run();
    bench.domain.crash("gambler[0]", "test");
    bench.run(10);
  }
  const fresh = new Bench({ actors: [spec("gambler[0]", gambler, false)] });
  fresh.domain.tell("gambler[0]", { kind: "draw" });
  fresh.domain.tell("gambler[0]", { kind: "draw" });
  fresh.run();
  assert.deepEqual(drawn[0], drawn[2]);
  assert.notEqual(drawn[1], drawn[3], "not the first life's second number");
});
