/** A mailbox keeps its order, its lanes and its bounds. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Lane, Message } from "../../../actors/runtime/actor.ts";
import { CountedMailbox } from "../../../actors/runtime/counted_mailbox.ts";
import { Mailbox, MailQueue } from "../../../actors/runtime/mailbox.ts";
import { SignalSlip } from "../../../actors/runtime/slip.ts";

/** Messages that a test can tell apart. */
interface Numbered extends Message {
  readonly number: number;
}
const mail = (number: number): Numbered => ({ kind: "mail", number });
const numberOf = (message: Message | undefined) =>
  (message as Numbered | undefined)?.number;

Deno.test("a queue answers as an array does, also across its segments", () => {
  const operation = fc.oneof(
    fc.record({ push: fc.integer({ min: 1, max: 1_500 }) }),
    fc.record({ shift: fc.integer({ min: 1, max: 1_500 }) }),
    fc.record({ pop: fc.integer({ min: 1, max: 1_500 }) }),
    fc.record({ prepend: fc.integer({ min: 1, max: 50 }) }),
    fc.record({ takeAfter: fc.integer({ min: 0, max: 3_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 12 }), (operations) => {
      const queue = new MailQueue();
      const model: number[] = [];
      let next = 0;
      for (const operation of operations) {
        if ("push" in operation) {
          for (let left = operation.push; left > 0; left--) {
            queue.push(mail(next), null);
            model.push(next++);
          }
        } else if ("shift" in operation) {
          for (let left = operation.shift; left > 0; left--) {
            assert.equal(numberOf(queue.shift()), model.shift());
          }
        } else if ("pop" in operation) {
          for (let left = operation.pop; left > 0 && queue.size > 0; left--) {
            assert.equal(numberOf(queue.pop().message), model.pop());
          }
        } else if ("takeAfter" in operation) {
          const { takeAfter } = operation;
          const mayGo = (each: number) => each >= takeAfter;
          const taken = queue.takeOldest(({ message }) =>
            mayGo(numberOf(message)!)
          );
          const index = model.findIndex(mayGo);
          const expected = index < 0 ? undefined : model.splice(index, 1)[0];
          assert.equal(numberOf(taken?.message), expected);
        } else {
          const front = Array.from({ length: operation.prepend }, () => next++);
          queue.prepend(front.map((each) => ({
            message: mail(each),
            slip: null,
          })));
          model.unshift(...front);
        }
        assert.equal(queue.size, model.length);
      }
    }),
    { seed: 20261111, numRuns: 60 },
  );
});

Deno.test("a backlog of a million comes out in order", () => {
  const queue = new MailQueue();
  for (let number = 0; number < 1_000_000; number++) {
    queue.push(mail(number), null);
  }
  let wrong = 0;
  for (let number = 0; number < 1_000_000; number++) {
    if (numberOf(queue.shift()) !== number) wrong++;
  }
  assert.equal(wrong, 0);
  assert.equal(queue.shift(), undefined);
});

/** Takes a message when its lane has room. */
function offer(mailbox: Mailbox, number: number, lane: Lane): boolean {
  if (!mailbox.hasRoom(lane)) return false;
  mailbox.push(mail(number), null, lane);
  return true;
}

Deno.test("G23 each lane is bounded by itself: the last is taken, the next refused", () => {
  const mailbox = new Mailbox(2);
  const offered = (["normal", "urgent"] as const).map((lane) =>
    [1, 2, 3].map((item) => offer(mailbox, item, lane))
  );
  assert.deepEqual(offered, [[true, true, false], [true, true, false]]);
  assert.equal(mailbox.hasRoom("normal"), false);
  mailbox.push(mail(4), null, "normal");
  assert.equal(mailbox.size, 5, "what was bounded elsewhere passes");
});

// G23
Deno.test("after eight urgent messages a normal one has its turn", () => {
  const mailbox = new Mailbox(100);
  const push = (kind: string, lane: Lane) => mailbox.push({ kind }, null, lane);
  for (let number = 0; number < 20; number++) push("u", "urgent");
  for (let number = 0; number < 3; number++) push("n", "normal");
  let served = "";
  for (let left = mailbox.size; left > 0; left--) {
    served += mailbox.shift()!.kind;
  }
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

  /** Takes the oldest of a lane out that is even. */
  dropEven(lane: Lane): number | undefined {
    const index = this.lanes[lane].findIndex((each) => each % 2 === 0);
    return index < 0 ? undefined : this.lanes[lane].splice(index, 1)[0];
  }
}

const lanes = fc.constantFrom<Lane>("normal", "urgent", "urgent");
const operations = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ push: lanes }) },
    { weight: 3, arbitrary: fc.constant({ shift: true }) },
    fc.record({ pop: lanes }),
    fc.record({ dropEven: lanes }),
    fc.record({ prepend: fc.integer({ min: 0, max: 3 }) }),
    fc.constant({ drain: true }),
  ),
  { maxLength: 300 },
);

