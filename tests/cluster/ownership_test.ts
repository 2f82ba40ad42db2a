/** How territories change hands, one claim at a time. */
import assert from "node:assert/strict";
import { Ownership } from "../../cluster/ownership.ts";
import type {
  Beat,
  BeatAnswer,
  KeptLease,
  OwnershipPort,
  TakeAnswer,
} from "../../cluster/ownership_port.ts";
import { LEASE_MS } from "./ownership_process.ts";
import { OwnershipWorld } from "./ownership_world.ts";

/** Processes that have shared out eight territories. */
function settled(processes: number): OwnershipWorld {
  const world = new OwnershipWorld({ seed: 1, processes, territories: 8 });
  world.pass(4 * LEASE_MS);
  return world;
}

// G114
for (const count of [1, 2, 3, 5]) {
  Deno.test(`a process that joins ${count} others moves its share and no more`, () => {
    const world = settled(count);
    const before = world.moves.length;
    const newcomer = world.join();
    world.pass(4 * LEASE_MS);
    const moved = world.moves.length - before;
    assert.equal(newcomer.running.size, moved);
    assert.ok(moved >= Math.floor(8 / (count + 1)));
    assert.ok(moved <= Math.ceil(8 / (count + 1)));
  });
}

// G114
Deno.test("the death of a process moves what it ran and nothing else", () => {
  const world = settled(3);
  const [dead] = world.living;
  const had = [...dead!.running.keys()].sort();
  const before = world.moves.length;
  dead!.crash();
  world.pass(LEASE_MS + 1_000);
  const moved = world.moves.slice(before).map(({ territory }) => territory);
  assert.deepEqual(moved.sort(), had);
});

// G114
Deno.test("a process that dies and is started again moves what it ran and nothing else", () => {
  const world = settled(3);
  const dead = world.living.find(({ running }) => running.size === 3)!;
  const had = [...dead.running.keys()].sort();
  const before = world.moves.length;
  dead.crash();
  world.pass(1_100);
  const again = world.join();
  world.pass(4 * LEASE_MS);
  const moved = world.moves.slice(before).map(({ territory }) => territory);
  assert.deepEqual(moved.sort(), had);
  assert.ok(again.running.size >= 2);
});

// G114
Deno.test("while a process is silent the others get ready for what it ran, each for what it will be given", () => {
  const world = settled(3);
  const dead = world.living.find(({ running }) => running.size === 3)!;
  const had = [...dead.running.keys()].sort();
  dead.crash();
  // Its last beat was up to a quarter of a lease before.
  world.pass(0.7 * LEASE_MS);
  const expected = world.living.map((process) => process.expected);
  assert.deepEqual(expected.flat().sort(), had);
  world.pass(LEASE_MS);
  for (const [index, { running }] of world.living.entries()) {
    assert.ok(expected[index]!.every((name) => running.has(name)));
  }
  assert.deepEqual(world.living.flatMap((process) => process.expected), []);
});

Deno.test("while all live nobody gets ready for anything", () => {
  const world = settled(3);
  for (let ms = 0; ms < 4 * LEASE_MS; ms += 50) {
    world.pass(50);
    for (const { expected } of world.living) assert.deepEqual(expected, []);
  }
});

Deno.test("after a pause of the store nobody gets ready for those who live", () => {
  const world = settled(3);
  const before = world.moves.length;
  const forMs = 0.6 * LEASE_MS;
  world.suffer({ afterMs: 0, what: "pause store", whom: 0, forMs });
  for (let ms = 0; ms < 4 * LEASE_MS; ms++) {
    world.pass(1);
    for (const { expected } of world.living) assert.deepEqual(expected, []);
  }
  assert.equal(world.moves.length, before);
});

Deno.test("a process gets ready for what is handed over to it", () => {
  const world = settled(2);
  const newcomer = world.join();
  while (newcomer.running.size === 0) {
    const [name] = newcomer.expected;
    if (name !== undefined) {
      assert.ok(world.living.some(({ running }) => running.has(name)));
      assert.ok(newcomer.expected.length <= 3);
      return;
    }
    world.pass(0.1);
  }
  assert.fail("it took what it was not ready for");
});

Deno.test("a process that leaves is followed within milliseconds of each drain, and vanishes", () => {
  const world = settled(2);
  const [leaver, other] = world.living;
  const had = [...leaver!.running.keys()];
  leaver!.leave();
  world.pass(LEASE_MS / 2);
  assert.equal(other!.running.size, 8);
  assert.deepEqual(world.living, [other]);
  for (const territory of had) {
    const [before, after] = world.runs.get(territory)!.slice(-2);
    assert.ok(after!.fromMs - before!.toMs < 100, territory);
  }
});

