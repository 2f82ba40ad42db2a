/** Two ends of a trunk, over a carrier that does what carriers do. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type SessionEnd,
  Trunk,
  type TrunkCounters,
  type TrunkFrame,
} from "../../cluster/trunk.ts";
import { BadWeather, carrierStep, type Station } from "./bad_weather.ts";

const SILENCE_MS = 1_000;

/** What an end sends: in which of its sessions, and which of them. */
interface Said {
  readonly session: number;
  readonly number: number;
}

type SaidFrame = TrunkFrame<Said>;

/** One end, and what came of each session of it. */
class End implements Station<SaidFrame> {
  readonly counters: TrunkCounters = {
    sentFrames: 0,
    takenFrames: 0,
    ignoredFrames: 0,
    resets: 0,
  };
  readonly trunk: Trunk<Said>;
  /** What arrived since the present session, or the last one, began. */
  arrived: Said[] = [];
  /** What was sent in it. */
  sent: Said[] = [];
  /** Why its sessions ended. */
  readonly ends: SessionEnd[] = [];
  /** All that ever arrived, in order. */
  readonly all: string[] = [];
  #session = 0;

  constructor(process: string, peer: string) {
    let sessions = 0;
    this.trunk = new Trunk<Said>({
      process,
      peer,
      silenceMs: SILENCE_MS,
      counters: this.counters,
      nextSession: () => ++sessions,
      opened: () => {
        this.#session++;
        this.arrived = [];
        this.sent = [];
      },
      closed: (end) => this.ends.push(end),
      arrived: (said) => {
        this.arrived.push(said);
        this.all.push(`${said.session}/${said.number}`);
      },
    }, 0);
  }

