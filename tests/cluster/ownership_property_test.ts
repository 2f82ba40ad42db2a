/** Who runs which territory, whatever happens to processes and their store. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { LEASE_MS } from "./ownership_process.ts";
import {
  type Fault,
  OwnershipWorld,
  type WorldOptions,
} from "./ownership_world.ts";

const fault: fc.Arbitrary<Fault> = fc.record({
  afterMs: fc.integer({ min: 0, max: 2 * LEASE_MS }),
  what: fc.constantFrom<Fault["what"]>(
    ...["join", "leave", "crash", "freeze", "foul network"] as const,
    ...["pause store", "save store", "restart store"] as const,
    ...["lose some data", "lose all data", "set clock back"] as const,
  ),
  whom: fc.nat(5),
  forMs: fc.integer({ min: 10, max: 3 * LEASE_MS }),
});

const history = fc.record({
  seed: fc.nat(),
  processes: fc.integer({ min: 1, max: 4 }),
  territories: fc.constantFrom(1, 3, 8),
  faults: fc.array(fault, { maxLength: 12 }),
});

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

Deno.test("whatever happens, no two processes believe in one territory at a time, and each runs again a lease and a second after the last fault", () => {
  fc.assert(fc.property(history, live), { numRuns: 200 });
});

const MISTAKES = [
  "frees for anybody",
  "sets before it expires",
  "gives at once",
  "hands over before it stops",
  "renews by the wall clock",
] as const;

for (const mistake of MISTAKES) {
  Deno.test(`a world that ${mistake} is found out`, () => {
    const { failed } = fc.check(
      fc.property(history, (options) => live({ ...options, mistake })),
      { numRuns: 500, endOnFailure: true },
    );
    assert.ok(failed);
  });
}
