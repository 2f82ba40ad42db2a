/** A real worker thread that throws outside of any actor. */
import assert from "node:assert/strict";
import { readConfig } from "../../../cluster/config.ts";
import { planShop } from "../../../cluster/topology.ts";
import {
  WorkerSupervisor,
  type WorkerSupervisorOptions,
} from "../../../cluster/worker/worker_supervisor.ts";
import { granted } from "../../permission.ts";
import { within } from "../../shop/shop_process.ts";
import { folderOptions, TemporaryShop } from "../journal/shop_folder.ts";

const RESTART = {
  maxRestarts: 5,
  periodMs: 10_000,
  backoffMinMs: 10,
  backoffMaxMs: 100,
};

/** A worker starts in tens of milliseconds; a busy machine takes longer. */
const REPLACED_WITHIN_MS = 20_000;

/** One worker with every partition of the store, on that folder. */
function plansFor(dataFolder: string): WorkerSupervisorOptions["plans"] {
  const config = readConfig(
    { SHOP_CONFIG: "shop.json" },
    () => '{"topology": {"shopWorkers": 1}}',
  );
  const partitions = { storefront: 2, inventory: 2, accounts: 1 };
  assert.deepEqual(partitions, folderOptions.partitions);
  return [{
    name: "worker-0",
    seed: 1,
    dataFolder,
    release: "a test",
    shop: planShop(config, partitions),
    heartbeatMs: 250,
  }];
}

Deno.test({
  name: "G13 a worker that throws is replaced, and recovers its partitions " +
    "from the journal",
  ignore: !granted("read", "write"),
  async fn() {
    using shop = await TemporaryShop.open();
    const told: { text: string; fields: Record<string, unknown> }[] = [];
    const replaced = Promise.withResolvers<void>();
    const ports: MessagePort[] = [];
    const supervisor = new WorkerSupervisor({
      plans: plansFor(shop.path),
      restart: RESTART,
      heartbeat: { everyMs: 250, missed: 8 },
      log: {
        write(_level, text, fields) {
          told.push({ text, fields });
          if (text === "worker ready" && fields.incarnation === 2) {
            replaced.resolve();
          }
        },
      },
      connect: (_peer, port) => ports.push(port),
      disconnect: () => {},
      startFailed: (detail) => replaced.reject(new Error(detail)),
    });
    await supervisor.start();
    try {
      assert(supervisor.order("worker-0", { kind: "throw" }));
      await within(REPLACED_WITHIN_MS, "its next life", replaced.promise);
      const fell = told.find(({ text }) => text === "worker fell");
      assert.match(String(fell?.fields.cause), /a fault/);
      assert(supervisor.isReady);
      const [status] = supervisor.statuses();
      assert.equal(status?.replacements, 1);
      assert.equal(status?.recovery?.partitions, 5);
    } finally {
      await supervisor.stop(5_000);
      for (const port of ports) port.close();
    }
  },
});
