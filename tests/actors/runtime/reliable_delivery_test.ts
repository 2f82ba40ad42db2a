/** What a lossy link does to single frames is not seen at either end. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { freezePlain } from "../../../actors/runtime/plain_data.ts";
import { SeededRandom } from "../../../actors/runtime/random.ts";
import {
  type Acknowledge,
  type Carry,
  ReliableReceiver,
  ReliableSender,
  type ReliableSenderPolicy,
  type StreamFrame,
} from "../../../actors/runtime/reliable_delivery.ts";

const policy: ReliableSenderPolicy = {
  incarnation: 1,
  window: 3,
  capacity: 5,
  resendMinMs: 100,
  resendMaxMs: 500,
};

/** A sender that has met its receiver and holds the numbers from 1. */
function met(messages: number) {
  const sender = new ReliableSender<number>(policy);
  for (let number = 1; number <= messages; number++) sender.offer(number);
  sender.frames(0);
  sender.acknowledge(acknowledge(0), 0);
  return sender;
}

function acknowledge(sequence: number, receiver = 1): Acknowledge {
  return { kind: "acknowledge", sender: 1, receiver, sequence };
}

function carry(sequence: number, more: Partial<Carry<string>> = {}) {
  const message = `m${sequence}`;
  const head = { kind: "carry", sender: 1, receiver: 1 } as const;
  return { ...head, sequence, message, ...more };
}

function sequencesOf(frames: readonly StreamFrame<number>[]): number[] {
  return frames.map((frame) => frame.kind === "carry" ? frame.sequence : 0);
}

// G50
Deno.test("a sender opens before it sends anything, and only when it has something", () => {
  const sender = new ReliableSender<string>(policy);
  assert.deepEqual([sender.nextMs, sender.frames(0)], [Infinity, []]);
  sender.offer("hello");
  assert.equal(sender.nextMs, 0);
  assert.deepEqual(sender.frames(7), [{ kind: "open_stream", sender: 1 }]);
  assert.deepEqual([sender.nextMs, sender.frames(106)], [107, []]);
  assert.equal(sender.frames(107)[0]?.kind, "open_stream");
  sender.acknowledge(acknowledge(0, 4), 110);
  assert.deepEqual(sender.frames(110), [
    { kind: "carry", sender: 1, receiver: 4, sequence: 1, message: "hello" },
  ]);
});

Deno.test("a sender refuses what its buffer does not hold, until one is acknowledged", () => {
  const sender = met(5);
  assert.equal(sender.offer(6), "full");
  sender.frames(0);
  sender.acknowledge(acknowledge(1), 0);
  assert.deepEqual([sender.offer(6), sender.offer(7)], ["queued", "full"]);
});

Deno.test("a window is under way at most, and moves with the acknowledgements", () => {
  const sender = met(5);
  assert.deepEqual(sequencesOf(sender.frames(0)), [1, 2, 3]);
  assert.deepEqual(sender.frames(0), []);
  sender.acknowledge(acknowledge(2), 10);
  assert.deepEqual(sequencesOf(sender.frames(10)), [4, 5]);
  sender.acknowledge(acknowledge(5), 20);
  assert.deepEqual([sender.frames(1_000), sender.nextMs], [[], Infinity]);
});

Deno.test("each silence is twice as long as the one before, up to the longest", () => {
  const sender = met(5);
  const sentMs: number[] = [];
  for (let nowMs = 0; sentMs.length < 6; nowMs = sender.nextMs) {
    assert.deepEqual(sequencesOf(sender.frames(nowMs)), [1, 2, 3]);
    sentMs.push(nowMs);
  }
  assert.deepEqual(sentMs, [0, 100, 300, 700, 1_200, 1_700]);
  sender.acknowledge(acknowledge(1), 2_000);
  assert.deepEqual(sequencesOf(sender.frames(2_000)), [4]);
  assert.equal(sender.nextMs, 2_100, "progress makes it patient no longer");
  sender.acknowledge(acknowledge(1), 2_050);
  assert.equal(sender.nextMs, 2_100, "a repeated frame is no progress");
});

