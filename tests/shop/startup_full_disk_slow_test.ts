/**
 * A disk that fills up while the shop runs, for real: the data folder is a
 * small file system in memory, and a file beside the store takes most of it
 * until it is removed. The process then dies and is started again on the same
 * disk.
 *
 * @module
 */
import assert from "node:assert/strict";
import { granted } from "../permission.ts";
import { commandOf, Serving } from "./serve_command.ts";
import { expectBody, type Order, ShopClient } from "./shop_client.ts";
import { eventually } from "./stage.ts";
import { StartupFolder } from "./startup_folder.ts";

const canRun = granted("read", "write", "net", "run", "env");

/**
 * Mounts 6 MB, leaves 2 MB of it, and starts the shop twice: the second time
 * when the first has ended, in whatever way.
 */
const ON_A_SMALL_DISK = `
  exec 3> "$0/pid"
  mount -t tmpfs -o size=6m tmpfs "$0" &&
  head -c 4000000 /dev/zero > "$0/ballast" || exit 1
  "$@" 3>&- &
  echo $! >&3
  wait $!
  exec "$@" 3>&-`;

/** A commit takes some 8 KB of the log, so 2 MB are full after some 250. */
const MOST_ORDERS = 5_000;

/** One in the commit that found no room, in each of the two workers. */
const MOST_UNKNOWN = 2;

/** The journal tries again every few hundred milliseconds. */
const SELLS_AGAIN_WITHIN_MS = 20_000;

/** Who was in the commit that found no room need not wait ten seconds. */
const CONFIG = '{"edge": {"requestTimeout": "1s"}}';

const SESSION_SECRET = "a session secret of a test";
const ADMIN_TOKEN = "an admin token of a test";
const LINES = [{ sku: "cup", quantity: 1 }];

// G17
Deno.test({
  name: "a full disk stops sales with 503, not reads, and loses no order",
  ignore: !canMount(),
  async fn() {
    using folder = new StartupFolder();
    const disk = `${folder.path}/disk`;
    Deno.mkdirSync(disk);
    await using shop = startOn(disk, folder);
    const url = await shop.ready();
    // Mounts are seen by the processes below the shell only.
    const seen = `/proc/${shop.pid}/root${disk}`;
    let orders: readonly Order[];
    try {
      orders = await sellUntilFullAndOn(url, () => {
        Deno.removeSync(`${seen}/ballast`);
      });
    } catch (error) {
      // Else the shell would start the second shop for nobody.
      Deno.kill(shop.pid, "SIGKILL");
      throw error;
    } finally {
      Deno.kill(Number(Deno.readTextFileSync(`${disk}/pid`)), "SIGKILL");
    }
    await assertAllThere(await shop.ready(2), orders);
    assert.equal((await shop.stop()).code, 0);
  },
});

/** Gives all orders that were answered 201. */
async function sellUntilFullAndOn(
  url: string,
  makeRoom: () => void,
): Promise<readonly Order[]> {
  using client = new ShopClient(url, SESSION_SECRET, ADMIN_TOKEN);
  const orders: Order[] = [];
  // G28: what a cache node holds can be read; a first read asks the shard,
  // which must not show what it cannot save.
  await assertReads(client);
  const unknown = await fillDisk(client, orders);
  await assertReads(client);
  makeRoom();
  for (const key of [...unknown, "key-after"]) {
    orders.push(await buyWhenThereIsRoom(client, key));
  }
  return orders;
}

async function assertAllThere(
  url: string,
  orders: readonly Order[],
): Promise<void> {
  using client = new ShopClient(url, SESSION_SECRET, ADMIN_TOKEN);
  for (const order of orders) {
    const found = expectBody(await client.readOrder("ann", order.id));
    assert.deepEqual(found, order);
  }
  const { violations, totals } = await client.audit("&sku=cup");
  assert.deepEqual(violations, []);
  assert.equal(totals.held, orders.length);
}

function startOn(disk: string, folder: StartupFolder): Serving {
  const environment = {
    ...folder.environment,
    DATA_DIR: `${disk}/data`,
    SESSION_SECRET,
    ADMIN_TOKEN,
    SHOP_CONFIG: folder.write("shop.json", CONFIG),
  };
  const shell = ["unshare", "-rm", "sh", "-c", ON_A_SMALL_DISK, disk];
  const serve = [Deno.execPath(), ...commandOf("serve")];
  return new Serving(environment, [...shell, ...serve]);
}

/**
 * Buys until the shop says that its storage is full. Whoever was in the commit
 * that found no room is not told so, since that commit is tried again.
 *
 * @returns The keys of those orders.
 */
async function fillDisk(
  client: ShopClient,
  orders: Order[],
): Promise<string[]> {
  const unknown: string[] = [];
  for (let count = 0; count < MOST_ORDERS; count++) {
    const key = `key-${count}`;
    const answer = await client.placeOrder("ann", key, LINES);
    if (answer.problem === null) {
      orders.push(answer.body);
      continue;
    }
    const { code, status, retryable } = answer.problem;
    assert.deepEqual({ status, retryable }, { status: 503, retryable: true });
    if (code === "outcome-unknown") {
      unknown.push(key);
      assert(unknown.length <= MOST_UNKNOWN, "Nobody is told that it is full");
      continue;
    }
    assert.equal(code, "storage-unavailable");
    assert(orders.length > 10, `${orders.length} orders before it was full`);
    return unknown;
  }
  assert.fail(`The disk was not full after ${MOST_ORDERS} orders`);
}

/** Products, which wait for no journal. Orders do, and are refused at once. */
async function assertReads(client: ShopClient): Promise<void> {
  for (const path of ["/v1/products/cup", "/v1/products/pan"]) {
    const answer = await client.call<{ name: string }>("GET", path);
    assert.match(expectBody(answer).name, /^A (cup|pan)$/);
  }
  const page = await client.call<{ items: unknown[] }>(
    "GET",
    "/v1/products?q=cup",
  );
  assert.equal(expectBody(page).items.length, 1);
  assert.equal((await client.call("GET", "/health/live")).status, 200);
}

function buyWhenThereIsRoom(client: ShopClient, key: string): Promise<Order> {
  return eventually("a sale", SELLS_AGAIN_WITHIN_MS, async () => {
    const answer = await client.placeOrder("ann", key, LINES);
    if (answer.problem === null) return answer.body;
    // The first try with this key may still wait for its commit.
    const { code, status } = answer.problem;
    assert(status === 503 || code === "idempotency-in-flight", code);
    return null;
  });
}

/** A mount of its own needs root or user namespaces. */
function canMount(): boolean {
  if (Deno.build.os !== "linux" || !canRun) return false;
  try {
    const probe = ["-rm", "sh", "-c", "mount -t tmpfs tmpfs /mnt"];
    return new Deno.Command("unshare", { args: probe }).outputSync().success;
  } catch {
    return false;
  }
}
