/** How actors are stopped, and what becomes of the children that they start. */
import assert from "node:assert/strict";
import type { ChildSpec, RestartType } from "../../../actors/runtime/actor.ts";
import { crash, supervisor, Tree } from "./trees_bench.ts";

/** A parent `p` below the root, which has children as a test wants. */
function parent(more: Partial<ChildSpec> = {}): Tree {
  return new Tree((tree) => ({ main: [tree.child("p", more)] }));
}

/** Children of `p`, of those names. */
function spawn(tree: Tree, names: string[], more: Partial<ChildSpec> = {}) {
  tree.act("p", (ctx) => {
    for (const name of names) ctx.spawn(tree.child(name, more));
  });
  tree.news();
}

const mail = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ kind: `mail ${index}` }));

// ── How long stopping may take ────────────────────────────────────────────

Deno.test("G39 a stopped actor takes no more mail, handles what it has, and hears that it stops", () => {
  const tree = new Tree((tree) => ({
    main: [tree.child("a", { restart: "transient" }), tree.child("b")],
  }));
  tree.domain.slow("a", 16);
  tree.stage.tell("a", tree.acting((ctx) => ctx.stop()), ...mail(2));
  tree.stage.run();
  let told = "";
  tree.act("b", (ctx) => told = ctx.tell("a", { kind: "late" }));
  const asked = tree.ask("a", () => {});
  tree.news();
  tree.stage.run(1_000);
  assert.deepEqual(tree.news(), ["a: mail 0", "a: mail 1", "stop a"]);
  assert.equal(told, "gone");
  assert.equal(asked.outcome?.kind, "failed");
  assert.equal(tree.domain.deadLetters.byReason().ended, 1);
});

for (
  const [shutdownMs, handled, why] of [
    [100, 3, "shutdown"],
    [40, 2, "killed"],
    [0, 0, "killed"],
  ] as const
) {
  Deno.test(`a child that may take ${shutdownMs} ms for 3 messages of 16 ms handles ${handled} of them`, () => {
    const tree = parent();
    spawn(tree, ["kid"], { shutdownMs });
    tree.domain.slow("p/kid", 16);
    tree.stage.tell("p/kid", ...mail(4));
    tree.stage.run();
    tree.news();
    tree.act("p", (ctx) => ctx.stop("p/kid"));
    tree.stage.run(1_000);
    const news = tree.news();
    assert.equal(news.at(-1), `p: p/kid ${why}`);
    assert.equal(news.includes("stop p/kid"), why === "shutdown");
    const mails = news.filter((line) => line.startsWith("p/kid: mail"));
    assert.equal(mails.length, handled);
    assert.equal(tree.domain.report().deadLetters, 3 - handled);
  });
}

Deno.test("a child that may take no time ends unheard, whether it has mail or not", () => {
  const tree = parent();
  spawn(tree, ["busy", "free"], { shutdownMs: 0 });
  tree.act("p", (ctx) => {
    ctx.tell("p/busy", { kind: "work" });
    for (const name of ["busy", "free"]) ctx.stop(`p/${name}`);
  });
  assert.deepEqual(tree.news(), ["p: p/busy killed", "p: p/free killed"]);
  assert.deepEqual(tree.domain.deadLetters.byReason(), { ended: 1 });
});

Deno.test("the deadline of one stop does not reach the life that follows it", () => {
  const tree = new Tree((tree) => ({
    main: [tree.child("a", { shutdownMs: 100 })],
  }));
  const stop = tree.acting((ctx) => ctx.stop());
  tree.domain.slow("a", 16);
  tree.stage.tell("a", stop, ...mail(1));
  tree.stage.run(64);
  assert.equal(tree.life("a"), 2);
  tree.stage.tell("a", tree.acting((ctx) => ctx.stop()), ...mail(4));
  tree.news();
  tree.stage.run(500);
  const news = tree.news();
  assert(news.includes("stop a"), "it had its own 100 ms");
  assert.equal(tree.life("a"), 3);
});

Deno.test("one that is stopped while it stops itself is not started again", () => {
  const tree = parent();
  spawn(tree, ["kid"], { restart: "permanent" });
  tree.domain.slow("p/kid", 16);
  tree.stage.tell("p/kid", tree.acting((ctx) => ctx.stop()), ...mail(1));
  tree.stage.run();
  tree.act("p", (ctx) => ctx.stop("p/kid"));
  tree.news();
  tree.stage.run(1_000);
  assert.deepEqual(tree.news(), [
    ...["p/kid: mail 0", "stop p/kid", "p: p/kid shutdown"],
  ]);
});