Deno.test("a silence counts from the oldest frame, whatever is sent meanwhile", () => {
  const sender = met(1);
  sender.frames(0);
  sender.offer(2);
  assert.deepEqual(sequencesOf(sender.frames(90)), [2]);
  assert.deepEqual(sequencesOf(sender.frames(100)), [1, 2]);
});

Deno.test("a receiver that is met after long silence is waited for anew", () => {
  const sender = met(2);
  for (const nowMs of [0, 100, 300]) sender.frames(nowMs);
  assert.deepEqual(sender.acknowledge(acknowledge(0, 2), 650), [1, 2]);
  sender.offer(3);
  assert.deepEqual(sequencesOf(sender.frames(650)), [1]);
  assert.equal(sender.nextMs, 750);
});

Deno.test("a receiver delivers in order, once, whatever the order of arrival", () => {
  const receiver = new ReliableReceiver<string>({ incarnation: 1, window: 3 });
  const opened = receiver.receive({ kind: "open_stream", sender: 1 });
  assert.deepEqual(opened, {
    messages: [],
    acknowledgement: acknowledge(0),
  });
  const arrivals = [2, 3, 2, 1, 1, 3, 5, 4].map((sequence) => {
    const received = receiver.receive(carry(sequence));
    return [received.messages.join(), received.acknowledgement.sequence];
  });
  assert.deepEqual(arrivals, [
    ["", 0],
    ["", 0],
    ["", 0],
    ["m1,m2,m3", 3],
    ["", 3],
    ["", 3],
    ["", 3],
    ["m4,m5", 5],
  ]);
});

Deno.test("a receiver keeps what comes a window early, and nothing beyond", () => {
  const receiver = new ReliableReceiver<string>({ incarnation: 1, window: 3 });
  receiver.receive({ kind: "open_stream", sender: 1 });
  for (const sequence of [4, 3, 2]) receiver.receive(carry(sequence));
  assert.deepEqual(Object.keys(receiver.state.early), ["2", "3"]);
  assert.deepEqual(receiver.receive(carry(1)).messages, ["m1", "m2", "m3"]);
  assert.deepEqual(receiver.state.early, {});
});

Deno.test("frames of an earlier life, or for another one, deliver nothing", () => {
  const receiver = new ReliableReceiver<string>({ incarnation: 5 });
  const frames = [
    carry(1, { receiver: 4 }),
    carry(1, { receiver: 6 }),
    carry(1, { receiver: 5 }),
    carry(1, { receiver: 5, sender: 2 }),
    carry(2, { receiver: 5 }),
    { kind: "open_stream", sender: 1 } as const,
  ];
  const delivered = frames.map((frame) => {
    const { messages, acknowledgement } = receiver.receive(frame);
    assert.equal(acknowledgement.receiver, 5);
    return `${messages} ${acknowledgement.sender}/${acknowledgement.sequence}`;
  });
  assert.deepEqual(
    delivered,
    [" 1/0", " 1/0", "m1 1/1", "m1 2/1", " 2/1", " 2/1"],
  );
});

Deno.test("a new life of the sender leaves nothing early behind", () => {
  const receiver = new ReliableReceiver<string>({ incarnation: 1 });
  receiver.receive({ kind: "open_stream", sender: 1 });
  receiver.receive(carry(2));
  receiver.receive({ kind: "open_stream", sender: 2 });
  const first = carry(1, { sender: 2 });
  assert.deepEqual(receiver.receive(first).messages, ["m1"]);
});

Deno.test("a receiver that forgot: what it may have had is handed back, the rest goes on", () => {
  const sender = met(5);
  sender.frames(0);
  sender.acknowledge(acknowledge(1), 10);
  assert.deepEqual(sender.acknowledge(acknowledge(0, 2), 20), [2, 3]);
  assert.deepEqual(
    sender.acknowledge(acknowledge(3, 1), 20),
    [],
    "the life before says nothing any more",
  );
  assert.deepEqual(
    sender.frames(20).map((frame) => frame.kind === "carry" && frame),
    [
      { kind: "carry", sender: 1, receiver: 2, sequence: 1, message: 4 },
      { kind: "carry", sender: 1, receiver: 2, sequence: 2, message: 5 },
    ],
  );
  assert.deepEqual(sender.acknowledge(acknowledge(2, 2), 30), []);
  assert.deepEqual(sender.state.buffer, []);
});

