/**
 * The second half of `pains_test.ts`: what goes wrong elsewhere between steps,
 * when an actor makes room for another, below a parent, and at the end.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type {
  AnyBehavior,
  Message,
  Signal,
} from "../../../actors/runtime/actor.ts";
import type { TreeNode } from "../../../actors/runtime/domain_report.ts";
import { failed, ok } from "../../../actors/runtime/outcome.ts";
import { acting, type AnyContext, child, Stage } from "./pains_bench.ts";

/** Refuses to go on. */
function crash(): never {
  throw new Error("on purpose");
}

// ── 11: interleaving ──────────────────────────────────────────────────────

/** The same behavior; an actor crashes when its step begins within its step. */
function neverReentered(behavior: AnyBehavior): AnyBehavior {
  const inStep = new Set<string>();
  const alone = ({ self }: AnyContext, step: () => void) => {
    assert(!inStep.has(self), "a step began within another");
    inStep.add(self);
    try {
      step();
    } finally {
      inStep.delete(self);
    }
  };
  const { receive, signal } = behavior;
  return {
    ...behavior,
    receive: (...step) => alone(step[0], () => receive(...step)),
    signal: (...step) => alone(step[0], () => signal?.(...step)),
  };
}

Deno.test("pain 11: a step is never re-entered, whatever it sends, starts, stops or waits for", () => {
  const order: string[] = [];
  const busy = acting({
    work(ctx, _message, state) {
      order.push("begins");
      ctx.timer("soon", 0, { kind: "tick" });
      ctx.tell("busy", { kind: "told" });
      ctx.ask("busy", { kind: "asked" }, { as: "answer", withinMs: 1_000 });
      ctx.ask("nobody", { kind: "asked" }, { as: "answer", withinMs: 1_000 });
      ctx.watch("nobody");
      ctx.spawn(child("unborn", acting({}, { start: crash })));
      ctx.kill(ctx.spawn(child("born", acting({}))));
      state.isWritten = true;
      // The host's log has a domain at hand, and time passes meanwhile.
      ctx.log("warn", "busy");
      order.push("ends");
    },
    told: () => order.push("told"),
    asked: (ctx) => ctx.reply(ok(null)),
    answer: (_ctx, { outcome }) => order.push(outcome.code ?? outcome.kind),
    tick: () => order.push("tick"),
  }, {
    signal: (_ctx, _state, signal: Signal) =>
      signal.kind === "down" && order.push(`down ${signal.reason.kind}`),
  });
  const stage: Stage = new Stage(
    (domain) => domain.spawn(child("busy", neverReentered(busy))),
    {
      log: {
        write(_level, text) {
          if (text !== "busy") return;
          stage.nowMs += 16;
          assert.equal(stage.domain.run(), Infinity, "it runs already");
        },
      },
    },
  );
  stage.tell("busy", { kind: "work" });
  stage.run(100);
  assert.deepEqual(order.slice(0, 2), ["begins", "ends"]);
  assert.deepEqual(
    order.slice(2).sort(),
    [
      "down init_failed",
      "down killed",
      "down not_there",
      "ok",
      "told",
      "tick",
      "unavailable",
    ].sort(),
  );
  const { crashes, handled } = stage.actor("busy")!;
  assert.deepEqual([crashes, handled], [0, 6]);
});

Deno.test("pain 11: a timer comes as a message, behind the mail that is there", () => {
  const order: string[] = [];
  const waiting = acting({
    arm: (ctx) => ctx.timer("due", 100, { kind: "due" }),
    work: (_ctx, { number }) => order.push(`work ${number}`),
    due: () => order.push("due"),
  });
  const stage = new Stage((domain) => domain.spawn(child("waiting", waiting)));
  stage.tell("waiting", { kind: "arm" });
  stage.run();
  stage.domain.slow("waiting", 1_000);
  for (const number of [1, 2, 3]) {
    stage.tell("waiting", { kind: "work", number } as Message);
  }
  stage.run(500);
  assert.deepEqual(order, ["work 1"], "it fired in the midst of a pause");
  stage.run(5_000);
  assert.deepEqual(order, ["work 1", "work 2", "work 3", "due"]);
});

