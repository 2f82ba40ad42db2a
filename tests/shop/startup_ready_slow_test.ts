/**
 * A shop that starts well: what it prints and when, the secrets that it makes,
 * the log that it keeps while clients send garbage, and the history that
 * `deno task journal` reads beside it. Real processes, real HTTP.
 *
 * @module
 */
import assert from "node:assert/strict";
import { granted } from "../permission.ts";
import { type Environment, refusal, run, Serving } from "./serve_command.ts";
import { expectBody, type HeldLock, ShopClient } from "./shop_client.ts";
import { StartupFolder } from "./startup_folder.ts";

const ignore = !granted("read", "write", "net", "run", "env");

/** As promised it is 2 s; a test machine may be busy with something else. */
const STARTED_WITHIN_MS = 20_000;

Deno.test({
  name: "a shop that is told to stop as soon as it is ready ends with 0",
  ignore,
  async fn() {
    using folder = new StartupFolder();
    await using shop = new Serving(folder.environment);
    const url = await shop.ready();
    const { code, stdout, stderr } = await shop.stop();
    assert.equal(code, 0);
    assert.equal(stdout, `ready ${url}\n`);
    const last = stderr.trimEnd().split("\n").at(-1)!;
    assert.equal(JSON.parse(last).text, "stopped");
  },
});

Deno.test({
  name: "a running shop lists its data folder and an epoch for each " +
    "partition, larger after each start",
  ignore,
  async fn() {
    using folder = new StartupFolder();
    const adminToken = "admin of a test";
    const environment = { ...folder.environment, ADMIN_TOKEN: adminToken };
    let largest = 0;
    for (let start = 0; start < 2; start++) {
      await using shop = new Serving(environment);
      using client = new ShopClient(await shop.ready(), "", adminToken);
      let locks: readonly HeldLock[];
      // Workers tell their epochs with their first heartbeat.
      do locks = await client.locks(); while (
        locks.some(({ state }) => state === "waiting")
      );
      const [file, ...epochs] = locks;
      assert.equal(file?.name, folder.data);
      assert.match(file.owner, /^process \d+$/);
      assert(epochs.length > 0);
      for (const { kind, fence } of epochs) {
        assert.equal(kind, "epoch");
        assert(fence !== null && fence > largest);
      }
      largest = Math.max(...epochs.map(({ fence }) => fence ?? 0));
      await shop.stop();
    }
  },
});

Deno.test({
  name: "deno task serve passes the signal on and gives the shop's exit code",
  ignore,
  async fn() {
    using folder = new StartupFolder();
    const command = [Deno.execPath(), "task", "--quiet", "serve"];
    await using shop = new Serving(folder.environment, command);
    const url = await shop.ready();
    const { code, stdout } = await shop.stop();
    assert.equal(code, 0);
    assert.equal(stdout, `ready ${url}\n`);
    // The shop itself has ended, not only the task around it.
    await assert.rejects(fetch(`${url}/health/live`));
  },
});

Deno.test({
  name: "a shop opens with the catalog that comes along, and says how long",
  ignore,
  async fn() {
    using folder = new StartupFolder();
    await using shop = new Serving({ DATA_DIR: folder.data });
    const url = await shop.ready();
    const answer = await fetch(`${url}/v1/products?limit=100`);
    assert.equal((await answer.json()).items.length, 100);
    const { startedInMs } = await said(shop, "shop open");
    assert(Number(startedInMs) < STARTED_WITHIN_MS, `${startedInMs} ms`);
  },
});

Deno.test({
  name: "secrets that are not given are made once, for the owner's eyes only",
  ignore,
  async fn() {
    using folder = new StartupFolder();
    await using first = new Serving(folder.environment);
    await first.ready();
    const adminToken = `${folder.data}/admin_token`;
    const made = [adminToken, `${folder.data}/session_secret`];
    const line = await said(first, "admin bearer kept in a file");
    assert.equal(line.path, adminToken);
    const secrets = made.map((path) => Deno.readTextFileSync(path).trim());
    for (const path of made) assert.equal(modeOf(path), 0o600);
    for (const secret of secrets) assert.match(secret, /^[\w-]{43}$/);
    assert.notEqual(secrets[0], secrets[1]);
    await first.stop();
    await using second = new Serving(folder.environment);
    using client = new ShopClient(
      await second.ready(),
      secrets[1]!,
      secrets[0]!,
    );
    await client.topology();
    assert.deepEqual(await client.listOrders("ann"), []);
  },
});

Deno.test({
  name: "secrets of the environment come before those of the folder",
  ignore,
  async fn() {
    using folder = new StartupFolder();
    await folder.fill();
    const ADMIN_TOKEN = "an admin token of a test";
    const SESSION_SECRET = "a session secret of a test";
    await using shop = new Serving({
      ...folder.environment,
      ADMIN_TOKEN,
      SESSION_SECRET,
    });
    const url = await shop.ready();
    using client = new ShopClient(url, SESSION_SECRET, ADMIN_TOKEN);
    await client.topology();
    assert.deepEqual(await client.listOrders("ann"), []);
    const [secret, token] = ["session_secret", "admin_token"]
      .map((name) => Deno.readTextFileSync(`${folder.data}/${name}`).trim());
    using other = new ShopClient(url, secret!, token!);
    await assert.rejects(other.topology());
    await assert.rejects(other.listOrders("ann"));
    assert.doesNotMatch(shop.stderr, /bearer kept in a file/);
  },
});

