/** Owners of territories over a real Redis that is not well. */
import assert from "node:assert/strict";
import { RedisOwnership } from "../../../cluster/redis/redis_ownership.ts";
import { granted } from "../../permission.ts";
import { TcpProxy } from "../lock/tcp_proxy.ts";
import { NODE_REDIS } from "./clients.ts";
import { LEASE_MS, LiveOwner, Register, TERRITORIES } from "./live_owners.ts";
import { RedisServer } from "./redis_server.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");
const ALL = TERRITORIES.length;

/** Two owners: one behind the proxy, one beside it; each has its half. */
interface Scene {
  readonly server: RedisServer;
  readonly proxy: TcpProxy;
  readonly register: Register;
  readonly far: LiveOwner;
  readonly near: LiveOwner;
}

function test(name: string, play: (scene: Scene) => Promise<void>): void {
  Deno.test({
    name,
    ignore,
    async fn() {
      await using server = await RedisServer.start();
      await using proxy = new TcpProxy(server.port);
      const register = new Register();
      await using far = await LiveOwner.join(register, "far", proxy.port);
      await using near = await LiveOwner.join(register, "near", server.port);
      await register.until("a half each", () => hasHalf(far) && hasHalf(near));
      await play({ server, proxy, register, far, near });
      for (const [territory, fences] of register.fences) {
        const sorted = [...new Set(fences)].sort((a, b) => a - b);
        assert.deepEqual(fences, sorted, `fences of ${territory}`);
      }
    },
  });
}

function hasHalf({ running }: LiveOwner): boolean {
  return running.size === ALL / 2;
}

function hasAll({ running }: LiveOwner): boolean {
  return running.size === ALL;
}

/** When the last such thing happened. */
function last({ happened }: Register, what: string): number {
  return happened.findLast((each) => each.what.startsWith(what))!.atMs;
}

// G114
test("what a process ran that was killed runs elsewhere a lease and a second later", async ({ register, far, near }) => {
  const diedMs = performance.timeOrigin + performance.now();
  far.die();
  await register.until("near to have all", () => hasAll(near));
  const tookMs = last(register, "near has") - diedMs;
  assert.ok(tookMs < LEASE_MS + 1_000, `${tookMs} ms`);
});

// G113
test("a process that cannot reach Redis loses what it runs before another has it, and comes back", async ({ proxy, register, far, near }) => {
  proxy.weather = { kind: "frozen" };
  await register.until("near to have all", () => hasAll(near));
  assert.equal(far.running.size, 0);
  assert.deepEqual(far.members, []);
  assert.ok(last(register, "far lost") <= last(register, "near has"));
  proxy.weather = { kind: "fair" };
  await register.until("a half each", () => hasHalf(far) && hasHalf(near));
});

// G115
test("a process that leaves hands over without waiting for a lease", async ({ register, far, near }) => {
  const left = far.leave();
  await register.until("near to have all", () => hasAll(near));
  await left;
  assert.ok(last(register, "near has") - last(register, "far gives") < 300);
  await register.until("one member", () => near.members.length === 1);
});

test("a Redis that starts again without its data moves nothing", async ({ server, register, far, near }) => {
  const before = register.happened.length;
  await server.kill();
  await server.restart();
  const known = `doorbuster:{a}:lease:${TERRITORIES[0]}`;
  while (await server.ask(`EXISTS ${known}`) === ":0");
  await register.until(
    "both to see both",
    () => far.members.length === 2 && near.members.length === 2,
  );
  const moves = register.happened.slice(before)
    .filter(({ what }) => !what.includes("sees"));
  assert.deepEqual(moves, []);
});

test("a Redis that is gone for longer than a lease ends everything, and it comes back when Redis does", async ({ server, register, far, near }) => {
  server.signal("SIGSTOP");
  await register.until(
    "nothing to run",
    () => far.running.size + near.running.size === 0,
  );
  server.signal("SIGCONT");
  await register.until("a half each", () => hasHalf(far) && hasHalf(near));
});

test("slow answers are early enough, and cut ones do no harm", async ({ proxy, register, far }) => {
  const before = register.happened.length;
  const beats = (count: number) => {
    const from = register.extensions;
    return register.until(
      `${count} beats`,
      () => register.extensions >= from + count,
    );
  };
  proxy.weather = { kind: "slow", byMs: LEASE_MS / 8 };
  await beats(10);
  proxy.weather = { kind: "cut", after: "EVALSHA" };
  far.ownership.changed();
  await beats(10);
  assert.deepEqual(register.happened.slice(before), []);
});

Deno.test({
  name: "a shop's ownership is in one slot of a Redis Cluster",
  ignore,
  async fn() {
    await using server = await RedisServer.start("--cluster-enabled", "yes");
    assert.equal(await server.ask("CLUSTER ADDSLOTSRANGE 0 16383"), "+OK");
    while (!(await server.ask("CLUSTER INFO")).includes("cluster_state:ok"));
    await using client = await NODE_REDIS.connect(server.port);
    const port = new RedisOwnership(client.port, {
      ...{ storeId: "a", process: "p", territories: TERRITORIES },
    });
    const beat = {
      ...{ process: "p", leaseForMs: 60_000, wantsShare: true, leases: [] },
    };
    assert.ok(await new Promise((resolve) => port.beat(beat, resolve)));
    const lease = { territory: "worker-0", holder: "p/1" };
    const taken = await new Promise((resolve) =>
      port.take({ ...lease, leaseForMs: 60_000 }, resolve)
    );
    assert.ok(taken);
    assert.equal(
      await new Promise((resolve) => port.free(lease, resolve)),
      false,
    );
  },
});