// ── 12: handoff ───────────────────────────────────────────────────────────

/** A number for a cart, and one that it shall send on in that step. */
interface Put {
  readonly kind: "put";
  readonly number: number;
  readonly to: string;
  readonly isAsk: boolean;
  readonly next?: Put;
}

/** Carts that lay what they hold into a store when they make room. */
class Carts {
  readonly store = new Map<string, number[]>();
  readonly handled: { to: string; number: number }[] = [];
  readonly outcomes: string[] = [];
  sent = 0;
  starts = 0;
  mostLiving = 0;
  readonly stage: Stage;

  constructor(liveMax: number) {
    const cart = acting({
      put: (ctx, put, { numbers }) => {
        this.mostLiving = Math.max(this.mostLiving, this.living);
        if (put.next !== undefined) this.#sendOn(ctx, put.next);
        numbers.push(put.number);
        this.handled.push(put);
        ctx.reply(ok(null));
      },
      answer: (_ctx, { outcome }) =>
        this.outcomes.push(outcome.code ?? outcome.kind),
    }, {
      start: (key) => {
        this.starts++;
        return { key, numbers: [...this.store.get(key) ?? []] };
      },
      signal: (_ctx, { key, numbers }, { kind }) =>
        kind === "stopping" && this.store.set(key, numbers),
    });
    const behavior = neverReentered(cart);
    this.stage = new Stage((domain) =>
      domain.addKeyed({ name: "cart", behavior, liveMax })
    );
  }

  get living(): number {
    return this.stage.domain.report().actors.length;
  }

  send(put: Put): void {
    this.sent++;
    this.stage.tell(put.to, put);
  }

  #sendOn(ctx: AnyContext, put: Put): void {
    this.sent++;
    if (!put.isAsk) return void ctx.tell(put.to, put);
    ctx.ask(put.to, put, { as: "answer", withinMs: 1_000 });
  }

  /** What a cart holds, alive or not. */
  numbersIn(key: string): readonly number[] {
    const state = this.stage.domain.stateOf(`cart[${key}]`);
    return (state as { numbers: number[] } | undefined)?.numbers ??
      this.store.get(key) ?? [];
  }
}

const KEYS = ["a", "b", "c", "d", "e"];

Deno.test("pain 12: no message is lost when an actor is passivated and started again, however few places there are", () => {
  const to = fc.constantFrom(...KEYS.map((key) => `cart[${key}]`));
  const hop = fc.record({ to, isAsk: fc.boolean() });
  const chain = fc.array(hop, { minLength: 1, maxLength: 4 });
  let starts = 0;
  let refused = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.record({ chain, runs: fc.boolean() }), { maxLength: 30 }),
      (liveMax, sendings) => {
        const carts = new Carts(liveMax);
        let number = 0;
        for (const { chain, runs } of sendings) {
          let next: Put | undefined;
          for (const { to, isAsk } of chain) {
            number++;
            next = { kind: "put", number, to, isAsk, ...next && { next } };
          }
          carts.send(next!);
          if (runs) carts.stage.run(10);
        }
        carts.stage.run(10_000);
        const { handled, outcomes, stage } = carts;
        const { not_there = 0 } = stage.domain.deadLetters.byReason();
        const failed = outcomes.filter((outcome) => outcome !== "ok").length;
        assert.equal(handled.length + not_there + failed, carts.sent);
        assert.equal(stage.domain.report().pendingAsks, 0);
        assert(
          outcomes.every((each) => /^(ok|unavailable|call-cycle)$/.test(each)),
        );
        for (const key of KEYS) {
          const own = handled.filter(({ to }) => to === `cart[${key}]`);
          assert.deepEqual(
            carts.numbersIn(key),
            own.map((each) => each.number),
            `cart[${key}] of ${liveMax} places`,
          );
        }
        assert(carts.mostLiving <= liveMax, "no more live than may");
        starts += carts.starts;
        refused += carts.sent - handled.length;
      },
    ),
    { seed: 20261111, numRuns: 300 },
  );
  assert(starts > 1_000 && refused > 100, `${starts} and ${refused}`);
});

