/** A mailbox keeps its order, its lanes and its bounds. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Lane, Message } from "../../../actors/runtime/actor.ts";
import { Mailbox, MailQueue } from "../../../actors/runtime/mailbox.ts";

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
      const mailbox = new Mailbox(7);
      const model = new ModelMailbox();
      for (const [item, kind] of operations.entries()) {
        if (kind === "shift") {
          assert.equal(numberOf(mailbox.shift()), model.shift());
          continue;
        }
        const hasRoom = model.lanes[kind].length < 7;
        assert.equal(offer(mailbox, item, kind), hasRoom);
        if (hasRoom) model.lanes[kind].push(item);
      }
    }),
    { seed: 20261111, numRuns: 300 },
  );
});