Deno.test("the last process to leave frees everything", () => {
  const world = settled(1);
  world.living[0]!.leave();
  world.pass(LEASE_MS / 2);
  assert.deepEqual(world.living, []);
  const heir = world.join();
  world.pass(100);
  assert.equal(heir.running.size, 8, "it waits for no lease");
});

/** A process whose store answers when the test does. */
class Alone {
  readonly beats: {
    beat: Beat;
    done: (answer: BeatAnswer | null) => void;
  }[] = [];
  readonly takes: {
    holder: string;
    done: (answer: TakeAnswer | null) => void;
  }[] = [];
  readonly freed: KeptLease["holder"][] = [];
  readonly happened: string[] = [];
  expected: readonly string[] = [];
  readonly ownership: Ownership;
  nowMs = 0;
  drained: () => void = () => {};
  #nextMs = 0;

  constructor() {
    const port: OwnershipPort = {
      beat: (beat, done) => this.beats.push({ beat, done }),
      take: ({ holder }, done) => this.takes.push({ holder, done }),
      free: ({ holder }) => this.freed.push(holder),
      leave: () => this.happened.push("left"),
    };
    this.ownership = new Ownership({
      ...{ process: "p", territories: ["worker-0"], virtualNodes: 8, port },
      ...{ leaseForMs: LEASE_MS, wake: () => this.at(this.nowMs) },
      acquire: (name, fence, untilMs) =>
        this.happened.push(`acquire ${name} ${fence} ${untilMs}`),
      extend: (name, untilMs) =>
        this.happened.push(`extend ${name} ${untilMs}`),
      release: (name, done) => {
        this.happened.push(`release ${name}`);
        this.drained = done;
      },
      lost: (name) => this.happened.push(`lost ${name}`),
      members: (members) => this.happened.push(`members ${members.join(" ")}`),
      expect: (names) => this.expected = names,
    });
    this.at(0);
  }

  /** Ticks at that time. */
  at(nowMs: number): void {
    this.nowMs = nowMs;
    this.#nextMs = this.ownership.tick(nowMs);
  }

