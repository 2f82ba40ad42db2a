/** Who hears of whose end: once, for good ends only, behind what was said. */
import assert from "node:assert/strict";
import { Envelope } from "../../../actors/runtime/envelope.ts";
import { unknown } from "../../../actors/runtime/outcome.ts";
import { crash, Tree } from "./trees_bench.ts";

/** A watcher here and one elsewhere, and mortals here and there. */
function watchers(): Tree {
  return new Tree((tree) => {
    const mortals = (prefix: string) =>
      ["x", "y", "z"].map((name) =>
        tree.child(`${prefix}${name}`, { restart: "temporary" })
      );
    return {
      main: [tree.child("w"), tree.child("p"), ...mortals("")],
      far: [tree.child("far.w"), ...mortals("far.")],
    };
  });
}

/** The two ways between two actors: within a domain and across. */
const WAYS = [["w", "x"], ["w", "far.x"], ["far.w", "x"]] as const;

/** What the watcher heard, in the order in which it did. */
function heardBy(tree: Tree, watcher: string): string[] {
  return tree.news().filter((line) => line.startsWith(`${watcher}: `))
    .map((line) => line.slice(watcher.length + 2));
}

for (const [watcher, mortal] of WAYS) {
  Deno.test(`G41 ${watcher} hears of the end of ${mortal}, once, however often it watches`, () => {
    for (
      const [end, why] of [[crash, "crashed"], [
        (ctx: { stop(): void }) => ctx.stop(),
        "normal",
      ]] as const
    ) {
      const tree = watchers();
      tree.act(watcher, (ctx) => {
        ctx.watch(mortal);
        ctx.watch(mortal);
      });
      tree.act(watcher, (ctx) => ctx.watch(mortal));
      tree.news();
      tree.act(mortal, end);
      tree.stage.run(1_000);
      assert.deepEqual(heardBy(tree, watcher), [`${mortal} ${why}`]);
    }
  });

  Deno.test(`${watcher} hears soon that ${mortal} has ended already, once a watch`, () => {
    const tree = watchers();
    tree.crash(mortal);
    for (let times = 1; times <= 2; times++) {
      tree.act(watcher, (ctx) => ctx.watch(mortal));
      assert.deepEqual(heardBy(tree, watcher), [`${mortal} not_there`]);
    }
    assert.deepEqual(tree.domain.deadLetters.byReason(), {});
  });

  Deno.test(`${watcher} hears of the end of ${mortal} behind what ${mortal} told it before`, () => {
    const tree = watchers();
    tree.act(watcher, (ctx) => ctx.watch(mortal));
    tree.news();
    tree.act(mortal, (ctx) => {
      for (const kind of ["one", "two", "three"]) ctx.tell(watcher, { kind });
      ctx.stop();
    });
    assert.deepEqual(heardBy(tree, watcher), [
      ...["one", "two", "three", `${mortal} normal`],
    ]);
  });

  Deno.test(`${watcher} hears nothing of ${mortal} that it does not watch any more`, () => {
    const tree = watchers();
    tree.act(watcher, (ctx) => ctx.watch(mortal));
    tree.act(watcher, (ctx) => ctx.unwatch(mortal));
    tree.crash(mortal);
    assert.deepEqual(heardBy(tree, watcher), []);
  });

  Deno.test(`${watcher} hears nothing of ${mortal} whose end was under way when it unwatched`, () => {
    const tree = watchers();
    tree.act(watcher, (ctx) => ctx.watch(mortal));
    tree.news();
    const home = watcher === "w" ? "main" : "far";
    tree.stage.domainOf(home).slow(watcher, 50);
    tree.stage.tell(watcher, { kind: "busy" });
    tree.stage.tell(watcher, tree.acting((ctx) => ctx.unwatch(mortal)));
    tree.crash(mortal);
    assert.equal(tree.stage.actor(watcher)!.depth, 2, "the end stands behind");
    tree.stage.run(1_000);
    assert.deepEqual(heardBy(tree, watcher), ["busy"]);
  });

  Deno.test(`a watch of ${mortal} ends with the life of ${watcher}, and the next one can watch again`, () => {
    const tree = watchers();
    tree.act(watcher, (ctx) => ctx.watch(mortal));
    tree.crash(watcher);
    tree.news();
    const other = mortal.replace("x", "y");
    tree.act(watcher, (ctx) => ctx.watch(other));
    tree.crash(mortal);
    tree.crash(other);
    assert.deepEqual(heardBy(tree, watcher), [`${other} crashed`]);
  });

  Deno.test(`the end of ${mortal} finds ${watcher} ended too, and nobody is disturbed`, () => {
    const tree = watchers();
    const home = tree.stage.domainOf(watcher === "w" ? "main" : "far");
    tree.act(watcher, (ctx) =>
      void ctx.spawn(tree.child("kid", {}, {
        receive: (ctx) => ctx.watch(mortal),
      })));
    tree.act(`${watcher}/kid`, () => {});
    tree.stage.tell(mortal, tree.acting((ctx) => ctx.stop()));
    tree.stage.tell(watcher, tree.acting((ctx) => ctx.kill(`${watcher}/kid`)));
    tree.stage.run(1_000);
    const dead = home.deadLetters.newest().map((letter) => letter.messageKind);
    assert(dead.every((kind) => kind === "signal"), dead.join());
    assert.equal(tree.life(watcher), 1);
  });
}

