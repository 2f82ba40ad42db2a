/**
 * What the bounded map of the cache nodes promises, with every eviction policy,
 * and whom each policy lets go.
 *
 * @module
 */
import { deepEqual, equal, ok as isTrue, throws } from "node:assert/strict";
import {
  array,
  assert,
  constantFrom,
  integer,
  property,
  tuple,
} from "fast-check";
import {
  type BoundedMap,
  type Bounds,
  clear,
  createMap,
  EVICTION_NAMES,
  type EvictionName,
  peek,
  put,
  remove,
  touch,
} from "../../../actors/cache/bounded_map.ts";

/** What every policy must do. */
const CASES: Readonly<Record<string, (policy: EvictionName) => void>> = {
  "holds what was put until it must make room"(policy) {
    const map = createMap<number>({ entries: 3, policy });
    for (const key of ["a", "b", "c"]) equal(put(map, key, 1), 0);
    equal(touch(map, "a"), 1);
    equal(put(map, "d", 1), 1);
    equal(map.places.size, 3);
    equal(touch(map, "nobody"), null);
  },
  "holds the empty values like any other"(policy) {
    const map = createMap<number | string | false>({ entries: 3, policy });
    put(map, "zero", 0);
    put(map, "empty", "");
    put(map, "no", false);
    equal(touch(map, "zero"), 0);
    equal(touch(map, "empty"), "");
    equal(touch(map, "no"), false);
  },
  "works with room for one key"(policy) {
    const map = createMap<number>({ entries: 1, policy });
    for (let key = 0; key < 5; key++) put(map, `${key}`, key);
    equal(touch(map, "4"), 4);
    equal(map.places.size, 1);
  },
  "makes room for bytes as for entries"(policy) {
    const map = createMap<number>({ entries: 100, bytes: 100, policy });
    for (let key = 0; key < 10; key++) put(map, `${key}`, key, 10);
    equal(map.places.size, 10);
    equal(put(map, "large", 1, 35), 4);
    equal(map.bytes, 95);
    equal(put(map, "large", 1, 5), 0);
    equal(map.bytes, 65);
    isTrue(put(map, "large", 1, 90) >= 1);
    isTrue(map.bytes <= 100);
  },
  "does not hold what is larger than all of it"(policy) {
    const map = createMap<number>({ entries: 9, bytes: 100, policy });
    put(map, "a", 1, 10);
    equal(put(map, "a", 2, 101), 0);
    equal(touch(map, "a"), null);
    equal(map.bytes, 0);
  },
  "forgets everything when it is cleared"(policy) {
    const map = createMap<number>({ entries: 5, bytes: 9, policy });
    for (let key = 0; key < 5; key++) put(map, `${key}`, key, 1);
    clear(map);
    deepEqual(map, createMap({ entries: 5, bytes: 9, policy }));
    for (let key = 0; key < 9; key++) put(map, `${key}`, key, 1);
    equal(map.places.size, 5);
  },
};

for (const policy of EVICTION_NAMES) {
  for (const [claim, check] of Object.entries(CASES)) {
    Deno.test(`${policy} ${claim}`, () => check(policy));
  }

  Deno.test(`${policy} is a map within its bounds, whatever happens`, () => {
    const step = tuple(
      constantFrom("put", "touch", "put", "remove", "clear", "touch"),
      integer({ min: 0, max: 15 }),
      integer({ min: 0, max: 30 }),
    );
    const many = array(step, { maxLength: 300, size: "max" });
    assert(property(many, (steps) => {
      const map = createMap<number>({ entries: 8, bytes: 100, policy });
      const model = new Map<string, { value: number; bytes: number }>();
      for (const [index, [what, number, bytes]] of steps.entries()) {
        const key = String(number);
        const known = model.get(key)?.value ?? null;
        if (what === "touch") equal(touch(map, key), known);
        else if (what === "remove") {
          equal(remove(map, key), known);
          model.delete(key);
        } else if (what === "put") {
          model.set(key, { value: index, bytes });
          const evicted = put(map, key, index, bytes);
          const gone = [...model.keys()].filter((each) =>
            !map.places.has(each)
          );
          equal(gone.length, evicted);
          for (const each of gone) model.delete(each);
        } else if (number < 2) {
          clear(map);
          model.clear();
        }
        expectSame(map, model);
      }
    }));
  });
}

