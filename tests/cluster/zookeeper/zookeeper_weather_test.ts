/** Locks over ZooKeeper in weather that nobody has thought of. */
import assert from "node:assert/strict";
import { SeededRandom } from "../../../actors/runtime/random.ts";
import type { Lease, Lock } from "../../../cluster/lock.ts";
import {
  openLock,
  openZooKeeperLeases,
} from "../../../cluster/worker/host_lock.ts";
import { granted } from "../../permission.ts";
import { held } from "../lock/lock_contract.ts";
import { TcpProxy, type Weather } from "../lock/tcp_proxy.ts";
import {
  Onlooker,
  zooKeeperClient,
  ZooKeeperServer,
} from "./zookeeper_server.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");
const LONG_MS = 20_000;
const SESSION_MS = 600;
/** Weather changes that often; a session's end takes a few of them. */
const SPELL_MS = 150;
const SPELLS = 50;
/** Longer than a session that hears nothing, so that some lose the lock. */
const LONGEST_HOLD_MS = 2 * SESSION_MS;
const FOLDER = "/doorbuster-lock/sku-1";

/** Each as often as it stands here. */
const WEATHERS: readonly Weather[] = [
  { kind: "fair" },
  { kind: "fair" },
  { kind: "slow", byMs: 100 },
  { kind: "frozen" },
  { kind: "frozen" },
  { kind: "cut", after: FOLDER },
  { kind: "cut", after: `${FOLDER}/` },
];

/** Who believes to hold the lock, and whether tokens grow. */
class Witness {
  readonly #leases = new Set<Lease>();
  count = 0;
  #largest = 0;

  enter(lease: Lease): void {
    this.#leases.add(lease);
    this.count++;
    assert.ok(lease.fence > this.#largest, "tokens grow");
    this.#largest = lease.fence;
    this.look();
  }

  leave(lease: Lease): void {
    this.look();
    this.#leases.delete(lease);
  }

  look(): void {
    const believing = [...this.#leases].filter(({ leftMs }) => leftMs > 0);
    assert.ok(believing.length <= 1, "two believe to hold the lock");
  }
}

async function processBehind(proxy: TcpProxy) {
  const leases = await openZooKeeperLeases(
    () => zooKeeperClient(proxy.port, SESSION_MS),
    { answerWithinMs: 400, retryEveryMs: 100 },
  );
  const lock = openLock(leases);
  return {
    lock,
    async [Symbol.asyncDispose]() {
      await lock[Symbol.asyncDispose]();
      await leases[Symbol.asyncDispose]();
    },
  };
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

for (const seed of [1, 2, 3]) {
  Deno.test({
    name: "G80 in any weather no two believe to hold a lock over ZooKeeper, " +
      `and nobody is left in its line (seed ${seed})`,
    ignore,
    async fn() {
      const random = new SeededRandom(seed);
      const below = (bound: number) => random.next() % bound;
      await using server = await ZooKeeperServer.start();
      await using onlooker = await Onlooker.at(server.port);
      await using proxies = new AsyncDisposableStack();
      const all = Array.from(
        { length: 3 },
        () => proxies.use(new TcpProxy(server.port)),
      );
      await using processes = new AsyncDisposableStack();
      const locks: Lock[] = [];
      for (const proxy of all) {
        locks.push(processes.use(await processBehind(proxy)).lock);
      }
      const witness = new Witness();
      let isOver = false;
      const work = locks.map(async (lock) => {
        while (!isOver) {
          const wish = { ttlMs: 100 + below(3_000), waitMs: below(1_000) };
          const acquired = await lock.acquire("sku-1", wish);
          if (acquired.kind !== "ok") {
            // Refused at once when it does not wait.
            await pause(5);
            continue;
          }
          witness.enter(acquired.value);
          await pause(below(LONGEST_HOLD_MS));
          witness.leave(acquired.value);
          await acquired.value.release();
        }
      });
      for (let spell = 0; spell < SPELLS; spell++) {
        all[below(all.length)]!.weather = WEATHERS[below(WEATHERS.length)]!;
        await pause(SPELL_MS);
        witness.look();
      }
      isOver = true;
      for (const proxy of all) proxy.weather = { kind: "fair" };
      await Promise.all(work);
      assert.ok(witness.count > 3, `held ${witness.count} times`);
      for (const lock of locks) {
        await (await held(lock, "sku-1", LONG_MS, LONG_MS)).release();
      }
      await onlooker.waitForChildren(FOLDER, 0);
    },
  });
}