Deno.test("a restart is no end, an end of the restarted one is", () => {
  const tree = new Tree((tree) => ({
    main: [tree.child("w"), tree.child("x", { restart: "transient" })],
    far: [tree.child("far.w")],
  }));
  for (const watcher of ["w", "far.w"]) {
    tree.act(watcher, (ctx) => ctx.watch("x"));
  }
  tree.crash("x");
  tree.stage.run(1_000);
  assert.equal(tree.life("x"), 2);
  tree.news();
  tree.act("x", (ctx) => ctx.stop());
  assert.deepEqual(tree.news(), ["stop x", "w: x normal", "far.w: x normal"]);
});

Deno.test("a parent hears of the end of a child once, whether it watches or not", () => {
  const tree = watchers();
  for (const isWatching of [false, true]) {
    tree.act("p", (ctx) => {
      const kid = ctx.spawn(tree.child("kid"));
      if (isWatching) ctx.watch(kid);
    });
    tree.news();
    tree.crash("p/kid");
    assert.deepEqual(tree.news(), ["p: p/kid crashed"]);
  }
});

Deno.test("whoever lived in a domain that is lost has ended, and those elsewhere have not", () => {
  const tree = watchers();
  tree.act("w", (ctx) => {
    for (const ref of ["far.x", "far.y", "x"]) ctx.watch(ref);
    ctx.unwatch("far.y");
  });
  tree.news();
  tree.stage.lose("far");
  tree.stage.run();
  assert.deepEqual(tree.news(), ["w: far.x host_lost"]);
  tree.act("w", (ctx) => ctx.watch("far.z"));
  assert.deepEqual(tree.news(), ["w: far.z not_there"]);
  tree.crash("x");
  assert.deepEqual(tree.news(), ["w: x crashed"]);
});

Deno.test("a watcher in a lost domain is forgotten: nothing is sent to it", () => {
  const tree = watchers();
  tree.act("far.w", (ctx) => ctx.watch("x"));
  tree.stage.lose("far");
  tree.crash("x");
  assert.equal(tree.domain.report().deadLetters, 0);
});

Deno.test("everybody hears of the same end, each in his own way", () => {
  const tree = watchers();
  for (const watcher of ["w", "far.w", "y"]) {
    tree.act(watcher, (ctx) => ctx.watch("x"));
  }
  tree.news();
  tree.crash("x");
  assert.deepEqual(tree.news().sort(), [
    ...["far.w: x crashed", "w: x crashed", "y: x crashed"],
  ]);
});

Deno.test("an actor that nobody can tell anything takes no harm from watching", () => {
  const tree = new Tree((tree) => ({
    main: [
      tree.child("deaf", {}, { signal: undefined! }),
      tree.child("x", { restart: "temporary" }),
    ],
  }));
  tree.act("deaf", (ctx) => ctx.watch("x"));
  tree.crash("x");
  tree.act("deaf", (ctx) => ctx.unwatch("x"));
  assert.equal(tree.life("deaf"), 1);
  assert.equal(tree.domain.report().deadLetters, 0);
});

Deno.test("nothing is sent because of a watch that concerns nobody elsewhere any more", () => {
  const sent: string[] = [];
  const tree = new Tree((tree) => ({
    main: ["w", "x", "y"].map((name) =>
      tree.child(name, { restart: "temporary" })
    ),
  }), {
    transmit(envelope) {
      sent.push(envelope.content.kind);
      return "queued";
    },
  });
  tree.act("w", (ctx) => ctx.watch("x"));
  tree.domain.deliver(new Envelope("y", "far.w", 0, 0, { kind: "$watch" }));
  tree.stage.tell("x", tree.acting(crash));
  tree.stage.tell("w", tree.acting(crash));
  tree.stage.run();
  tree.domain.settleLost((to) => to.startsWith("far."), unknown(250));
  tree.crash("y");
  assert.deepEqual(tree.domain.report().actors, []);
  assert.deepEqual(sent, []);
});

Deno.test("no watch and no end is lost because a link was full", () => {
  const sent: string[] = [];
  let isFull = true;
  const tree = new Tree((tree) => ({
    main: [tree.child("w"), tree.child("x", { restart: "temporary" })],
  }), {
    transmit(envelope) {
      if (isFull) return "full";
      sent.push(`${envelope.to} ${envelope.content.kind}`);
      return "queued";
    },
  });
  tree.act("w", (ctx) => ctx.watch("far.x"));
  tree.domain.deliver(new Envelope("x", "far.w", 0, 0, { kind: "$watch" }));
  tree.crash("x");
  isFull = false;
  tree.stage.run(1_000);
  assert.deepEqual(sent, ["far.x $watch", "far.w $down"]);
  assert.equal(tree.domain.report().deadLetters, 0);
});
