/** The order of events, and what a queue of them refuses. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { EventQueue } from "../../sim/event_queue.ts";

/** Every payload that is left, with its time. */
function drain<Payload>(queue: EventQueue<Payload>): [number, Payload][] {
  const happened: [number, Payload][] = [];
  while (queue.size > 0) {
    const payload = queue.next()!;
    happened.push([queue.nowUs, payload]);
  }
  assert.equal(queue.next(), undefined);
  return happened;
}

/** What is pending, sorted by time; sorting keeps the order of equal ones. */
class SortedArray {
  pending: { atUs: number; handle: number; payload: number }[] = [];
  nowUs = 0;

  schedule(atUs: number, handle: number, payload: number): void {
    this.pending.push({ atUs, handle, payload });
    this.pending.sort((left, right) => left.atUs - right.atUs);
  }

  cancel(handle: number): boolean {
    const { length } = this.pending;
    this.pending = this.pending.filter((event) => event.handle !== handle);
    return this.pending.length < length;
  }

  next(untilUs: number): number | undefined {
    if (this.nextUs > untilUs) return undefined;
    const event = this.pending.shift();
    this.nowUs = event?.atUs ?? this.nowUs;
    return event?.payload;
  }

  get nextUs(): number {
    return this.pending[0]?.atUs ?? Infinity;
  }
}

/** Delays that are often equal, and often 0. */
const DELAY = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 4 }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 1_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 ** 40 }) },
);
const STEP = fc.oneof(
  {
    weight: 5,
    arbitrary: DELAY.map((us) => ({ do: "schedule", us }) as const),
  },
  { weight: 3, arbitrary: fc.constant({ do: "next", us: Infinity } as const) },
  { weight: 1, arbitrary: DELAY.map((us) => ({ do: "next", us }) as const) },
  {
    weight: 2,
    arbitrary: fc.nat(200).map((which) => ({ do: "cancel", which }) as const),
  },
);

Deno.test("EventQueue does what a sorted array does", () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 300 }), (steps) => {
      const queue = new EventQueue<number>();
      const sorted = new SortedArray();
      const handles: number[] = [];
      for (const step of steps) {
        if (step.do === "schedule") {
          const atUs = queue.nowUs + step.us;
          const handle = queue.schedule(atUs, handles.length);
          sorted.schedule(atUs, handle, handles.length);
          handles.push(handle);
        } else if (step.do === "cancel") {
          const handle = handles[step.which % Math.max(1, handles.length)] ??
            -1;
          assert.equal(queue.cancel(handle), sorted.cancel(handle));
        } else {
          const untilUs = queue.nowUs + step.us;
          assert.equal(queue.next(untilUs), sorted.next(untilUs));
        }
        assert.equal(queue.nowUs, sorted.nowUs);
        assert.equal(queue.nextUs, sorted.nextUs);
        assert.equal(queue.size, sorted.pending.length);
      }
      const left = sorted.pending.map(({ atUs, payload }) => [atUs, payload]);
      assert.deepEqual(drain(queue), left);
    }),
    { seed: 1, numRuns: 1_000 },
  );
});

/** Many at few moments, the present one included; some are taken back. */
const CROWD = fc.record({
  delays: fc.array(fc.nat(2), { minLength: 30, maxLength: 300 }),
  cancelled: fc.array(fc.nat(299), { minLength: 20, maxLength: 200 }),
  later: fc.array(fc.nat(2), { maxLength: 30 }),
});

Deno.test("EventQueue keeps the order of a crowd of which some are taken back", () => {
  fc.assert(
    fc.property(CROWD, ({ delays, cancelled, later }) => {
      const queue = new EventQueue<number>();
      const sorted = new SortedArray();
      const handles: number[] = [];
      const schedule = (us: number) => {
        const handle = queue.schedule(us, handles.length);
        sorted.schedule(us, handle, handles.length);
        handles.push(handle);
      };
      delays.forEach(schedule);
      for (const which of cancelled) {
        const handle = handles[which] ?? -1;
        assert.equal(queue.cancel(handle), sorted.cancel(handle));
      }
      later.forEach(schedule);
      const left = sorted.pending.map(({ atUs, payload }) => [atUs, payload]);
      assert.deepEqual(drain(queue), left);
    }),
    { seed: 2, numRuns: 300 },
  );
});

