/**
 * What goes wrong in other actor systems, each pain with the test that it does
 * not go wrong here. Those of threads stand in `tests/cluster/worker/`.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type {
  MailboxSpec,
  Message,
  Signal,
} from "../../../actors/runtime/actor.ts";
import { failed, ok } from "../../../actors/runtime/outcome.ts";
import { acting, type AnyContext, child, Stage } from "./pains_bench.ts";

/** Mail that stands for work. */
const work = (number: number) => ({ kind: "work", number }) as Message;
const poison = (number: number) => ({ kind: "poison", number }) as Message;

/** Refuses to go on. */
function crash(): never {
  throw new Error("on purpose");
}

// ── 3 and 4: too much mail ────────────────────────────────────────────────

/**
 * Floods an actor while its answer, its timer and the end of whom it watches
 * wait in its mailbox: a thousand messages, and an urgent one.
 */
function flood(mailbox: Required<Pick<MailboxSpec, "capacity" | "overflow">>) {
  const heard: string[] = [];
  const said: string[] = [];
  const flooded = acting({
    begin(ctx) {
      ctx.watch("mortal");
      ctx.ask("peer", { kind: "hello" }, { as: "answer", withinMs: 60_000 });
      ctx.timer("tick", 8, { kind: "tick" });
    },
    answer: (_ctx, { outcome }) => heard.push(`answer ${outcome.kind}`),
    tick: () => heard.push("tick"),
    work: (_ctx, { number }) => heard.push(`work ${number}`),
    stop_now: () => heard.push("urgent"),
  }, {
    signal: (_ctx, _state, { kind }) => kind === "down" && heard.push(kind),
    urgent: new Set(["stop_now"]),
  });
  const flooder = acting({
    flood(ctx) {
      for (let number = 1; number <= 1_000; number++) {
        said.push(ctx.tell("flooded", work(number)));
      }
      said.push(ctx.tell("flooded", { kind: "stop_now" }));
    },
  }, { signal: (_ctx, _state, { kind }) => said.push(kind) });
  const stage = new Stage((domain) => {
    const mortal = acting({ end: (ctx) => ctx.stop() });
    domain.spawn(child("flooded", flooded, { mailbox }));
    domain.spawn(child("flooder", flooder));
    domain.spawn(child("peer", acting({ hello: (ctx) => ctx.reply(ok(1)) })));
    domain.spawn(child("mortal", mortal, { restart: "temporary" }));
  });
  stage.domain.slow("flooded", 1_000);
  stage.tell("flooded", { kind: "begin" });
  stage.tell("mortal", { kind: "end" });
  stage.run(100);
  assert.equal(stage.actor("flooded")!.depth, 3, "answer, tick and down");
  stage.tell("flooder", { kind: "flood" });
  stage.run();
  const { depth } = stage.actor("flooded")!;
  stage.domain.slow("flooded", 0);
  stage.run(1_000);
  const { dropped = 0 } = stage.domain.deadLetters.byReason();
  const queued = said.filter((each) => each === "queued").length;
  return { heard, said, depth, dropped, queued };
}

const CONTROL = ["down", "answer ok", "tick"];

// G36
for (
  const [overflow, queued, dropped, handled] of [
    ["reject", 2, 0, 1],
    ["drop_newest", 1_001, 999, 1],
    ["drop_oldest", 1_001, 999, 1_000],
    ["backpressure", 2, 0, 1],
  ] as const
) {
  Deno.test(`pain 3: a flood is refused at the bound, and control messages are never evicted by it (${overflow})`, () => {
    const flooded = flood({ capacity: 4, overflow });
    assert.equal(flooded.depth, 5, "four, and the urgent one");
    assert.equal(flooded.queued, queued);
    assert.equal(flooded.dropped, dropped);
    const expected = ["urgent", ...CONTROL, `work ${handled}`];
    assert.deepEqual(flooded.heard, expected);
    assert.equal(flooded.said.includes("room"), overflow === "backpressure");
  });
}

Deno.test("pain 3: where only control messages wait, the flood itself is dropped", () => {
  const { heard, depth, dropped } = flood({
    capacity: 3,
    overflow: "drop_oldest",
  });
  assert.deepEqual(heard, ["urgent", ...CONTROL]);
  assert.deepEqual([depth, dropped], [4, 1_000]);
});

