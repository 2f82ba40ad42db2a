/** What OTP's supervisors are known for, on supervisors that run. */
import assert from "node:assert/strict";
import type { Journal } from "../../../actors/runtime/ports.ts";
import type { RestartPolicy } from "../../../actors/runtime/supervisor.ts";
import {
  MemoryDisk,
  MemoryJournal,
} from "../../../actors/runtime/test_kit/memory_journal.ts";
import { crash, supervisor, Tree } from "./trees_bench.ts";

/** Three actors below one supervisor. */
function three(policy: Partial<RestartPolicy>): Tree {
  return new Tree((tree) => ({
    main: [
      supervisor(
        "top",
        policy,
        ["a", "b", "c"].map((name) => tree.child(name)),
      ),
    ],
  }));
}

/** `a`, then a supervisor of `b` and `c`, then `d`. */
function nested(
  outer: Partial<RestartPolicy>,
  inner: Partial<RestartPolicy>,
): Tree {
  return new Tree((tree) => ({
    main: [
      supervisor("outer", outer, [
        tree.child("a"),
        supervisor("inner", inner, [tree.child("b"), tree.child("c")]),
        tree.child("d"),
      ]),
    ],
  }));
}

// ── Order and strategy ────────────────────────────────────────────────────

Deno.test("G39 actors start in order, across nested supervisors, and stop in reverse", () => {
  const tree = nested({}, {});
  assert.deepEqual(tree.news(), ["start a", "start b", "start c", "start d"]);
  assert.deepEqual(tree.shutDown(), [
    ...["stop d", "stop c", "stop b", "stop a"],
    "all have ended",
  ]);
});

for (
  const [strategy, news] of [
    ["one_for_one", ["start b"]],
    ["one_for_all", ["stop c", "stop a", "start a", "start b", "start c"]],
    ["rest_for_one", ["stop c", "start b", "start c"]],
  ] as const
) {
  Deno.test(`G38 ${strategy}: who is stopped with a child that crashed, in reverse, and started with it, in order`, () => {
    const tree = three({ strategy });
    tree.news();
    tree.crash("b");
    assert.deepEqual(tree.news(), news);
    const started = new Set<string>(news);
    for (const name of ["a", "b", "c"]) {
      assert.equal(tree.life(name), started.has(`start ${name}`) ? 2 : 1);
    }
  });
}

Deno.test("whoever is started again keeps the mail that waits", () => {
  const tree = three({ strategy: "one_for_all" });
  for (const name of ["a", "c"]) tree.domain.slow(name, 16);
  tree.stage.tell("b", tree.acting(crash));
  for (const name of ["a", "b", "c"]) {
    for (const kind of ["one", "two"]) tree.stage.tell(name, { kind });
  }
  tree.news();
  tree.stage.run();
  assert(tree.news().includes("stop a"));
  for (const name of ["a", "c"]) assert.equal(tree.stage.actor(name)!.depth, 1);
  tree.stage.run(100);
  assert.deepEqual(tree.news(), ["a: two", "c: two"]);
  assert.equal(tree.domain.report().deadLetters, 0);
});

Deno.test("what happens below an inner supervisor is nobody's affair outside it", () => {
  const tree = nested({ strategy: "one_for_all" }, { strategy: "one_for_all" });
  tree.news();
  tree.crash("b");
  assert.deepEqual(tree.news(), ["stop c", "start b", "start c"]);
});

for (
  const [strategy, news] of [
    ["one_for_one", ["stop c", "start b", "start c"]],
    ["one_for_all", [
      ...["stop c", "stop d", "stop a"],
      ...["start a", "start b", "start c", "start d"],
    ]],
    ["rest_for_one", [
      ...["stop c", "stop d"],
      ...["start b", "start c", "start d"],
    ]],
  ] as const
) {
  Deno.test(`${strategy}: an inner supervisor that gave up is a child like any other`, () => {
    const tree = nested({ strategy }, { maxRestarts: 0 });
    tree.news();
    tree.crash("b");
    assert.deepEqual(tree.news(), news);
  });
}

