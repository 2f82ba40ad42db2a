/** `deno task backup` beside a shop that sells, and `deno task restore`. */
import assert from "node:assert/strict";
import { PaymentLedger } from "../../cluster/journal/payment_ledger.ts";
import type { Purchase } from "./purchase.ts";
import { expectShopOfOneInstant, Rush, RUSH_CATALOG } from "./rush.ts";
import { refusal, run } from "./serve_command.ts";
import { LACKS_PROCESSES, Stage } from "./stage.ts";
import { StartupFolder } from "./startup_folder.ts";

/** Purchases before the backup begins, and after it has ended. */
const BEFORE = 400;
const AFTER = 100;

Deno.test({
  name: "G90 a backup taken while 40 buyers buy is the shop of one instant: " +
    "what was answered before is in it, every unit and all money add up",
  ignore: LACKS_PROCESSES,
  async fn() {
    using stage = new Stage(RUSH_CATALOG);
    const backup = `${stage.folder}/backup`;
    let told: readonly Purchase[];
    let all: readonly Purchase[];
    {
      await using shop = stage.start();
      using client = await stage.connect(shop);
      const rush = new Rush([client], 1);
      await rush.more(BEFORE);
      told = rush.told();
      const environment = { DATA_DIR: stage.dataFolder };
      const taken = await run(environment, [backup], "backup");
      assert.equal(taken.code, 0, taken.stderr);
      await rush.more(AFTER);
      await shop.kill();
      await rush.end();
      all = rush.purchases;
    }
    Deno.renameSync(stage.dataFolder, `${stage.folder}/lost`);
    const environment = { DATA_DIR: stage.dataFolder };
    const restored = await run(environment, [backup], "restore");
    assert.equal(restored.code, 0, restored.stderr);

    await using shop = stage.start();
    using client = await stage.connect(shop);
    await expectShopOfOneInstant(client, told, all, () => {
      const ledger = new PaymentLedger(stage.dataFolder);
      const [totals] = ledger.totals();
      ledger.close();
      const { capturedCents, refundedCents } = totals!;
      return Promise.resolve(capturedCents - refundedCents);
    });
  },
});

Deno.test({
  name: "G33 backup and restore say in one line what is wrong, and end with 2",
  ignore: LACKS_PROCESSES,
  async fn() {
    using folder = new StartupFolder();
    const { environment } = folder;
    const calls = [
      ["backup", [], environment, /^Expected one FOLDER, found nothing/],
      ["restore", ["a", "b"], environment, /Expected one FOLDER, found "a b"/],
      ["backup", ["--all", "a"], environment, /^Expected FOLDER, found/],
      ["backup", [`${folder.path}/a`], environment, /store\.sqlite": expected/],
      ["restore", [folder.path], environment, /the list of a backup, found/],
      ["backup", ["a"], { ...environment, DATABASE_URL: "x" }, /use pg_dump/],
    ] as const;
    await Promise.all(calls.map(async ([task, args, env, says]) => {
      assert.match(refusal(await run(env, args, task)), says);
    }));
    assert.deepEqual(folder.names(), ["catalog.csv"]);
  },
});
