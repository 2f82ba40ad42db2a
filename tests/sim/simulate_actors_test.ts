/** Anybody's actors are simulated as the shop's are. */
import assert from "node:assert/strict";
import type { Asks, Behavior } from "../../actors/runtime/actor.ts";
import { ok } from "../../actors/runtime/outcome.ts";
import type { Checker, Observation } from "../../sim/observation.ts";
import {
  simulateActors,
  type Simulation,
  type SimulationSpec,
} from "../../sim/simulate_actors.ts";

type Add = { readonly kind: "add" } & Asks<number>;
type Added = { readonly kind: "added" };

/** Answers what it recorded; a careless one answers from memory alone. */
function counter(isCareless: boolean): Behavior<
  { total: number },
  Add,
  undefined,
  Added
> {
  return {
    name: "counter",
    start: () => ({ total: 0 }),
    receive(ctx, state) {
      if (isCareless) state.total += 1;
      else ctx.record({ kind: "added" });
      ctx.reply(ok(state.total));
    },
    apply: (state) => void (state.total += 1),
  };
}

/** What was answered only grows: nothing answered is forgotten. */
class NeverForgets implements Checker {
  readonly id = "counter.neverForgets";
  checked = 0;
  violation: Checker["violation"] = null;
  #highest = 0;

  observe(observation: Observation): void {
    if (observation.kind !== "returned") return;
    const { outcome, atUs } = observation;
    if (outcome.kind !== "ok") return;
    const value = outcome.value as number;
    this.checked += 1;
    if (value <= this.#highest) {
      const detail = `${value} came after ${this.#highest}`;
      this.violation ??= { check: this.id, atUs, key: "counter", detail };
    }
    this.#highest = Math.max(this.#highest, value);
  }

  end(): void {}
}

function counting(isCareless: boolean, more: Partial<SimulationSpec> = {}) {
  const child = { behavior: counter(isCareless), args: undefined };
  const load = (run: Simulation) => {
    for (let call = 0; call < 200; call++) {
      run.after(
        call * 50 + run.random.below(20),
        () => run.ask<Add, "add">("counter", { kind: "add" }, 1_000),
      );
    }
    for (const atMs of [2_015, 5_040, 7_777]) {
      run.after(atMs, () => run.lose("one"));
    }
  };
  return simulateActors({
    threads: {
      one: {
        children: [{ name: "counter", journaled: !isCareless, ...child }],
      },
    },
    checkers: [new NeverForgets()],
    durationMs: 12_000,
    load,
    ...more,
  });
}

Deno.test("a journaled counter forgets nothing it answered, whenever its thread falls", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { ok, checks } = counting(false, { seed });
    assert(ok, checks[0]?.firstViolation?.detail);
    assert(checks[0]!.checked > 150);
  }
});

Deno.test("a counter in memory alone forgets, and the user's checker says so", () => {
  const { ok, checks } = counting(true);
  assert.equal(ok, false);
  assert.match(checks[0]!.firstViolation!.detail, /^\d+ came after \d+$/);
});

Deno.test("one seed is one trace, another seed is another", () => {
  const [first, again, other] = [1, 1, 2].map((seed) =>
    counting(false, { seed }).trace
  );
  assert.equal(first, again);
  assert.notEqual(first, other);
});

Deno.test("a link that loses batches loses no recorded count", () => {
  const { ok, checks } = counting(false, {
    network: { lossPerMillion: 50_000, duplicatePerMillion: 50_000 },
  });
  assert(ok, checks[0]?.firstViolation?.detail);
});

Deno.test("who loses a thread that is not there is told which there are", () => {
  assert.throws(
    () => counting(false, { load: (run) => run.lose("two") }),
    { name: "TypeError", message: /not one of one: current value is "two"/ },
  );
});

Deno.test("an address on two threads is refused", () => {
  const spec = {
    children: [{ name: "a", behavior: counter(true), args: undefined }],
  };
  assert.throws(
    () => counting(true, { threads: { one: spec, two: spec } }),
    { name: "TypeError", message: /"a" as the name is taken in one/ },
  );
});

Deno.test("a load that reads the machine's clock is stopped", () => {
  assert.throws(
    () => counting(false, { load: () => void Date.now() }),
    { name: "AmbientAccess", message: /Date\.now/ },
  );
});

Deno.test("an ask of another thread is three messages: there, handled, back", () => {
  const { messages } = simulateActors({
    threads: {
      one: {
        children: [{ name: "a", behavior: counter(true), args: undefined }],
      },
    },
    durationMs: 1_000,
    load(run) {
      for (let call = 0; call < 10; call++) {
        run.after(call, () => run.ask<Add, "add">("a", { kind: "add" }, 500));
      }
    },
  });
  assert.equal(messages, 30);
});
