/** Every queue of a domain has a bound, every wait an end. */
import assert from "node:assert/strict";
import type { Asks, Behavior, Message } from "../../../actors/runtime/actor.ts";
import { Envelope } from "../../../actors/runtime/envelope.ts";
import { ok } from "../../../actors/runtime/outcome.ts";
import {
  Bench,
  counter,
  type CounterMessage,
  restart,
  spec,
} from "./domain_bench.ts";

const add = (amount: number): CounterMessage => ({ kind: "add", amount });

type TryMessage = { kind: "try" } | { kind: "answered"; outcome: unknown };

/** Does in one step what a test wants, and keeps the answers. */
function trying(
  act: Behavior<unknown>["receive"],
): Behavior<{ heard: { kind: string; code?: string }[] }, TryMessage> {
  return {
    name: "trying",
    start: () => ({ heard: [] }),
    receive(ctx, state, message) {
      if (message.kind === "try") return act(ctx as never, state, message);
      state.heard.push(message.outcome as { kind: string });
    },
  };
}

function benchOf(act: Behavior<unknown>["receive"]): Bench {
  return new Bench({
    actors: [
      spec("trying[0]", trying(act), false),
      spec("counter[0]", counter, true),
    ],
  });
}

function attempt(bench: Bench) {
  const asked = bench.ask("trying[0]", { kind: "try" });
  bench.run();
  return asked.outcome;
}

Deno.test("the asks that actors make are bounded; the rest fail as overloaded", () => {
  const bench = benchOf((ctx) => {
    for (let count = 0; count < 262_150; count++) {
      ctx.ask("elsewhere[0]", { kind: "work" }, {
        as: "answered",
        withinMs: 5_000,
      });
    }
    ctx.reply(ok(null));
  });
  assert.deepEqual(attempt(bench), ok(null));
  const { heard } = bench.domain.stateOf("trying[0]") as {
    heard: { kind: string; code?: string }[];
  };
  // The ask of the test itself is under way, too.
  assert.equal(heard.length, 262_151 - 262_144);
  assert(heard.every(({ code }) => code === "overloaded"));
  assert.equal(bench.sent.length, 262_144 - 1);
  // The answer to the test made room for one.
  bench.ask("counter[0]", add(1));
  const more = bench.ask("counter[0]", add(1));
  assert.equal((more.outcome as { code?: string }).code, "overloaded");
});

Deno.test("an actor that takes too many askers along sends some away, unknown", () => {
  const bench = new Bench({
    actors: [{
      address: "counter[0]",
      behavior: counter,
      args: undefined,
      journaled: true,
      restart,
      mailboxCapacity: 70_000,
    }],
  });
  const asks = Array.from(
    { length: 65_538 },
    () => bench.ask("counter[0]", { kind: "wait" }),
  );
  bench.run();
  const sentAway = asks.filter(({ outcome }) => outcome?.kind === "unknown");
  assert.equal(sentAway.length, 2);
});

Deno.test("an actor that sets too many timers crashes, and leaves none", () => {
  const bench = benchOf((ctx) => {
    for (let count = 0; count <= 65_536; count++) {
      ctx.timer(`timer ${count}`, 1_000, { kind: "answered" });
    }
  });
  assert.equal((attempt(bench) as { code: string }).code, "crashed");
});

Deno.test("a wait without an end is refused where it is made", () => {
  const endless = { as: "answered", withinMs: Infinity };
  const bench = benchOf((ctx) => {
    ctx.ask("elsewhere[0]", { kind: "work" }, endless);
  });
  assert.equal((attempt(bench) as { code: string }).code, "crashed");
  assert.equal(bench.sent.length, 0);
  const armed = benchOf((ctx) => ctx.timer("t", NaN, { kind: "answered" }));
  assert.equal((attempt(armed) as { code: string }).code, "crashed");
  assert.throws(
    () => bench.domain.ask("counter[0]", add(1), NaN, () => {}),
    RangeError,
  );
});

Deno.test("G23 what was told is queued, or the teller hears that it was not", () => {
  const said: string[] = [];
  const bench = benchOf((ctx) => {
    said.push(ctx.tell("counter[0]", add(1)));
  });
  bench.domain.slow("counter[0]", 50);
  for (let tries = 0; tries < 8; tries++) {
    bench.domain.tell("trying[0]", { kind: "try" });
    bench.run();
  }
  // One is run at once, four fill the lane; the urgent lane stays empty.
  assert.deepEqual(said, [
    ...Array(5).fill("queued"),
    ...Array(3).fill("full"),
  ]);
  bench.run(1_000);
  for (let rest = 0; rest < 8; rest++) bench.run(60);
  assert.equal(bench.state.total, 5);
});

Deno.test("a full urgent lane says so, while the normal one has room", () => {
  const said: string[] = [];
  const bench = benchOf((ctx) => {
    const message = said.length < 6 ? { kind: "read" } : add(1);
    said.push(ctx.tell("counter[0]", message));
  });
  bench.domain.slow("counter[0]", 50);
  for (let tries = 0; tries < 7; tries++) {
    bench.domain.tell("trying[0]", { kind: "try" });
    bench.run();
  }
  assert.deepEqual(said, [...Array(5).fill("queued"), "full", "queued"]);
});

