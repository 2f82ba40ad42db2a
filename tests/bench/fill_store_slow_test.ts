/**
 * A store that `bench/fill_store.ts` makes is a shop's store: the shop opens
 * it, with and without snapshots, and finds every hold and order.
 *
 * @module
 */
import assert from "node:assert/strict";
import { granted } from "../permission.ts";
import { type Ran, refusal, ROOT, Serving } from "../shop/serve_command.ts";
import { ShopClient } from "../shop/shop_client.ts";

const ignore = !granted("read", "write", "net", "run", "env");

const SESSION_SECRET = "a session secret of a test";
const ADMIN_TOKEN = "an admin token of a test";

async function fill(...args: string[]): Promise<Ran> {
  const script = ["run", "--quiet", "-A", "bench/fill_store.ts", ...args];
  const command = new Deno.Command(Deno.execPath(), {
    args: script,
    cwd: ROOT,
  });
  const { code, stdout, stderr } = await command.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

for (const snapshots of [false, true]) {
  Deno.test({
    name: `a store that was filled ${snapshots ? "and snapshot " : ""}opens ` +
      "with every hold and order",
    ignore,
    async fn() {
      const path = Deno.makeTempDirSync({ prefix: "doorbuster-fill-" });
      try {
        const more = snapshots ? ["--snapshots"] : [];
        const size = ["--products", "40", "--holds", "1000"];
        const filled = await fill("--data", `${path}/data`, ...size, ...more);
        assert.equal(filled.code, 0, filled.stderr);
        await assertFilled(`${path}/data`);
        assert.equal(
          refusal(await fill("--data", `${path}/data`)),
          `--data: expected no store yet, found "${path}/data"`,
        );
      } finally {
        Deno.removeSync(path, { recursive: true });
      }
    },
  });
}

async function assertFilled(folder: string): Promise<void> {
  await using shop = new Serving({
    DATA_DIR: folder,
    SESSION_SECRET,
    ADMIN_TOKEN,
  });
  const url = await shop.ready();
  using client = new ShopClient(url, SESSION_SECRET, ADMIN_TOKEN);
  const { totals, violations } = await client.audit();
  assert.deepEqual([totals.held, violations], [1_000, []]);
  const [order, ...others] = await client.listOrders("user-999");
  assert.deepEqual(others, []);
  assert.equal(order!.status, "awaiting_payment");
  assert.equal(order!.lines[0]!.sku, "P0000039");
}

Deno.test({
  name: "a fill that was called wrongly is refused in one line",
  ignore,
  async fn() {
    assert.equal(
      refusal(await fill()),
      "Expected --data DIR, found nothing (see --help)",
    );
    assert.equal(
      refusal(await fill("--data", "x", "--holds", "many")),
      '--holds: expected an integer from 0 to 99999999, found "many"',
    );
  },
});
