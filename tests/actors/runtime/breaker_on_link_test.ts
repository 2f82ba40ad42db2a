/** Breakers before actors of another domain: what its link does to them. */
import assert from "node:assert/strict";
import type { BreakerPolicy } from "../../../actors/runtime/circuit_breaker.ts";
import { ok, unknown } from "../../../actors/runtime/outcome.ts";
import { type Act, Tree } from "./trees_bench.ts";

/** Two probes; one failure opens it. */
const POLICY: Partial<BreakerPolicy> = {
  minimumCalls: 1,
  failureRatePercent: 1,
  probes: 2,
  resetMinMs: 100,
  resetMaxMs: 100,
};

const ANSWERS: Act = (ctx) => ctx.reply(ok(null));
const KEEPS_WAITING: Act = (ctx) => void ctx.asker();

const isFar = (to: string) => to.startsWith("far.");

/** Two domains whose link can break while both live on. */
function twoDomains() {
  const tree = new Tree((tree) => ({
    main: [tree.child("near")],
    far: [tree.child("far.x"), tree.child("far.y")],
  }));
  const { domain } = tree;
  return {
    tree,
    breakers: ["far.x", "near"].map((to) => domain.guard(to, POLICY)),
    breaks: () => domain.settleLost(isFar, unknown(250)),
    comesBack: () => domain.noteReachable(isFar),
    /** How an ask by the host ends. */
    ask: (to: string) => tree.ask(to, ANSWERS).outcome?.kind,
  };
}

// G45
Deno.test("a breaker is open from the loss of its link until there is one again, and then lets probes through", () => {
  const { tree, breakers: [breaker], breaks, comesBack, ask } = twoDomains();
  assert.equal(ask("far.x"), "ok");
  breaks();
  assert.equal(breaker!.state, "open");
  // No pause is long enough: nobody is there to be probed.
  tree.stage.run(60_000);
  const handled = tree.stage.actor("far.x")!.handled;
  assert.deepEqual([ask("far.x"), breaker!.state], ["failed", "open"]);
  assert.equal(tree.stage.actor("far.x")!.handled, handled, "nothing left");
  comesBack();
  assert.equal(breaker!.state, "half_open");
  assert.deepEqual([ask("far.x"), breaker!.state], ["ok", "half_open"]);
  assert.deepEqual([ask("far.x"), breaker!.state], ["ok", "closed"]);
});

Deno.test("an ask that was under way when the link broke is unknown, and no failure of its target", () => {
  const { tree, breakers: [breaker], breaks } = twoDomains();
  const waiting = tree.ask("far.x", KEEPS_WAITING);
  breaks();
  assert.equal(waiting.outcome?.kind, "unknown");
  const { failures, opened, underWay } = breaker!.report(tree.stage.nowMs);
  assert.deepEqual({ failures, opened, underWay }, {
    failures: 0,
    opened: 1,
    underWay: 0,
  });
});

Deno.test("a link that breaks or comes back is no news to breakers of those who live elsewhere", () => {
  const { breakers: [, near], breaks, comesBack, ask } = twoDomains();
  breaks();
  assert.equal(near!.state, "closed");
  assert.equal(ask("near"), "ok");
  comesBack();
  assert.equal(near!.state, "closed");
});

Deno.test("the first link, and one more, close and open nothing", () => {
  const { tree, breakers: [breaker], comesBack, ask } = twoDomains();
  comesBack();
  assert.equal(ask("far.x"), "ok");
  comesBack();
  const { state, calls } = breaker!.report(tree.stage.nowMs);
  assert.deepEqual([state, calls], ["closed", 1]);
});

Deno.test("whom calls had found sick stays open when a link comes that never broke", () => {
  const { tree, breakers: [breaker], comesBack } = twoDomains();
  tree.ask("far.x", KEEPS_WAITING, 48);
  tree.stage.run(64);
  assert.equal(breaker!.state, "open");
  comesBack();
  assert.equal(breaker!.state, "open");
});