// G35
Deno.test("pain 4: tell says full and never throws into the sender, who is not restarted", () => {
  const said: string[] = [];
  const sender = acting({
    send(ctx, _message, state) {
      for (const to of ["slow", "slow", "slow", "leaving", "nobody"]) {
        said.push(ctx.tell(to, work(0)));
      }
      state.isThrough = true;
    },
    check: (ctx, _message, state) => ctx.reply(ok(state.isThrough)),
  });
  const receiver = acting({ work: () => {}, leave: (ctx) => ctx.stop() });
  const stage = new Stage((domain) => {
    domain.spawn(child("slow", receiver, { mailbox: { capacity: 2 } }));
    domain.spawn(child("leaving", receiver, { restart: "transient" }));
    domain.spawn(child("sender", sender));
  });
  stage.domain.slow("leaving", 1_000);
  stage.tell("leaving", { kind: "leave" }, work(0));
  stage.run();
  stage.tell("sender", { kind: "send" });
  const checked = stage.ask("sender", { kind: "check" });
  stage.run();
  assert.deepEqual(said, ["queued", "queued", "full", "gone", "queued"]);
  assert.deepEqual(checked.outcome, ok(true), "its state is what it was");
  const { crashes, incarnation } = stage.actor("sender")!;
  assert.deepEqual([crashes, incarnation], [0, 1]);
  const { ended, not_there } = stage.domain.deadLetters.byReason();
  assert.deepEqual([ended, not_there], [1, 1], "what nobody took is counted");
});

// ── 5 to 8: crashes ───────────────────────────────────────────────────────

/** Patient enough for every crash of a play, with a growing back-off. */
const PATIENT = {
  strategy: "one_for_one",
  maxRestarts: 100,
  periodMs: 1_000_000,
  backoff: { minMs: 100, maxMs: 800, resetAfterMs: 10_000 },
} as const;

Deno.test("pain 5: mail, stash and order survive crash, restart and back-off; only the poison is gone", () => {
  const kind = fc.constantFrom("work", "aside", "poison");
  fc.assert(
    fc.property(fc.array(kind, { maxLength: 24 }), (kinds) => {
      const done: number[] = [];
      const finish = (_ctx: AnyContext, { number }: { number: number }) =>
        done.push(number);
      const worker = acting({
        work: finish,
        poison: crash,
        aside(ctx, message, state) {
          if (state.isOpen) finish(ctx, message);
          else assert(ctx.stash());
        },
        open(ctx, _message, state) {
          state.isOpen = true;
          ctx.unstash();
        },
      }, { keyOf: ({ number }) => `${number}` });
      const stage = new Stage((domain) =>
        domain.supervise({
          ...PATIENT,
          name: "workers",
          children: [child("worker", worker)],
        })
      );
      for (const [number, kind] of kinds.entries()) {
        stage.tell("worker", { kind, number } as Message);
        // Some come before the crash, some in the midst of the back-off.
        if (number % 3 === 0) stage.run(40);
      }
      stage.run(100_000);
      stage.tell("worker", { kind: "open" });
      stage.run();
      const of = (wanted: string) =>
        [...kinds.keys()].filter((number) => kinds[number] === wanted);
      assert.deepEqual(done, [...of("work"), ...of("aside")]);
      assert.equal(stage.actor("worker")!.crashes, of("poison").length);
      assert.equal(stage.domain.report().deadLetters, 0);
    }),
    { seed: 20261111, numRuns: 100 },
  );
});

// G42
Deno.test("pain 5: who asked for what was set aside is answered by the next life", () => {
  const worker = acting({
    ask: (ctx, _message, state) =>
      state.isOpen ? ctx.reply(ok(ctx.incarnation)) : void ctx.stash(),
    poison: crash,
    open(ctx, _message, state) {
      state.isOpen = true;
      ctx.unstash();
    },
  });
  const stage = new Stage((domain) => domain.spawn(child("worker", worker)));
  const asked = stage.ask("worker", { kind: "ask" });
  stage.tell("worker", poison(1), { kind: "open" });
  stage.run(10);
  assert.deepEqual(asked.outcome, ok(2));
});

/** Hears of ends, and starts a child as often as it is told to. */
function parentOf(spec: ReturnType<typeof child>, heard: string[]) {
  const start = (ctx: AnyContext) => {
    try {
      ctx.spawn(spec);
    } catch (error) {
      assert(error instanceof TypeError);
      heard.push("the name is taken");
    }
  };
  return acting({ start }, {
    signal(ctx, _state, signal: Signal) {
      if (signal.kind !== "down") return;
      heard.push(`down ${signal.ref} ${signal.reason.kind}`);
      if (heard.length < 4) start(ctx);
    },
  });
}

