/** Breakers in front of actors: what supervisors and callers do to them. */
import assert from "node:assert/strict";
import { failed, ok, type Outcome } from "../../../actors/runtime/outcome.ts";
import { type Act, crash, supervisor, Tree } from "./trees_bench.ts";

/** The second crash in a row is followed by a second of silence. */
const SECOND = { minMs: 1_000, maxMs: 1_000, resetAfterMs: 10_000 };

/** Quick to open and quick to try again. */
const POLICY = {
  minimumCalls: 4,
  windowCalls: 4,
  probes: 2,
  resetMinMs: 400,
  resetMaxMs: 400,
};

const ANSWERS: Act = (ctx) => ctx.reply(ok(null));

/** An actor that calls, and whom it can call here and elsewhere. */
function called(calls: Act = ANSWERS) {
  const answers: Outcome<unknown>[] = [];
  const tree = new Tree((tree) => ({
    main: [
      supervisor("top", { strategy: "one_for_all", backoff: SECOND }, [
        tree.child("a"),
        tree.child("b"),
      ]),
      tree.child("caller", {}, {
        receive(ctx, _state, message) {
          if ("act" in message) message.act(ctx, message);
          else answers.push(message.outcome);
        },
      }),
    ],
    far: [tree.child("far.x")],
  }));
  /** How a call of 48 ms ends, in a word. */
  const call = (to: string, act = calls): string => {
    const options = { as: "answer", withinMs: 48 };
    tree.act("caller", (ctx) => ctx.ask(to, tree.acting(act), options));
    if (answers.length === 0) tree.stage.run(64);
    const [answer, ...more] = answers.splice(0);
    assert.deepEqual(more, []);
    return answer!.kind === "failed" ? answer!.code : answer!.kind;
  };
  return { tree, call };
}

Deno.test("G45 a breaker is open while its actor is down, and closes when enough probes were answered", () => {
  const { tree, call } = called();
  const breaker = tree.domain.guard("a", POLICY);
  assert.equal(call("a"), "ok");
  tree.crash("a");
  assert.equal(breaker.state, "half_open", "it was down for no time");
  assert.deepEqual([call("a"), breaker.state], ["ok", "half_open"]);
  assert.deepEqual([call("a"), breaker.state], ["ok", "closed"]);
  tree.crash("a");
  assert.equal(breaker.state, "open", "it is down for a second");
  const asked = tree.ask("a", ANSWERS);
  assert(asked.outcome?.kind === "failed");
  assert(asked.outcome.retryAfterMs >= 800, `${asked.outcome.retryAfterMs}`);
  assert.equal(call("a"), "unavailable");
  tree.stage.run(1_300);
  assert.equal(breaker.state, "half_open");
  assert.deepEqual([call("a"), call("a")], ["ok", "ok"]);
  assert.equal(breaker.state, "closed");
});

Deno.test("a sibling that is started with the one that crashed was down as well", () => {
  const { tree } = called();
  const breaker = tree.domain.guard("b", POLICY);
  tree.crash("a");
  assert.equal(breaker.state, "half_open");
});

Deno.test("a probe that crashes its actor opens the breaker again", () => {
  const { tree, call } = called();
  const breaker = tree.domain.guard("a", POLICY);
  tree.crash("a");
  assert.equal(call("a", crash), "crashed");
  assert.equal(breaker.state, "open");
});

Deno.test("a breaker guards an actor that comes after it", () => {
  const { tree, call } = called();
  const breaker = tree.domain.guard("b/kid", { ...POLICY, minimumCalls: 1 });
  tree.act("b", (ctx) => {
    ctx.spawn(tree.child("kid", { restart: "permanent" }));
  });
  assert.equal(call("b/kid"), "ok");
  assert.equal(breaker.report(tree.stage.nowMs).calls, 1);
  tree.crash("b/kid");
  assert.equal(breaker.state, "half_open");
});

for (const asker of ["an actor", "the host"] as const) {
  Deno.test(`calls by ${asker} that time out elsewhere open the breaker, and answers close it`, () => {
    const { tree, call } = called();
    const breaker = tree.domain.guard("far.x", POLICY);
    const ask = (act: Act): string => {
      if (asker === "an actor") return call("far.x", act);
      const asked = tree.ask("far.x", act, 48);
      tree.stage.run(64);
      const { outcome } = asked;
      return outcome?.kind === "failed" ? outcome.code : `${outcome?.kind}`;
    };
    for (let count = 0; count < 4; count++) {
      assert.equal(breaker.state, "closed");
      assert.equal(ask(() => {}), "unknown");
    }
    assert.equal(breaker.state, "open");
    const before = tree.stage.actor("far.x")!.handled;
    assert.equal(ask(ANSWERS), "unavailable");
    assert.equal(tree.stage.actor("far.x")!.handled, before, "nothing left");
    tree.stage.run(500);
    assert.deepEqual([ask(ANSWERS), ask(ANSWERS)], ["ok", "ok"]);
    assert.equal(breaker.state, "closed");
  });
}

