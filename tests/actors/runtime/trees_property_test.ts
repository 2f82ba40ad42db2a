/**
 * Random trees under random loads and crashes, in virtual time. Whatever
 * happens, every message is accounted for once, every ask ends once, nothing
 * of a life is left to the next one, and nobody lives outside the tree.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type {
  AnyBehavior,
  ChildSpec,
  Message,
  Overflow,
  RestartType,
  Signal,
} from "../../../actors/runtime/actor.ts";
import { Domain } from "../../../actors/runtime/domain.ts";
import type { TreeNode } from "../../../actors/runtime/domain_report.ts";
import { ok, type Outcome } from "../../../actors/runtime/outcome.ts";
import {
  isSupervisor,
  type RestartPolicy,
  type Strategy,
  type SupervisorSpec,
} from "../../../actors/runtime/supervisor.ts";
import { crash, supervisor, Tree } from "./trees_bench.ts";

type AnyContext = Parameters<AnyBehavior["receive"]>[0];

// ── The properties ────────────────────────────────────────────────────────

Deno.test("nothing is lost or doubled, and nobody is left over, whatever crashes when", () => {
  const roots = fc.constantFrom(3, 1_000);
  const moves = fc.array(move, { maxLength: 40 });
  const picks = fc.infiniteStream(fc.nat(7));
  let escalations = 0;
  fc.assert(
    fc.property(
      forest,
      roots,
      moves,
      picks,
      (grown, maxRestarts, moves, picks) => {
        const specs = grown.map(({ policy, children, inner }, index) => {
          const name = `sup-${index}`;
          const named = children.map(asSpec(name));
          if (inner === null) return { name, ...policy, children: named };
          const innerName = `${name}-inner`;
          const below = inner.children.map(asSpec(innerName));
          const nested = { name: innerName, ...inner.policy, children: below };
          return { name, ...policy, children: [nested, ...named] };
        });
        const root = {
          strategy: "one_for_one",
          maxRestarts,
          periodMs: 1_000,
        } as const;
        const world = new World(
          specs,
          root,
          (count) => picks.next().value! % count,
        );
        for (const each of moves) world.move(each);
        world.run(1_000);
        world.check();
        escalations += world.escalations;
        world.end();
      },
    ),
    { numRuns: 400 },
  );
  assert(escalations > 0, "some roots must have given up");
});

function asSpec(above: string) {
  return (drawn: Drawn, index: number): ChildSpec => ({
    name: `${above}.${index}`,
    // The world puts its own in this place.
    behavior: {} as AnyBehavior,
    args: undefined,
    ...drawn,
  });
}

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

Deno.test("the budgets of two levels are exact, to the restart and to the life", () => {
  const strategy = fc.constantFrom<Strategy>(
    ...["one_for_one", "one_for_all", "rest_for_one"] as const,
  );
  const limited = fc.record({
    strategy,
    maxRestarts: fc.nat(3),
    periodMs: fc.constantFrom(80, 400),
  });
  const crashes = fc.array(
    fc.record({ afterMs: fc.nat(20), child: fc.nat(2) }),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(limited, limited, crashes, (outer, inner, crashes) => {
      const tree = new Tree((tree) => ({
        main: [
          supervisor(
            "inner",
            inner,
            ["a", "b", "c"].map((name) => tree.child(name)),
          ),
        ],
      }), { root: outer });
      const lives = [1, 1, 1];
      let budget = new Budget(inner);
      const rootBudget = new Budget(outer);
      let isUp = true;
      for (const { afterMs, child } of crashes) {
        tree.stage.run(afterMs * 8);
        const { nowMs } = tree.stage;
        tree.crash("abc"[child]!);
        if (!isUp) break;
        const isRestart = budget.allows(nowMs);
        const isEscalated = !isRestart;
        if (isEscalated) {
          budget = new Budget(inner);
          isUp = rootBudget.allows(nowMs);
        }
        for (let index = 0; index < 3; index++) {
          const isIn = isEscalated || inner.strategy === "one_for_all" ||
            index === child ||
            (inner.strategy === "rest_for_one" && index > child);
          if (isIn) lives[index] = isUp ? lives[index]! + 1 : 0;
        }
        assert.deepEqual(["a", "b", "c"].map((name) => tree.life(name)), lives);
      }
      assert.equal(tree.news().includes("the root gave up"), !isUp);
    }),
    { numRuns: 300 },
  );
});