// G40
Deno.test("pain 6: a start that throws is an exit: parent and watchers hear, and the name is free only afterwards", () => {
  const heard: string[] = [];
  const seen: Signal[] = [];
  const unborn = child("unborn", acting({}, { start: crash }));
  const watcher = acting({ watch: (ctx) => ctx.watch("parent/unborn") }, {
    signal: (_ctx, _state, signal) => seen.push(signal),
  });
  const stage = new Stage((domain) => {
    domain.spawn(child("parent", parentOf(unborn, heard)));
    domain.spawn(child("watcher", watcher));
  });
  seen.length = 0;
  const start = { kind: "start" };
  stage.tell("parent", start, start);
  stage.tell("watcher", { kind: "watch" });
  stage.run(100);
  const down = "down parent/unborn init_failed";
  assert.deepEqual(heard, ["the name is taken", down, down, down]);
  const reason = { kind: "init_failed", cause: "on purpose" };
  assert.deepEqual(seen, [{ kind: "down", ref: "parent/unborn", reason }]);
  assert.equal(stage.actor("parent")!.crashes, 0, "it is not the parent's");
  assert.equal(stage.actor("parent/unborn"), undefined, "no zombie");
});

Deno.test("pain 6: the supervisor decides about a start that throws, and the mail waits for one that does not", () => {
  let starts = 0;
  const frail = acting(
    { poison: crash, work: (ctx) => ctx.reply(ok(starts)) },
    {
      start: () => ++starts >= 2 && starts <= 3 ? crash() : {},
    },
  );
  const stage = new Stage((domain) =>
    domain.supervise({
      ...PATIENT,
      name: "frail_ones",
      maxRestarts: 3,
      children: [child("frail", frail)],
    })
  );
  const asked = stage.ask("frail", work(1));
  stage.run();
  assert.deepEqual(asked.outcome, ok(1));
  stage.tell("frail", poison(1));
  const waiting = stage.ask("frail", work(2));
  stage.run(1_000);
  assert.deepEqual(waiting.outcome, ok(4), "twice it threw, then it lived");
  const causes = stage.linesOf("actor crashed").map((line) => [
    line.action,
    line.restartsLeft,
  ]);
  assert.deepEqual(causes, [["restart", 2], ["restart", 1], ["restart", 0]]);
});

// G47
Deno.test("pain 7: each crash is one structured line: cause, message kind, incarnation, budget left", () => {
  const fragile = acting({
    poison: crash,
  }, {
    signal(ctx, _state, { kind }) {
      if (kind === "recovered" && ctx.incarnation === 2) crash();
    },
    keyOf: ({ number }) => `${number}`,
  });
  const stage = new Stage((domain) =>
    domain.supervise({
      ...PATIENT,
      name: "fragile_ones",
      maxRestarts: 2,
      children: [child("fragile", fragile)],
    })
  );
  const crashedAtMs = stage.nowMs;
  stage.tell("fragile", poison(1));
  stage.run(1_000);
  // The crash of one that is being stopped is seen like any other.
  stage.tell("fragile", poison(2));
  stage.domain.shutDown(() => {});
  stage.run(100);
  const common = {
    domain: "main",
    actor: "fragile",
    cause: "on purpose",
  };
  const [first, second, third, ...more] = stage.linesOf("actor crashed");
  assert.deepEqual(first, {
    ...common,
    atMs: crashedAtMs,
    incarnation: 1,
    messageKind: "poison",
    action: "restart",
    delayMs: 0,
    restartsLeft: 1,
  });
  assert.deepEqual(
    [second?.messageKind, second?.incarnation, second?.restartsLeft],
    ["signal", 2, 0],
  );
  assert.deepEqual(
    [third?.messageKind, third?.incarnation, third?.action],
    ["poison", 3, "forget"],
  );
  assert.deepEqual(more, []);
});

/** Two supervisors of three, each with two restarts in a second. */
function stageOfTwo() {
  const policy = {
    strategy: "one_for_all",
    maxRestarts: 2,
    periodMs: 1_000,
  } as const;
  const one = acting({});
  const stage = new Stage((domain) => {
    for (const name of ["left", "right"]) {
      const children = ["a", "b", "c"].map((each) => child(name + each, one));
      domain.supervise({ ...policy, name, children });
    }
  });
  const crashAfter = (afterMs: number, address: string) => {
    stage.run(afterMs);
    assert(stage.domain.crash(address, "on purpose"));
    stage.run();
    return stage.linesOf("supervisor gave up").map((line) => line.supervisor);
  };
  return { stage, crashAfter };
}