Deno.test("an answer whose step throws is one failed call, and no success", () => {
  for (const restart of ["temporary", "permanent"] as const) {
    const { tree, call } = called();
    const policy = { ...POLICY, minimumCalls: 1, failureRatePercent: 100 };
    const breaker = tree.domain.guard("b/kid", policy);
    tree.act("b", (ctx) => void ctx.spawn(tree.child("kid", { restart })));
    const answersAndThrows: Act = (ctx) => {
      ctx.reply(ok(null));
      crash();
    };
    assert.equal(call("b/kid", answersAndThrows), "crashed");
    const { calls, failures, state } = breaker.report(tree.stage.nowMs);
    // A supervisor that starts it again knows better than the window.
    if (restart === "permanent") assert.equal(state, "half_open");
    else assert.deepEqual([calls, failures, state], [1, 1, "open"]);
  }
});

Deno.test("an answer of a later step that throws is one unknown call", () => {
  const { tree, call } = called();
  const policy = { ...POLICY, minimumCalls: 1, failureRatePercent: 100 };
  const breaker = tree.domain.guard("b/kid", policy);
  tree.act("b", (ctx) => void ctx.spawn(tree.child("kid")));
  const answersLater: Act = (ctx) => {
    const asker = ctx.asker();
    const answers = tree.acting((ctx) => {
      ctx.answer(asker, ok(null));
      crash();
    });
    ctx.timer("later", 8, answers);
  };
  assert.equal(call("b/kid", answersLater), "unknown");
  const { calls, failures, underWay } = breaker.report(tree.stage.nowMs);
  assert.deepEqual([calls, failures, underWay], [1, 1, 0]);
});

Deno.test("a call whose step throws was never made: its place is free again", () => {
  for (const to of ["a", "far.x"]) {
    const { tree, call } = called();
    const breaker = tree.domain.guard(to, { ...POLICY, probes: 1 });
    tree.act("caller", (ctx) => {
      ctx.ask(to, { kind: "hello" }, { as: "answer", withinMs: 48 });
      crash();
    });
    const { calls, underWay } = breaker.report(tree.stage.nowMs);
    assert.deepEqual([calls, underWay], [0, 0]);
    assert.equal(call(to), "ok");
  }
});

Deno.test("who is too busy to take a call says so itself: no breaker opens", () => {
  const { tree, call } = called();
  const breaker = tree.domain.guard("b/kid", POLICY);
  const mailbox = { capacity: 1 };
  tree.act("b", (ctx) => void ctx.spawn(tree.child("kid", { mailbox })));
  tree.domain.slow("b/kid", 60_000);
  tree.stage.tell("b/kid", { kind: "one" });
  tree.stage.run();
  tree.stage.tell("b/kid", { kind: "two" });
  for (let count = 0; count < 8; count++) {
    assert.equal(call("b/kid"), "overloaded");
  }
  assert.equal(breaker.state, "closed");
});

Deno.test("an actor that has ended for good keeps its breaker out of it", () => {
  const { tree, call } = called();
  const breaker = tree.domain.guard("b/kid", { ...POLICY, minimumCalls: 1 });
  tree.act("b", (ctx) => void ctx.spawn(tree.child("kid")));
  tree.act("b", (ctx) => ctx.kill("b/kid"));
  assert.equal(call("b/kid"), "unavailable");
  assert.equal(breaker.report(tree.stage.nowMs).underWay, 0);
});

Deno.test("a target that sheds calls keeps its breaker closed, and what it has room for still comes", () => {
  const { tree, call } = called();
  const breaker = tree.domain.guard("far.x", POLICY);
  const sheds: Act = (ctx) => ctx.reply(failed("overloaded", 1_000));
  for (let count = 0; count < 20; count++) {
    assert.equal(call("far.x", sheds), "overloaded");
  }
  assert.equal(call("far.x"), "ok");
  const { state, calls, failures } = breaker.report(tree.stage.nowMs);
  assert.deepEqual({ state, calls, failures }, {
    ...{ state: "closed", calls: 1, failures: 0 },
  });
});
