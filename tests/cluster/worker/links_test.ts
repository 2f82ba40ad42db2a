/** The order in which a worker is linked with the others and its supervisor. */
import assert from "node:assert/strict";
import type { PlanOfWorker } from "../../../cluster/worker/worker_supervisor.ts";
import { WorkerSupervisor } from "../../../cluster/worker/worker_supervisor.ts";
import { granted } from "../../permission.ts";
import { within } from "../../shop/shop_process.ts";

const WITHIN_MS = 20_000;
const RESTART = {
  maxRestarts: 5,
  periodMs: 10_000,
  backoffMinMs: 10,
  backoffMaxMs: 100,
};

/** Three workers, and their links in the order in which each got them. */
class LinkedWorkers implements AsyncDisposable {
  readonly supervisor: WorkerSupervisor<PlanOfWorker>;
  readonly #links = new Map<string, string[]>();
  #noted: () => void = () => {};

  constructor() {
    this.supervisor = new WorkerSupervisor<PlanOfWorker>({
      entry: new URL("./linked_thread.ts", import.meta.url),
      plans: [{ name: "a" }, { name: "b" }, { name: "c" }],
      restart: RESTART,
      heartbeat: { everyMs: 60_000, missed: 2 },
      log: {
        write: (_level, text, { worker, peer }) => {
          if (text === "linked") this.#of(String(worker)).push(String(peer));
          this.#noted();
        },
      },
      connect: (_peer, port) => port.close(),
      disconnect: () => {},
      startFailed: assert.fail,
    });
  }

  /** With whom a worker was linked, once these are so many. */
  async links(worker: string, count: number): Promise<readonly string[]> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const links = this.#of(worker);
    this.#noted = () => links.length >= count && resolve();
    this.#noted();
    await within(WITHIN_MS, `${count} links of ${worker}`, promise);
    return links;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.supervisor.stop(WITHIN_MS);
  }

  #of(worker: string): string[] {
    const links = this.#links.get(worker) ?? [];
    this.#links.set(worker, links);
    return links;
  }
}

Deno.test({
  name: "who is reached from the main thread reaches all other workers: its " +
    "link to the main thread comes last",
  ignore: !granted("read"),
  async fn() {
    await using workers = new LinkedWorkers();
    await workers.supervisor.start();
    for (const worker of ["a", "b", "c"]) {
      assert.equal((await workers.links(worker, 3))[2], "main", worker);
    }
    workers.supervisor.kill("b");
    assert.equal((await workers.links("b", 6))[5], "main");
  },
});
