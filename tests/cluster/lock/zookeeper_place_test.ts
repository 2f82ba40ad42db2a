/** The parts of locks over ZooKeeper that need no ZooKeeper. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { folderName, placesInOrder } from "../../../cluster/zookeeper/place.ts";

/** As the server writes it: ten digits, below zero as well. */
function numbered(owner: string, number: number): string {
  const digits = String(Math.abs(number)).padStart(10, "0");
  return `${owner}-${number < 0 ? "-" : ""}${digits}`;
}

Deno.test("who stands in line is in the order of arrival, also when the server's count has gone past 32 bits", () => {
  fc.assert(fc.property(
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    fc.uniqueArray(fc.nat(100_000), { minLength: 1, maxLength: 50 }),
    (from, steps) => {
      const arrivals = steps.toSorted((left, right) => left - right)
        .map((step) => numbered(`owner-${step % 3}.1`, (from + step) | 0));
      const shuffled = steps.map((step) =>
        numbered(`owner-${step % 3}.1`, (from + step) | 0)
      );
      assert.deepEqual(placesInOrder(shuffled), arrivals);
    },
  ));
});

Deno.test("what an operator put beside a line does not stand in it", () => {
  assert.deepEqual(placesInOrder(["notes", "a-1", "a.1-0000000007"]), [
    "a.1-0000000007",
  ]);
});

Deno.test("a name of any kind is one part of a path, and no other name's", () => {
  fc.assert(fc.property(
    fc.string({ unit: "grapheme", minLength: 1 }),
    fc.string({ unit: "grapheme", minLength: 1 }),
    (one, other) => {
      assert.match(folderName(one), /^[A-Za-z0-9%_!~*'()-]+$/);
      assert.equal(folderName(one) === folderName(other), one === other);
    },
  ));
  assert.match(folderName("\ud800"), /^[%A-Z0-9]+$/);
});
