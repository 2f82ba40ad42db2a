/** Real workers that hang for good, or whose memory runs full. */
import assert from "node:assert/strict";
import { granted } from "../../permission.ts";
import {
  SHOWS_THREADS,
  strayErrors,
  untilOurThreadsAre,
} from "./started_thread.ts";
import { SupervisedWorker } from "./supervised_worker.ts";

const ignore = !granted("read", "write");

const MEBIBYTE = 1_048_576;

/** Longer than any test: without end. */
const FOR_GOOD_MS = 3_600_000;

/** Dead after two seconds of silence. */
const QUICK = { everyMs: 20, missed: 100 };

/** On a busy machine it takes seconds to fill much memory. */
const PATIENT = { everyMs: 20, missed: 900 };

// G13
Deno.test({
  name: "a worker that hangs for good is replaced first, and killed when it " +
    "does not wake",
  ignore: ignore || !SHOWS_THREADS,
  async fn() {
    await using worker = await SupervisedWorker.start({
      heartbeat: QUICK,
      wakeWithinMs: 500,
    });
    const { supervisor } = worker;
    assert(supervisor.order("worker-0", { kind: "hang", forMs: FOR_GOOD_MS }));
    const { cause } = await worker.cause();
    assert.equal(cause, "missed 100 heartbeats");
    await worker.replaced();
    const isKill = ({ text }: { text: string }) =>
      text === "a replaced worker never woke";
    await worker.line("its kill", isKill);
    await untilOurThreadsAre(1);
  },
});

// G13
Deno.test({
  name: "a worker that leaks is replaced before it reaches its memory limit",
  ignore,
  async fn() {
    const stray = await strayErrors(async () => {
      const memoryLimitBytes = 256 * MEBIBYTE;
      await using worker = await SupervisedWorker.start({
        heartbeat: PATIENT,
        memoryLimitBytes,
      });
      worker.supervisor.order("worker-0", {
        kind: "leak",
        bytesPerBeat: 8 * MEBIBYTE,
      });
      const { cause, usedBytes, limitBytes } = await worker.cause();
      assert.equal(cause, "out_of_memory");
      assert.equal(limitBytes, memoryLimitBytes);
      assert(Number(usedBytes) > memoryLimitBytes * 7 / 8);
      assert(Number(usedBytes) < memoryLimitBytes, `${usedBytes} used`);
      await worker.replaced();
    });
    assert.deepEqual(stray, []);
  },
});

// G13
Deno.test({
  name:
    "a worker that outgrows its memory at once falls alone, and is replaced",
  ignore,
  async fn() {
    const stray = await strayErrors(async () => {
      await using worker = await SupervisedWorker.start({
        heartbeat: PATIENT,
        memoryLimitBytes: 64 * MEBIBYTE,
      });
      worker.supervisor.order("worker-0", {
        kind: "leak",
        bytesPerBeat: 100 * MEBIBYTE,
      });
      assert.equal((await worker.cause()).cause, "out_of_memory");
      await worker.replaced();
    });
    assert.deepEqual(stray, []);
  },
});
