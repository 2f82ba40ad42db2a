/** Whose a territory should be: even, calm, and the same for everybody. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { HashRing } from "../../cluster/hash_ring.ts";
import { shareOut } from "../../cluster/share_out.ts";

const names = (count: number, name: string) =>
  Array.from({ length: count }, (_, index) => `${name}-${index}`);

/** Territories with owners of whom some live and some do not. */
const situation = fc.record({
  living: fc.integer({ min: 1, max: 9 }),
  owners: fc.array(fc.integer({ min: -1, max: 12 }), { maxLength: 24 }),
}).map(({ living, owners }) => ({
  ring: new HashRing(names(living, "process"), 16),
  owners: new Map(
    owners.map((owner, index): [string, string | null] => [
      `worker-${index}`,
      owner < 0 ? null : `process-${owner}`,
    ]),
  ),
}));

/** How many each process has, by name. */
function loads(
  ring: HashRing,
  owners: ReadonlyMap<string, string | null>,
): number[] {
  const all = [...owners.values()];
  return ring.nodes.map((process) =>
    all.filter((owner) => owner === process).length
  );
}

Deno.test("territories are shared out evenly, each to somebody who lives", () => {
  fc.assert(fc.property(situation, ({ ring, owners }) => {
    const shared = shareOut(owners, ring);
    assert.deepEqual([...shared.keys()].sort(), [...owners.keys()].sort());
    const counts = loads(ring, shared);
    assert.equal(counts.reduce((sum, count) => sum + count), owners.size);
    assert.ok(Math.max(...counts) - Math.min(...counts) <= 1);
  }));
});

Deno.test("what is shared out evenly stays where it is", () => {
  fc.assert(fc.property(situation, ({ ring, owners }) => {
    const shared = shareOut(owners, ring);
    const again = shareOut(shared, ring);
    for (const [territory, process] of shared) {
      assert.equal(again.get(territory), process, territory);
    }
  }));
});

Deno.test("no more moves than evenness costs", () => {
  fc.assert(fc.property(situation, ({ ring, owners }) => {
    const shared = shareOut(owners, ring);
    const moved = [...owners].filter(([territory, owner]) =>
      owner !== null && ring.nodes.includes(owner) &&
      shared.get(territory) !== owner
    );
    // The fullest may keep one more each, as far as there are such places.
    const least = Math.floor(owners.size / ring.nodes.length);
    const fuller = loads(ring, owners).filter((load) => load > least);
    const spare = Math.min(fuller.length, owners.size % ring.nodes.length);
    const over = fuller.reduce((sum, load) => sum + load - least, 0);
    assert.equal(moved.length, over - spare);
  }));
});

for (const count of [1, 2, 3, 7]) {
  Deno.test(`a process that joins ${count} takes its share from them, and nothing else moves`, () => {
    const territories = names(24, "worker");
    const before = shareOut(
      new Map(territories.map((territory) => [territory, null])),
      new HashRing(names(count, "process"), 16),
    );
    const ring = new HashRing(names(count + 1, "process"), 16);
    const after = shareOut(before, ring);
    const moved = territories.filter((territory) =>
      after.get(territory) !== before.get(territory)
    );
    const newcomer = `process-${count}`;
    assert.ok(moved.every((territory) => after.get(territory) === newcomer));
    assert.ok(moved.length <= Math.ceil(territories.length / (count + 1)));
    assert.ok(moved.length >= Math.floor(territories.length / (count + 1)));
  });
}

Deno.test("what nobody runs goes where the ring says, while there is room", () => {
  const ring = new HashRing(names(4, "process"), 128);
  const territories = names(400, "worker");
  const shared = shareOut(
    new Map(territories.map((territory) => [territory, null])),
    ring,
  );
  const asRing = territories.filter((territory) =>
    shared.get(territory) === ring.locate(territory)
  );
  assert.ok(asRing.length > 350, `${asRing.length} of 400`);
});
