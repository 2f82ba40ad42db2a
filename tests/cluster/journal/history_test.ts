import assert from "node:assert/strict";
import { folderRows, readHistory } from "../../../cluster/journal/history.ts";
import { granted } from "../../permission.ts";
import { recordOrder } from "./recorded_order.ts";
import { TemporaryFolder, TemporaryShop } from "./shop_folder.ts";

const ignore = !granted("read", "write");
const canRun = granted("read", "write", "run");

async function shopWithAnOrder() {
  const shop = await TemporaryShop.open();
  await recordOrder(shop.journal("worker-0"));
  return shop;
}

async function kindsOf(folder: string, id: string): Promise<string[]> {
  const entries = await readHistory(folderRows(folder), id);
  return entries.map(({ event, partition }) => `${partition} ${event.kind}`);
}

Deno.test({
  name: "an order's history has what became of its hold, oldest first",
  ignore,
  async fn() {
    using shop = await shopWithAnOrder();
    assert.deepEqual(await kindsOf(shop.path, "o-1"), [
      "inventory[0] stock_held",
      "storefront[1] order_placed",
      "inventory[0] stock_sold",
    ]);
  },
});

Deno.test({
  name: "a product's history has its holds and how they ended",
  ignore,
  async fn() {
    using shop = await shopWithAnOrder();
    assert.deepEqual(await kindsOf(shop.path, "85123A"), [
      "inventory[0] stock_held",
      "storefront[1] order_placed",
      "inventory[0] stock_sold",
    ]);
  },
});

Deno.test({
  name: "part of an id is no id, and what nobody names has no history",
  ignore,
  async fn() {
    using shop = await shopWithAnOrder();
    for (const id of ["o-", "85123", "hold", "kind", "%", '"']) {
      assert.deepEqual(await kindsOf(shop.path, id), []);
    }
  },
});

/** Runs the command as the task does, without the task's config. */
async function run(folder: string, ...args: string[]) {
  const main = new URL("../../../cluster/journal/main.ts", import.meta.url);
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-read",
      "--allow-write",
      "--allow-env=DATA_DIR,DATABASE_URL",
      main.pathname,
      ...args,
    ],
    env: { DATA_DIR: folder, DATABASE_URL: "", NO_COLOR: "1" },
  });
  const { code, stdout, stderr } = await command.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

Deno.test({
  name: "the command prints one line for each event while the shop runs",
  ignore: !canRun,
  async fn() {
    using shop = await shopWithAnOrder();
    const { code, stdout } = await run(shop.path, "o-1");
    assert.equal(code, 0);
    const [held, placed, sold] = stdout.trimEnd().split("\n");
    assert.match(
      held!,
      /^2026-11-11T00:00:00.000Z inventory\[0\] +1:1 +stock_held /,
    );
    assert.match(placed!, /storefront\[1\] +1:1 +order_placed +orderId="o-1" /);
    assert.match(sold!, /1:3 +stock_sold +holdId="hold 7"$/);
  },
});

Deno.test({
  name: "the command prints a JSON object a line when asked to",
  ignore: !canRun,
  async fn() {
    using shop = await shopWithAnOrder();
    const { code, stdout } = await run(shop.path, "other3", "--json");
    assert.equal(code, 0);
    const [held, ...rest] = stdout.trimEnd().split("\n").map((line) =>
      JSON.parse(line)
    );
    assert.equal(held.at, "2026-11-11T00:00:00.001Z");
    assert.equal(held.event.lines.length, 5);
    assert.deepEqual(rest.map((each) => each.event.orderId), ["o-10"]);
  },
});

Deno.test({
  name: "long lists show what the question was about",
  ignore: !canRun,
  async fn() {
    using shop = await shopWithAnOrder();
    const { stdout } = await run(shop.path, "other3");
    assert.match(stdout, /lines=\[\{"sku":"other3".*\}\] and 4 more/);
    assert.doesNotMatch(stdout, /other2/);
  },
});

Deno.test({
  name: "the command explains itself",
  ignore: !canRun,
  async fn() {
    using folder = new TemporaryFolder();
    const { code, stdout } = await run(folder.path, "--help");
    assert.equal(code, 0);
    assert.match(stdout, /deno task journal ORDER\|SKU/);
  },
});

for (
  const [what, args, line] of [
    ["nothing to look for", [], /^Expected one ORDER\|SKU, found nothing/],
    ["two ids", ["a", "b"], /^Expected one ORDER\|SKU, found "a b"/],
    ["an unknown option", ["--all"], /^Expected ORDER\|SKU .*'--all'/],
    [
      "an id that nobody names",
      ["o-2"],
      /"o-2", which no event in ".*" names\n$/,
    ],
  ] as const
) {
  Deno.test({
    name: `the command ends with 2 and one line for ${what}`,
    ignore: !canRun,
    async fn() {
      using shop = await shopWithAnOrder();
      const { code, stdout, stderr } = await run(shop.path, ...args);
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.match(stderr, line);
      assert.equal(stderr.split("\n").length, 2);
    },
  });
}

Deno.test({
  name: "the command ends with 2 and one line where there is no store",
  ignore: !canRun,
  async fn() {
    using folder = new TemporaryFolder();
    const { code, stderr } = await run(folder.path, "o-1");
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^Cannot use ".*store.sqlite": expected .*, found .*\n$/,
    );
  },
});