Deno.test("one that crashes while it is stopped has crashed, and is not started again", () => {
  const tree = parent();
  spawn(tree, ["kid", "other"], { restart: "permanent" });
  tree.onSignal = (ctx, { kind }) => {
    if (kind === "stopping" && ctx.self === "p/other") crash();
  };
  tree.domain.slow("p/kid", 16);
  tree.stage.tell("p/kid", tree.acting(() => {}), tree.acting(crash));
  tree.stage.run();
  tree.act("p", (ctx) => {
    ctx.stop("p/kid");
    ctx.stop("p/other");
  });
  tree.stage.run(1_000);
  assert.deepEqual(tree.news(), [
    ...["stop p/other", "p: p/other crashed", "p: p/kid crashed"],
  ]);
  assert.equal(tree.stage.linesOf("actor crashed").length, 2);
});

Deno.test("stopping or killing a child that has ended already is nothing, somebody else's is a bug", () => {
  const tree = parent();
  spawn(tree, ["kid"]);
  tree.stage.tell("p", tree.acting((ctx) => ctx.kill("p/kid")));
  tree.stage.tell("p", tree.acting((ctx) => ctx.stop("p/kid")));
  tree.act("p", (ctx) => ctx.kill("p/kid"));
  assert.equal(tree.life("p"), 1);
  assert.deepEqual(tree.news(), ["p: p/kid killed"]);
  tree.act("p", (ctx) => ctx.stop("p"));
  assert.equal(tree.life("p"), 2, "it is no child of itself");
  tree.act("p", (ctx) => ctx.kill("q/kid"));
  assert.equal(tree.life("p"), 3);
});

// ── Children ──────────────────────────────────────────────────────────────

Deno.test("children are stopped before their parent, the newest first, each with its mail handled", () => {
  const tree = parent({ restart: "transient" });
  spawn(tree, ["one", "two", "three"]);
  tree.act("p/two", (ctx) => void ctx.spawn(tree.child("grandchild")));
  tree.news();
  tree.domain.slow("p/two", 16);
  tree.stage.tell("p/two", ...mail(2));
  tree.act("p", (ctx) => ctx.stop());
  tree.stage.run(1_000);
  assert.deepEqual(tree.news(), [
    ...["p/two: mail 0", "stop p/three", "p: p/three shutdown"],
    ...["p/two: mail 1", "stop p/two/grandchild"],
    ...["p/two: p/two/grandchild shutdown", "stop p/two", "p: p/two shutdown"],
    ...["stop p/one", "p: p/one shutdown", "stop p"],
  ]);
  assert.deepEqual(tree.domain.report().actors, []);
});

Deno.test("a child that comes while the others are stopped is stopped as well", () => {
  const tree = parent({ restart: "transient" });
  spawn(tree, ["one", "two"]);
  tree.onSignal = (ctx, signal) => {
    if (signal.kind === "down" && signal.ref === "p/two") {
      ctx.spawn(tree.child("three"));
    }
  };
  tree.act("p", (ctx) => ctx.stop());
  tree.stage.run(1_000);
  assert.deepEqual(tree.news().filter((line) => line.startsWith("stop")), [
    ...["stop p/two", "stop p/one", "stop p/three", "stop p"],
  ]);
});

Deno.test("a parent of 20,000 stops them all, without standing on its own stack", () => {
  const tree = new Tree((tree) => ({
    main: ["p", "q"].map((name) =>
      tree.child(name, { restart: "transient" }, {
        // Without a signal nothing tells it of an end but the end itself.
        signal: name === "p" ? undefined! : () => {},
      })
    ),
  }));
  const quiet = tree.child("quiet", {}, {
    start: () => null,
    signal: undefined!,
  });
  for (const address of ["p", "q"]) {
    tree.act(address, (ctx) => {
      for (let index = 0; index < 20_000; index++) {
        ctx.spawn({ ...quiet, name: `${index}` });
      }
    });
    tree.act(address, (ctx) => ctx.stop());
  }
  assert.deepEqual(tree.domain.report().actors, []);
});

Deno.test("children of a crashed parent end before it lives again, and are not started with it", () => {
  const tree = parent();
  spawn(tree, ["kid", "other"], { restart: "permanent" });
  tree.act("p/kid", (ctx) => void ctx.spawn(tree.child("grandchild")));
  const waits = tree.ask("p/kid", (ctx) => void ctx.asker());
  tree.stage.tell("p/kid", tree.acting((ctx) => ctx.timer("t", 8, mail(1)[0])));
  tree.stage.run();
  tree.news();
  tree.crash("p");
  tree.stage.run(1_000);
  assert.deepEqual(tree.news(), ["start p"]);
  assert.equal(waits.outcome?.kind, "unknown");
  assert.equal(tree.domain.report().deadLetters, 0, "no timer fires any more");
  const left = tree.domain.report().actors.map(({ address }) => address);
  assert.deepEqual(left, ["p"]);
  spawn(tree, ["kid"]);
  assert.equal(tree.life("p/kid"), 1, "the name is free again");
});

