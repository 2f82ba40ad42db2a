/** What the bounded map of the cache nodes promises. @module */
import { deepEqual, equal, throws } from "node:assert/strict";
import {
  array,
  assert,
  constantFrom,
  integer,
  property,
  tuple,
} from "fast-check";
import {
  clear,
  createLru,
  peek,
  put,
  remove,
  touch,
} from "../../../actors/cache/lru.ts";

Deno.test("the key used least recently is forgotten first", () => {
  const lru = createLru<number>(2);
  put(lru, "1", 1);
  put(lru, "2", 2);
  equal(touch(lru, "1"), 1);
  equal(put(lru, "3", 3), true);
  equal(touch(lru, "2"), null);
  put(lru, "4", 4);
  equal(touch(lru, "1"), null);
  equal(touch(lru, "3"), 3);
  equal(touch(lru, "4"), 4);
});

Deno.test("a peek does not count as a use", () => {
  const lru = createLru<number>(2);
  put(lru, "1", 1);
  put(lru, "2", 2);
  equal(peek(lru, "1"), 1);
  put(lru, "3", 3);
  equal(peek(lru, "1"), null);
});

Deno.test("0 and the empty text are values like any other", () => {
  const lru = createLru<number | string>(2);
  put(lru, "zero", 0);
  put(lru, "empty", "");
  equal(touch(lru, "zero"), 0);
  equal(touch(lru, "empty"), "");
});

Deno.test("a capacity that is no positive integer is refused", () => {
  throws(() => createLru(0), RangeError);
  throws(() => createLru(1.5), RangeError);
});

Deno.test("an LRU map does what a Map in order of use does", () => {
  const step = tuple(
    constantFrom("put", "touch", "remove", "clear", "put", "touch"),
    integer({ min: 0, max: 7 }),
  );
  assert(property(array(step, { maxLength: 200 }), (steps) => {
    const lru = createLru<number>(4);
    const model = new Map<string, number>();
    for (const [index, [what, number]] of steps.entries()) {
      const key = String(number);
      const known = model.get(key);
      if (what === "clear" && number === 0) {
        clear(lru);
        model.clear();
      } else if (what === "remove") {
        equal(remove(lru, key), known ?? null);
        model.delete(key);
      } else if (what === "put") {
        model.delete(key);
        model.set(key, index);
        const oldest = [...model.keys()][0] ?? "";
        equal(put(lru, key, index), model.size > 4);
        if (model.size > 4) model.delete(oldest);
      } else {
        equal(touch(lru, key), known ?? null);
        if (known === undefined) continue;
        model.delete(key);
        model.set(key, known);
      }
    }
    deepEqual(inOrderOfUse(lru), [...model.keys()]);
  }));
});

/** Oldest first. */
function inOrderOfUse(lru: ReturnType<typeof createLru<number>>): string[] {
  const keys: string[] = [];
  for (let place = lru.cells[0]?.newer ?? 0; place !== 0;) {
    const cell = lru.cells[place];
    if (cell === undefined) break;
    keys.push(cell.key);
    place = cell.newer;
  }
  return keys;
}