// G46
Deno.test("pain 12: who is needed keeps its place: mail, open asks, askers, timers, a stash", () => {
  const needs = {
    mail: (ctx: AnyContext) => ctx.tell(ctx.self, { kind: "mail" }),
    ask: (ctx: AnyContext) =>
      ctx.ask("silent", { kind: "ask" }, { as: "mail", withinMs: 1_000 }),
    asker: (ctx: AnyContext) => ctx.asker(),
    timer: (ctx: AnyContext) => ctx.timer("mail", 500, { kind: "mail" }),
    stash: (ctx: AnyContext) => ctx.stash(),
    nothing: () => {},
  };
  for (const need of Object.keys(needs)) {
    const stage = new Stage((domain) => {
      const cart = acting(needs);
      domain.addKeyed({ name: "cart", behavior: cart, liveMax: 1 });
      domain.spawn(child("silent", acting({ ask: (ctx) => ctx.asker() })));
    });
    const asked = stage.ask("cart[a]", { kind: need }, 2_000);
    if (need !== "mail") stage.domain.run();
    stage.tell("cart[b]", { kind: "nothing" });
    const isGone = stage.actor("cart[a]") === undefined;
    assert.equal(isGone, need === "nothing", need);
    void asked;
  }
});

Deno.test("pain 12: a step that throws takes its mail back, and whom it woke lives on", () => {
  const heard: string[] = [];
  const cart = acting({
    wake(ctx) {
      ctx.tell("cart[b]", { kind: "note" });
      crash();
    },
    note: (ctx) => heard.push(`note ${ctx.self}`),
  }, {
    signal: (ctx, _state, { kind }) => heard.push(`${kind} ${ctx.self}`),
  });
  const stage = new Stage((domain) =>
    domain.addKeyed({ name: "cart", behavior: cart, liveMax: 2 })
  );
  stage.tell("cart[c]", { kind: "note" });
  stage.run();
  stage.tell("cart[a]", { kind: "wake" });
  stage.run();
  stage.tell("cart[b]", { kind: "note" });
  stage.run();
  assert.deepEqual(heard.filter((each) => !each.endsWith("cart[a]")), [
    "recovered cart[c]",
    "note cart[c]",
    "stopping cart[c]",
    "recovered cart[b]",
    "note cart[b]",
  ]);
});

// ── 15: children ──────────────────────────────────────────────────────────

/** One restart after the other, to the end of the play. */
const PATIENT = {
  strategy: "one_for_one",
  maxRestarts: 100,
  periodMs: 1_000_000,
} as const;

/** A parent below a supervisor, with a child of each restart type. */
function family() {
  const heard: string[] = [];
  const infant = acting({
    poison: crash,
    work: (ctx) => ctx.reply(ok(ctx.incarnation)),
    leave: (ctx) => ctx.stop(),
    bear: (ctx) => ctx.spawn(child("grandchild", acting({}))),
  }, { keyOf: ({ number }) => `${number}` });
  const parent = acting({
    work: (ctx) => ctx.reply(ok(ctx.incarnation)),
  }, {
    signal(ctx, _state, signal: Signal) {
      if (signal.kind === "recovered") {
        for (
          const restart of ["permanent", "transient", "temporary"] as const
        ) {
          ctx.spawn(child(restart, infant, { restart }));
        }
      } else if (signal.kind === "down") {
        heard.push(`${signal.ref} ${signal.reason.kind}`);
      }
    },
  });
  const stage = new Stage((domain) =>
    domain.supervise({
      ...PATIENT,
      name: "families",
      children: [child("parent", parent)],
    })
  );
  let number = 0;
  /** Makes a child crash, with mail behind the poison. */
  const poison = (address: string) => {
    number++;
    stage.tell(address, { kind: "poison", number } as Message);
    const asked = stage.ask(address, { kind: "work" });
    stage.run(8);
    return asked.outcome;
  };
  return { stage, heard, poison };
}