Deno.test("an inner supervisor is stopped and started with its siblings, in its place", () => {
  const tree = nested({ strategy: "one_for_all" }, {});
  tree.news();
  tree.crash("a");
  assert.deepEqual(tree.news(), [
    ...["stop d", "stop c", "stop b"],
    ...["start a", "start b", "start c", "start d"],
  ]);
});

// ── Restart types ─────────────────────────────────────────────────────────

const STOPS = (ctx: { stop(): void }) => ctx.stop();

for (
  const [restart, stopped, crashed] of [
    ["permanent", 2, 2],
    ["transient", 0, 2],
    ["temporary", 0, 0],
  ] as const
) {
  Deno.test(`${restart}: its life after a normal end is ${stopped}, after a crash ${crashed} (0: none)`, () => {
    for (const [act, life] of [[STOPS, stopped], [crash, crashed]] as const) {
      const tree = new Tree((tree) => ({
        main: [supervisor("top", {}, [tree.child("a", { restart })])],
        far: [tree.child("far.watcher")],
      }));
      tree.act("far.watcher", (ctx) => ctx.watch("a"));
      tree.act("a", act);
      assert.equal(tree.life("a"), life);
      const why = act === crash ? "crashed" : "normal";
      assert.equal(
        tree.news().includes(`far.watcher: a ${why}`),
        life === 0,
        "only an end for good is heard of",
      );
    }
  });

  Deno.test(`${restart}: whoever is killed or stopped by its parent is not started again`, () => {
    const tree = new Tree((tree) => ({ main: [tree.child("p")] }));
    tree.act("p", (ctx) => {
      ctx.spawn(tree.child("killed", { restart }));
      ctx.spawn(tree.child("stopped", { restart }));
    });
    tree.news();
    tree.act("p", (ctx) => {
      ctx.kill("p/killed");
      ctx.stop("p/stopped");
    });
    tree.stage.run(10_000);
    assert.deepEqual(tree.news(), [
      ...["stop p/stopped", "p: p/killed killed", "p: p/stopped shutdown"],
    ]);
  });
}

Deno.test("a temporary sibling that a group restart took down stays down", () => {
  const tree = new Tree((tree) => ({
    main: [
      supervisor("top", { strategy: "one_for_all" }, [
        tree.child("a"),
        tree.child("b", { restart: "temporary" }),
        tree.child("c", { restart: "transient" }),
      ]),
    ],
    far: [tree.child("far.watcher")],
  }));
  tree.act("far.watcher", (ctx) => ctx.watch("b"));
  tree.news();
  tree.crash("a");
  assert.deepEqual(tree.news(), [
    ...["stop c", "stop b", "start a", "start c", "far.watcher: b shutdown"],
  ]);
});

Deno.test("a permanent actor that crashes, or is too slow, while it stops itself is started again", () => {
  const tree = new Tree((tree) => ({
    main: [
      supervisor("top", {}, [
        tree.child("a"),
        tree.child("b", { shutdownMs: 100 }),
        tree.child("c", { shutdownMs: 0 }),
      ]),
    ],
  }));
  for (const address of ["a", "b", "c"]) {
    tree.domain.slow(address, 8);
    tree.stage.tell(address, tree.acting(STOPS));
  }
  tree.stage.tell("a", tree.acting(crash));
  for (let count = 0; count < 100; count++) {
    tree.stage.tell("b", { kind: "work" });
    tree.stage.tell("c", { kind: "work" });
  }
  tree.stage.run(200);
  const lives = ["a", "b", "c"].map((address) => tree.life(address));
  assert.deepEqual(lives, [2, 2, 2]);
  tree.stage.run(2_000);
  const done = tree.news().filter((line) => line.endsWith(": work"));
  assert.equal(done.length, 200, "the mail that was left is the next life's");
});

// ── The budget ────────────────────────────────────────────────────────────