  /** Ticks whenever it wants to, until then. */
  until(nowMs: number): void {
    while (this.#nextMs <= nowMs) this.at(Math.max(this.nowMs, this.#nextMs));
    this.nowMs = nowMs;
  }

  /** Answers the newest beat: who shares, and who has the territory. */
  answer(sharers: readonly string[], holder?: string): void {
    const lease = holder === undefined ? [] : [
      ["worker-0", { holder, leftMs: LEASE_MS }] as const,
    ];
    this.beats.at(-1)!.done({
      ...{ processes: ["p", "q"], sharers, settlesInMs: 0 },
      owners: new Map(lease),
    });
  }

  /** Has the territory. */
  static owner(): Alone {
    const alone = new Alone();
    alone.answer(["p"]);
    alone.takes[0]!.done({ kind: "taken", fence: 7 });
    alone.happened.length = 0;
    return alone;
  }
}

const VALID_MS = LEASE_MS * 0.99;

Deno.test("a lease counts from when it was asked for, on this process's clock", () => {
  for (const [answeredMs, has] of [[VALID_MS - 1, true], [VALID_MS, false]]) {
    const alone = new Alone();
    alone.answer(["p"]);
    alone.nowMs = Number(answeredMs);
    alone.takes[0]!.done({ kind: "taken", fence: 7 });
    const acquired = alone.happened.includes(`acquire worker-0 7 ${VALID_MS}`);
    assert.equal(acquired, has, `answered after ${answeredMs} ms`);
  }
});

Deno.test("a beat extends from when it was sent, however late its answer is", () => {
  const alone = Alone.owner();
  alone.until(1_000);
  assert.equal(alone.beats.length, 2);
  alone.nowMs = 2_000;
  alone.answer(["p"], "p/1");
  assert.deepEqual(alone.happened, [`extend worker-0 ${750 + VALID_MS}`]);
});

Deno.test("beats that fail or are not answered change nothing until the lease is over", () => {
  const alone = Alone.owner();
  alone.until(VALID_MS - 1);
  for (const { done } of alone.beats.slice(1)) done(null);
  assert.deepEqual(alone.happened, []);
  alone.until(VALID_MS);
  assert.deepEqual(alone.happened, ["lost worker-0", "members "]);
});

Deno.test("a process that was frozen loses what it ran before it does anything else", () => {
  const alone = Alone.owner();
  alone.until(800);
  const beats = alone.beats.length;
  // Its beat was answered while it slept.
  alone.at(10 * LEASE_MS);
  assert.deepEqual(alone.happened, ["lost worker-0", "members "]);
  assert.deepEqual(alone.beats.at(-1)!.beat.leases, []);
  assert.equal(alone.beats.length, beats + 1);
});

Deno.test("an answer that slept with its process keeps nothing alive", () => {
  const alone = Alone.owner();
  alone.until(800);
  alone.nowMs = 10 * LEASE_MS;
  alone.answer(["p"], "p/1");
  assert.equal(alone.happened.at(-2), "lost worker-0");
});

Deno.test("a lease that the store does not know is lost at once", () => {
  const alone = Alone.owner();
  alone.until(800);
  alone.answer(["p"], "q/1");
  assert.deepEqual(alone.happened, ["lost worker-0"]);
});

Deno.test("a territory that is not ours any more is freed when it has stopped, and not before", () => {
  const alone = Alone.owner();
  alone.until(800);
  alone.answer(["q"], "p/1");
  assert.equal(alone.happened.at(-1), "release worker-0");
  assert.deepEqual(alone.freed, []);
  alone.until(1_600);
  assert.equal(alone.beats.at(-1)!.beat.leases.length, 1, "it is kept");
  alone.drained();
  assert.deepEqual(alone.freed, ["p/1"]);
  alone.until(2_400);
  assert.equal(alone.beats.at(-1)!.beat.leases.length, 0);
});

Deno.test("a drain that hangs is over after two leases", () => {
  const alone = Alone.owner();
  for (let nowMs = 760; nowMs <= 3 * LEASE_MS; nowMs += 750) {
    alone.until(nowMs);
    const { leases } = alone.beats.at(-1)!.beat;
    alone.answer(["q"], leases.length > 0 ? "p/1" : undefined);
    if (!alone.happened.includes("lost worker-0")) continue;
    const tookMs = nowMs - 760;
    assert.ok(tookMs > LEASE_MS && tookMs <= 2 * LEASE_MS, `${tookMs} ms`);
    alone.drained();
    assert.deepEqual(alone.freed, [], "it is nobody's to free any more");
    return;
  }
  assert.fail("it was never lost");
});

Deno.test("a lease that was given and never run is freed", () => {
  const alone = new Alone();
  alone.answer(["p"], "p/9");
  assert.deepEqual(alone.freed, ["p/9"]);
  assert.deepEqual(alone.takes, []);
});

Deno.test("what is to be ours is taken the moment its owner has freed it, and nothing else is", () => {
  const alone = new Alone();
  alone.answer(["p"], "q/1");
  alone.ownership.changed("worker-1");
  assert.deepEqual(alone.takes, []);
  alone.ownership.changed("worker-0");
  assert.equal(alone.takes.length, 1);
  alone.ownership.changed("worker-0");
  assert.equal(alone.takes.length, 1, "it is being taken");
});

Deno.test("a take without an answer is asked for again under the same name", () => {
  const alone = new Alone();
  alone.answer(["p"]);
  alone.until(800);
  alone.answer(["p"], "p/1");
  assert.deepEqual(alone.takes.map(({ holder }) => holder), ["p/1", "p/1"]);
  alone.takes[0]!.done({ kind: "taken", fence: 7 });
  alone.takes[1]!.done({ kind: "taken", fence: 7 });
  assert.equal(
    alone.happened.filter((what) => what.startsWith("acquire")).length,
    1,
  );
});

Deno.test("however often a process is woken, it beats a hundred times in a lease", () => {
  const alone = Alone.owner();
  alone.beats.length = 0;
  for (let nowMs = 1; nowMs <= LEASE_MS; nowMs++) {
    alone.until(nowMs);
    if (alone.beats.length > 0) alone.answer(["p"], "p/1");
    alone.ownership.changed();
  }
  const { length } = alone.beats;
  assert.ok(length > 90 && length <= 101, `${length} beats`);
});

Deno.test("a process leaves when it has nothing, also when the store does not answer", () => {
  const alone = Alone.owner();
  let isGone = false;
  alone.ownership.leave(() => isGone = true);
  assert.deepEqual(alone.happened, ["release worker-0"]);
  assert.equal(alone.beats.at(-1)!.beat.wantsShare, true, "of before");
  alone.until(100);
  assert.equal(alone.beats.at(-1)!.beat.wantsShare, false);
  alone.drained();
  alone.until(VALID_MS - 1);
  assert.equal(isGone, false, "the lease is not freed, as far as is known");
  alone.until(VALID_MS + LEASE_MS / 4);
  assert.equal(isGone, true);
  const beats = alone.beats.length;
  alone.until(10 * LEASE_MS);
  assert.equal(alone.beats.length, beats, "it does nothing any more");
});
