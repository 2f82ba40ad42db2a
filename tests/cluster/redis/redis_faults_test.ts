/** Locks over Redis when connections are cut, frozen, slow, or Redis is down. */
import assert from "node:assert/strict";
import { RedisLeases } from "../../../cluster/redis/redis_leases.ts";
import { openLock } from "../../../cluster/worker/host_lock.ts";
import { granted } from "../../permission.ts";
import { held } from "../lock/lock_contract.ts";
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
import { CLIENT_KINDS, type ClientKind, NODE_REDIS } from "./clients.ts";
import { RedisServer } from "./redis_server.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");
const SHORT_MS = 150;

/** A process behind the proxy, and another with a line of its own. */
interface Scene extends Troubled {
  readonly server: RedisServer;
}

function test(
  name: string,
  kind: ClientKind,
  play: (scene: Scene) => Promise<void>,
  answerWithinMs = 1_000,
): void {
  Deno.test({
    name,
    ignore,
    async fn() {
      await using server = await RedisServer.start();
      await using proxy = new TcpProxy(server.port);
      await using behind = await kind.connect(proxy.port);
      await using beside = await NODE_REDIS.connect(server.port);
      // Known scripts: then each command is one request.
      await using warm = openLock(new RedisLeases(beside.port));
      await (await held(warm, "warm-up")).release();
      await using far = openLock(
        new RedisLeases(behind.port, { answerWithinMs }),
      );
      await using near = openLock(new RedisLeases(beside.port));
      await play({ server, proxy, far, near });
    },
  });
}

for (const kind of CLIENT_KINDS) {
  test(
    `G82 a lock that was taken while ${kind.name} lost its connection is ` +
      "found by asking again, and never stands without an end",
    kind,
    async ({ server, proxy, far }) => {
      proxy.weather = { kind: "cut", after: "EVALSHA" };
      const lease = await held(far, "sku-1", LONG_MS, LONG_MS);
      const stored = await server.ask("GET lock:{sku-1}");
      assert.match(stored, new RegExp(`\\n${lease.owner}$`));
      const ttl = Number((await server.ask("PTTL lock:{sku-1}")).slice(1));
      assert.ok(ttl > 0 && ttl <= LONG_MS);
      assert.ok(lease.leftMs <= ttl, "the holder counts less than Redis");
    },
  );

  test(
    `G82 a single try through ${kind.name} that was cut is ` +
      `${kind.givesUp ? "unknown, never a failure" : "known by its owner"}`,
    kind,
    async ({ proxy, far, near }) => {
      proxy.weather = { kind: "cut", after: "EVALSHA" };
      const acquired = await far.acquire("sku-1", { ttlMs: SHORT_MS });
      assert.equal(kindOf(acquired), kind.givesUp ? "unknown" : "ok");
      // Nobody is left with a lock that does not end.
      await held(near, "sku-1", LONG_MS, LONG_MS);
    },
  );

  test(
    `a release through ${kind.name} that was cut is not called a failure, ` +
      "and frees nobody else's lock",
    kind,
    async ({ server, proxy, far, near }) => {
      const lease = await held(far, "sku-1");
      proxy.weather = { kind: "cut", after: "EVALSHA" };
      const released = await lease.release();
      // A client that sends again hears that it is gone already.
      assert.equal(released.kind, kind.givesUp ? "unknown" : "rejected");
      assert.equal(lease.leftMs, 0);
      const next = await held(near, "sku-1", LONG_MS, LONG_MS);
      const stored = await server.ask("GET lock:{sku-1}");
      assert.match(stored, new RegExp(`\\n${next.owner}$`));
    },
  );
}

test(
  "G82 whoever hears nothing knows by his own clock that his lease is over, " +
    "before anybody else can have it",
  NODE_REDIS,
  async (scene) => void await losesWhatItHearsNothingOf(scene, SHORT_MS),
  SHORT_MS,
);

test(
  "over a frozen connection an answer comes at its deadline, and is unknown",
  NODE_REDIS,
  (scene) => isUnknownAtItsDeadline(scene, SHORT_MS),
  SHORT_MS,
);

test(
  "an answer that took as long as the lease gives no lock",
  NODE_REDIS,
  (scene) => takesNoLockByALateAnswer(scene, SHORT_MS),
);

test(
  "a renewed lease outlives a cut and ends when its connection is frozen",
  NODE_REDIS,
  async ({ proxy, far, near }) => {
    const ttlMs = 2 * SHORT_MS;
    const acquired = await far.acquire("sku-1", { ttlMs, renewForMs: LONG_MS });
    assert.ok(acquired.kind === "ok");
    const { value: lease } = acquired;
    proxy.weather = { kind: "cut", after: "EVALSHA" };
    const tooLong = await near.acquire("sku-1", { ttlMs, waitMs: 2 * ttlMs });
    assert.equal(kindOf(tooLong), "timed-out");
    assert.ok(lease.leftMs > 0);
    proxy.weather = { kind: "frozen" };
    const next = await held(near, "sku-1", LONG_MS, LONG_MS);
    assert.equal(lease.leftMs, 0);
    assert.ok(next.fence > lease.fence);
    assert.ok(lease.signal.aborted);
  },
  SHORT_MS,
);

test(
  "with Redis down nothing is held, and who waits gets the lock when it is " +
    "back",
  NODE_REDIS,
  waitsForAStoreThatIsDown,
);

test(
  "a Redis that hangs is unknown in time",
  NODE_REDIS,
  async ({ server, far }) => {
    server.signal("SIGSTOP");
    try {
      const acquired = await far.acquire("sku-1", { ttlMs: LONG_MS });
      assert.equal(kindOf(acquired), "unknown");
    } finally {
      server.signal("SIGCONT");
    }
  },
  SHORT_MS,
);