Deno.test("more acknowledged than sent is a bug, and says so", () => {
  const sender = met(5);
  sender.frames(0);
  const because = /as the last message sent is 3: current value is 4$/;
  assert.throws(() => sender.acknowledge(acknowledge(4), 0), because);
  sender.acknowledge(acknowledge(3), 0);
  const early = new ReliableSender<number>(policy);
  assert.throws(() => early.acknowledge(acknowledge(1), 0), RangeError);
  early.acknowledge({ ...acknowledge(1), sender: 2 }, 0);
});

Deno.test("a policy that cannot work is refused", () => {
  const wrong: Partial<ReliableSenderPolicy>[] = [
    { incarnation: 0 },
    { incarnation: 1.5 },
    { window: 0 },
    { window: 6 },
    { resendMinMs: 0 },
    { resendMinMs: 501 },
    { capacity: Infinity },
  ];
  for (const each of wrong) {
    assert.throws(() => new ReliableSender({ ...policy, ...each }), RangeError);
  }
  new ReliableSender({ ...policy, window: 5, resendMinMs: 500 });
  new ReliableSender({ incarnation: 1, window: 2_000, resendMinMs: 60_000 });
  assert.throws(() => new ReliableReceiver({ incarnation: 0 }), RangeError);
  const narrow = { incarnation: 1, window: 0 };
  assert.throws(() => new ReliableReceiver(narrow), RangeError);
});

/** What a run is made of. */
interface Schedule {
  readonly seed: number;
  /** How many numbers are offered, about one each 5 ms. */
  readonly offers: number;
  /** Chances out of 100 of each frame, until the wire is sound. */
  readonly lost: number;
  readonly repeated: number;
  /** The longest way of a frame. */
  readonly mostDelayMs: number;
  readonly soundAtMs: number;
  readonly window: number;
  /** The receiver's window need not be the sender's. */
  readonly receiverWindow: number;
  readonly capacity: number;
  /** Chance out of 100 that an end is saved and built again after a step. */
  readonly reborn: number;
  /** Chance out of 1,000 that an end forgets all, until the wire is sound. */
  readonly forgets: number;
}

const schedules = fc.record<Schedule>({
  seed: fc.nat(2 ** 32 - 1),
  offers: fc.integer({ min: 1, max: 120 }),
  lost: fc.integer({ min: 0, max: 100 }),
  repeated: fc.integer({ min: 0, max: 60 }),
  mostDelayMs: fc.integer({ min: 1, max: 80 }),
  soundAtMs: fc.integer({ min: 0, max: 3_000 }),
  window: fc.integer({ min: 1, max: 12 }),
  receiverWindow: fc.integer({ min: 1, max: 12 }),
  capacity: fc.integer({ min: 12, max: 20 }),
  reborn: fc.integer({ min: 0, max: 30 }),
  forgets: fc.constant(0),
});

type Arrival =
  & { readonly atMs: number }
  & (
    | { readonly to: "receiver"; readonly frame: StreamFrame<number> }
    | { readonly to: "sender"; readonly frame: Acknowledge }
  );

const RESEND = { resendMinMs: 100, resendMaxMs: 800 };

