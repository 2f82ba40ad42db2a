/** What becomes of mail for which there is no room. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type {
  Behavior,
  MailboxSpec,
  Message,
  Overflow,
  RestartType,
} from "../../../actors/runtime/actor.ts";
import { failed, ok } from "../../../actors/runtime/outcome.ts";
import { crash, Tree } from "./trees_bench.ts";

/** A receiver that takes 80 ms a message, and two who tell it. */
function flooded(mailbox: MailboxSpec): Tree {
  const tree = new Tree((tree) => ({
    main: [
      tree.child("r", { mailbox, restart: "transient" }, {
        urgent: new Set(["urgent"]),
        receive(ctx, _state, message) {
          if ("act" in message) return message.act(ctx, message);
          tree.note(message.kind);
          ctx.reply(ok(message.kind));
        },
      }),
      tree.child("s"),
      tree.child("t"),
    ],
  }));
  tree.domain.slow("r", 80);
  // From here on it is busy.
  tree.stage.tell("r", tree.acting(() => {}));
  tree.stage.run();
  tree.news();
  return tree;
}

/** What the sender hears of each message that it tells. */
function told(tree: Tree, kinds: readonly string[], sender = "s"): string {
  const said: string[] = [];
  tree.act(sender, (ctx) => {
    for (const kind of kinds) said.push(ctx.tell("r", { kind }));
  });
  return said.join(" ");
}

const FOUR = ["1", "2", "3", "4"];

for (
  const [overflow, said, handled, dropped] of [
    ["reject", "queued queued full full", ["1", "2"], 0],
    ["backpressure", "queued queued full full", ["1", "2"], 0],
    ["drop_newest", "queued queued queued queued", ["1", "2"], 2],
    ["drop_oldest", "queued queued queued queued", ["3", "4"], 2],
  ] as const
) {
  Deno.test(`G36 ${overflow}: of four messages for two places, ${handled} are handled`, () => {
    const tree = flooded({ capacity: 2, overflow });
    assert.equal(told(tree, FOUR), said);
    tree.stage.run(1_000);
    const mail = tree.news().filter((line) => !line.includes(":"));
    assert.deepEqual(mail, handled);
    const dead = tree.domain.deadLetters.newest();
    assert.deepEqual(
      dead.map(({ messageKind, reason }) => `${messageKind} ${reason}`),
      FOUR.filter((kind) => !mail.includes(kind) && dropped > 0)
        .map((kind) => `${kind} dropped`),
    );
  });

  Deno.test(`${overflow}: an ask that finds the lane full fails, and pushes nobody out`, () => {
    const tree = flooded({ capacity: 2, overflow });
    told(tree, ["1", "2"]);
    const late = tree.stage.ask("r", { kind: "3" });
    tree.stage.run();
    assert.deepEqual(late.outcome, failed("overloaded", 250));
    tree.stage.run(1_000);
    assert.deepEqual(tree.news(), ["1", "2"]);
  });

  Deno.test(`${overflow}: each lane has its own places`, () => {
    const tree = flooded({ capacity: 1, overflow });
    assert.equal(told(tree, ["1", "urgent"]), "queued queued");
    tree.stage.run(1_000);
    assert.deepEqual(tree.news(), ["urgent", "1"]);
  });
}

Deno.test("an ask that is pushed out by a younger tell fails as overloaded", () => {
  const tree = flooded({ capacity: 1, overflow: "drop_oldest" });
  const old = tree.stage.ask("r", { kind: "old" });
  told(tree, ["young"]);
  assert.deepEqual(old.outcome, failed("overloaded", 250));
  tree.stage.run(1_000);
  assert.deepEqual(tree.news(), ["young"]);
  assert.equal(tree.domain.report().pendingAsks, 0);
});

for (const overflow of ["drop_oldest", "drop_newest"] as Overflow[]) {
  Deno.test(`${overflow}: answers, timers and signals are pushed out by nobody`, () => {
    const tree = flooded({ capacity: 2, overflow });
    const answers = tree.acting((ctx) => ctx.reply(ok(null)));
    const asks = tree.acting((ctx) => {
      ctx.timer("tick", 8, { kind: "tick" });
      ctx.ask("t", answers, { as: "answer", withinMs: 1_000 });
      ctx.watch("gone");
    });
    tree.stage.tell("r", asks);
    tree.stage.run(120);
    tree.news();
    assert.equal(tree.stage.actor("r")!.depth, 3);
    told(tree, FOUR);
    assert.equal(tree.stage.actor("r")!.depth, 3, "there is no place left");
    tree.stage.run(1_000);
    assert.deepEqual(tree.news().sort(), [
      ...["answer", "r: gone not_there", "tick"],
    ]);
    assert.deepEqual(tree.domain.deadLetters.byReason(), { dropped: 4 });
  });
}

