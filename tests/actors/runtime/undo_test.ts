/**
 * A step that throws leaves nothing. Whatever it wanted before, the world is
 * the same, at once and five seconds later, as if it had thrown first.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Overflow } from "../../../actors/runtime/actor.ts";
import { ok } from "../../../actors/runtime/outcome.ts";
import { type Act, crash, Tree } from "./trees_bench.ts";

/** Each is busy, has no room, and treats more mail in its own way. */
const FULL: readonly Overflow[] = [
  ...["reject", "drop_newest", "drop_oldest", "backpressure"] as const,
];
/** Whom the subject can write to. */
const ADDRESSES = [
  ...["s", "roomy", ...FULL, "leaving", "s/old", "far.x", "nobody"],
];

/** Somebody with a stash, a timer, a watch, an asker and a child, in company. */
function company() {
  const tree: Tree = new Tree((tree) => ({
    main: [
      tree.child("s"),
      tree.child("roomy"),
      tree.child("leaving", { restart: "transient" }),
      ...FULL.map((overflow) =>
        tree.child(overflow, { mailbox: { capacity: 2, overflow } })
      ),
    ],
    far: [tree.child("far.x")],
  }));
  const { domain, stage } = tree;
  const breakers = ["roomy", "far.x"].map((address) =>
    domain.guard(address, { minimumCalls: 2 })
  );
  const asked = [tree.stage.ask("s", setAside(tree, "one"))];
  tree.act("s", (ctx) => {
    ctx.spawn(tree.child("old"));
    ctx.timer("set", 500, { kind: "set" });
    ctx.watch("roomy");
  });
  let asker = 0;
  asked.push(tree.ask("s", (ctx) => asker = ctx.asker(), 1_000));
  // Each is busy from here on, with two messages waiting.
  const [busy, stops] = [tree.acting(() => {}), tree.acting((c) => c.stop())];
  for (const address of [...FULL, "leaving"]) domain.slow(address, 400);
  for (const address of FULL) stage.tell(address, busy);
  stage.tell("leaving", stops);
  for (const address of ["leaving", ...FULL]) {
    if (address !== "leaving") stage.run();
    stage.tell(address, { kind: "first" }, { kind: "second" });
  }
  stage.run();
  tree.news();
  for (const address of [...FULL, "leaving"]) {
    assert.equal(stage.actor(address)!.depth, 2);
  }
  assert.equal(stage.actor("leaving")!.status, "draining");
  return { tree, breakers, asked, asker };
}

/** A message that is set aside once. */
function setAside(tree: Tree, name: string) {
  let times = 0;
  return tree.acting((ctx) => {
    tree.note(`${name} comes`);
    if (times++ === 0) ctx.stash();
    else ctx.reply(ok(name));
  });
}

type Company = ReturnType<typeof company>;

/** Something that a step can want. */
type Want = (company: Company) => Act;

const tells = (to: string): Want => () => (ctx) => {
  ctx.tell(to, { kind: "told" });
};

const asks = (to: string): Want => () => (ctx) => {
  ctx.ask(to, { kind: "asked" }, { as: "answer", withinMs: 300 });
};