  say(): void {
    const said = { session: this.#session, number: this.sent.length + 1 };
    this.trunk.send(said);
    if (this.trunk.isOpen) this.sent.push(said);
  }

  flush(nowMs: number): SaidFrame[] {
    return [this.trunk.flush(nowMs)].filter((frame) => frame !== null);
  }

  receive(frame: SaidFrame, nowMs: number): void {
    this.trunk.receive(frame, nowMs);
  }

  failed({ session }: SaidFrame): void {
    this.trunk.failed(session);
  }

  tick(nowMs: number): void {
    this.trunk.tick(nowMs);
  }

  /** A session of the other end as a whole, from its first word on. */
  assertSound(): void {
    const sessions = new Set(this.arrived.map(({ session }) => session));
    assert.ok(sessions.size <= 1, "two sessions in one");
    assert.deepEqual(
      this.arrived.map(({ number }) => number),
      this.arrived.map((_, index) => index + 1),
    );
    assert.equal(new Set(this.all).size, this.all.length, "said twice");
  }
}

/** Two ends, and the air between them. */
function pair(): { a: End; b: End; weather: BadWeather<SaidFrame> } {
  const [a, b] = [new End("a", "b"), new End("b", "a")];
  return { a, b, weather: new BadWeather(new Map([["a", a], ["b", b]])) };
}

/** The same, once they have found one another. */
function openPair() {
  const ends = pair();
  ends.weather.clear(100);
  assert.ok(ends.a.trunk.isOpen && ends.b.trunk.isOpen);
  return ends;
}

/** What is on its way from an end now. */
function next(end: End, nowMs: number): SaidFrame {
  const frame = end.trunk.flush(nowMs);
  assert.ok(frame !== null);
  return frame;
}

// G86
Deno.test("a trunk carries each item once and in order, whatever its carrier loses, doubles, delays and reorders, and both ends find one another again", () => {
  const say = fc.record({
    act: fc.constant("say" as const),
    end: fc.constantFrom("a" as const, "b" as const),
  });
  const step = fc.oneof(
    { weight: 1, arbitrary: say },
    { weight: 3, arbitrary: carrierStep },
  );
  const steps = fc.array(step, { minLength: 50, maxLength: 150 });
  fc.assert(
    fc.property(fc.boolean(), steps, (isOpen, steps) => {
      const { a, b, weather } = isOpen ? openPair() : pair();
      for (const step of steps) {
        if (step.act === "say") ({ a, b })[step.end].say();
        else weather.take(step);
        for (const end of [a, b]) end.assertSound();
      }
      weather.clear(3 * SILENCE_MS);
      for (const end of [a, b]) {
        assert.ok(end.trunk.isOpen);
        end.say();
      }
      const resets = a.counters.resets + b.counters.resets;
      weather.clear(3 * SILENCE_MS);
      for (const end of [a, b]) end.assertSound();
      // In a session nothing is lost unless both ends are told.
      assert.deepEqual(a.arrived, b.sent);
      assert.deepEqual(b.arrived, a.sent);
      assert.equal(a.counters.resets + b.counters.resets, resets);
    }),
    { seed: 11, numRuns: 1_000 },
  );
});

// G86
Deno.test("what was under way when a session ended is never sent again", () => {
  const { a, b, weather } = openPair();
  a.say();
  const lost = next(a, 0);
  a.say();
  a.failed(lost);
  assert.ok(!a.trunk.isOpen);
  weather.clear(3 * SILENCE_MS);
  assert.ok(a.trunk.isOpen);
  assert.deepEqual(b.all, []);
  b.receive(lost, weather.nowMs);
  assert.deepEqual(b.all, []);
});

Deno.test("a frame of the other end's earlier session is not taken for one of its present one", () => {
  const { a, b } = pair();
  const hello = next(a, 0);
  a.receive(next(b, 0), 0);
  b.receive(hello, 0);
  b.receive(next(a, 0), 0);
  b.say();
  const early = next(b, 0);
  b.failed(early);
  a.receive(next(b, 0), 0);
  assert.ok(a.trunk.isOpen);
  assert.equal(a.trunk.receive(early, 0), "stale");
});

Deno.test("a frame that came twice is taken once, and ends nothing", () => {
  const { a, b } = openPair();
  a.say();
  const frame = next(a, 0);
  const received = [frame, frame].map((frame) => b.trunk.receive(frame, 0));
  assert.deepEqual(received, ["taken", "repeated"]);
  assert.equal(b.counters.resets, 0);
});

Deno.test("a missing frame ends the session at the next one, an empty one too", () => {
  for (const sayMore of [true, false]) {
    const { a, b } = openPair();
    a.say();
    next(a, 0);
    if (sayMore) a.say();
    else a.tick(SILENCE_MS / 4);
    assert.equal(b.trunk.receive(next(a, 0), 0), "broken");
    assert.ok(!b.trunk.isOpen);
  }
});

Deno.test("who hears nothing for the silence ends the session, and not before", () => {
  const { a } = openPair();
  a.tick(SILENCE_MS - 1);
  assert.ok(a.trunk.isOpen);
  a.tick(SILENCE_MS);
  assert.ok(!a.trunk.isOpen);
});

// G88
Deno.test("who slept through a silence takes nothing that was said in it", () => {
  const { a, b } = openPair();
  a.say();
  assert.equal(b.trunk.receive(next(a, 0), SILENCE_MS), "stale");
  assert.deepEqual(b.all, []);
});

Deno.test("whose frames are not confirmed ends the session, though it hears the other end", () => {
  const { a, b } = openPair();
  a.say();
  next(a, 0);
  const beat = (nowMs: number) => {
    b.tick(nowMs);
    a.receive(next(b, nowMs), nowMs);
  };
  for (const part of [0.3, 0.6, 0.9]) beat(part * SILENCE_MS);
  assert.ok(a.trunk.isOpen);
  a.tick(SILENCE_MS);
  assert.ok(!a.trunk.isOpen);
});

Deno.test("a trunk beats four times in a silence, and only when it has nothing else to say", () => {
  const { a } = openPair();
  assert.equal(a.trunk.flush(0), null);
  assert.equal(a.trunk.tick(0), SILENCE_MS / 4);
  a.say();
  assert.equal(next(a, 100).items.length, 1);
  assert.equal(a.trunk.tick(SILENCE_MS / 4), 100 + SILENCE_MS / 4);
  assert.equal(a.trunk.flush(SILENCE_MS / 4), null);
  a.trunk.tick(100 + SILENCE_MS / 4);
  assert.equal(next(a, 100 + SILENCE_MS / 4).items.length, 0);
});

Deno.test("who goes says so, and the other end does not wait for the silence", () => {
  const { a, b } = openPair();
  b.receive(a.trunk.close(), 0);
  assert.ok(!b.trunk.isOpen);
  assert.equal(a.trunk.flush(0), null);
  assert.equal(a.trunk.receive(next(b, 0), 0), "stale");
  assert.equal(a.trunk.tick(SILENCE_MS), Infinity);
});

Deno.test("a trunk that nobody flushes holds 4,096 items and then ends its session", () => {
  const { a } = openPair();
  for (let count = 0; count < 4_096; count++) a.say();
  assert.ok(a.trunk.isOpen);
  a.say();
  assert.ok(!a.trunk.isOpen);
});

Deno.test("a failure that is told late ends no later session", () => {
  const { a, b, weather } = openPair();
  a.say();
  const lost = next(a, 0);
  a.failed(lost);
  weather.clear(100);
  a.failed(lost);
  assert.ok(a.trunk.isOpen && b.trunk.isOpen);
});

Deno.test("a trunk says why a session ended", () => {
  const ends = (act: (pair: ReturnType<typeof openPair>) => void) => {
    const pair = openPair();
    act(pair);
    return [pair.a.ends, pair.b.ends];
  };
  const said = ({ a }: { a: End }) => {
    a.say();
    return next(a, 0);
  };
  const told = ({ a, b, weather }: ReturnType<typeof openPair>) => {
    a.failed(said({ a }));
    weather.clear(100);
    assert.ok(b.trunk.isOpen);
  };
  assert.deepEqual(ends(told), [["carrier-failed"], ["ended-by-peer"]]);
  assert.deepEqual(ends(({ a }) => a.tick(SILENCE_MS)), [["silence"], []]);
  const unconfirmed = ends((pair) => {
    said(pair);
    pair.b.tick(SILENCE_MS / 2);
    pair.a.receive(next(pair.b, SILENCE_MS / 2), SILENCE_MS / 2);
    pair.a.tick(SILENCE_MS);
  });
  assert.deepEqual(unconfirmed, [["unconfirmed"], []]);
  const gap = ends((pair) => {
    said(pair);
    pair.b.receive(said(pair), 0);
  });
  assert.deepEqual(gap, [[], ["gap"]]);
  const left = ends(({ a, b }) => b.receive(a.trunk.close(), 0));
  assert.deepEqual(left, [["closed"], ["peer-left"]]);
});