// G38
Deno.test("pain 8: the budget is the supervisor's own and exact: the last of it restarts, one more within the period escalates", () => {
  const within = stageOfTwo();
  within.crashAfter(0, "lefta");
  within.crashAfter(400, "leftb");
  // The siblings of a crashed actor start with it; that is one restart.
  assert.equal(within.stage.actor("leftc")!.incarnation, 3);
  within.crashAfter(0, "righta");
  assert.deepEqual(within.crashAfter(0, "rightb"), [], "it is not shared");
  assert.deepEqual(within.crashAfter(600, "leftc"), ["left"], "1,000 ms later");
  assert.equal(within.stage.actor("lefta")!.incarnation, 4, "the root's turn");
  assert.equal(within.stage.actor("righta")!.incarnation, 3);

  const beyond = stageOfTwo();
  beyond.crashAfter(0, "lefta");
  beyond.crashAfter(400, "leftb");
  assert.deepEqual(beyond.crashAfter(601, "leftc"), [], "1,001 ms later");
  assert.deepEqual(beyond.crashAfter(399, "lefta"), ["left"]);
});

// ── 9 and 10: asks ────────────────────────────────────────────────────────

/** How the peer of pending asks ends, and what becomes of them. */
const ENDS = {
  "its domain is lost": {
    end: (stage: Stage) => stage.lose("far"),
    outcomes: ["unknown", "unknown", "unknown"],
  },
  "it crashes": {
    end: (stage: Stage, place: string) =>
      void stage.domainOf(place || "main").crash(peerOf(place), "on purpose"),
    outcomes: ["unknown", "unavailable", "unavailable"],
  },
  "it is killed": {
    end: (stage: Stage, place: string) =>
      stage.tell(parentAt(place), { kind: "kill" }),
    outcomes: ["unknown", "unavailable", "unavailable"],
  },
  "it stops": {
    end: (stage: Stage, place: string) =>
      stage.tell(parentAt(place), { kind: "stop" }),
    outcomes: ["unknown", "unavailable", "unavailable"],
  },
};
const parentAt = (place: string) => place === "" ? "parent" : `${place}.parent`;
const peerOf = (place: string) => `${parentAt(place)}/peer`;

/** A peer with an ask taken along, one set aside, one that waits. */
function stageOfPending(place: string) {
  const settled: string[] = [];
  const peer = acting({
    take: (ctx) => ctx.asker(),
    aside: (ctx) => ctx.stash(),
    nothing: () => {},
  });
  const spec = child("peer", peer, { shutdownMs: 64 });
  const parent = acting({
    kill: (ctx) => ctx.kill(peerOf(place)),
    stop: (ctx) => ctx.stop(peerOf(place)),
  }, {
    signal: (ctx, _state, { kind }) => kind === "recovered" && ctx.spawn(spec),
  });
  const asker = acting({
    ask: (ctx, { message }) =>
      ctx.ask(peerOf(place), message, { as: "answer", withinMs: 60_000 }),
    answer: (_ctx, { outcome }) => settled.push(outcome.code ?? outcome.kind),
  });
  const found = (at: string) => (domain: Stage["domain"]) => {
    if (at === place) domain.spawn(child(parentAt(at), parent));
    if (at === "") domain.spawn(child("asker", asker));
  };
  const stage = new Stage({ main: found(""), far: found("far") });
  const ask = (kind: string) => {
    stage.tell("asker", { kind: "ask", message: { kind } } as Message);
    return stage.ask(peerOf(place), { kind });
  };
  const asked = [ask("take"), ask("aside")];
  stage.run();
  stage.domainOf(place || "main").slow(peerOf(place), 50_000);
  stage.tell(peerOf(place), { kind: "nothing" });
  stage.run();
  asked.push(ask("nothing"));
  stage.run();
  return { stage, asked, settled };
}

// G22
for (const [how, { end, outcomes }] of Object.entries(ENDS)) {
  Deno.test(`pain 9: every pending ask settles when ${how}, long before its deadline`, () => {
    const isLoss = how === "its domain is lost";
    for (const place of isLoss ? ["far"] : ["", "far"]) {
      const { stage, asked, settled } = stageOfPending(place);
      assert(asked.every(({ outcome }) => outcome === null));
      const endedAtMs = stage.nowMs;
      end(stage, place);
      stage.run(100);
      const codes = asked.map(({ outcome }) =>
        outcome !== null && "code" in outcome ? outcome.code : outcome?.kind
      );
      assert.deepEqual(codes, outcomes, `to the host, peer at "${place}"`);
      assert.deepEqual(settled.sort(), outcomes.toSorted(), "to the actor");
      assert(asked.every(({ endedAtMs: at }) => at - endedAtMs <= 64));
      assert.equal(stage.domain.report().pendingAsks, 0);
      const late = stage.ask(peerOf(place), { kind: "nothing" });
      stage.run();
      assert.deepEqual(late.outcome, failed("unavailable", 250), "at once");
    }
  });
}

