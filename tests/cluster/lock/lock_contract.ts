/**
 * What every lock promises, whatever keeps its leases: one table of tests, run
 * over each store against its real server. Each lock of a test stands for a
 * process of its own.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Lease, Lock } from "../../../cluster/lock.ts";
import type { LeaseStore } from "../../../cluster/lock/lease_store.ts";
import { openLock } from "../../../cluster/worker/host_lock.ts";

/** A kind of store, with its server running. */
export interface Setting {
  /** Another view of the same leases, as another process has it. */
  open(): LeaseStore;
}

/** Nothing in a test takes as long. */
const LONG_MS = 20_000;
/** Long enough for a round trip on a busy machine, short enough to wait for. */
const SHORT_MS = 200;

/** Names are never used twice, so that tests share one server. */
let names = 0;

/** Runs the table as steps of a test. */
export async function checkLock(
  test: Deno.TestContext,
  setting: Setting,
): Promise<void> {
  for (const [claim, check] of CLAIMS) {
    await test.step(claim, async () => {
      const locks: Lock[] = [];
      const open = () => {
        const lock = openLock(setting.open());
        locks.push(lock);
        return lock;
      };
      try {
        await check({ open, store: setting.open(), name: `name-${++names}` });
      } finally {
        await Promise.all(locks.map((lock) => lock[Symbol.asyncDispose]()));
      }
    });
  }
}

interface Bench {
  open(): Lock;
  readonly store: LeaseStore;
  readonly name: string;
}

type Claim = readonly [claim: string, check: (bench: Bench) => Promise<void>];

/** The lease, which must have been given. */
export async function held(
  lock: Lock,
  name: string,
  ttlMs: number = LONG_MS,
  waitMs = 0,
): Promise<Lease> {
  const acquired = await lock.acquire(name, { ttlMs, waitMs });
  assert.equal(acquired.kind, "ok", JSON.stringify(acquired));
  return (acquired as { value: Lease }).value;
}

/** Resolves when the holder notices that the lease is lost. */
export function loss({ signal }: Lease): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve());
  });
}

/**
 * What a lock guards. It keeps the largest token that it has seen and refuses
 * smaller ones, or, unfenced, believes everybody.
 */
export class Ledger {
  value = 0;
  #largest = 0;
  readonly #isFenced: boolean;

  constructor(isFenced: boolean) {
    this.#isFenced = isFenced;
  }