// G32
Deno.test({
  name: "the log is JSON without a secret, whatever clients send",
  ignore,
  async fn() {
    using folder = new StartupFolder();
    const secrets = {
      ADMIN_TOKEN: "hunter2-admin",
      SESSION_SECRET: "hunter2-session",
    };
    await using shop = new Serving({ ...folder.environment, ...secrets });
    const url = await shop.ready();
    for (const bytes of GARBAGE) await sendRaw(url, bytes);
    await sendNonsense(url);
    const { code, stdout, stderr } = await shop.stop();
    assert.deepEqual([code, stdout], [0, `ready ${url}\n`]);
    for (const line of stderr.trimEnd().split("\n")) {
      const { time, level, text } = JSON.parse(line);
      assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      assert.equal(level, "info");
      assert.notEqual(text, "");
    }
    assert.doesNotMatch(stderr, /hunter2/);
  },
});

Deno.test({
  name: "a shop on an IPv6 address prints a URL that works",
  ignore: ignore || !hasIpv6(),
  async fn() {
    using folder = new StartupFolder();
    await using shop = new Serving({ ...folder.environment, HOST: "::1" });
    const url = await shop.ready();
    assert.match(url, /^http:\/\/\[::1\]:\d+$/);
    const answer = await fetch(`${url}/health/ready`);
    await answer.body?.cancel();
    assert.equal(answer.status, 200);
  },
});

Deno.test({
  name: "the history of an order is there beside a running shop and after it",
  ignore,
  async fn() {
    using folder = new StartupFolder();
    const SESSION_SECRET = "a session secret of a test";
    const environment: Environment = { ...folder.environment, SESSION_SECRET };
    await using shop = new Serving(environment);
    using client = new ShopClient(await shop.ready(), SESSION_SECRET, "");
    const lines = [{ sku: "cup", quantity: 2 }];
    const order = expectBody(await client.placeOrder("ann", "k-1", lines));
    const during = await run(folder.environment, [order.id], "journal");
    assert.deepEqual([during.code, during.stderr], [0, ""]);
    const kinds = during.stdout.trimEnd().split("\n")
      .map((line) => line.split(/ +/)[3]);
    assert.deepEqual(kinds, ["stock_held", "order_placed"]);
    await shop.stop();
    const before = folder.store();
    assert.deepEqual(
      await run(folder.environment, [order.id], "journal"),
      during,
    );
    const ofCup = await run(folder.environment, ["cup"], "journal");
    assert.match(ofCup.stdout, /stock_opened .*\n.*stock_held .*\n/);
    assert.deepEqual(folder.store(), before);
  },
});

Deno.test({
  name: "deno task journal refuses in one line what it cannot answer",
  ignore,
  async fn() {
    using folder = new StartupFolder();
    const ask = async (...args: string[]) =>
      refusal(await run(folder.environment, args, "journal"));
    assert.match(
      await ask("cup"),
      /^Cannot use ".+\/data\/store\.sqlite": expected a store's identity, /,
    );
    assert.deepEqual(folder.names(), ["catalog.csv"]);
    await folder.fill();
    assert.equal(
      await ask("o-0-1-none"),
      'Expected the id of an order or a SKU, found "o-0-1-none", ' +
        `which no event in "${folder.data}" names`,
    );
    assert.equal(
      await ask(),
      "Expected one ORDER|SKU, found nothing (see --help)",
    );
    assert.equal(
      await ask("--all", "cup"),
      "Expected ORDER|SKU [--json], found: Unknown option '--all'",
    );
  },
});

/** What a client could send that is no HTTP, or hardly. */
const GARBAGE: readonly (string | Uint8Array)[] = [
  "hunter2\r\n\r\n",
  "GET / HTTP/9.9\r\n\r\n",
  "GET /\0hunter2 HTTP/1.1\r\nhost: a\r\n\r\n",
  `GET / HTTP/1.1\r\nhost: a\r\nx: ${"hunter2 ".repeat(20_000)}\r\n\r\n`,
  "POST /v1/orders HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
  "POST /v1/orders HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhunter2",
  // The first bytes of TLS.
  new Uint8Array([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc]),
];

async function sendRaw(url: string, bytes: string | Uint8Array): Promise<void> {
  const { hostname, port } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  try {
    await connection.write(
      typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes,
    );
    await connection.closeWrite();
    const buffer = new Uint8Array(4_096);
    while (await connection.read(buffer) !== null);
  } catch (error) {
    // A shop may cut such a connection while it is being written to.
    const isCut = error instanceof Deno.errors.ConnectionReset ||
      error instanceof Deno.errors.BrokenPipe ||
      error instanceof Deno.errors.NotConnected;
    if (!isCut) throw error;
  }
}

/** HTTP that carries secrets to where they do not belong. */
async function sendNonsense(url: string): Promise<void> {
  const calls: [string, RequestInit][] = [
    ["/v1/sessions", { method: "POST", body: '{"password": "hunter2' }],
    ["/v1/sessions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"username": "ann", "password": "hunter2-wrong"}',
    }],
    ["/v1/users", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"username": "ann", "password": "hunter2-right"}',
    }],
    ["/v1/orders", { headers: { authorization: "Bearer hunter2.hunter2.x" } }],
    ["/v1/orders", { headers: { cookie: "session=hunter2" } }],
    ["/v1/admin/topology", { headers: { authorization: "Bearer hunter2" } }],
    ["/%ff%00?token=hunter2", {}],
  ];
  for (const [path, init] of calls) {
    const answer = await fetch(url + path, init);
    await answer.body?.cancel();
    assert(answer.status < 500, `${path}: ${answer.status}`);
  }
}

/** The line of the log that has this text, written or to come. */
async function said(
  shop: Serving,
  text: string,
): Promise<Record<string, unknown>> {
  await shop.logs(`"text":"${text}"`);
  const line = shop.stderr.split("\n").find((each) => each.includes(text));
  return JSON.parse(line!);
}

function modeOf(path: string): number {
  return Deno.statSync(path).mode! & 0o777;
}

function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}