Deno.test("so many restarts within the period and no more: one beyond is for the supervisor above", () => {
  const tree = nested({ maxRestarts: 1, periodMs: 10_000 }, {
    maxRestarts: 2,
    periodMs: 1_000,
  });
  const crashes = (count: number) => {
    tree.news();
    for (let index = 0; index < count; index++) tree.crash("b");
    return tree.news();
  };
  assert.deepEqual(crashes(2), ["start b", "start b"]);
  tree.stage.run(1_008);
  assert.deepEqual(crashes(2), ["start b", "start b"], "the window has moved");
  assert.deepEqual(crashes(1), ["stop c", "start b", "start c"]);
  assert.deepEqual(crashes(2), ["start b", "start b"], "it begins anew");
  assert.equal(tree.life("a"), 1);
  assert.deepEqual(crashes(1), [
    ...["stop c", "stop d", "stop a"],
    ...["start a", "start b", "start c", "start d"],
  ], "the outer one has given up too, and the root has not");
});

Deno.test("all children draw on one budget, and a group's restart is one", () => {
  const tree = three({ strategy: "one_for_all", maxRestarts: 2 });
  const logged = () => tree.stage.linesOf("supervisor gave up").length;
  tree.crash("a");
  tree.crash("c");
  assert.equal(logged(), 0);
  tree.crash("b");
  assert.equal(logged(), 1);
});

Deno.test("a root that gives up ends everybody, says so, and watchers elsewhere hear why", () => {
  const tree = new Tree((tree) => ({
    main: [
      tree.child("z"),
      supervisor("top", { maxRestarts: 0 }, [tree.child("a"), tree.child("b")]),
    ],
    far: [tree.child("far.watcher")],
  }), { root: { strategy: "one_for_one", maxRestarts: 0, periodMs: 1_000 } });
  tree.act("far.watcher", (ctx) => {
    for (const ref of ["a", "b", "z"]) ctx.watch(ref);
  });
  const waits = tree.ask("z", (ctx) => void ctx.asker());
  tree.news();
  tree.crash("a");
  const news = tree.news();
  assert.deepEqual(news, [
    ...["stop b", "stop z", "the root gave up"],
    ...["far.watcher: z budget_exceeded"],
    ...["far.watcher: a budget_exceeded", "far.watcher: b budget_exceeded"],
  ]);
  assert.equal(waits.outcome?.kind, "unknown");
  assert.deepEqual(tree.domain.report().actors, []);
  assert.deepEqual(tree.domain.tree().children.length, 1, "no actor is left");
});

Deno.test("a sibling that crashes while it is stopped with the others costs no second restart", () => {
  const tree = three({ strategy: "one_for_all", maxRestarts: 1 });
  tree.onSignal = (ctx, { kind }) => {
    if (kind === "stopping" && ctx.self !== "b") crash();
  };
  tree.news();
  tree.crash("b");
  assert.deepEqual(tree.news(), [
    ...["stop c", "stop a", "start a", "start b", "start c"],
  ]);
  assert.equal(tree.stage.actor("a")!.crashes, 1, "it is known of, though");
  assert.deepEqual(tree.stage.linesOf("supervisor gave up"), []);
});

Deno.test("a sibling that stops itself while it is stopped with the others is started with them", () => {
  const tree = three({ strategy: "one_for_all", maxRestarts: 1 });
  tree.onSignal = (ctx, { kind }) => {
    if (kind === "stopping") ctx.stop();
  };
  tree.news();
  tree.crash("b");
  assert.deepEqual(tree.news(), [
    ...["stop c", "stop a", "start a", "start b", "start c"],
  ]);
});

Deno.test("a sibling on its way out when the group is stopped leaves nothing of its life", () => {
  const tree = three({ strategy: "one_for_all" });
  tree.act("c", (ctx) => {
    ctx.spawn(tree.child("kid"));
    ctx.timer("late", 500, { kind: "late" });
  });
  tree.domain.slow("c", 16);
  tree.stage.tell("c", tree.acting(STOPS));
  tree.stage.tell("c", { kind: "left" });
  tree.stage.run();
  tree.crash("b");
  assert.equal(tree.stage.actor("c/kid"), undefined);
  tree.news();
  tree.stage.run(1_000);
  assert.deepEqual(tree.news(), ["c: left"], "its mail, but not its timer");
  assert.equal(tree.life("c"), 2);
});

// ── Staying down ──────────────────────────────────────────────────────────