const WANTS: Readonly<Record<string, Want>> = {
  ...Object.fromEntries(ADDRESSES.flatMap((to) => [
    [`tell ${to}`, tells(to)],
    [`ask ${to}`, asks(to)],
  ])),
  "reply": () => (ctx) => ctx.reply(ok("well")),
  "asker": () => (ctx) => ctx.asker(),
  "answer": ({ asker }) => (ctx) => ctx.answer(asker, ok("late")),
  "set a timer": () => (ctx) => ctx.timer("new", 200, { kind: "new" }),
  "replace a timer": () => (ctx) => ctx.timer("set", 100, { kind: "again" }),
  "cancel a timer": () => (ctx) => ctx.cancelTimer("set"),
  "spawn": ({ tree }) => (ctx) => bear(tree, ctx, "kid"),
  "spawn and write": ({ tree }) => (ctx) => {
    const kid = bear(tree, ctx, "kid");
    ctx.tell(kid, { kind: "told" });
    ctx.ask(kid, { kind: "asked" }, { as: "answer", withinMs: 300 });
    ctx.watch(kid);
  },
  "spawn in vain": ({ tree }) => (ctx) => {
    tree.unwell.add("unwell");
    bear(tree, ctx, "unwell");
  },
  "stop": () => (ctx) => ctx.stop(),
  "stop a child": () => (ctx) => ctx.stop("s/old"),
  "kill a child": () => (ctx) => ctx.kill("s/old"),
  "watch": () => (ctx) => ctx.watch("leaving"),
  "watch elsewhere": () => (ctx) => ctx.watch("far.x"),
  "watch nobody": () => (ctx) => ctx.watch("nobody"),
  "unwatch": () => (ctx) => ctx.unwatch("roomy"),
  "stash": () => (ctx) => ctx.stash(),
  "unstash": () => (ctx) => ctx.unstash(),
};

/** Starts one of several children of that sort. */
function bear(tree: Tree, ctx: Parameters<Act>[0], sort: string) {
  return ctx.spawn({ ...tree.child(sort), name: `${sort}-${ctx.random()}` });
}

/** All that can be seen from outside. */
function seen({ tree, breakers, asked }: Company) {
  const { nowMs } = tree.stage;
  const domains = ["main", "far"].map((name) => tree.stage.domainOf(name));
  return {
    // That a child was made is no effect of the step; that it lives would be.
    news: tree.news().filter((line) => !/^start (kid|unwell)/.test(line)),
    reports: domains.map((domain) => domain.report()),
    trees: domains.map((domain) => domain.tree()),
    dead: domains.map((domain) => domain.deadLetters.newest()),
    breakers: breakers.map((breaker) => breaker.report(nowMs)),
    asked: asked.map(({ outcome }) => outcome),
  };
}

/** What is seen after a step that wanted all this has thrown, and later. */
function leftBy(wants: readonly Want[]) {
  const live = company();
  const { tree, asked } = live;
  // What others do then must find the same world, too.
  const steps = wants.map((want) => want(live));
  asked.push(tree.ask("s", (ctx, message) => {
    for (const step of steps) step(ctx, message);
    crash();
  }));
  const atOnce = seen(live);
  tree.act("s", (ctx) => ctx.unstash());
  tree.act("s", (ctx) => ctx.spawn(tree.child("kid")));
  tree.act("s/kid", (ctx) => ctx.tell("s", { kind: "born" }));
  tree.stage.run(5_000);
  return { atOnce, later: seen(live) };
}

const NOTHING = leftBy([]);

for (const [name, want] of Object.entries(WANTS)) {
  Deno.test(`a step that throws after "${name}" leaves nothing of it`, () => {
    assert.deepEqual(leftBy([want]), NOTHING);
  });
}

Deno.test("G37 whatever a step wanted, in whatever order, it leaves nothing when it throws", () => {
  const names = fc.array(fc.constantFrom(...Object.keys(WANTS)), {
    maxLength: 12,
  });
  fc.assert(
    fc.property(names, (names) => {
      assert.deepEqual(leftBy(names.map((name) => WANTS[name]!)), NOTHING);
    }),
    { numRuns: 300 },
  );
});

Deno.test("the same wants leave something when the step returns", () => {
  for (const [name, want] of Object.entries(WANTS)) {
    // What is not an effect at all: to have read, or what nothing answers to.
    if (["ask s", "asker", "tell nobody"].includes(name)) continue;
    const live = company();
    const before = seen(live);
    live.asked.push(live.tree.ask("s", want(live)));
    live.tree.stage.run(100);
    assert.notDeepEqual(seen(live), before, name);
  }
});