Deno.test("pain 15: a child that throws is not dead: its restart type decides, its mail waits, its parent runs on", () => {
  const { stage, heard, poison } = family();
  assert.deepEqual(poison("parent/permanent"), ok(2));
  assert.deepEqual(poison("parent/transient"), ok(2));
  assert.deepEqual(heard, [], "a restart is not an end");
  assert.deepEqual(poison("parent/temporary"), failed("unavailable", 250));
  stage.tell("parent/transient", { kind: "leave" });
  stage.tell("parent/permanent", { kind: "leave" });
  stage.run(8);
  assert.deepEqual(heard, [
    "parent/temporary crashed",
    "parent/transient normal",
  ]);
  assert.equal(stage.actor("parent/permanent")!.incarnation, 3);
  const { crashes, incarnation } = stage.actor("parent")!;
  assert.deepEqual([crashes, incarnation], [0, 1]);
});

/** The addresses of the actors below, from the top down. */
function addressesOf(node: TreeNode): string[] {
  const own = node.kind === "actor" ? [node.address] : [];
  return [...own, ...node.children.flatMap(addressesOf)];
}

Deno.test("pain 15: children that crash beyond their budget take their parent down, and its supervisor starts the family again", () => {
  const { stage, poison } = family();
  const everybody = addressesOf(stage.domain.tree());
  stage.tell("parent/temporary", { kind: "bear" });
  for (const type of ["permanent", "transient", "permanent"]) {
    poison(`parent/${type}`);
  }
  assert.equal(stage.actor("parent")!.incarnation, 1, "three in five seconds");
  const grandchild = "parent/temporary/grandchild";
  assert(addressesOf(stage.domain.tree()).includes(grandchild));
  poison("parent/permanent");
  const { incarnation, lastCrash } = stage.actor("parent")!;
  assert.equal(incarnation, 2);
  assert.match(lastCrash!.cause, /children crash too often/);
  assert.deepEqual(addressesOf(stage.domain.tree()), everybody);
  assert.equal(stage.actor("parent/permanent")!.incarnation, 1, "a new one");
  assert.equal(stage.linesOf("actor crashed").length, 5);
});

// ── 16: the end ───────────────────────────────────────────────────────────

Deno.test("pain 16: one deadline holds for the whole stop: then nobody is left and every ask has ended, without a busy wait", () => {
  const slowly = acting({ work: (ctx) => ctx.reply(ok(null)) });
  const names = ["a", "b", "c", "d", "e"];
  const stage = new Stage((domain) => {
    for (const name of names) domain.spawn(child(name, slowly));
  });
  const asked = names.flatMap((name) => {
    stage.domain.slow(name, 1_000);
    return Array.from({ length: 4 }, () => stage.ask(name, { kind: "work" }));
  });
  const stop = { startedAtMs: stage.nowMs, endedAtMs: 0 };
  const runsBefore = stage.runs;
  stage.domain.shutDown(() => stop.endedAtMs = stage.nowMs, 2_500);
  stage.run(60_000);
  const tookMs = stop.endedAtMs - stop.startedAtMs;
  assert(2_500 <= tookMs && tookMs < 2_508, `${tookMs} ms`);
  assert.deepEqual(stage.domain.report().actors, []);
  const kinds = asked.map(({ outcome }) => outcome?.kind);
  const served = ["ok", "ok", "ok", "failed"];
  assert.deepEqual(kinds, names.flatMap(() => served));
  // A look every 8 ms, and the steps.
  assert(stage.runs - runsBefore < 2_500 / 8 + 50, `${stage.runs} runs`);
  assert.equal(stage.run(), Infinity);
});

