/**
 * Random trees under random loads and crashes, in virtual time: every message
 * is accounted for once, every ask ends once, nothing of a life is left to the
 * next one, nobody lives outside the tree, and budgets are exact.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type {
  RestartPolicy,
  Strategy,
} from "../../../actors/runtime/supervisor.ts";
import { supervisor, Tree } from "./trees_bench.ts";
import { forests, moves } from "./trees_draws.ts";
import { type Traffic, World } from "./trees_world.ts";

Deno.test("G35 G43 nothing is lost or doubled and nobody is left over, whatever crashes when", () => {
  const traffic: Traffic = { handled: 0, crashes: 0, escalations: 0, dead: {} };
  const options = fc.record({
    rootRestarts: fc.constantFrom(1, 1_000),
    seed: fc.nat(),
  });
  fc.assert(
    fc.property(forests, options, moves, (forest, options, moves) => {
      const world = new World(forest, options, traffic);
      for (const move of moves) world.move(move);
      world.run(1_000);
      world.check();
      world.end();
    }),
    { numRuns: 400 },
  );
  // All that can go wrong must have gone wrong, and most must have gone well.
  const { handled, crashes, escalations, dead } = traffic;
  assert(handled > 4_000 && crashes > 200, JSON.stringify(traffic));
  assert(escalations > 0, "some roots must have given up");
  const reasons = ["not_there", "full", "dropped", "ended", "late_answer"];
  for (const reason of [...reasons, "earlier_life"]) assert(dead[reason]! > 5);
});

/** What a supervisor that gives up at once allows: OTP's rule, once more. */
class Budget {
  #restartsMs: number[] = [];

  constructor(readonly policy: RestartPolicy) {}

  /** One more failure; false when that is one too many. */
  allows(nowMs: number): boolean {
    const { maxRestarts, periodMs } = this.policy;
    const within = this.#restartsMs.filter((atMs) => nowMs - atMs <= periodMs);
    if (within.length >= maxRestarts) return false;
    this.#restartsMs = [...within, nowMs];
    return true;
  }
}

const NAMES = ["a", "b", "c"];

/** Two supervisors' worth of crashes, and the lives that should be left. */
class Expected {
  readonly lives = [1, 1, 1];
  isUp = true;
  readonly #inner: RestartPolicy;
  #innerBudget: Budget;
  readonly #outerBudget: Budget;

  constructor(outer: RestartPolicy, inner: RestartPolicy) {
    this.#inner = inner;
    this.#innerBudget = new Budget(inner);
    this.#outerBudget = new Budget(outer);
  }

  crash(child: number, nowMs: number): void {
    const isEscalated = !this.#innerBudget.allows(nowMs);
    if (isEscalated) {
      // It begins anew, if it may.
      this.#innerBudget = new Budget(this.#inner);
      this.isUp = this.#outerBudget.allows(nowMs);
    }
    for (let index = 0; index < NAMES.length; index++) {
      if (!isEscalated && !this.#isIn(index, child)) continue;
      this.lives[index] = this.isUp ? this.lives[index]! + 1 : 0;
    }
  }

  /** Whether the crash of one is the other's, too. */
  #isIn(index: number, child: number): boolean {
    const { strategy } = this.#inner;
    if (strategy === "one_for_all") return true;
    return index === child || (strategy === "rest_for_one" && index > child);
  }
}

Deno.test("G38 budgets are exact on two levels, to the restart and to the life", () => {
  const policy = fc.record({
    strategy: fc.constantFrom<Strategy>(
      ...["one_for_one", "one_for_all", "rest_for_one"] as const,
    ),
    maxRestarts: fc.nat(3),
    periodMs: fc.constantFrom(80, 400),
  });
  const crashes = fc.array(
    fc.record({
      afterMs: fc.nat(20).map((eighths) => eighths * 8),
      child: fc.nat(NAMES.length - 1),
    }),
    { maxLength: 30, size: "max" },
  );
  fc.assert(
    fc.property(policy, policy, crashes, (outer, inner, crashes) => {
      const tree = new Tree((tree) => ({
        main: [
          supervisor("inner", inner, NAMES.map((name) => tree.child(name))),
        ],
      }), { root: outer });
      const expected = new Expected(outer, inner);
      for (const { afterMs, child } of crashes) {
        tree.stage.run(afterMs);
        expected.crash(child, tree.stage.nowMs);
        tree.crash(NAMES[child]!);
        const lives = NAMES.map((name) => tree.life(name));
        assert.deepEqual(lives, expected.lives);
        if (!expected.isUp) break;
      }
      const gaveUp = tree.news().includes("the root gave up");
      assert.equal(gaveUp, !expected.isUp);
    }),
    { numRuns: 300 },
  );
});
