/**
 * Locks over ZooKeeper when connections are cut, frozen or slow, sessions
 * expire, or ZooKeeper is down.
 */
import assert from "node:assert/strict";
import {
  openLock,
  openZooKeeperLeases,
} from "../../../cluster/worker/host_lock.ts";
import type { ZooKeeperLeasesOptions } from "../../../cluster/zookeeper/zookeeper_leases.ts";
import { granted } from "../../permission.ts";
import { held, loss } from "../lock/lock_contract.ts";
import {
  isUnknownAtItsDeadline,
  kindOf,
  LONG_MS,
  losesWhatItHearsNothingOf,
  takesNoLockByALateAnswer,
  type Troubled,
  waitsForAStoreThatIsDown,
} from "../lock/lock_troubles.ts";
import { TcpProxy } from "../lock/tcp_proxy.ts";
import {
  Onlooker,
  zooKeeperClient,
  ZooKeeperServer,
} from "./zookeeper_server.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");
/** Long enough for a busy machine, short enough to wait for its end. */
const SESSION_MS = 800;
const SHORT_MS = 150;
const FOLDER = "/doorbuster-lock/sku-1";

/** A process behind the proxy, and another beside it. */
interface Scene extends Troubled {
  readonly server: ZooKeeperServer;
  readonly onlooker: Onlooker;
}

function test(
  name: string,
  play: (scene: Scene) => Promise<void>,
  options: ZooKeeperLeasesOptions = {},
): void {
  Deno.test({
    name,
    ignore,
    async fn() {
      await using server = await ZooKeeperServer.start();
      await using proxy = new TcpProxy(server.port);
      await using onlooker = await Onlooker.at(server.port);
      const open = (port: number, timeoutMs: number) =>
        openZooKeeperLeases(() => zooKeeperClient(port, timeoutMs), options);
      await using behind = await open(proxy.port, SESSION_MS);
      await using beside = await open(server.port, LONG_MS);
      await using far = openLock(behind);
      await using near = openLock(beside);
      // The folder of the name: then each command is one request.
      await (await held(near, "sku-1")).release();
      await play({ server, proxy, onlooker, far, near });
    },
  });
}

/** In what creates a znode of the name, and in nothing that comes before. */
const CREATED = { kind: "cut", after: `${FOLDER}/` } as const;

test(
  "G82 a znode that was made while the connection was lost is found by " +
    "asking again, and stands in the line once",
  async ({ proxy, onlooker, far, near }) => {
    proxy.weather = CREATED;
    const lease = await held(far, "sku-1", LONG_MS, LONG_MS);
    const line = await onlooker.children(FOLDER);
    assert.equal(line.length, 1);
    assert.ok(line[0]!.startsWith(lease.owner));
    const waiting = held(near, "sku-1", LONG_MS, LONG_MS);
    assert.equal((await lease.release()).kind, "ok");
    assert.ok((await waiting).fence > lease.fence);
  },
);

test(
  "G82 a single try over ZooKeeper that was cut is unknown, and its znode goes",
  async ({ proxy, onlooker, far }) => {
    proxy.weather = CREATED;
    const acquired = await far.acquire("sku-1", { ttlMs: LONG_MS });
    assert.equal(kindOf(acquired), "unknown");
    // Its session lives on, so nothing but a removal can have helped.
    await onlooker.waitForChildren(FOLDER, 0);
    assert.equal((await held(far, "sku-1")).leftMs > 0, true);
  },
);

test(
  "a release that was cut is not called a failure, and the next one in line " +
    "has the lock",
  async ({ proxy, far, near }) => {
    const lease = await held(far, "sku-1");
    proxy.weather = CREATED;
    assert.equal((await lease.release()).kind, "unknown");
    assert.equal(lease.leftMs, 0);
    await held(near, "sku-1", LONG_MS, LONG_MS);
  },
);

test(
  "a release that could not be sent is made up for while the session lives",
  async ({ server, near }) => {
    const lease = await held(near, "sku-1");
    await server.kill();
    const released = await lease.release();
    assert.match(released.kind, /^(failed|unknown)$/);
    await server.restart();
    const restartedMs = performance.now();
    await using onlooker = await Onlooker.at(server.port);
    await onlooker.waitForChildren(FOLDER, 0);
    // Before its session could have ended.
    assert.ok(performance.now() - restartedMs < LONG_MS);
  },
);

test(
  "G82 whoever hears nothing of ZooKeeper knows by his own clock that his " +
    "session may be over, before anybody else can have the lock",
  async (scene) => {
    const { lease, next } = await losesWhatItHearsNothingOf(scene);
    assert.deepEqual(await lease.release(), {
      kind: "rejected",
      code: "lost",
    });
    assert.ok(next.leftMs > 0);
  },
);

test(
  "a session that came too near to its end is given up, though it lives, and " +
    "what it held is free",
  async ({ proxy, onlooker, far, near }) => {
    // Longer than the other one waits.
    const lease = await held(far, "sku-1", 2 * LONG_MS);
    proxy.weather = { kind: "frozen" };
    await loss(lease);
    // It thaws before the server has let the session expire.
    proxy.weather = { kind: "fair" };
    assert.equal(lease.leftMs, 0);
    await held(near, "sku-1", LONG_MS, LONG_MS);
    assert.equal(lease.leftMs, 0);
    assert.equal((await onlooker.children(FOLDER)).length, 1);
  },
);

test(
  "who waits outlives the end of his session, and stands in the line once",
  async ({ proxy, onlooker, far, near }) => {
    const lease = await held(near, "sku-1");
    const waiting = held(far, "sku-1", LONG_MS, LONG_MS);
    await onlooker.waitForChildren(FOLDER, 2);
    proxy.weather = { kind: "frozen" };
    await onlooker.waitForChildren(FOLDER, 1);
    proxy.weather = { kind: "fair" };
    await onlooker.waitForChildren(FOLDER, 2);
    await lease.release();
    assert.ok((await waiting).fence > lease.fence);
  },
);

test(
  "a lease outlives a cut, and a watch that was set before it still wakes",
  async ({ proxy, onlooker, far, near }) => {
    const lease = await held(far, "sku-2");
    const other = await held(near, "sku-1");
    const waiting = held(far, "sku-1", LONG_MS, LONG_MS);
    await onlooker.waitForChildren(FOLDER, 2);
    proxy.weather = { kind: "cut", after: "sku-2" };
    assert.equal((await lease.extend()).kind, "unknown");
    await other.release();
    await waiting;
    assert.equal((await lease.extend()).kind, "ok");
    assert.equal((await lease.release()).kind, "ok");
  },
  { retryEveryMs: 60_000 },
);

test(
  "over a frozen connection to ZooKeeper an answer comes at its deadline, and " +
    "is unknown",
  (scene) => isUnknownAtItsDeadline(scene, SHORT_MS),
  { answerWithinMs: SHORT_MS },
);

test(
  "an answer of ZooKeeper that took as long as the lease gives no lock, and " +
    "leaves no znode",
  async (scene) => {
    await takesNoLockByALateAnswer(scene, SHORT_MS);
    await scene.onlooker.waitForChildren(FOLDER, 0);
  },
);

test(
  "with ZooKeeper down nothing is held, and who waits gets the lock when it " +
    "is back",
  waitsForAStoreThatIsDown,
);