// G39
Deno.test("pain 16: who stops handles what is there, refuses what comes, and goes before whoever was started earlier", () => {
  const order: string[] = [];
  const behavior = acting({
    work: (ctx, { number }) => {
      order.push(`${ctx.self} works ${number}`);
      ctx.tell("cart[late]", { kind: "work" });
    },
  }, {
    signal: (ctx, _state, { kind }) =>
      kind === "stopping" && order.push(`${ctx.self} stops`),
  });
  const cart = acting({ work: () => {} });
  const stage = new Stage((domain) => {
    domain.spawn(child("first", behavior));
    domain.spawn(child("second", behavior));
    domain.addKeyed({ name: "cart", behavior: cart, liveMax: 8 });
  });
  for (const [number, name] of ["first", "second", "second"].entries()) {
    stage.tell(name, { kind: "work", number } as Message);
  }
  let isStopped = false;
  stage.domain.shutDown(() => isStopped = true);
  stage.tell("second", { kind: "work", number: 9 } as Message);
  const refused = stage.ask("second", { kind: "work" });
  stage.run(1_000);
  assert.deepEqual(order, [
    ...["first works 0", "second works 1", "second works 2"],
    ...["second stops", "first stops"],
  ]);
  assert.deepEqual(refused.outcome, failed("unavailable", 250));
  assert.equal(stage.domain.deadLetters.byReason().ended, 1);
  assert(isStopped);
  assert.deepEqual(stage.domain.report().actors, [], "the late cart has gone");
});

Deno.test("pain 16: the deadline of a parent holds for the children that it waits for", () => {
  const endless = acting({ work: () => {} });
  const seen: Signal[] = [];
  const parent = acting({}, {
    signal: (ctx, _state, { kind }) =>
      kind === "recovered" &&
      ctx.spawn(child("slow", endless, { shutdownMs: 60_000 })),
  });
  const watcher = acting({ watch: (ctx) => ctx.watch("parent") }, {
    signal: (_ctx, _state, signal) => seen.push(signal),
  });
  const stage = new Stage((domain) => {
    domain.spawn(child("watcher", watcher));
    domain.spawn(child("parent", parent, { shutdownMs: 80 }));
  });
  stage.tell("watcher", { kind: "watch" });
  stage.domain.slow("parent/slow", 10_000);
  stage.tell("parent/slow", { kind: "work" }, { kind: "work" });
  stage.run();
  seen.length = 0;
  stage.domain.shutDown(() => {});
  stage.run(88);
  const reason = { kind: "killed", why: "deadline" };
  assert.deepEqual(seen.slice(0, 1), [{ kind: "down", ref: "parent", reason }]);
  assert.equal(stage.actor("parent/slow"), undefined);
});

Deno.test("pain 16: a restart that is waited for keeps the host awake until it comes", () => {
  const stage = new Stage((domain) =>
    domain.supervise({
      ...PATIENT,
      name: "patient",
      maxRestarts: 2,
      backoff: { minMs: 400, maxMs: 800, resetAfterMs: 10_000 },
      exceeded: "stay_down",
      children: [child("frail", acting({}))],
    })
  );
  assert.equal(stage.run(), Infinity, "nobody waits for anything");
  const waits: number[] = [];
  for (let crashes = 0; crashes < 3; crashes++) {
    stage.domain.crash("frail", "on purpose");
    const wakeAtMs = stage.run();
    if (crashes === 0) continue;
    assert.notEqual(stage.actor("frail")!.status, "running");
    waits.push(wakeAtMs - stage.nowMs);
    // The host sleeps until then, and that is when it runs again.
    stage.run(wakeAtMs - stage.nowMs);
    assert.equal(stage.actor("frail")!.status, "running");
  }
  const [second, third] = waits as [number, number];
  assert(320 <= second && second <= 488, `${second} ms of back-off`);
  assert(640 <= third && third <= 968, `${third} ms down`);
});