Deno.test("over its budget a child stays down, callers hear for how long, and it is tried again", () => {
  const tree = three({
    maxRestarts: 1,
    periodMs: 10_000,
    exceeded: "stay_down",
    backoff: { minMs: 100, maxMs: 1_000, resetAfterMs: 5_000 },
  });
  tree.crash("b");
  assert.equal(tree.life("b"), 2, "the first time at once");
  tree.crash("b");
  assert.equal(tree.stage.actor("b")?.status, "down");
  const refused = tree.ask("b", () => {});
  assert(refused.outcome?.kind === "failed");
  const { code, retryAfterMs } = refused.outcome;
  assert.equal(code, "unavailable");
  assert(retryAfterMs >= 800 && retryAfterMs <= 1_200, `${retryAfterMs}`);
  tree.stage.run(retryAfterMs - 8);
  assert.equal(tree.life("b"), 0);
  tree.stage.run(16);
  assert.equal(tree.life("b"), 3);
  assert.deepEqual(["a", "c"].map((name) => tree.life(name)), [1, 1]);
});

Deno.test("the delay grows with each failure in a row, and not beyond the longest", () => {
  const tree = three({
    backoff: { minMs: 100, maxMs: 400, resetAfterMs: 5_000 },
  });
  const delays = Array.from({ length: 5 }, () => {
    const before = tree.stage.nowMs;
    tree.crash("b");
    while (tree.life("b") === 0) tree.stage.run(8);
    return tree.stage.nowMs - before;
  });
  for (const [index, wantedMs] of [0, 100, 200, 400, 400].entries()) {
    const delayMs = delays[index]!;
    // A wait is at most one bucket of 8 ms late.
    assert(delayMs >= wantedMs * 0.8 && delayMs <= wantedMs * 1.2 + 8);
  }
});

// ── A start that throws ───────────────────────────────────────────────────

Deno.test("a start that throws at a restart is one more failure", () => {
  const tree = three({ maxRestarts: 3 });
  tree.unwell.add("b");
  tree.news();
  tree.crash("b");
  assert.deepEqual(tree.news().slice(0, 4), [
    ...["start b", "start b", "start b", "stop c"],
  ], "three restarts, and the supervisor gives up");
});

for (const strategy of ["one_for_all", "rest_for_one"] as const) {
  Deno.test(`${strategy}: nobody is started before the sibling in front of it lives`, () => {
    const tree = three({ strategy, maxRestarts: 5 });
    tree.unwell.add("b");
    tree.news();
    tree.crash("b");
    const news = tree.news();
    assert(!news.includes("start c"), news.join());
    assert.equal(tree.life("c"), 0);
  });
}

Deno.test("a group that fails to start is started in order once it can be", () => {
  const tree = three({
    strategy: "rest_for_one",
    backoff: { minMs: 100, maxMs: 400, resetAfterMs: 5_000 },
  });
  tree.unwell.add("b");
  tree.crash("b");
  tree.unwell.clear();
  tree.news();
  tree.stage.run(1_000);
  assert.deepEqual(tree.news(), ["start b", "start c"]);
  assert.deepEqual(["a", "b", "c"].map((name) => tree.life(name)), [1, 2, 2]);
});

Deno.test("an inner supervisor that is put off by an outer one comes with it, once", () => {
  const tree = nested({
    strategy: "rest_for_one",
    backoff: { minMs: 400, maxMs: 400, resetAfterMs: 5_000 },
  }, { maxRestarts: 0 });
  tree.crash("a");
  tree.crash("b");
  tree.news();
  tree.stage.run(200);
  tree.crash("a");
  tree.stage.run(2_000);
  assert.deepEqual(
    tree.news(),
    [
      "stop d",
      ...["start a", "start b", "start c", "start d"],
    ].filter((line) => line !== "stop d"),
  );
});

