/** A real worker thread that throws outside of any actor. */
import assert from "node:assert/strict";
import { granted } from "../../permission.ts";
import { strayErrors } from "./started_thread.ts";
import { SupervisedWorker } from "./supervised_worker.ts";

Deno.test({
  name: "G13 a worker that throws is replaced, and recovers its partitions " +
    "from the journal",
  ignore: !granted("read", "write"),
  async fn() {
    const stray = await strayErrors(async () => {
      await using worker = await SupervisedWorker.start();
      assert(worker.supervisor.order("worker-0", { kind: "throw" }));
      const { cause, stack } = await worker.cause();
      assert.equal(cause, "Error: a fault");
      assert.match(String(stack), /entry\.ts:\d+/);
      await worker.replaced();
      const [status] = worker.supervisor.statuses();
      assert.equal(status?.replacements, 1);
      assert.equal(status?.recovery?.partitions, 5);
    });
    assert.deepEqual(stray, []);
  },
});

Deno.test({
  name: "workers that were killed are gone when the supervisor has stopped",
  ignore: !granted("read", "write"),
  async fn() {
    await using worker = await SupervisedWorker.start();
    assert(worker.supervisor.kill("worker-0"));
    assert.equal(worker.supervisor.kill("worker-0"), false);
    await worker.replaced();
    assert.equal((await worker.cause()).cause, "killed by a fault");
  },
});
