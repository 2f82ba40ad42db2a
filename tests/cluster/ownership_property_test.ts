/** Who runs which territory, whatever happens to processes and their store. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { LEASE_MS } from "./ownership_process.ts";
import {
  type Fault,
  OwnershipWorld,
  type WorldOptions,
} from "./ownership_world.ts";

/** A fault of one of these kinds. */
function fault(...whats: Fault["what"][]): fc.Arbitrary<Fault> {
  return fc.record({
    afterMs: fc.integer({ min: 0, max: 2 * LEASE_MS }),
    what: fc.constantFrom(...whats),
    whom: fc.nat(5),
    forMs: fc.integer({ min: 10, max: 3 * LEASE_MS }),
  });
}

function historyOf(of: fc.Arbitrary<Fault>) {
  return fc.record({
    seed: fc.nat(),
    processes: fc.integer({ min: 1, max: 4 }),
    territories: fc.constantFrom(1, 3, 8),
    faults: fc.array(of, { maxLength: 12 }),
  });
}

const anything = historyOf(fault(
  ...["join", "leave", "crash", "freeze", "foul network"] as const,
  ...["pause store", "save store", "restart store"] as const,
  ...["lose some data", "lose all data", "set clock back"] as const,
));

/** Lives through a history; throws when something is not as it must be. */
function live(
  { faults, ...options }: WorldOptions & { readonly faults: readonly Fault[] },
): void {
  const world = new OwnershipWorld(options);
  for (const each of faults) world.suffer(each);
  const calmMs = world.calm();
  const withinMs = LEASE_MS + 1_000;
  world.pass(withinMs);
  for (const territory of world.territories) {
    // Whoever leaves takes nothing up.
    if (world.living.every(({ isLeaving }) => isLeaving)) continue;
    assert.ok(
      world.wasRun(territory, calmMs, calmMs + withinMs),
      `nobody runs ${territory} ${withinMs} ms after the last fault`,
    );
  }
  // Drains that hang end; who wants to leave has left.
  world.pass(6 * LEASE_MS);
  assert.ok(world.living.every(({ isLeaving }) => !isLeaving));
  if (world.living.length === 0) return;
  const loads = world.living.map(({ running }) => running.size);
  const sum = loads.reduce((total, load) => total + load, 0);
  assert.equal(sum, world.territories.length, "not all run");
  assert.ok(Math.max(...loads) - Math.min(...loads) <= 1, loads.join(" "));
  const moves = world.moves.length;
  world.pass(5 * LEASE_MS);
  assert.equal(world.moves.length, moves, "they wander about");
}

// G113 G114
Deno.test("whatever happens, no two processes believe in one territory at a time, and each runs again a lease and a second after the last fault", () => {
  fc.assert(fc.property(anything, live), { numRuns: 200 });
});

/** Mistakes, each with what brings it to light most often. */
const MISTAKES = {
  "frees for anybody": ["join", "leave", "foul network"],
  "sets before it expires": ["join", "crash"],
  "gives at once": ["crash", "lose all data"],
  "hands over before it stops": ["join"],
  "renews by the wall clock": ["set clock back", "foul network"],
} as const;

for (const [mistake, whats] of Object.entries(MISTAKES)) {
  Deno.test(`a world that ${mistake} is found out`, () => {
    const history = historyOf(fault(...whats));
    const { failed } = fc.check(
      fc.property(
        history,
        (options) =>
          live({ ...options, mistake: mistake as keyof typeof MISTAKES }),
      ),
      // The same histories each time: whether one is found is no luck.
      { numRuns: 2_000, endOnFailure: true, seed: 5 },
    );
    assert.ok(failed);
  });
}