Deno.test("a host that finds no room loses its message, counted", () => {
  for (const overflow of ["reject", "backpressure"] as Overflow[]) {
    const tree = flooded({ capacity: 1, overflow });
    tree.stage.tell("r", { kind: "1" }, { kind: "2" });
    assert.deepEqual(tree.domain.deadLetters.byReason(), { full: 1 });
  }
});

// ── Room ──────────────────────────────────────────────────────────────────

Deno.test("whoever found no room hears, once, when half of the lane is free", () => {
  const tree = flooded({ capacity: 4, overflow: "backpressure" });
  told(tree, ["1", "2", "3", "4", "5", "6"]);
  told(tree, ["7"], "t");
  tree.stage.run(80);
  assert.deepEqual(tree.news(), ["1"], "three of four places are taken");
  tree.stage.run(80);
  assert.deepEqual(tree.news(), ["2", "s: room at r", "t: room at r"]);
  tree.stage.run(1_000);
  assert.deepEqual(tree.news(), ["3", "4"]);
  told(tree, ["8"]);
  tree.stage.run(1_000);
  assert.deepEqual(tree.news(), ["8"], "who found room waits for none");
});

Deno.test("room is told of across a crash of the receiver", () => {
  const tree = flooded({ capacity: 1, overflow: "backpressure" });
  tree.stage.tell("r", tree.acting(crash));
  told(tree, ["1"]);
  tree.news();
  tree.stage.run(1_000);
  assert.deepEqual(tree.news(), ["s: room at r", "start r"]);
});

Deno.test("whoever waits for room of one that ends hears at once that it can go on", () => {
  const tree = flooded({});
  const mailbox: MailboxSpec = { capacity: 1, overflow: "backpressure" };
  tree.act("t", (ctx) => void ctx.spawn(tree.child("kid", { mailbox })));
  const tells = () => {
    tree.act("s", (ctx) => tree.note(ctx.tell("t/kid", { kind: "hello" })));
  };
  tree.domain.slow("t/kid", 60_000);
  tree.news();
  for (let count = 0; count < 3; count++) tells();
  assert.deepEqual(tree.news().slice(-1), ["full"]);
  tree.act("t", (ctx) => ctx.kill("t/kid"));
  assert.deepEqual(tree.news(), ["t: t/kid killed", "s: room at t/kid"]);
  tells();
  assert.deepEqual(tree.news(), ["queued"]);
  const letters = { ended: 1, not_there: 1 };
  assert.deepEqual(tree.domain.deadLetters.byReason(), letters);
});

/** One behavior for all siblings: what they have in common is kept once. */
const fragile: Behavior<null, Message> = {
  name: "fragile",
  start: () => null,
  receive: crash,
};

Deno.test("siblings of one behavior have the bounds of their own specs", () => {
  const kid = fc.record({
    capacity: fc.integer({ min: 1, max: 5 }),
    overflow: fc.constantFrom<Overflow>("reject", "drop_newest"),
  });
  fc.assert(
    fc.property(fc.array(kid), (kids) => {
      const tree = new Tree((tree) => ({ main: [tree.child("s")] }));
      const queued: number[] = [];
      tree.act("s", (ctx) => {
        for (const [id, mailbox] of kids.entries()) {
          const spec = { name: `${id}`, behavior: fragile, args: undefined };
          const ref = ctx.spawn({ ...spec, mailbox });
          const told = FOUR.map((kind) => ctx.tell(ref, { kind }));
          queued.push(told.filter((each) => each === "queued").length);
        }
      });
      const expected = kids.map(({ capacity, overflow }) =>
        overflow === "reject" ? Math.min(capacity, 4) : 4
      );
      assert.deepEqual(queued, expected);
    }),
    { seed: 20261126, numRuns: 100 },
  );
});

Deno.test("siblings of one behavior are started again as their own specs say", () => {
  const restarts = fc.array(
    fc.constantFrom<RestartType>("permanent", "transient", "temporary"),
    // One restart for each of three: as many as a parent allows.
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(restarts, (restarts) => {
      const tree = new Tree((tree) => ({ main: [tree.child("s")] }));
      tree.act("s", (ctx) => {
        for (const [id, restart] of restarts.entries()) {
          const spec = { name: `${id}`, behavior: fragile, args: undefined };
          ctx.tell(ctx.spawn({ ...spec, restart }), { kind: "crash" });
        }
      });
      tree.stage.run(1_000);
      const there = tree.domain.report().actors.map(({ address }) => address);
      const expected = restarts.flatMap((restart, id) =>
        restart === "temporary" ? [] : [`s/${id}`]
      );
      assert.deepEqual(there, ["s", ...expected]);
    }),
    { seed: 20261126, numRuns: 50 },
  );
});