Deno.test("children whose crashes exceed the budget of their parent crash it", () => {
  const tree = parent();
  spawn(tree, ["kid", "other"], { restart: "transient" });
  for (let life = 2; life <= 4; life++) {
    tree.crash("p/kid");
    assert.equal(tree.life("p/kid"), life, "three in five seconds are allowed");
  }
  tree.news();
  tree.crash("p/kid");
  assert.deepEqual(tree.news(), ["stop p/other", "start p"]);
  assert.equal(tree.life("p"), 2);
  assert.equal(tree.domain.report().actors.length, 1);
});

// ── A start that throws ───────────────────────────────────────────────────

Deno.test("G40 a child whose start throws is gone: its parent hears, and its mail is dead", () => {
  const tree = parent();
  tree.unwell.add("kid");
  tree.act("p", (ctx) => {
    const kid = ctx.spawn(tree.child("kid"));
    ctx.tell(kid, { kind: "hello" });
    ctx.ask(kid, { kind: "hello" }, { as: "answer", withinMs: 1_000 });
  });
  assert.deepEqual(tree.news(), [
    ...["start p", "start kid", "p: answer", "p: p/kid init_failed"],
  ]);
  assert.equal(tree.life("p"), 1, "it is not the parent's failure");
  assert.equal(tree.domain.deadLetters.byReason().ended, 1);
  assert.equal(tree.domain.report().actors.length, 1);
});

for (const restart of ["permanent", "transient"] as RestartType[]) {
  Deno.test(`a ${restart} child whose start throws is tried again within the budget`, () => {
    const tree = parent();
    tree.unwell.add("kid");
    tree.news();
    tree.act("p", (ctx) => void ctx.spawn(tree.child("kid", { restart })));
    assert.deepEqual(tree.news(), [
      ...["start kid", "start kid", "start kid", "start kid", "start p"],
    ]);
    tree.act("p", (ctx) => {
      ctx.spawn(tree.child("kid", { restart }));
      tree.unwell.clear();
    });
    assert.equal(tree.life("p/kid"), 1, "a start that throws begins no life");
  });
}

Deno.test("a start that throws when the domain starts is the host's affair", () => {
  assert.throws(
    () =>
      new Tree((tree) => {
        tree.unwell.add("b");
        const children = [tree.child("a"), tree.child("b")];
        return { main: [supervisor("top", {}, children)] };
      }),
    /on purpose/,
  );
});

// ── Shutting down ─────────────────────────────────────────────────────────

Deno.test("shutting down waits for each actor as long as that may take, and no longer", () => {
  const tree = new Tree((tree) => ({
    main: [
      tree.child("a"),
      tree.child("b", { shutdownMs: 56 }),
      tree.child("c", { shutdownMs: 0 }),
    ],
  }));
  for (const name of ["a", "b", "c"]) {
    tree.domain.slow(name, 16);
    tree.stage.tell(name, ...mail(10));
  }
  tree.stage.run();
  const startedMs = tree.stage.nowMs;
  const news = tree.shutDown(1_000);
  assert.equal(news.filter((line) => line.startsWith("b: ")).length, 3);
  assert.equal(news.filter((line) => line.startsWith("a: ")).length, 9);
  assert.deepEqual(news.slice(-2), ["stop a", "all have ended"]);
  assert(tree.stage.nowMs - startedMs <= 1_000);
});

Deno.test("shutting down ends those too that come meanwhile", () => {
  const tree = new Tree((tree) => ({
    main: [tree.child("a"), tree.child("b")],
  }));
  const spawns = tree.acting(() => tree.domain.spawn(tree.child("late")));
  tree.domain.slow("b", 16);
  tree.stage.tell("b", ...mail(1), spawns);
  tree.stage.run();
  assert.deepEqual(tree.shutDown(), [
    ...["start late", "stop b", "stop a", "stop late", "all have ended"],
  ]);
  assert.deepEqual(tree.domain.report().actors, []);
});

Deno.test("a crash while all are stopped brings nobody back who was to end", () => {
  const tree = new Tree((tree) => ({
    main: [
      supervisor("top", { strategy: "one_for_all" }, [
        tree.child("a"),
        tree.child("b"),
      ]),
    ],
  }));
  const dies = tree.acting(crash);
  tree.act("a", (ctx) => ctx.timer("dies", 24, dies));
  tree.domain.slow("b", 16);
  tree.stage.tell("b", ...mail(4));
  tree.stage.run();
  assert.deepEqual(tree.shutDown(), [
    ...["b: mail 1", "stop b", "start a", "stop a", "all have ended"],
  ]);
  assert.deepEqual(tree.domain.report().actors, []);
});
