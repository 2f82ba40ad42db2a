/**
 * The ring: equal everywhere, fair within what theory says, and calm when a
 * node joins.
 *
 * @module
 */
import assert from "node:assert/strict";
import { stableHash } from "../../actors/runtime/random.ts";
import { HashRing } from "../../cluster/hash_ring.ts";

const KEYS = Array.from({ length: 100_000 }, (_, index) => `sku-${index}`);

/** Written down once; another answer here would move every product's node. */
const GOLDEN = ["node-0", "node-1", "node-1", "node-2", "node-0", "node-4"];

/** Found by search: the only points of these two share a position. */
const COLLISION = ["n1m1l3fj2", "ni1fqin4"] as const;

function nodes(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `node-${index}`);
}

Deno.test("HashRing.locate() gives the same node in every process and release", () => {
  const ring = new HashRing(nodes(5), 128);
  const owners = [
    "85123A",
    "22423",
    "storefront[0]",
    "",
    "ключ",
    "a".repeat(64),
  ]
    .map((key) => ring.locate(key));
  assert.deepEqual(owners, GOLDEN);
});

Deno.test("HashRing.locate() does not depend on the order of the nodes", () => {
  const one = new HashRing(["a", "b", "c"], 64);
  const other = new HashRing(["c", "a", "b"], 64);
  for (const key of KEYS.slice(0, 10_000)) {
    assert.equal(one.locate(key), other.locate(key));
  }
});

Deno.test("row 12: where a modulo moves 90.9 % of the keys to make room for an eleventh node, and 75 % for a fourth, a ring moves 9.1 % and 25 %", () => {
  for (const [count, moduloMoves] of [[10, 0.909], [3, 0.75]] as const) {
    const before = new HashRing(nodes(count), 128);
    const after = new HashRing(nodes(count + 1), 128);
    let [byModulo, byRing] = [0, 0];
    for (const key of KEYS) {
      const hash = stableHash(key);
      if (hash % count !== hash % (count + 1)) byModulo++;
      if (before.locate(key) !== after.locate(key)) byRing++;
    }
    const moved = byModulo / KEYS.length;
    assert.ok(Math.abs(moved - moduloMoves) < 0.01, `${moved} by modulo`);
    assert.ok(byRing / KEYS.length <= 1 / (count + 1) + 0.03);
  }
});

for (const count of [1, 3, 10]) {
  // G25
  Deno.test(`HashRing.locate() moves only the share of the new node when ${count} get another`, () => {
    const before = new HashRing(nodes(count), 128);
    const after = new HashRing(nodes(count + 1), 128);
    const newcomer = `node-${count}`;
    const moved = KEYS.filter((key) =>
      before.locate(key) !== after.locate(key)
    );
    assert.ok(moved.every((key) => after.locate(key) === newcomer));
    assert.ok(moved.length / KEYS.length <= 1 / (count + 1) + 0.03);
    assert.ok(moved.length / KEYS.length >= 1 / (count + 1) - 0.03);
  });
}

// √((N−1)/(NV+1)): shares are Dirichlet distributed. One ring is one draw, so
// the mean square over 20 rings is compared.
for (const [count, virtualNodes] of [[8, 1], [8, 64], [8, 128], [16, 128]]) {
  Deno.test(`HashRing shares vary as theory says with ${count} nodes × ${virtualNodes}`, () => {
    const expected = Math.sqrt((count! - 1) / (count! * virtualNodes! + 1));
    let squares = 0;
    for (let number = 0; number < 20; number++) {
      const names = nodes(count!).map((name) => `${number}/${name}`);
      squares += variation(new HashRing(names, virtualNodes!)) ** 2;
    }
    const measured = Math.sqrt(squares / 20);
    assert.ok(Math.abs(measured / expected - 1) < 0.2, `${measured}`);
  });
}

