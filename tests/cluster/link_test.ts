/**
 * Two ends of a link over a channel that keeps order: nothing is lost, doubled
 * or reordered, whatever the interleaving, and the bounds hold.
 *
 * @module
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Batch, type Frame, Link } from "../../cluster/link.ts";

const HELLO = { kind: "hello" };

/** A link that takes no expired asks, and one end of a test. */
function link(outboxFrames?: number): Link {
  return new Link(() => assert.fail("An ask expired"), outboxFrames);
}

function ignore(): void {}

/** Hands a batch over and gives what arrived. */
function arrivals(end: Link, batch: Batch, nowMs: number): Frame[] {
  const frames: Frame[] = [];
  const received = end.receive(
    batch,
    nowMs,
    (to, from, ask, deadlineMs, content, chain) =>
      frames.push({ to, from, ask, deadlineMs, content, chain }),
  );
  assert.equal(received, "delivered");
  return frames;
}

Deno.test("Link carries many frames in one flat batch", () => {
  const end = link();
  end.send("inventory[0]", "storefront[1]", 7, 1_500, HELLO);
  end.send("cache[0]", "storefront[1]", 0, 0, HELLO);
  assert.deepEqual(end.flush(1_000), [
    ...[1, 0],
    ...["inventory[0]", "storefront[1]", 7, 500, HELLO, ""],
    ...["cache[0]", "storefront[1]", 0, 0, HELLO, ""],
  ]);
  assert.equal(end.flush(1_000), null);
});

Deno.test("Link.receive() puts deadlines on its own clock", () => {
  const sender = link();
  sender.send("a", "b", 7, 1_500.25, HELLO);
  sender.send("a", "b", 0, 0, HELLO);
  const batch = sender.flush(1_000)!;
  assert.deepEqual(arrivals(link(), batch, 70_000), [
    {
      to: "a",
      from: "b",
      ask: 7,
      deadlineMs: 70_501,
      content: HELLO,
      chain: "",
    },
    { to: "a", from: "b", ask: 0, deadlineMs: 0, content: HELLO, chain: "" },
  ]);
});

Deno.test("Link.flush() recomputes the time left when a batch had to wait", () => {
  const end = link();
  for (let number = 0; number < 2; number++) {
    end.send("a", "b", 0, 0, HELLO);
    end.flush(0);
  }
  end.send("a", "b", 7, 1_000, HELLO);
  assert.equal(end.flush(100), null);
  end.receive([0, 1], 400, ignore);
  assert.equal(end.flush(400)![5], 600);
});

Deno.test("Link.flush() keeps back asks that expired, and nothing else", () => {
  const expired: Frame[] = [];
  const end = new Link((frame) => expired.push(frame));
  end.send("a", "b", 7, 1_000, HELLO);
  end.send("a", "b", -3, 1_000, HELLO);
  end.send("a", "b", 8, 1_001, HELLO);
  end.send("a", "b", 0, 1_000, HELLO);
  assert.deepEqual(end.flush(1_000), [
    ...[1, 0],
    ...["a", "b", -3, 1, HELLO, ""],
    ...["a", "b", 8, 1, HELLO, ""],
    ...["a", "b", 0, 1, HELLO, ""],
  ]);
  assert.deepEqual(expired.map((frame) => frame.ask), [7]);
  assert.equal(end.counters.expired, 1);
  assert.equal(end.counters.sent, 3);
});

Deno.test("Link.flush() sends no batch when all that waited has expired", () => {
  const end = new Link(ignore);
  end.send("a", "b", 7, 1_000, HELLO);
  assert.equal(end.flush(2_000), null);
  end.send("a", "b", 0, 0, HELLO);
  assert.equal(end.flush(2_000)![0], 1);
});

// G24
Deno.test("Link.flush() holds the third batch until one is acknowledged", () => {
  const end = link();
  const flushed = [1, 2, 3].map(() => {
    end.send("a", "b", 0, 0, HELLO);
    return end.flush(0) !== null;
  });
  assert.deepEqual(flushed, [true, true, false]);
  end.receive([0, 1], 0, ignore);
  assert.equal(end.flush(0)![0], 3);
});

Deno.test("Link.isQuiet is so when all that was sent has been acknowledged", () => {
  const [one, other] = [link(), link()];
  assert.equal(one.isQuiet, true);
  one.send("b", "a", 0, 0, HELLO);
  assert.equal(one.isQuiet, false, "it waits");
  other.receive(one.flush(0)!, 0, ignore);
  assert.equal(one.isQuiet, false, "it may not have arrived");
  one.receive(other.flush(0)!, 0, ignore);
  assert.equal(one.isQuiet, true);
});

Deno.test("Link acknowledges with its next batch, or bare when it has none", () => {
  const [left, right] = [link(), link()];
  left.send("a", "b", 0, 0, HELLO);
  right.receive(left.flush(0)!, 0, ignore);
  right.send("b", "a", 0, 0, HELLO);
  assert.deepEqual(right.flush(0)!.slice(0, 2), [1, 1]);
  assert.equal(right.flush(0), null);
  left.send("a", "b", 0, 0, HELLO);
  right.receive(left.flush(0)!, 0, ignore);
  assert.deepEqual(right.flush(0), [0, 2]);
  assert.equal(right.flush(0), null);
});