function expectSame(
  map: BoundedMap<number>,
  model: ReadonlyMap<string, { value: number; bytes: number }>,
): void {
  deepEqual([...map.places.keys()].sort(), [...model.keys()].sort());
  for (const [key, { value }] of model) equal(peek(map, key), value);
  const bytes = [...model.values()].reduce((sum, each) => sum + each.bytes, 0);
  equal(map.bytes, bytes);
  isTrue(map.places.size <= 8 && bytes <= 100);
}

Deno.test("bounds that are no positive integers are refused", () => {
  for (const bound of [0, -1, 1.5, NaN, Infinity]) {
    throws(() => createMap({ entries: bound }), RangeError);
    throws(() => createMap({ entries: 1, bytes: bound }), RangeError);
  }
});

/** Room for two, as in the rows of the checklist. */
function two(policy: EvictionName, more: Partial<Bounds> = {}) {
  return createMap<number | string>({ entries: 2, policy, ...more });
}

function keysOf(map: BoundedMap<number | string>): string {
  return [...map.places.keys()].sort().join();
}

Deno.test("row 22: of two keys LRU forgets the one used longest ago", () => {
  const map = two("lru");
  put(map, "1", 1);
  put(map, "2", 2);
  equal(touch(map, "1"), 1);
  put(map, "3", 3);
  equal(touch(map, "2"), null);
  put(map, "4", 4);
  equal(touch(map, "1"), null);
  equal(touch(map, "3"), 3);
  equal(touch(map, "4"), 4);
});

Deno.test("row 22: a peek does not count as a use", () => {
  const map = two("lru");
  put(map, "1", 1);
  put(map, "2", 2);
  equal(peek(map, "1"), 1);
  put(map, "3", 3);
  equal(keysOf(map), "2,3");
});

Deno.test("row 23: LFU keeps the count of a key that is written again", () => {
  const map = two("lfu");
  put(map, "1", 1);
  put(map, "2", 2);
  equal(touch(map, "1"), 1);
  equal(touch(map, "1"), 1);
  put(map, "1", "A");
  put(map, "3", 3);
  equal(keysOf(map), "1,3");
  equal(map.cells[map.places.get("1")!]!.mark, 4);
  equal(peek(map, "1"), "A");
});

Deno.test("row 23: of keys used as often LFU forgets the one used longest ago", () => {
  const map = two("lfu");
  for (const key of ["1", "2"]) put(map, key, key);
  for (const key of ["2", "1"]) touch(map, key);
  put(map, "3", 3);
  equal(keysOf(map), "1,3");
});

Deno.test("row 23: what was popular once is forgotten by LFU in time", () => {
  const map = two("lfu");
  put(map, "old", 0);
  for (let use = 0; use < 300; use++) touch(map, "old");
  for (let round = 0; round < 100; round++) {
    put(map, "new", 1);
    put(map, "newer", 2);
  }
  equal(peek(map, "old"), null);
});

Deno.test("LFU lets go whoever has aged, also below the count of who went last", () => {
  const map = createMap<number>({ entries: 9, bytes: 30, policy: "lfu" });
  const use = (key: string, times: number) => {
    for (let time = 0; time < times; time++) touch(map, key);
  };
  for (const key of ["hot", "aged", "rare"]) put(map, key, 1, 10);
  use("aged", 7);
  use("rare", 5);
  use("hot", 20);
  equal(put(map, "hot", 1, 15), 1);
  equal(peek(map, "rare"), null);
  // Every tenth use halves the count of the next key in turn.
  use("hot", 60);
  equal(put(map, "hot", 1, 25), 1);
  equal(peek(map, "aged"), null);
  equal(peek(map, "hot"), 1);
});

