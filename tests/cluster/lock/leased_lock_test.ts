/** The lock itself, on a clock that passes when a test says so. */
import assert from "node:assert/strict";
import { SeededRandom } from "../../../actors/runtime/random.ts";
import type { Acquired, Lease } from "../../../cluster/lock.ts";
import { LeasedLock } from "../../../cluster/lock/leased_lock.ts";
import type {
  Freed,
  LeaseStore,
  Taken,
} from "../../../cluster/lock/lease_store.ts";
import { MemoryLeases } from "../../../cluster/lock/memory_leases.ts";
import { ManualTime } from "../gateways/manual_time.ts";

/** Locks of several processes over one store in memory, on one clock. */
class Scene {
  readonly time = new ManualTime();
  readonly store = new MemoryLeases(this.time);
  #seed = 0;

  lock(store: LeaseStore = this.store, clock = this.time): LeasedLock {
    const random = new SeededRandom(++this.#seed);
    return new LeasedLock(store, { clock, timers: this.time, random });
  }

  /** Lets everybody act who can. */
  async settle(): Promise<void> {
    // A chain of promises of this code is shorter.
    for (let turn = 0; turn < 50; turn++) await Promise.resolve();
  }

  async pass(durationMs: number): Promise<void> {
    this.time.advance(durationMs);
    await this.settle();
  }
}

function leaseOf(acquired: Acquired): Lease {
  assert.ok(acquired.kind === "ok", JSON.stringify(acquired));
  return acquired.value;
}

type Take = LeaseStore["take"];

/** The store with another way to take, and no line of its own. */
function taking(store: LeaseStore, take: Take): LeaseStore {
  return {
    answerWithinMs: store.answerWithinMs,
    retryEveryMs: store.retryEveryMs,
    isFair: false,
    take,
    extend: (...args) => store.extend(...args),
    free: (...args) => store.free(...args),
    watch: (woken) => store.watch!(woken),
  };
}

/** A store that answers as it is told to, and then like the one behind it. */
function troubled(store: LeaseStore, answers: Taken[]): LeaseStore {
  return taking(store, (wish) => {
    const answer = answers.shift();
    return answer === undefined ? store.take(wish) : Promise.resolve(answer);
  });
}

Deno.test("a lease is over a hundredth before its time in the store", async () => {
  const scene = new Scene();
  const lease = leaseOf(await scene.lock().acquire("a", { ttlMs: 1_000 }));
  assert.equal(lease.leftMs, 990);
  await scene.pass(989);
  assert.equal(lease.leftMs, 1);
  assert.equal(lease.signal.aborted, false);
  await scene.pass(1);
  assert.equal(lease.leftMs, 0);
  assert.equal(lease.signal.aborted, true);
  const other = await scene.lock().acquire("a", { ttlMs: 1_000 });
  assert.equal(other.kind, "rejected", "the store still keeps it");
  assert.equal((await lease.extend()).kind, "rejected", "but not for long");
  await scene.pass(10);
  leaseOf(await scene.lock().acquire("a", { ttlMs: 1_000 }));
});

Deno.test("a wall clock that jumps neither ends nor prolongs a lease", async () => {
  const scene = new Scene();
  let wallMs = 1_764_000_000_000;
  const clock = Object.create(scene.time, {
    monotonicMs: { value: () => scene.time.monotonicMs() },
    wallMs: { value: () => wallMs },
  });
  const lock = scene.lock(scene.store, clock);
  const lease = leaseOf(
    await lock.acquire("a", { ttlMs: 300, renewForMs: 10_000 }),
  );
  assert.equal(lease.leftMs, 297);
  for (const jumpMs of [3_600_000, -7_200_000]) {
    wallMs += jumpMs;
    await scene.pass(100);
    await scene.pass(100);
    assert.ok(lease.leftMs > 150 && lease.leftMs < 300, `${lease.leftMs}`);
  }
  assert.equal((await lease.release()).kind, "ok");
});

Deno.test("a lease is timed from its request, not from its answer", async () => {
  const scene = new Scene();
  const { promise, resolve } = Promise.withResolvers<Taken>();
  const store = taking(scene.store, () => promise);
  const acquiring = scene.lock(store).acquire("a", { ttlMs: 1_000 });
  await scene.pass(400);
  resolve({ kind: "taken", fence: 1 });
  assert.equal(leaseOf(await acquiring).leftMs, 590);
});

Deno.test("a renewed lease lasts as long as it was to be renewed, and no longer", async () => {
  const scene = new Scene();
  const options = { ttlMs: 300, renewForMs: 1_000 };
  const lease = leaseOf(await scene.lock().acquire("a", options));
  for (let passedMs = 0; passedMs < 1_100; passedMs += 50) {
    assert.ok(lease.leftMs > 0, `after ${passedMs} ms`);
    await scene.pass(50);
  }
  await scene.pass(300);
  assert.equal(lease.leftMs, 0);
  assert.ok(lease.signal.aborted);
});

Deno.test("a holder that was frozen does not renew what it has lost", async () => {
  const scene = new Scene();
  const options = { ttlMs: 300, renewForMs: 10_000 };
  const lease = leaseOf(await scene.lock().acquire("a", options));
  scene.time.jump(600);
  const next = leaseOf(await scene.lock().acquire("a", { ttlMs: 5_000 }));
  await scene.pass(1);
  assert.equal(lease.leftMs, 0);
  assert.ok(lease.signal.aborted);
  assert.ok(next.leftMs > 4_000);
});

Deno.test("a holder learns from a store that lost its data that his lease is lost", async () => {
  const scene = new Scene();
  const empty = new MemoryLeases(scene.time);
  const store: LeaseStore = {
    ...troubled(scene.store, []),
    extend: (...args) => empty.extend(...args),
  };
  const lease = leaseOf(await scene.lock(store).acquire("a", { ttlMs: 1_000 }));
  const lost = { kind: "rejected", code: "lost" } as const;
  assert.equal(lease.signal.aborted, false);
  assert.deepEqual(await lease.extend(), lost);
  assert.equal(lease.leftMs, 0);
  assert.equal(lease.signal.aborted, true);
  assert.deepEqual(await lease.release(), lost);
});

Deno.test("an answer that was lost is found by asking again under one name", async () => {
  const scene = new Scene();
  const store = troubled(scene.store, [
    { kind: "unknown" },
    { kind: "unavailable" },
  ]);
  const acquiring = scene.lock(store).acquire("a", {
    ttlMs: 1_000,
    waitMs: 5_000,
  });
  await scene.settle();
  await scene.pass(200);
  await scene.pass(200);
  const lease = leaseOf(await acquiring);
  assert.equal((await lease.release()).kind, "ok");
});

Deno.test("what the last try heard decides between timed out, failed and unknown", async () => {
  for (
    const [kind, expected] of [
      ["unavailable", "failed"],
      ["unknown", "unknown"],
    ] as const
  ) {
    const scene = new Scene();
    const store = troubled(scene.store, Array(10_000).fill({ kind }));
    const acquiring = scene.lock(store).acquire("a", {
      ttlMs: 1_000,
      waitMs: 500,
    });
    for (let turn = 0; turn < 30; turn++) await scene.pass(20);
    assert.equal((await acquiring).kind, expected);
  }
});

Deno.test("waiters of one process are served in order, with one command at a time", async () => {
  const scene = new Scene();
  let asked = 0;
  const store = taking(scene.store, (wish) => {
    asked++;
    return scene.store.take(wish);
  });
  const lock = scene.lock(store);
  const lease = leaseOf(await lock.acquire("a", { ttlMs: 60_000 }));
  const served: number[] = [];
  const waits = Array.from({ length: 1_000 }, async (_, turn) => {
    const wait = { ttlMs: 60_000, waitMs: 60_000 };
    await using _lease = leaseOf(await lock.acquire("a", wait));
    served.push(turn);
  });
  await scene.settle();
  assert.equal(asked, 1, "nobody asks while the lock is held here");
  assert.equal(lock.report().length, 1_001);
  await lease.release();
  await Promise.all(waits);
  assert.deepEqual(served, served.toSorted((left, right) => left - right));
  assert.equal(asked, 1_001);
  assert.deepEqual(lock.report(), []);
  // One timer for all deadlines, which ends by itself.
  assert.equal(scene.time.pending, 1);
  await scene.pass(1_000);
  assert.equal(scene.time.pending, 0);
});

Deno.test("a lease that nobody ended leaves nothing behind once another command was due", async () => {
  const scene = new Scene();
  const lock = scene.lock();
  leaseOf(await lock.acquire("forgotten", { ttlMs: 100 }));
  await scene.pass(1_000);
  assert.equal(scene.time.pending, 0);
  assert.deepEqual(lock.report(), []);
  leaseOf(await lock.acquire("forgotten", { ttlMs: 100 }));
});

Deno.test("a command without an answer is unknown at its deadline, and others are not held up", async () => {
  const scene = new Scene();
  const never = new Promise<Taken>(() => {});
  const store = taking(
    scene.store,
    (wish) => wish.name === "a" ? never : scene.store.take(wish),
  );
  const lock = scene.lock(store);
  const lost = lock.acquire("a", { ttlMs: 5_000 });
  await scene.pass(400);
  leaseOf(await lock.acquire("b", { ttlMs: 5_000 }));
  const later = lock.acquire("a", { ttlMs: 5_000 });
  await scene.pass(600);
  assert.equal((await lost).kind, "unknown");
  let isOver = false;
  later.finally(() => isOver = true);
  await scene.pass(399);
  assert.equal(isOver, false);
  await scene.pass(1);
  assert.equal((await later).kind, "unknown");
});

Deno.test("more waiters than it has room for are refused at once", async () => {
  const scene = new Scene();
  const lock = scene.lock(troubled(scene.store, []));
  leaseOf(await lock.acquire("a", { ttlMs: 60_000 }));
  const wait = { ttlMs: 60_000, waitMs: 60_000 };
  const waits = Array.from({ length: 10_000 }, () => lock.acquire("a", wait));
  const refused = await lock.acquire("a", wait);
  assert.ok(refused.kind === "failed" && refused.code === "overloaded");
  await lock[Symbol.asyncDispose]();
  const kinds = new Set((await Promise.all(waits)).map(({ kind }) => kind));
  assert.deepEqual([...kinds], ["rejected"]);
  assert.equal(scene.time.pending, 0);
});

Deno.test("a dispose ends what hangs in the store, and keeps no lease that comes meanwhile", async () => {
  const scene = new Scene();
  const late = Promise.withResolvers<Taken>();
  const store = taking(
    scene.store,
    ({ name }) => name === "late" ? late.promise : new Promise(() => {}),
  );
  const lock = scene.lock(store);
  const waiting = lock.acquire("a", { ttlMs: 5_000, waitMs: 60_000 });
  const once = lock.acquire("b", { ttlMs: 5_000 });
  const given = lock.acquire("late", { ttlMs: 5_000, waitMs: 60_000 });
  const disposed = lock[Symbol.asyncDispose]();
  late.resolve({ kind: "taken", fence: 7 });
  await scene.settle();
  await scene.pass(store.answerWithinMs);
  const ends = await Promise.race([
    Promise.all([waiting, once, disposed]),
    scene.settle().then(() => "hangs" as const),
  ]);
  assert.ok(ends !== "hangs");
  assert.deepEqual([ends[0].kind, ends[1].kind], ["unknown", "unknown"]);
  assert.equal(leaseOf(await given).leftMs, 0);
  assert.deepEqual(lock.report(), []);
  assert.equal(scene.time.pending, 0);
});

Deno.test("a dispose waits until the store has given back what a wait leaves behind", async () => {
  const scene = new Scene();
  const take = Promise.withResolvers<Taken>();
  const free = Promise.withResolvers<Freed>();
  const lock = scene.lock({
    ...taking(scene.store, () => take.promise),
    free: () => free.promise,
  });
  const waiting = lock.acquire("a", { ttlMs: 5_000, waitMs: 60_000 });
  let isOver = false;
  const disposed = lock[Symbol.asyncDispose]().then(() => isOver = true);
  take.resolve({ kind: "unknown" });
  await scene.settle();
  assert.equal((await waiting).kind, "unknown");
  assert.equal(isOver, false);
  free.resolve({ kind: "freed", wanted: false });
  await disposed;
  assert.equal(scene.time.pending, 0);
});

Deno.test("a process reports what it holds and waits for, and nothing that is over", async () => {
  const scene = new Scene();
  const lock = scene.lock();
  const lease = leaseOf(await lock.acquire("b", { ttlMs: 1_000 }));
  leaseOf(await lock.acquire("a", { ttlMs: 100 }));
  const wait = { ttlMs: 1_000, waitMs: 500 };
  const waiting = lock.acquire("b", wait);
  await scene.pass(200);
  const report = lock.report().map(({ owner: _, ...rest }) => rest);
  assert.deepEqual(report, [
    { name: "b", state: "held", fence: lease.fence, leftMs: 790 },
    { name: "b", state: "waiting", fence: null, leftMs: 300 },
  ]);
  await scene.pass(400);
  assert.equal((await waiting).kind, "rejected");
});

Deno.test("a name or a time that is none is refused by its bound", async () => {
  const lock = new Scene().lock();
  const refused = [
    ["", { ttlMs: 100 }, /name/],
    ["a b", { ttlMs: 100 }, /name/],
    ["a{b}", { ttlMs: 100 }, /braces/],
    ["x".repeat(201), { ttlMs: 100 }, /200/],
    ["a", { ttlMs: 9 }, /ttlMs must be an integer from 10 to 604800000/],
    ["a", { ttlMs: 10.5 }, /current value is 10\.5/],
    ["a", { ttlMs: 100, waitMs: -1 }, /waitMs/],
    ["a", { ttlMs: 100, renewForMs: 604_800_001 }, /renewForMs/],
  ] as const;
  for (const [name, options, says] of refused) {
    await assert.rejects(lock.acquire(name, options), says);
  }
  leaseOf(await lock.acquire("x".repeat(200), { ttlMs: 10 }));
});
