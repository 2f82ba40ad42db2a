/** A worker that hangs: replaced while it burns, refused when it wakes. */
import assert from "node:assert/strict";
import { readIdentity } from "../../cluster/journal/data_folder.ts";
import {
  journalPath,
  JournalReader,
} from "../../cluster/journal/journal_file.ts";
import {
  expectOneOrderForEachKey,
  expectStockOfOrders,
} from "./bookkeeping.ts";
import { Custom } from "./custom.ts";
import { Placement, replaced } from "./placement.ts";
import { LACKS_PROCESSES, products, Stage } from "./stage.ts";

const CATALOG = products("thing", 60, 100_000);
const SKUS = CATALOG.map(({ sku }) => sku);

/** Noticed after one second, so that it still burns when it is replaced. */
const HEARTBEAT = { topology: { heartbeat: { every: "250ms", missed: 4 } } };

/** How far a worker's journal was written by the first owners. */
function firstOwnersLast(folder: string, worker: string): Map<string, number> {
  const { storeId } = readIdentity(folder);
  const path = journalPath(folder, worker);
  const reader = new JournalReader(path, storeId, null, 0);
  const last = new Map<string, number>();
  try {
    reader.advance();
    for (let row = reader.current; row !== null; row = reader.current) {
      if (row.epoch === 1) last.set(row.partition, row.row);
      reader.advance();
    }
    return last;
  } finally {
    reader.close();
  }
}

// G13, G14
Deno.test({
  name:
    "a worker that hangs is replaced while it burns, and what it wants to " +
    "write when it wakes is refused",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(CATALOG);
    await using shop = stage.start(HEARTBEAT);
    using client = await stage.connect(shop);
    const placement = new Placement(await client.topology());
    const custom = (worker: string) =>
      new Custom(
        client,
        placement.usersOn(worker, 10),
        placement.basketsOn(worker, SKUS),
      );
    const [shaken, calm] = [custom("worker-0"), custom("worker-1")];
    await Promise.all([shaken.more(20), calm.more(20)]);
    // Long enough to be replaced on a busy machine too, and shorter than the
    // ten seconds after which a replaced thread that does not wake is killed.
    await client.injectFault({ do: "hang", target: "worker[0]", for: "8s" });
    await replaced(client, "worker-0", 2);
    const ofOldOwner = firstOwnersLast(stage.dataFolder, "worker-0");
    // It sells again in its second life, while the old thread still burns.
    await shaken.more(50);
    assert.equal(shop.logged.some(isWaking), false, "it woke too early");

    const spoke = await shop.line(isWaking);
    assert.equal(spoke.report, "fenced");
    await shaken.more(20);
    await Promise.all([shaken.stop(), calm.stop()]);
    assert.deepEqual(
      firstOwnersLast(stage.dataFolder, "worker-0"),
      ofOldOwner,
      "the replaced owner has written",
    );
    assert.deepEqual([...calm.problems], []);
    assert(shaken.problems.size > 0, "nobody noticed the hang");
    const purchases = [...shaken.purchases, ...calm.purchases];
    await expectOneOrderForEachKey(client, purchases);
    await expectStockOfOrders(client, purchases);
  },
});

function isWaking(line: { text: string; report?: unknown }): boolean {
  return line.text === "a replaced worker spoke" &&
    line.report !== "commit domain ended";
}