// The largest of N Gamma(V) variates over their mean. Over 40 rings its
// standard error is under 1 %, and 20,000 keys stand for the arcs.
for (
  const [count, virtualNodes, expected] of [
    [8, 64, 1.1849],
    [8, 128, 1.1294],
    [16, 128, 1.1623],
  ] as const
) {
  Deno.test(`the fullest of ${count} nodes × ${virtualNodes} holds ${expected} of the mean, as theory says`, () => {
    let sum = 0;
    for (let number = 0; number < 40; number++) {
      const names = nodes(count).map((name) => `${number}/${name}`);
      const ring = new HashRing(names, virtualNodes);
      const held = new Map<string, number>();
      for (const key of KEYS.slice(0, 20_000)) {
        const node = ring.locate(key);
        held.set(node, (held.get(node) ?? 0) + 1);
      }
      sum += Math.max(...held.values()) * count / 20_000;
    }
    const measured = sum / 40;
    assert.ok(Math.abs(measured / expected - 1) < 0.02, `${measured}`);
  });
}

Deno.test("HashRing gives a shared position to the first node by name", () => {
  const [first, second] = COLLISION;
  const ring = new HashRing([second, first], 1);
  assert.deepEqual(ring.nodes, [first, second]);
  assert.ok(KEYS.slice(0, 100).every((key) => ring.locate(key) === first));
});

Deno.test("HashRing.locate() gives a key on a point to the point's own node", () => {
  const ring = new HashRing(nodes(5), 128);
  assert.equal(ring.locate("node-3#17"), "node-3");
  assert.equal(ring.locate("node-4#99"), "node-4");
});

Deno.test("HashRing.assign() gives no node more than its bound", () => {
  const keys = KEYS.slice(0, 16);
  for (const [count, slack, most] of [[2, 1, 8], [3, 1, 6], [3, 1.25, 7]]) {
    const ring = new HashRing(nodes(count!), 128);
    const loads = new Map<string, number>();
    for (const node of ring.assign(keys, slack!).values()) {
      loads.set(node, (loads.get(node) ?? 0) + 1);
    }
    assert.equal([...loads.values()].reduce((sum, load) => sum + load), 16);
    assert.ok(Math.max(...loads.values()) <= most!);
  }
});

Deno.test("HashRing.assign() is locate() when the bound is not met", () => {
  const ring = new HashRing(nodes(4), 128);
  const assigned = ring.assign(KEYS.slice(0, 64), 4);
  for (const [key, node] of assigned) assert.equal(node, ring.locate(key));
});

Deno.test("HashRing.walk() comes to a key's own node, then to who would have it without that one", () => {
  const ring = new HashRing(nodes(5), 16);
  for (const key of KEYS.slice(0, 200)) {
    const seen = new Set<string>();
    ring.walk(key, (node) => seen.add(node).size === 2);
    const [own, next] = [...seen];
    assert.equal(own, ring.locate(key));
    const others = nodes(5).filter((node) => node !== own);
    assert.equal(next, new HashRing(others, 16).locate(key));
  }
});

Deno.test("HashRing.walk() goes around once and no further", () => {
  let visits = 0;
  new HashRing(nodes(3), 8).walk("key", () => {
    visits++;
    return false;
  });
  assert.equal(visits, 24);
});

Deno.test("HashRing refuses no nodes, repeated nodes and no points", () => {
  assert.throws(() => new HashRing([], 8), RangeError);
  assert.throws(() => new HashRing(["a", "a"], 8), RangeError);
  assert.throws(() => new HashRing(["a"], 0), RangeError);
  assert.throws(() => new HashRing(["a"], 1.5), RangeError);
});

/** Standard deviation of the nodes' shares, over their mean. */
function variation(ring: HashRing): number {
  const keys = KEYS.slice(0, 20_000);
  const loads = new Map(ring.nodes.map((node) => [node, 0]));
  for (const key of keys) {
    const node = ring.locate(key);
    loads.set(node, loads.get(node)! + 1);
  }
  const mean = keys.length / ring.nodes.length;
  const squares = [...loads.values()].map((load) => (load / mean - 1) ** 2);
  return Math.sqrt(
    squares.reduce((sum, square) => sum + square) / squares.length,
  );
}
