/**
 * Any history of processes that acquire, extend, release, sleep and lose
 * answers: I15 and I16 hold at every moment, on a clock of the test's.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { SeededRandom } from "../../../actors/runtime/random.ts";
import type { Lease } from "../../../cluster/lock.ts";
import { LeasedLock } from "../../../cluster/lock/leased_lock.ts";
import type { LeaseStore, Woken } from "../../../cluster/lock/lease_store.ts";
import { MemoryLeases } from "../../../cluster/lock/memory_leases.ts";
import { ManualTime } from "../gateways/manual_time.ts";
import { Ledger } from "./lock_contract.ts";

const PROCESSES = 3;

const step = fc.record({
  process: fc.nat(PROCESSES - 1),
  act: fc.constantFrom("acquire", "wait", "extend", "release", "write"),
  /** Which of the leases that the process ever had. */
  lease: fc.nat(3),
  ttlMs: fc.integer({ min: 10, max: 200 }),
  passMs: fc.nat(80),
  /** The answer of the next command is lost, after or before it was run. */
  loses: fc.constantFrom("nothing", "answer", "command"),
});

/** A store whose answers get lost when told so. */
class LossyLeases implements LeaseStore {
  readonly answerWithinMs = 50;
  readonly retryEveryMs = 50;
  readonly isFair: boolean;
  loses: "nothing" | "answer" | "command" = "nothing";
  readonly #store: MemoryLeases;

  constructor(store: MemoryLeases, isFair: boolean) {
    this.#store = store;
    this.isFair = isFair;
  }

  take: LeaseStore["take"] = (wish) =>
    this.#lossy(() => this.#store.take(wish));
  extend: LeaseStore["extend"] = (...args) =>
    this.#lossy(() => this.#store.extend(...args));
  free: LeaseStore["free"] = (...args) =>
    this.#lossy(() => this.#store.free(...args));
  watch = (woken: Woken) => this.#store.watch(woken);

  async #lossy<Answer>(
    run: () => Promise<Answer>,
  ): Promise<Answer | { kind: "unknown" }> {
    const { loses } = this;
    this.loses = "nothing";
    if (loses !== "command") {
      const answer = await run();
      if (loses === "nothing") return answer;
    }
    return { kind: "unknown" };
  }
}

async function settle(): Promise<void> {
  // Chains of promises in a lock are shorter.
  for (let turn = 0; turn < 40; turn++) await Promise.resolve();
}

Deno.test("I15 I16 in any history a lock has one holder at most, tokens grow, and no older one writes", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.boolean(),
      async (steps, isFair) => {
        const time = new ManualTime();
        const memory = new MemoryLeases(time);
        const ledger = new Ledger(true);
        const leases: Lease[][] = [];
        const inOrder: Lease[] = [];
        const stores = Array.from(
          { length: PROCESSES },
          () => new LossyLeases(memory, isFair),
        );
        const locks = stores.map((store, index) => {
          leases.push([]);
          const random = new SeededRandom(index);
          return new LeasedLock(store, { clock: time, timers: time, random });
        });
        let written = 0;
        for (const { process, act, lease, ttlMs, passMs, loses } of steps) {
          stores[process]!.loses = loses;
          const mine = leases[process]!;
          const chosen = mine[lease % Math.max(1, mine.length)];
          if (act === "acquire" || act === "wait") {
            const waitMs = act === "wait" ? 100 : 0;
            locks[process]!.acquire("a", { ttlMs, waitMs }).then((acquired) => {
              if (acquired.kind !== "ok") return;
              mine.push(acquired.value);
              inOrder.push(acquired.value);
            });
          } else if (act === "extend") chosen?.extend(ttlMs);
          else if (act === "release") chosen?.release();
          else if (chosen !== undefined) {
            const isNewest = chosen.fence >= written;
            assert.equal(ledger.write(chosen.fence, chosen.fence), isNewest);
            written = Math.max(written, chosen.fence);
          }
          await settle();
          time.advance(passMs);
          await settle();
          const holders = inOrder.filter(({ leftMs }) => leftMs > 0);
          assert.ok(holders.length <= 1, `${holders.length} holders`);
          const fences = inOrder.map(({ fence }) => fence);
          assert.deepEqual(
            fences,
            [...new Set(fences)].sort((left, right) => left - right),
          );
          assert.equal(ledger.value, written);
        }
        for (let turn = 0; turn < 100; turn++) {
          time.advance(20);
          await settle();
        }
        // Everything ends: nobody waits, nothing is held, no timer is left.
        assert.deepEqual(locks.flatMap((lock) => lock.report()), []);
        assert.equal(time.pending, 0);
      },
    ),
    { numRuns: 150 },
  );
});