Deno.test("LFU lets whoever has aged go before its new equals, whoever was used last", () => {
  const map = createMap<number>({ entries: 3, policy: "lfu" });
  for (const key of ["aged", "equal", "hot"]) put(map, key, 1);
  touch(map, "equal");
  // The tenth use halves the count of the first key, from four to two.
  for (const key of ["hot", "hot", "aged", "aged", "aged", "hot"]) {
    touch(map, key);
  }
  put(map, "new", 1);
  equal(peek(map, "aged"), null);
  equal(peek(map, "equal"), 1);
});

Deno.test("LFU never lets a key go while another one has a lower count", () => {
  const step = tuple(
    constantFrom("put", "put", "touch", "touch", "touch", "remove"),
    integer({ min: 0, max: 15 }),
  );
  const many = array(step, { maxLength: 400, size: "max" });
  assert(property(many, (steps) => {
    const map = createMap<number>({ entries: 6, policy: "lfu" });
    for (const [what, number] of steps) {
      const key = String(number);
      const counts = new Map(
        [...map.places].map(([each, place]) => [each, map.cells[place]!.mark]),
      );
      if (what === "touch") touch(map, key);
      else if (what === "remove") remove(map, key);
      else if (put(map, key, 1) > 0) {
        const [gone] = [...counts.keys()].filter((each) =>
          !map.places.has(each)
        );
        equal(counts.get(gone!), Math.min(...counts.values()));
      }
    }
  }));
});

Deno.test("SIEVE spares a key that was used, once, and its hand goes on from there", () => {
  const map = createMap<number>({ entries: 3, policy: "sieve" });
  const gone: string[] = [];
  const come = (key: string) => {
    const before = [...map.places.keys()];
    put(map, key, 1);
    gone.push(...before.filter((each) => !map.places.has(each)));
  };
  for (const key of ["a", "b", "c"]) come(key);
  touch(map, "a");
  // The hand spares a, takes b, then c, then d: they came behind it.
  for (const key of ["d", "e", "f"]) come(key);
  deepEqual(gone, ["b", "c", "d"]);
  // e was used and is spared, f goes; then the hand begins anew: neither a nor
  // e was used since it came by.
  touch(map, "e");
  for (const key of ["g", "h", "i"]) come(key);
  deepEqual(gone.slice(3), ["f", "a", "e"]);
});

Deno.test("row 24: a hit saves nobody from FIFO, and neither does a write", () => {
  for (const use of [touch<number | string>, put<number | string>]) {
    const map = two("fifo");
    put(map, "1", 1);
    put(map, "2", 2);
    use(map, "1", 1);
    put(map, "3", 3);
    equal(keysOf(map), "2,3");
  }
});

Deno.test("LRU does what a Map in order of use does", () => {
  const step = tuple(
    constantFrom("put", "touch", "remove", "put", "touch"),
    integer({ min: 0, max: 7 }),
  );
  const many = array(step, { maxLength: 200, size: "max" });
  assert(property(many, (steps) => {
    const map = createMap<number>({ entries: 4 });
    const model = new Map<string, number>();
    for (const [index, [what, number]] of steps.entries()) {
      const key = String(number);
      const known = model.get(key);
      model.delete(key);
      if (what === "remove") equal(remove(map, key), known ?? null);
      else if (what === "put") {
        model.set(key, index);
        equal(put(map, key, index), model.size > 4 ? 1 : 0);
        if (model.size > 4) model.delete([...model.keys()][0]!);
      } else {
        equal(touch(map, key), known ?? null);
        if (known !== undefined) model.set(key, known);
      }
    }
    deepEqual(inOrderOfUse(map), [...model.keys()]);
  }));
});

/** Oldest first. */
function inOrderOfUse(map: BoundedMap<number>): string[] {
  const keys: string[] = [];
  for (let place = map.cells[0]!.newer; place !== 0;) {
    const cell = map.cells[place]!;
    keys.push(cell.key);
    place = cell.newer;
  }
  return keys;
}
