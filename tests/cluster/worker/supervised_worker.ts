/**
 * A real worker with every partition of a new store, under supervision: what
 * the log said of it, and how to wait for a line.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readConfig } from "../../../cluster/config.ts";
import { planShop } from "../../../cluster/topology.ts";
import {
  WorkerSupervisor,
  type WorkerSupervisorOptions,
} from "../../../cluster/worker/worker_supervisor.ts";
import { within } from "../../shop/shop_process.ts";
import { folderOptions, TemporaryShop } from "../journal/shop_folder.ts";

/** A line of the log. */
export interface Line {
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What a test may want otherwise. */
export type Settings = Partial<
  Pick<
    WorkerSupervisorOptions,
    | "heartbeat"
    | "memoryLimitBytes"
    | "wakeWithinMs"
    | "plans"
    | "connect"
    | "disconnect"
  >
>;

const RESTART = {
  maxRestarts: 5,
  periodMs: 10_000,
  backoffMinMs: 10,
  backoffMaxMs: 100,
};

/** A worker starts in tens of milliseconds; a busy machine takes longer. */
const WITHIN_MS = 20_000;

/** One worker with every partition of the store, on that folder. */
function plansFor(
  dataFolder: string,
  heartbeatMs: number,
): WorkerSupervisorOptions["plans"] {
  const config = readConfig(
    { SHOP_CONFIG: "shop.json" },
    () => '{"topology": {"shopWorkers": 1}}',
  );
  const partitions = { storefront: 2, inventory: 2, accounts: 1 };
  assert.deepEqual(partitions, folderOptions.partitions);
  const shop = planShop(config, partitions);
  return [{
    name: "worker-0",
    seed: 1,
    storage: { kind: "folder", path: dataFolder },
    release: "a test",
    shop,
    heartbeatMs,
  }];
}

/** See the module. */
export class SupervisedWorker implements AsyncDisposable {
  readonly supervisor: WorkerSupervisor;
  /** Of the worker; whoever gives `plans` may add it later. */
  readonly plan: WorkerSupervisorOptions["plans"][0];
  readonly #shop: TemporaryShop;
  /** Of the log, so far. */
  readonly lines: Line[] = [];
  readonly #ports: MessagePort[] = [];
  #awaited: { isIt: (line: Line) => boolean; found: (line: Line) => void }[] =
    [];

  private constructor(shop: TemporaryShop, settings: Settings) {
    this.#shop = shop;
    const { heartbeat = { everyMs: 250, missed: 8 } } = settings;
    this.plan = plansFor(shop.path, heartbeat.everyMs)[0]!;
    this.supervisor = new WorkerSupervisor({
      entry: new URL(
        "../../../cluster/worker/entry.ts",
        import.meta.url,
      ),
      plans: [this.plan],
      restart: RESTART,
      heartbeat,
      log: {
        write: (_level, text, fields) => this.#note({ text, fields }),
      },
      connect: (_peer, port) => this.#ports.push(port),
      disconnect: () => {},
      ...settings,
      startFailed: (detail) => {
        throw new Error(detail);
      },
    });
  }

  /** Starts the worker on a new store. */
  static async start(settings: Settings = {}): Promise<SupervisedWorker> {
    const worker = new SupervisedWorker(await TemporaryShop.open(), settings);
    await worker.supervisor.start();
    return worker;
  }

  /** The first such line of the log, past or to come. */
  line(what: string, isIt: (line: Line) => boolean): Promise<Line> {
    const past = this.lines.find(isIt);
    if (past !== undefined) return Promise.resolve(past);
    const { promise, resolve } = Promise.withResolvers<Line>();
    this.#awaited.push({ isIt, found: resolve });
    return within(WITHIN_MS, what, promise);
  }

  /** Why the worker fell first. */
  async cause(): Promise<Readonly<Record<string, unknown>>> {
    const isIt = ({ text }: Line) => text === "worker fell";
    return (await this.line("its fall", isIt)).fields;
  }

  /** Waits until it is ready in its second life. */
  async replaced(): Promise<void> {
    await this.line(
      "its next life",
      ({ text, fields }) => text === "worker ready" && fields.incarnation === 2,
    );
    assert(this.supervisor.isReady);
  }

  /** Stops it; throws when one of its threads still runs after a while. */
  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = this.supervisor.stop(2 * WITHIN_MS);
    await within(WITHIN_MS, "all threads to be gone", stopped);
    for (const port of this.#ports) port.close();
    this.#shop[Symbol.dispose]();
  }

  #note(line: Line): void {
    this.lines.push(line);
    for (const { isIt, found } of this.#awaited) if (isIt(line)) found(line);
    this.#awaited = this.#awaited.filter(({ isIt }) => !isIt(line));
  }
}
