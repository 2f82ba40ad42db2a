/** Batches of links, written as text and read again. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Batch } from "../../../cluster/link.ts";
import { readBatch, writeBatch } from "../../../cluster/worker/batch_text.ts";

const address = fc.constantFrom("cart[ada]", "cart[bob]", "main", "a/b", "");
const frame = fc.tuple(
  address,
  address,
  fc.oneof(fc.constant(0), fc.integer(), fc.maxSafeInteger()),
  fc.nat(),
  fc.record({ kind: fc.string(), value: fc.integer() }, {
    noNullPrototype: true,
  }),
  address,
);
const batch = fc.tuple(fc.nat(), fc.nat(), fc.array(frame)).map((
  [number, acknowledged, frames],
): Batch => [number, acknowledged, ...frames.flat()]);

Deno.test("a batch that was written as text is read as it was", () => {
  fc.assert(fc.property(batch, (written) => {
    assert.deepEqual(readBatch(writeBatch([...written])), written);
  }));
});

Deno.test("what the frame before said is not said again", () => {
  const hello = { kind: "hello" };
  const id = 3 * 2 ** 32;
  const text = writeBatch([
    ...[7, 6],
    ...["server", "caller", id + 4, 0, hello, ""],
    ...["server", "caller", id + 5, 0, hello, ""],
    ...["server", "caller", id + 9, 0, hello, ""],
    ...["server", "client", -id, 0, hello, ""],
    ...["server", "client", -id - 1, 0, hello, ""],
    ...["server", "client", -id - 2, 5, hello, "a"],
  ]);
  assert.deepEqual(JSON.parse(text), [
    ...[7, 6, id + 3, id - 1],
    ...["server", "caller", 1, 0, "", hello],
    hello,
    ...[6, hello],
    ...[0, "client", -1, 0, "", hello],
    hello,
    ...[0, 0, -3, 5, "a", hello],
  ]);
});

Deno.test("frames that are alike but for their ids are read with their own", () => {
  const ids = fc.array(fc.integer({ min: -4, max: 4 }));
  fc.assert(fc.property(ids, (ids) => {
    const frames = ids.flatMap((id) => ["a", "b", id, 7, { kind: "k" }, "c"]);
    const written: Batch = [1, 1, ...frames];
    assert.deepEqual(readBatch(writeBatch([...written])), written);
  }));
});
