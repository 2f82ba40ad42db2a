/**
 * What `deno task serve` says to the person who called it wrongly, or on a
 * machine that does not let it: one line, exit code 2, nothing half-started,
 * nothing left behind. Each is the real command in a process of its own.
 *
 * @module
 */
import assert from "node:assert/strict";
import { granted } from "../permission.ts";
import { type Environment, refusal, run, Serving } from "./serve_command.ts";
import { eventually } from "./stage.ts";
import { StartupFolder } from "./startup_folder.ts";

const ignore = !granted("read", "write", "net", "run", "env");

/** A wrong call. `$` in its environment stands for the test's folder. */
interface WrongCall {
  readonly name: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Environment;
  readonly args?: readonly string[];
  /** The line, or how it begins when the system completes it. */
  readonly line: string;
}

const MISSING = "No such file or directory (os error 2): readfile";

const WRONG_CALLS: readonly WrongCall[] = [
  {
    name: "an unknown option",
    args: ["--prot=80"],
    line: 'Expected --print-config or --help, found "--prot=80"',
  },
  {
    name: "a word that is no option",
    args: ["fast"],
    line: 'Expected --print-config or --help, found "fast"',
  },
  {
    name: "a config file that is not there",
    environment: { SHOP_CONFIG: "$/none.json" },
    line:
      `SHOP_CONFIG: expected a readable file, found ${MISSING} '$/none.json'`,
  },
  {
    name: "a config file that is no JSON",
    files: { "shop.json": '{"orders": {' },
    environment: { SHOP_CONFIG: "$/shop.json" },
    line: "$/shop.json: expected valid JSON, found " +
      "Expected property name or '}' in JSON at position 12 " +
      "(line 1 column 13)",
  },
  {
    name: "an unknown key in the config",
    files: { "shop.json": '{"orders": {"holdfor": "15m"}}' },
    environment: { SHOP_CONFIG: "$/shop.json" },
    line: "$/shop.json: orders.holdfor: expected one of holdFor, " +
      "limitPerUser, keepKeysFor, currency, found an unknown key",
  },
  {
    name: "a duration without its unit",
    files: { "shop.json": '{"orders": {"holdFor": "15"}}' },
    environment: { SHOP_CONFIG: "$/shop.json" },
    line: "$/shop.json: orders.holdFor: expected a duration " +
      'from "1ms" to "7d", such as "30s", found "15"',
  },
  {
    name: "a value of the wrong type",
    files: { "shop.json": '{"topology": {"shopWorkers": "two"}}' },
    environment: { SHOP_CONFIG: "$/shop.json" },
    line: "$/shop.json: topology.shopWorkers: " +
      'expected an integer from 1 to 64, found "two"',
  },
  {
    name: "several mistakes in the config",
    files: { "shop.json": '{"cache": {"ttl": 1, "capacity": 0}, "x": 1}' },
    environment: { SHOP_CONFIG: "$/shop.json" },
    line: "$/shop.json: cache.capacity: " +
      "expected an integer from 1 to 10000000, found 0 (and 2 more)",
  },
  {
    name: "a catalog that is not there",
    environment: { CATALOG: "$/none.csv" },
    line: `CATALOG: expected a readable file, found ${MISSING} '$/none.csv'`,
  },
  {
    name: "a broken row in the catalog",
    files: {
      "bad.csv": "sku,name,priceCents,units\ncup,A cup,450,9\npan,A pan,x,9\n",
    },
    environment: { CATALOG: "$/bad.csv" },
    line: "$/bad.csv: row 3, priceCents: " +
      'expected an integer from 0 to 9007199254, found "x"',
  },
  {
    name: "a port that is no number",
    environment: { PORT: "http" },
    line: 'PORT: expected an integer from 0 to 65535, found "http"',
  },
  {
    name: "a secret that can be guessed",
    environment: { SESSION_SECRET: "hunter2" },
    line: "SESSION_SECRET: expected at least 8 characters, as a shorter " +
      "secret can be guessed, found 7",
  },
  {
    name: "a host that nobody knows",
    environment: { HOST: "shop.invalid" },
    line: 'HOST: expected an address of this machine, found "shop.invalid": ',
  },
  {
    name: "a host that is another machine",
    environment: { HOST: "192.0.2.1" },
    line: 'HOST: expected an address of this machine, found "192.0.2.1": ' +
      "Cannot assign requested address (os error 99)",
  },
  {
    name: "a data folder below a file",
    environment: { DATA_DIR: "$/catalog.csv/data" },
    line: 'Cannot use "$/catalog.csv/data": expected a folder that this ' +
      "process can write, found Not a directory (os error 20): " +
      "mkdir '$/catalog.csv/data'",
  },
  {
    name: "a Redis that is not used yet",
    environment: { REDIS_URL: "redis://:hunter2@localhost" },
    line: "REDIS_URL: expected it to be unset, as shops of several processes " +
      "are not there yet, found a value",
  },
  {
    name: "a PostgreSQL that is not used yet",
    environment: { DATABASE_URL: "postgres://shop:hunter2@localhost/shop" },
    line: "DATABASE_URL: expected it to be unset, as shops of several " +
      "processes are not there yet, found a value",
  },
];