Deno.test("a Mailbox answers as its model does, whatever comes", () => {
  fc.assert(
    fc.property(operations, fc.boolean(), (operations, isCounted) => {
      const counts = { taken: 0, given: 0, dropped: 0, passed: 0 };
      const mailbox = isCounted
        ? new CountedMailbox(7, counts)
        : new Mailbox(7);
      const model = new ModelMailbox();
      const { normal, urgent } = model.lanes;
      for (const [item, operation] of operations.entries()) {
        if ("push" in operation) {
          const lane = operation.push;
          const hasRoom = model.lanes[lane].length < 7;
          assert.equal(offer(mailbox, item, lane), hasRoom);
          if (hasRoom) model.lanes[lane].push(item);
        } else if ("pop" in operation) {
          const lane = operation.pop;
          const popped = model.lanes[lane].pop();
          if (popped === undefined) continue;
          assert.equal(numberOf(mailbox.pop(lane).message), popped);
        } else if ("dropEven" in operation) {
          const lane = operation.dropEven;
          const dropped = mailbox.dropOldest(
            lane,
            ({ message }) => numberOf(message)! % 2 === 0,
          );
          assert.equal(numberOf(dropped?.message), model.dropEven(lane));
        } else if ("prepend" in operation) {
          const front = [1, 2, 3].slice(0, operation.prepend);
          mailbox.prepend(
            front.map((each) => ({ message: mail(each), slip: null })),
          );
          normal.unshift(...front);
        } else if ("drain" in operation) {
          assert.deepEqual(
            mailbox.drain().map(({ message }) => numberOf(message)),
            [...urgent.splice(0), ...normal.splice(0)],
          );
        } else assert.equal(numberOf(mailbox.shift()), model.shift());
        assert.equal(mailbox.size, normal.length + urgent.length);
        const most = Math.max(normal.length, urgent.length);
        assert.equal(mailbox.isHalfFree, most <= 3.5);
      }
      const { taken, given, dropped } = counts;
      const waiting = isCounted ? normal.length + urgent.length : 0;
      assert.equal(taken, given + dropped + waiting);
    }),
    { seed: 20261111, numRuns: 300 },
  );
});

Deno.test("each message comes out beside its own slip, or none", () => {
  const slipOf = (number: number) =>
    number % 3 === 0 ? new SignalSlip(number, { kind: "idle" }, false) : null;
  const pushes = fc.array(fc.constantFrom("normal", "urgent", "shift"));
  fc.assert(
    fc.property(pushes, (pushes) => {
      const mailbox = new Mailbox(1_000);
      for (const [number, push] of pushes.entries()) {
        if (push !== "shift") {
          mailbox.push(mail(number), slipOf(number), push as Lane);
          continue;
        }
        const shifted = numberOf(mailbox.shift());
        const { slip } = mailbox;
        if (shifted !== undefined) assert.deepEqual(slip, slipOf(shifted));
      }
      for (const { message, slip } of mailbox.drain()) {
        assert.deepEqual(slip, slipOf(numberOf(message)!));
      }
    }),
    { seed: 20261111, numRuns: 300 },
  );
});
