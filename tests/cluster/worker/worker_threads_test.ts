/** Threads that wait for workers. */
import assert from "node:assert/strict";
import type { PlanOfWorker } from "../../../cluster/worker/worker_slot.ts";
import { WorkerThreads } from "../../../cluster/worker/worker_threads.ts";
import { granted } from "../../permission.ts";
import type { Line } from "./supervised_worker.ts";

Deno.test({
  name: "the end of a thread that waited is logged, and its worker has none " +
    "that waits",
  ignore: !granted("read"),
  async fn() {
    const lines: Line[] = [];
    const ended = Promise.withResolvers<void>();
    const threads = new WorkerThreads<PlanOfWorker>({
      entry: new URL("data:text/javascript,throw new Error('broken')"),
      memoryLimitBytes: null,
      log: { write: (_level, text, fields) => lines.push({ text, fields }) },
      heard: assert.fail,
      heardLate: assert.fail,
      ended: (slot) => {
        assert.equal(slot, null);
        ended.resolve();
      },
    });
    threads.prepare([{ name: "worker-0" }]);
    await ended.promise;
    const fields = { worker: "worker-0", cause: "Error: broken" };
    assert.deepEqual(lines, [{ text: "a thread that waited ended", fields }]);
    assert.equal(threads.isPrepared("worker-0"), false);
    threads.stop();
  },
});