Deno.test("G23 answers held for a commit are bounded: steps wait for it, then go on", () => {
  const commits: (() => void)[] = [];
  const bench = new Bench({
    schedule: (commit) => commits.push(commit),
    actors: [{
      address: "counter[0]",
      behavior: counter,
      args: undefined,
      journaled: true,
      restart,
      mailboxCapacity: 80_000,
    }],
  });
  bench.ask("counter[0]", add(1));
  bench.run();
  const reads = Array.from(
    { length: 70_000 },
    () => bench.ask("counter[0]", { kind: "read" }),
  );
  bench.run();
  const { depth } = bench.domain.report().actors[0]!;
  assert(depth > 4_000 && depth < 5_000, `${depth} wait unrun`);
  const wakesBefore = bench.wakes;
  commits.shift()!();
  assert.equal(bench.wakes, wakesBefore + 1);
  bench.run();
  assert(reads.every(({ outcome }) => outcome?.kind === "ok"));
});

Deno.test("events staged behind a slow append are bounded: steps wait, then go on", () => {
  const commits: (() => void)[] = [];
  const bench = new Bench({
    schedule: (commit) => commits.push(commit),
    actors: [{
      address: "counter[0]",
      behavior: counter,
      args: undefined,
      journaled: true,
      restart,
      mailboxCapacity: 20_000,
    }],
  });
  bench.ask("counter[0]", add(1));
  bench.run();
  const asks = Array.from(
    { length: 17_000 },
    () => bench.ask("counter[0]", add(1)),
  );
  bench.run();
  const { depth } = bench.domain.report().actors[0]!;
  assert(depth > 500 && depth <= 17_000 - 16_384, `${depth} wait unrun`);
  while (commits.length > 0) {
    commits.shift()!();
    bench.run();
  }
  assert(asks.every(({ outcome }) => outcome?.kind === "ok"));
  assert.equal(bench.disk.of("counter[0]").length, 17_001);
});

Deno.test("full storage refuses asks from outside and keeps tells", () => {
  const bench = new Bench();
  bench.journal.refuseWith = "unavailable";
  const held = bench.ask("counter[0]", add(1));
  bench.run();
  const refused = bench.ask("counter[0]", { kind: "read" });
  assert.equal(
    (refused.outcome as { code: string }).code,
    "storage-unavailable",
  );
  bench.domain.tell("counter[0]", add(10));
  bench.domain.deliver(new Envelope("counter[0]", "far[0]", 0, 0, add(100)));
  bench.run(300);
  assert.equal(held.outcome, null);
  bench.journal.refuseWith = null;
  bench.run(2_000);
  bench.run(10);
  assert.deepEqual(held.outcome, ok(1), "the retry came before the deadline");
  assert.equal(bench.state.total, 111);
  assert.equal(bench.disk.of("counter[0]").length, 3);
});

Deno.test("a read inside the domain reveals nothing while storage is full", () => {
  const bench = new Bench();
  bench.journal.refuseWith = "unavailable";
  const held = bench.ask("counter[0]", add(1));
  bench.run();
  const call = { kind: "call", message: { kind: "read" } };
  const read = bench.ask("caller[0]", call, 10_000);
  bench.run();
  assert.equal(read.outcome, null);
  bench.journal.refuseWith = null;
  bench.run(150);
  assert.deepEqual([held.outcome, read.outcome], [ok(1), ok(1)]);
});

Deno.test("a commit that ends at once asks for no run where nothing is left", () => {
  const bench = new Bench();
  bench.ask("counter[0]", add(1));
  const wakesBefore = bench.wakes;
  bench.run();
  assert.equal(bench.wakes, wakesBefore);
});

Deno.test("what is asked while held outputs leave does not overtake them", () => {
  const commits: (() => void)[] = [];
  const bench = new Bench({ schedule: (commit) => commits.push(commit) });
  const send = (number: number) =>
    bench.domain.tell("far[0]", { kind: "numbered", number } as Message);
  bench.domain.ask("counter[0]", add(1), 1_000, () => send(2));
  bench.run();
  send(1);
  assert.equal(bench.sent.length, 0, "it may depend on the add");
  commits.shift()!();
  assert.deepEqual(
    bench.sent.map(({ content }) => (content as { number?: number }).number),
    [1, 2],
  );
});

Deno.test("an event that the state keeps cannot be written into", () => {
  type Kept = { kind: "kept"; list: number[] };
  type Keep = { kind: "keep" | "spoil" } & Asks<null>;
  const keeper: Behavior<{ last: Kept | null }, Keep, undefined, Kept> = {
    name: "keeper",
    start: () => ({ last: null }),
    receive(ctx, state, message) {
      if (message.kind === "keep") ctx.record({ kind: "kept", list: [1] });
      else state.last!.list.push(2);
      ctx.reply(ok(null));
    },
    apply: (state, event) => {
      state.last = event;
    },
  };
  const bench = new Bench({ actors: [spec("keeper[0]", keeper, true)] });
  bench.ask("keeper[0]", { kind: "keep" });
  const spoil = bench.ask("keeper[0]", { kind: "spoil" });
  bench.run();
  assert.equal((spoil.outcome as { code: string }).code, "crashed");
});

Deno.test("what a link could not carry crashes the step that hands it over", () => {
  const bench = benchOf((ctx) => {
    ctx.tell("far[0]", { kind: "dated", at: new Date(0) } as Message);
  });
  assert.equal((attempt(bench) as { code: string }).code, "crashed");
  assert.equal(bench.sent.length, 0);
});

Deno.test("a paused actor takes a step each time its pause is over", () => {
  const bench = new Bench();
  bench.domain.slow("counter[0]", 100);
  const asks = [1, 2, 3].map(() => bench.ask("counter[0]", add(1)));
  const done = () => asks.filter(({ outcome }) => outcome !== null).length;
  bench.run();
  assert.equal(done(), 1);
  bench.run(50);
  assert.equal(done(), 1);
  bench.run(60);
  assert.equal(done(), 2);
  bench.domain.slow("counter[0]", 0);
  bench.run(110);
  assert.equal(done(), 3);
});