/** Hands the ask on along a path, and the answer back. */
const hop = acting({
  go: (ctx, { path: [next, ...path], first }) => {
    if (next === undefined) return ctx.reply(ok(ctx.self));
    // Whoever has answered waits for nobody.
    if (first === "answer") ctx.reply(ok("answered"));
    const about = ctx.asker();
    const message = { kind: "go", path } as Message;
    ctx.ask(next, message, { as: "back", withinMs: 50_000, about });
  },
  back: (ctx, { outcome, about }, state) => {
    state.last = outcome;
    ctx.answer(about, outcome);
  },
  last: (ctx, _message, state) => ctx.reply(ok(state.last)),
});

/** Three hops in one domain, in two, in three. */
const PLACES = [
  ["a", "b", "c"],
  ["a", "b", "far.c"],
  ["a", "far.b", "far.c"],
  ["a", "far.b", "third.c"],
] as const;

function stageOfHops(places: readonly string[]): Stage {
  const found = (prefix: RegExp) => (domain: Stage["domain"]) => {
    for (const name of places) {
      if (prefix.test(name)) domain.spawn(child(name, hop));
    }
  };
  return new Stage({
    main: found(/^\w+$/),
    far: found(/^far/),
    third: found(/^third/),
  });
}

// G44
Deno.test("pain 10: A asks B asks C asks A fails at once as call-cycle, across domains too", () => {
  for (const places of PLACES) {
    const [a, b, c] = places;
    const stage = stageOfHops(places);
    const asked = stage.ask(a, { kind: "go", path: [b, c, a] } as Message);
    const itself = stage.ask(b, { kind: "go", path: [b] } as Message);
    stage.run();
    const cycle = failed("call-cycle", 250);
    assert.deepEqual(asked.outcome, cycle, places.join());
    assert.deepEqual(itself.outcome, cycle, `${b} asks itself`);
    assert.equal(asked.endedAtMs, 1_000_000, "no time passed");
  }
});

Deno.test("pain 10: there is no cycle where A has answered, or is asked twice one after the other", () => {
  for (const places of PLACES) {
    const [a, b, c] = places;
    const stage = stageOfHops(places);
    const go = { kind: "go", path: [b, c, a], first: "answer" } as Message;
    const asked = stage.ask(a, go);
    stage.run();
    assert.deepEqual(asked.outcome, ok("answered"));
    const last = stage.ask(a, { kind: "last" });
    stage.run();
    assert.deepEqual(last.outcome, ok(ok(a)), `asked by ${c}`);
    for (let times = 0; times < 2; times++) {
      const straight = stage.ask(a, { kind: "go", path: [b, c] } as Message);
      stage.run();
      assert.deepEqual(straight.outcome, ok(c));
    }
  }
});

Deno.test("pain 10: the deadline goes with the ask: late, a kind that may be dropped is not run, any other is", () => {
  for (const to of ["slow", "far.slow"]) {
    const ran: string[] = [];
    const slow = acting({
      read: () => ran.push("read"),
      write: () => ran.push("write"),
    }, { droppable: new Set(["read"]) });
    const asker = acting({
      ask(ctx) {
        for (const kind of ["read", "write"]) {
          ctx.ask(to, { kind }, { as: "answer", withinMs: 50 });
        }
      },
      answer: (_ctx, { outcome }) => ran.push(outcome.kind),
    });
    const stage = new Stage({
      main(domain) {
        domain.spawn(child("asker", asker));
        domain.spawn(child("slow", slow));
      },
      far: (domain) => domain.spawn(child("far.slow", slow)),
    });
    stage.domainOf(to === "slow" ? "main" : "far").slow(to, 1_000);
    stage.tell(to, { kind: "write" });
    stage.run();
    stage.tell("asker", { kind: "ask" });
    const asked = stage.ask(to, { kind: "read" }, 50);
    stage.run(10_000);
    assert.deepEqual(ran, ["write", "unknown", "unknown", "write"], to);
    assert.equal(asked.outcome?.kind, "unknown");
  }
});