Deno.test("a crash as somebody hears that he lives disturbs nobody's order", () => {
  let crashes = 0;
  const tree = new Tree((tree) => {
    tree.onSignal = (ctx, { kind }) => {
      if (kind !== "recovered") return;
      tree.note(`${ctx.self} lives`);
      if (ctx.self === "a" && crashes++ === 0) crash();
    };
    const policy = { strategy: "one_for_all", maxRestarts: 1 } as const;
    const children = [tree.child("a"), tree.child("b")];
    return { main: [supervisor("top", policy, children)] };
  });
  assert.deepEqual(tree.news(), [
    ...["start a", "start b", "a lives", "stop b"],
    ...["start a", "a lives", "start b", "b lives"],
  ]);
});

// ── Actors with a past ────────────────────────────────────────────────────

/** Two that count in a journal, which is read when the test says so. */
function counting(isLate = false) {
  const memory = new MemoryJournal(new MemoryDisk());
  const reads: (() => void)[] = [];
  const later = (read: () => void) => isLate ? void reads.push(read) : read();
  const journal: Journal = {
    append: (...rest) => memory.append(...rest),
    recover: (...rest) => later(() => memory.recover(...rest)),
    replay: (...rest) => later(() => memory.replay(...rest)),
  };
  const counter = (tree: Tree, name: string) =>
    tree.child(name, { journaled: true }, {
      start: () => ({ count: 0 }),
      receive(ctx, _state, message) {
        if ("act" in message) message.act(ctx, message);
        else ctx.record({ kind: "counted" });
      },
      apply: (state) => state.count++,
    });
  const tree = new Tree((tree) => ({
    main: [counter(tree, "a"), counter(tree, "b")],
  }), {
    journal,
    root: { strategy: "one_for_all", maxRestarts: 9, periodMs: 1_000 },
  });
  isLate = true;
  return { tree, reads, late: (name: string) => counter(tree, name) };
}

Deno.test("a past that was asked for twice is folded once, and only the newer one counts", () => {
  const { tree, reads } = counting();
  tree.stage.tell("b", { kind: "count" });
  tree.stage.run();
  tree.crash("a");
  const [a, b] = reads.splice(0);
  a!();
  tree.stage.run();
  tree.crash("a");
  assert.equal(reads.length, 2, "both are read anew, and b's old past is late");
  b!();
  tree.stage.run();
  assert.equal(tree.life("b"), 0);
  for (const read of reads) read();
  tree.stage.run();
  assert.deepEqual([tree.life("a"), tree.life("b")], [3, 2]);
  assert.deepEqual(tree.domain.stateOf("b"), { count: 1 });
});

Deno.test("a past that comes behind the one that counts does not touch the life it began", () => {
  const { tree, reads } = counting();
  tree.stage.tell("b", { kind: "count" });
  tree.stage.run();
  tree.crash("a");
  const [a, b] = reads.splice(0);
  a!();
  tree.stage.run();
  tree.crash("a");
  for (const read of reads.splice(0)) read();
  tree.stage.run();
  tree.stage.tell("b", { kind: "count" });
  tree.stage.run();
  b!();
  tree.stage.run();
  assert.deepEqual(tree.domain.stateOf("b"), { count: 2 });
});

Deno.test("an actor that joins while the others are read lives once, as they do", () => {
  const { tree, reads, late } = counting(true);
  tree.domain.spawn(late("c"));
  tree.stage.run();
  assert.equal(tree.life("c"), 0);
  // Those who are there first, then the one that came.
  for (const read of reads) {
    read();
    tree.stage.run();
  }
  const lives = ["a", "b", "c"].map((name) => tree.life(name));
  assert.deepEqual(lives, [1, 1, 1]);
  tree.stage.tell("c", { kind: "count" });
  tree.stage.run();
  assert.deepEqual(tree.domain.stateOf("c"), { count: 1 });
});

Deno.test("an actor that joins is not fenced by its own second try to take over", () => {
  const { tree, reads, late } = counting();
  tree.domain.spawn(late("c"));
  tree.stage.run();
  tree.crash("a");
  assert.equal(reads.length, 4, "c is asked for twice, a and b once");
  for (const read of reads) read();
  tree.stage.run();
  assert.equal(tree.life("c"), 1);
  tree.stage.tell("c", { kind: "count" });
  tree.stage.run();
  assert.deepEqual(tree.domain.stateOf("c"), { count: 1 });
  assert.equal(tree.domain.report().commits, 1, "its event became durable");
});