/** Two ends, a wire between them that does what the schedule says, a clock. */
class Wire {
  nowMs = 0;
  sender: ReliableSender<number>;
  receiver: ReliableReceiver<number>;
  /** The lives of both ends so far. */
  lives = { sender: 1, receiver: 1 };
  readonly delivered: number[] = [];
  readonly unknown: number[] = [];
  /** Held by a life of the sender that was lost. */
  readonly forgotten: number[] = [];
  offered = 0;
  #steps = 0;
  #arrivals: Arrival[] = [];
  readonly #schedule: Schedule;
  readonly #random: SeededRandom;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
    this.#random = new SeededRandom(schedule.seed, "wire");
    this.sender = this.#newSender();
    this.receiver = this.#newReceiver();
  }

  get isSound(): boolean {
    return this.nowMs >= this.#schedule.soundAtMs;
  }

  /** True when nothing is left to offer or to get across. */
  get isDone(): boolean {
    return this.offered === this.#schedule.offers &&
      this.sender.state.buffer.length === 0;
  }

  /** Moves to the next thing that happens, and lets it happen. */
  step(): void {
    // A hundred times what the longest of the runs takes.
    assert(++this.#steps < 100_000, "it never ends");
    const next = this.#takeNext();
    this.nowMs = Math.max(this.nowMs, next.atMs);
    if ("to" in next) this.#arrive(next);
    else if (next.offers) this.#offer();
    const { nextMs } = this.sender;
    const isAsleep = this.nowMs < nextMs && nextMs < Infinity;
    if (isAsleep) assert.deepEqual(this.sender.frames(nextMs - 1), []);
    for (const frame of this.sender.frames(this.nowMs)) {
      const { acknowledged } = this.sender.state;
      const ahead = frame.kind === "carry" ? frame.sequence - acknowledged : 1;
      assert(ahead >= 1 && ahead <= this.#schedule.window, "window exceeded");
      this.#carry((atMs) => ({ to: "receiver", frame, atMs }));
    }
    this.#checkBounds();
    this.#disturb();
  }

  /** The earliest of: an arrival, the sender's own time, the next offer. */
  #takeNext(): Arrival | { atMs: number; offers: boolean } {
    const offerMs = this.offered < this.#schedule.offers
      ? Math.max(this.nowMs + 1, this.offered * 5)
      : Infinity;
    const senderMs = this.sender.nextMs;
    let next: Arrival | undefined;
    for (const arrival of this.#arrivals) {
      if (next === undefined || arrival.atMs < next.atMs) next = arrival;
    }
    const ownMs = Math.min(offerMs, senderMs);
    if (next !== undefined && next.atMs <= ownMs) {
      this.#arrivals = this.#arrivals.filter((arrival) => arrival !== next);
      return next;
    }
    assert(ownMs < Infinity, "nobody has anything to do");
    return { atMs: ownMs, offers: offerMs <= senderMs };
  }

  #offer(): void {
    const { length } = this.sender.state.buffer;
    const taken = this.sender.offer(this.offered + 1);
    const isFull = length === this.#schedule.capacity;
    assert.equal(taken, isFull ? "full" : "queued");
    if (taken === "queued") this.offered++;
  }

  #arrive(arrival: Arrival): void {
    if (arrival.to === "sender") {
      const unknown = this.sender.acknowledge(arrival.frame, this.nowMs);
      this.unknown.push(...unknown);
      return;
    }
    const { messages, acknowledgement } = this.receiver.receive(arrival.frame);
    this.delivered.push(...messages);
    this.#carry((atMs) => ({ to: "sender", frame: acknowledgement, atMs }));
  }

  #carry(arriving: (atMs: number) => Arrival): void {
    const { lost, repeated, mostDelayMs } = this.#schedule;
    if (!this.isSound && this.#random.chance(lost, 100)) return;
    const copies = this.#random.chance(repeated, 100) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const delayMs = 1 + this.#random.below(mostDelayMs);
      const arrival = arriving(this.nowMs + delayMs);
      freezePlain(arrival.frame);
      this.#arrivals.push(arrival);
    }
  }

  #checkBounds(): void {
    const { window, receiverWindow, capacity } = this.#schedule;
    const { sent, buffer } = this.sender.state;
    assert(sent <= window && buffer.length <= capacity);
    const early = Object.keys(this.receiver.state.early).length;
    assert(early < receiverWindow, `${early} kept early`);
  }

  #disturb(): void {
    const { reborn, forgets } = this.#schedule;
    const random = this.#random;
    // State that outlives a crash is a life that goes on.
    if (random.chance(reborn, 100)) this.sender = this.#newSender(true);
    if (random.chance(reborn, 100)) this.receiver = this.#newReceiver(true);
    if (this.isSound) return;
    if (random.chance(forgets, 1_000)) {
      this.forgotten.push(...this.sender.state.buffer);
      this.lives.sender++;
      this.sender = this.#newSender();
    }
    if (random.chance(forgets, 1_000)) {
      this.lives.receiver++;
      this.receiver = this.#newReceiver();
    }
  }

  #newSender(goesOn = false): ReliableSender<number> {
    const { window, capacity } = this.#schedule;
    const incarnation = this.lives.sender;
    const policy = { incarnation, window, capacity, ...RESEND };
    if (!goesOn) return new ReliableSender(policy);
    return new ReliableSender(policy, structuredClone(this.sender.state));
  }

  #newReceiver(goesOn = false): ReliableReceiver<number> {
    const policy = {
      incarnation: this.lives.receiver,
      window: this.#schedule.receiverWindow,
    };
    if (!goesOn) return new ReliableReceiver(policy);
    const { state } = this.receiver;
    return new ReliableReceiver(policy, JSON.parse(JSON.stringify(state)));
  }
}