Deno.test("Link acknowledges even while its own batches are held back", () => {
  const [left, right] = [link(), link()];
  for (let number = 0; number < 3; number++) {
    right.send("b", "a", 0, 0, HELLO);
    right.flush(0);
  }
  left.send("a", "b", 0, 0, HELLO);
  right.receive(left.flush(0)!, 0, ignore);
  assert.deepEqual(right.flush(0), [0, 1]);
});

// G23
Deno.test("Link.send() says full when the outbox is, until it is flushed", () => {
  const end = link(2);
  const send = () => end.send("a", "b", 0, 0, HELLO);
  assert.deepEqual([send(), send(), send()], ["queued", "queued", "full"]);
  end.flush(0);
  assert.equal(send(), "queued");
});

// G24
Deno.test("Link.receive() ignores a repeated batch and reports a missing one", () => {
  const [left, right] = [link(), link()];
  const batches = [1, 2].map(() => {
    left.send("a", "b", 0, 0, HELLO);
    return left.flush(0)!;
  });
  assert.equal(right.receive(batches[1]!, 0, ignore), "broken");
  assert.equal(right.receive(batches[0]!, 0, ignore), "delivered");
  assert.equal(right.receive(batches[0]!, 0, ignore), "repeated");
  assert.deepEqual(right.counters, {
    ...{ sent: 0, delivered: 1, lost: 0, expired: 0, repeated: 1 },
  });
});

Deno.test("Link.receive() reports what is no batch", () => {
  const end = link();
  const wrong: Batch[] = [
    ...[[], ["1", 0], [1, 0, "a"], [1, 5], [-1, -1], [1.5, 0]],
    [0, 0, "a", "b", 0, 0, HELLO, ""],
  ];
  for (const batch of wrong) {
    assert.equal(end.receive(batch, 0, ignore), "broken", `${batch}`);
  }
});

Deno.test("Link.close() gives back what never left and counts what may be lost", () => {
  const end = link();
  end.send("a", "b", 7, 0, HELLO);
  end.flush(0);
  end.send("a", "b", 8, 0, HELLO);
  assert.deepEqual(end.close().map((frame) => frame.ask), [8]);
  assert.equal(end.counters.lost, 2);
  assert.deepEqual(end.close(), []);
  assert.equal(end.send("a", "b", 0, 0, HELLO), "full");
  assert.equal(end.flush(0), null);
  assert.equal(end.receive([1, 0], 0, ignore), "broken");
});

// G21
Deno.test("Link loses, doubles and reorders nothing under any interleaving", () => {
  const step = fc.record({
    end: fc.nat(1),
    act: fc.constantFrom("send", "send", "flush", "carry"),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const pair = new Pair();
      for (const { end, act } of steps) {
        pair[act as "send" | "flush" | "carry"](end);
        assert.ok(pair.batchesUnderway(0) <= 2 && pair.batchesUnderway(1) <= 2);
      }
      pair.settle();
      assert.deepEqual(pair.arrived, pair.queued);
      for (const end of pair.ends) assert.equal(end.close().length, 0);
      for (const end of pair.ends) assert.equal(end.counters.lost, 0);
    }),
    { seed: 7, numRuns: 300 },
  );
});

/** Two ends, and for each direction a channel that keeps order. */
class Pair {
  readonly ends = [link(8), link(8)] as const;
  readonly channels: readonly [Batch[], Batch[]] = [[], []];
  /** Ask ids that an end queued, and that the other end got. */
  readonly queued: readonly [number[], number[]] = [[], []];
  readonly arrived: readonly [number[], number[]] = [[], []];
  #next = 1;

  send(end: number): void {
    const id = this.#next++;
    const room = this.ends[end]!.waiting < 8;
    const delivery = this.ends[end]!.send("a", "b", id, 0, HELLO);
    assert.equal(delivery, room ? "queued" : "full");
    if (delivery === "queued") this.queued[end]!.push(id);
  }

  flush(end: number): void {
    const batch = this.ends[end]!.flush(0);
    // A carrier copies, as a port does.
    if (batch !== null) this.channels[end]!.push(structuredClone(batch));
  }

  carry(end: number): void {
    const batch = this.channels[end]!.shift();
    if (batch === undefined) return;
    const received = this.ends[1 - end]!.receive(
      batch,
      0,
      (_to, _from, ask) => this.arrived[end]!.push(ask),
    );
    assert.equal(received, "delivered");
  }

  /** Batches with frames that were sent and are not yet carried. */
  batchesUnderway(end: number): number {
    return this.channels[end]!.filter((batch) => batch[0] !== 0).length;
  }

  settle(): void {
    for (let round = 0; round < 4; round++) {
      for (const end of [0, 1]) this.flush(end);
      for (const end of [0, 1]) {
        while (this.channels[end]!.length > 0) this.carry(end);
      }
    }
  }
}