for (const call of WRONG_CALLS) {
  // G33
  Deno.test({
    name: `serve refuses ${call.name} in one line and leaves nothing`,
    ignore,
    async fn() {
      using folder = new StartupFolder();
      const here = (text: string) => text.replaceAll("$", folder.path);
      for (const [name, text] of Object.entries(call.files ?? {})) {
        folder.write(name, text);
      }
      const before = folder.names();
      const given = Object.entries(call.environment ?? {})
        .map(([name, value]) => [name, here(value)]);
      const environment = { ...folder.environment };
      const ran = await run(
        Object.assign(environment, Object.fromEntries(given)),
        call.args,
      );
      const line = refusal(ran);
      const expected = here(call.line);
      assert.equal(
        expected.endsWith(" ") ? line.slice(0, expected.length) : line,
        expected,
      );
      assert.deepEqual(folder.names(), before);
    },
  });
}

// G33
Deno.test({
  name: "serve finds a taken port before it makes a store",
  ignore,
  async fn() {
    using folder = new StartupFolder();
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;
    const ran = await run({ ...folder.environment, PORT: `${port}` });
    assert.equal(
      refusal(ran),
      `PORT: expected a port of 127.0.0.1 that is free, found ${port}: ` +
        "Address already in use (os error 98)",
    );
    assert.deepEqual(folder.names(), ["catalog.csv"]);
  },
});

Deno.test({
  name: "serve --help says what can be set and touches nothing",
  ignore,
  async fn() {
    using folder = new StartupFolder();
    const help = await run(folder.environment, ["--help"]);
    assert.equal(help.code, 0);
    assert.match(help.stdout, /PORT .*8000/);
    assert.match(help.stdout, /--print-config/);
    assert.deepEqual(folder.names(), ["catalog.csv"]);
  },
});

Deno.test({
  name: "what --print-config prints is complete, free of secrets, and config",
  ignore,
  async fn() {
    using folder = new StartupFolder();
    const environment = {
      ...folder.environment,
      SESSION_SECRET: "secret of a test",
      ADMIN_TOKEN: "token of a test",
    };
    const first = await run({
      ...environment,
      SHOP_CONFIG: folder.write("mine.json", '{"orders": {"holdFor": "90s"}}'),
    }, ["--print-config"]);
    assert.deepEqual([first.code, first.stderr], [0, ""]);
    const printed = JSON.parse(first.stdout);
    assert.equal(printed.orders.holdFor, "90s");
    assert.equal(printed.topology.partitions.storefront, 16);
    assert.equal(printed.admission.user.rate, "200/s");
    assert.doesNotMatch(first.stdout, /of a test/);
    const second = await run({
      ...environment,
      SHOP_CONFIG: folder.write("printed.json", first.stdout),
    }, ["--print-config"]);
    assert.equal(second.stdout, first.stdout);
    assert.ok(!folder.names().includes("data"));
  },
});

// G19
Deno.test({
  name: "a second shop on a folder waits for the first, then names its pid",
  ignore,
  async fn() {
    using folder = new StartupFolder();
    await using shop = new Serving(folder.environment);
    const { port } = new URL(await shop.ready());
    // On the same port too: what is in the way is our own shop.
    const ran = await run({ ...folder.environment, PORT: port });
    assert.equal(
      refusal(ran),
      `Cannot use "${folder.data}": expected a data folder that no other ` +
        `process holds, found process ${shop.pid} holding it`,
    );
    assert.equal((await shop.stop()).code, 0);
  },
});

Deno.test({
  name: "a second shop that waits starts when the first stops",
  ignore,
  async fn() {
    using folder = new StartupFolder();
    await using shop = new Serving(folder.environment);
    const { port } = new URL(await shop.ready());
    await using second = new Serving({ ...folder.environment, PORT: port });
    await eventually("the second to wait", 30_000, () => waits(second, folder));
    assert.equal((await shop.stop()).code, 0);
    const url = await second.ready();
    assert.equal(url, `http://127.0.0.1:${port}`);
    const answer = await fetch(`${url}/health/ready`);
    await answer.body?.cancel();
    assert.equal(answer.status, 200);
    assert.equal((await second.stop()).code, 0);
  },
});

Deno.test({
  name: "a shop that is told to stop while it waits ends at once, with 0",
  ignore,
  async fn() {
    using folder = new StartupFolder();
    await using shop = new Serving(folder.environment);
    await shop.ready();
    await using second = new Serving(folder.environment);
    await eventually("the second to wait", 30_000, () => waits(second, folder));
    assert.equal((await second.stop()).code, 0);
    assert.equal((await shop.stop()).code, 0);
  },
});

/** Whether a shop has opened the lock of a folder that another holds. */
function waits(shop: Serving, folder: StartupFolder): Promise<true | null> {
  const open = [...Deno.readDirSync(`/proc/${shop.pid}/fd`)].map(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/${shop.pid}/fd/${name}`);
    } catch {
      // Closed in the meantime.
      return "";
    }
  });
  return Promise.resolve(open.includes(`${folder.data}/lock`) || null);
}