const firstNumbers = (count: number) =>
  Array.from({ length: count }, (_, index) => index + 1);

Deno.test("all that is offered comes out once and in order, once the wire stops losing", () => {
  fc.assert(
    fc.property(schedules, (schedule) => {
      const wire = new Wire(schedule);
      while (!wire.isDone) {
        wire.step();
        assert.deepEqual(wire.delivered, firstNumbers(wire.delivered.length));
        assert(wire.delivered.length <= wire.offered);
      }
      assert.deepEqual(wire.delivered, firstNumbers(schedule.offers));
      assert.deepEqual(wire.unknown, []);
    }),
    { seed: 20261111, numRuns: 150 },
  );
});

Deno.test("on a sound wire a sender gets on within its longest silence and two ways", () => {
  fc.assert(
    fc.property(schedules, (schedule) => {
      const mostMs = RESEND.resendMaxMs + 2 * schedule.mostDelayMs;
      const wire = new Wire(schedule);
      while (!wire.isDone && !wire.isSound) wire.step();
      let progress = "";
      let progressMs = wire.nowMs;
      while (!wire.isDone) {
        const { receiver, acknowledged, buffer } = wire.sender.state;
        const standing = `${receiver} ${acknowledged}`;
        if (standing !== progress || buffer.length === 0) {
          [progress, progressMs] = [standing, wire.nowMs];
        }
        const waitedMs = wire.nowMs - progressMs;
        assert(waitedMs <= mostMs, `nothing for ${waitedMs} ms`);
        wire.step();
      }
    }),
    { seed: 20261111, numRuns: 150 },
  );
});

Deno.test("no message comes twice, and none is lost unsaid, when ends forget all they knew", () => {
  let lives = 0;
  let unknown = 0;
  const forgetful = schedules.chain((schedule) =>
    fc.integer({ min: 1, max: 60 }).map((forgets) => ({ ...schedule, forgets }))
  );
  fc.assert(
    fc.property(forgetful, (schedule) => {
      const wire = new Wire(schedule);
      while (!wire.isDone) wire.step();
      const once = new Set(wire.delivered);
      assert.equal(once.size, wire.delivered.length, "delivered twice");
      const ascending = [...once].sort((left, right) => left - right);
      assert.deepEqual(wire.delivered, ascending, "out of order");
      const known = new Set([
        ...wire.delivered,
        ...wire.unknown,
        ...wire.forgotten,
      ]);
      assert.equal(known.size, schedule.offers, "neither got nor handed back");
      lives += wire.lives.sender + wire.lives.receiver - 2;
      unknown += wire.unknown.length;
    }),
    { seed: 20261111, numRuns: 200 },
  );
  assert(lives > 200 && unknown > 100, `too tame: ${lives}, ${unknown}`);
});