Deno.test("events of one moment happen in the order of scheduling", () => {
  const queue = new EventQueue<string>();
  queue.schedule(5, "a");
  queue.schedule(1, "now");
  queue.schedule(5, "b");
  assert.equal(queue.next(), "now");
  queue.schedule(5, "c");
  assert.equal(queue.next(), "a");
  // Scheduled at the moment itself: behind what it had before.
  queue.schedule(5, "d");
  assert.deepEqual(drain(queue), [[5, "b"], [5, "c"], [5, "d"]]);
});

Deno.test("EventQueue sorts times of all sizes, from wherever it is", () => {
  const powers = Array.from({ length: 53 }, (_, exponent) => 2 ** exponent);
  const times = powers.flatMap((power) => [power - 1, power, power + 1])
    .filter(Number.isSafeInteger);
  const sorted = times.toSorted((left, right) => left - right);
  for (const fromUs of sorted) {
    const queue = new EventQueue<number>();
    queue.schedule(fromUs, -1);
    assert.equal(queue.next(), -1);
    const later = sorted.filter((atUs) => atUs >= fromUs);
    later.toReversed().forEach((atUs) => queue.schedule(atUs, atUs));
    assert.deepEqual(drain(queue), later.map((atUs) => [atUs, atUs]));
  }
});

Deno.test("EventQueue.next() leaves what is later than it is told", () => {
  const queue = new EventQueue<string>();
  queue.schedule(100, "a");
  assert.equal(queue.next(99), undefined);
  assert.equal(queue.nowUs, 0);
  // What it has looked at is not in the way of what comes before.
  queue.schedule(50, "b");
  assert.equal(queue.next(50), "b");
  assert.equal(queue.next(99), undefined);
  assert.equal(queue.next(100), "a");
  assert.equal(queue.next(Infinity), undefined);
});

Deno.test("EventQueue grows: 10,000 events come out sorted", () => {
  const queue = new EventQueue<number>();
  const times = Array.from({ length: 10_000 }, (_, i) => (i * 7_919) % 4_001);
  times.forEach((atUs, index) => queue.schedule(atUs, index));
  assert.equal(queue.size, 10_000);
  // A slot that was made room for, but never used.
  assert.equal(queue.cancel(2 ** 14 - 1), false);
  const expected = times.map((atUs, index) => [atUs, index] as const)
    .sort(([left], [right]) => left - right);
  assert.deepEqual(drain(queue), expected);
});

Deno.test("EventQueue.schedule() refuses the past and what is no microsecond", () => {
  const queue = new EventQueue<string>();
  queue.schedule(10, "a");
  queue.next();
  queue.schedule(10, "the present is not past");
  for (const atUs of [9, 10.5, NaN, Infinity, 2 ** 53]) {
    assert.throws(() => queue.schedule(atUs, "b"), {
      name: "RangeError",
      message: "Cannot schedule an event as its time must be an integer " +
        `>= 10: current value is ${atUs}`,
    });
  }
  assert.equal(queue.size, 1);
});

Deno.test("EventQueue.cancel() says false to what happened or never was", () => {
  const queue = new EventQueue<string>();
  const first = queue.schedule(1, "a");
  assert.equal(queue.next(), "a");
  assert.equal(queue.cancel(first), false);
  // The slot is used again; the old handle is not the new event's.
  const second = queue.schedule(2, "b");
  assert.notEqual(first, second);
  assert.equal(queue.cancel(first), false);
  for (const never of [-1, 7, 1e15]) {
    assert.equal(queue.cancel(never), false);
  }
  assert.equal(queue.cancel(second), true);
  assert.equal(queue.cancel(second), false);
  assert.equal(queue.nextUs, Infinity);
  assert.equal(queue.next(), undefined);
  assert.equal(queue.nowUs, 1);
});