  write(value: number, fence: number): boolean {
    if (this.#isFenced && fence < this.#largest) return false;
    this.#largest = fence;
    this.value = value;
    return true;
  }
}

const CLAIMS: readonly Claim[] = [
  ["of 100 that try at once one gets the lock", async ({ open, name }) => {
    const locks = [open(), open(), open(), open()];
    const all = await Promise.all(
      Array.from(
        { length: 100 },
        (_, index) => locks[index % 4]!.acquire(name, { ttlMs: LONG_MS }),
      ),
    );
    const kinds = all.map((each) =>
      each.kind === "rejected" ? each.code : each.kind
    );
    assert.equal(kinds.filter((kind) => kind === "ok").length, 1);
    assert.equal(kinds.filter((kind) => kind === "held").length, 99);
  }],
  ["fencing tokens only grow", async ({ open, name }) => {
    const locks = [open(), open()];
    let last = 0;
    for (let turn = 0; turn < 20; turn++) {
      await using lease = await held(locks[turn % 2]!, name);
      assert.ok(Number.isSafeInteger(lease.fence));
      assert.ok(lease.fence > last, `${lease.fence} after ${last}`);
      last = lease.fence;
    }
  }],
  [
    "a lease is taken once, refused until it runs out, and can be taken then",
    async ({ open, name }) => {
      const [first, second] = [open(), open()];
      const lease = await held(first, name, SHORT_MS);
      const refused = await second.acquire(name, { ttlMs: SHORT_MS });
      assert.equal(refused.kind, "rejected");
      assert.equal(lease.leftMs > 0, true);
      const next = await held(second, name, LONG_MS, LONG_MS);
      assert.equal(lease.leftMs, 0, "the first holder knew before the second");
      assert.ok(next.fence > lease.fence);
    },
  ],
  [
    "who lost a lock by time can neither release nor extend its next holder's",
    async ({ open, store, name }) => {
      const [first, second, third] = [open(), open(), open()];
      const lease = await held(first, name, SHORT_MS);
      await loss(lease);
      const next = await held(second, name, LONG_MS, LONG_MS);
      assert.deepEqual(await lease.extend(), {
        kind: "rejected",
        code: "lost",
      });
      assert.deepEqual(await lease.release(), {
        kind: "rejected",
        code: "lost",
      });
      // Nor by going past the holder's own clock.
      assert.equal((await store.free(name, lease.owner)).kind, "gone");
      const extended = await store.extend(name, lease.owner, LONG_MS);
      assert.equal(extended.kind, "gone");
      const refused = await third.acquire(name, { ttlMs: LONG_MS });
      assert.equal(refused.kind, "rejected");
      assert.equal((await next.release()).kind, "ok");
    },
  ],
  ["a lease that was extended lasts longer", async ({ open, name }) => {
    const [first, second] = [open(), open()];
    const lease = await held(first, name, SHORT_MS);
    assert.equal((await lease.extend(LONG_MS)).kind, "ok");
    assert.ok(lease.leftMs > SHORT_MS);
    const wait = { ttlMs: LONG_MS, waitMs: SHORT_MS * 2 };
    assert.deepEqual(await second.acquire(name, wait), {
      kind: "rejected",
      code: "timed-out",
    });
    assert.equal((await lease.release()).kind, "ok");
  }],
  [
    "a lease ends with its scope, and releasing it again says the same",
    async ({ open, name }) => {
      const [first, second] = [open(), open()];
      let scoped: Lease;
      {
        await using lease = await held(first, name);
        scoped = lease;
      }
      assert.equal(scoped.leftMs, 0);
      assert.deepEqual(await scoped.release(), { kind: "ok", value: null });
      assert.equal(scoped.signal.aborted, false);
      await held(second, name);
    },
  ],
  [
    "a release wakes who waits, in this process and in another",
    async ({ open, name }) => {
      const [first, second] = [open(), open()];
      let lease = await held(first, name);
      // Waiters of these stores ask by themselves once a minute.
      for (const waiting of [first, second, first, second]) {
        const next = held(waiting, name, LONG_MS, LONG_MS);
        // Once it has been refused it counts on being woken.
        await assert.rejects(settledIn(next, SHORT_MS), /waits/);
        assert.equal((await lease.release()).kind, "ok");
        lease = await next;
      }
    },
  ],
  [
    "a lock has one holder at a time while many want it",
    async ({ open, name }) => {
      let holders = 0;
      let turns = 0;
      const locks = [open(), open(), open(), open()];
      await Promise.all(
        Array.from({ length: 12 }, async (_, index) => {
          for (let turn = 0; turn < 5; turn++) {
            const lock = locks[index % locks.length]!;
            await using _lease = await held(lock, name, LONG_MS, LONG_MS);
            assert.equal(++holders, 1);
            await Promise.resolve();
            holders--;
            turns++;
          }
        }),
      );
      assert.equal(turns, 60);
    },
  ],
  [
    "a holder frozen past its lease who writes then is refused, and without " +
    "fencing his write is the last",
    async ({ open, name }) => {
      const [first, second] = [open(), open()];
      const fenced = new Ledger(true);
      const unfenced = new Ledger(false);
      const frozen = await held(first, name, SHORT_MS);
      const readBefore = fenced.value;
      // It sleeps; meanwhile the other waits until the lease is over.
      const next = await held(second, name, LONG_MS, LONG_MS);
      assert.ok(fenced.write(readBefore + 1, next.fence));
      assert.ok(unfenced.write(readBefore + 1, next.fence));
      assert.equal(fenced.write(readBefore - 1, frozen.fence), false);
      assert.equal(unfenced.write(readBefore - 1, frozen.fence), true);
      assert.equal(fenced.value, 1);
      assert.equal(unfenced.value, -1, "the update of the second is lost");
    },
  ],
  [
    "a command that is run twice changes nothing the second time",
    async ({ store, name }) => {
      const wish = { name, owner: "one", ttlMs: LONG_MS, willWait: false };
      const fences: number[] = [];
      for (const owner of ["one", "one", "two", "two"]) {
        const taken = await store.take({ ...wish, owner });
        assert.ok(taken.kind === "taken");
        fences.push(taken.fence);
        if (fences.length !== 2) continue;
        assert.equal((await store.free(name, owner)).kind, "freed");
        assert.equal((await store.free(name, owner)).kind, "gone");
      }
      const [first = 0, second = 0, ...next] = fences;
      assert.ok(Math.min(...next) > Math.max(first, second), fences.join());
    },
  ],
  [
    "a wait that is over leaves no place in line behind",
    async ({ open, name }) => {
      const [first, second, third] = [open(), open(), open()];
      const lease = await held(first, name);
      const wait = { ttlMs: LONG_MS, waitMs: SHORT_MS };
      const gone = await second.acquire(name, wait);
      assert.deepEqual(gone, { kind: "rejected", code: "timed-out" });
      assert.deepEqual(second.report(), []);
      await lease.release();
      await held(third, name);
    },
  ],
];

/** Rejects with "waits" when a promise has not settled after so long. */
function settledIn(promise: Promise<unknown>, withinMs: number) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("waits")), withinMs);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
