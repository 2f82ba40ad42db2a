/** A mailbox keeps its order, its lanes and its bounds. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Lane } from "../../../actors/runtime/actor.ts";
import { Fifo, Mailbox } from "../../../actors/runtime/mailbox.ts";

Deno.test("a Fifo answers as an array does, also across its segments", () => {
  const operation = fc.oneof(
    fc.record({ push: fc.integer({ min: 1, max: 1_500 }) }),
    fc.record({ shift: fc.integer({ min: 1, max: 1_500 }) }),
    fc.record({ discard: fc.integer({ min: 2, max: 5 }) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 12 }), (operations) => {
      const fifo = new Fifo<number>();
      let model: number[] = [];
      let next = 0;
      for (const operation of operations) {
        if ("push" in operation) {
          for (let left = operation.push; left > 0; left--) {
            fifo.push(next);
            model.push(next++);
          }
        } else if ("shift" in operation) {
          for (let left = operation.shift; left > 0; left--) {
            assert.equal(fifo.shift(), model.shift());
          }
        } else {
          const isDead = (item: number) => item % operation.discard === 0;
          const before = model.length;
          model = model.filter((item) => !isDead(item));
          assert.equal(fifo.discard(isDead), before - model.length);
        }
        assert.equal(fifo.size, model.length);
      }
    }),
    { seed: 20261111, numRuns: 60 },
  );
});

Deno.test("a backlog of a million comes out in order", () => {
  const fifo = new Fifo<number>();
  for (let number = 0; number < 1_000_000; number++) fifo.push(number);
  let wrong = 0;
  for (let number = 0; number < 1_000_000; number++) {
    if (fifo.shift() !== number) wrong++;
  }
  assert.equal(wrong, 0);
  assert.equal(fifo.shift(), undefined);
});

Deno.test("G23 each lane is bounded by itself: the last is taken, the next refused", () => {
  const mailbox = new Mailbox<number>(2);
  const offered = (["normal", "urgent"] as const).map((lane) =>
    [1, 2, 3].map((item) => mailbox.offer(item, lane))
  );
  assert.deepEqual(offered, [[true, true, false], [true, true, false]]);
  assert.equal(mailbox.hasRoom("normal"), false);
  mailbox.push(4, "normal");
  assert.equal(mailbox.size, 5, "what was bounded elsewhere passes");
});

// G23
Deno.test("after eight urgent messages a normal one has its turn", () => {
  const mailbox = new Mailbox<string>(100);
  for (let number = 0; number < 20; number++) mailbox.push("u", "urgent");
  for (let number = 0; number < 3; number++) mailbox.push("n", "normal");
  let served = "";
  for (let left = mailbox.size; left > 0; left--) served += mailbox.shift();
  assert.equal(served, "uuuuuuuunuuuuuuuunuuuun");
});

/** The same rules, written down without any care for speed. */
class ModelMailbox {
  readonly lanes = { normal: [] as number[], urgent: [] as number[] };
  run = 0;

  shift(): number | undefined {
    const { normal, urgent } = this.lanes;
    const isUrgent = urgent.length > 0 && (this.run < 8 || normal.length === 0);
    this.run = isUrgent ? this.run + 1 : 0;
    return isUrgent ? urgent.shift() : normal.shift();
  }
}

Deno.test("a Mailbox answers as its model does, whatever comes", () => {
  const operation = fc.constantFrom<Lane | "shift">(
    "normal",
    "urgent",
    "urgent",
    "shift",
    "shift",
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
      const mailbox = new Mailbox<number>(7);
      const model = new ModelMailbox();
      for (const [item, kind] of operations.entries()) {
        if (kind === "shift") {
          assert.equal(mailbox.shift(), model.shift());
          continue;
        }
        const hasRoom = model.lanes[kind].length < 7;
        assert.equal(mailbox.offer(item, kind), hasRoom);
        if (hasRoom) model.lanes[kind].push(item);
      }
    }),
    { seed: 20261111, numRuns: 300 },
  );
});
