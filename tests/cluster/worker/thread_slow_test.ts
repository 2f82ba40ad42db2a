/** Real threads that take long to stop, fill their memory, or come and go. */
import assert from "node:assert/strict";
import { granted } from "../../permission.ts";
import { TemporaryFolder } from "../journal/shop_folder.ts";
import {
  letOthersRun,
  SHOWS_THREADS,
  StartedThread,
  strayErrors,
  threadNames,
  untilOurThreadsAre,
} from "./started_thread.ts";
import type { Filling, Task } from "./thread_entry.ts";

/** A thread loads its entry from a file. */
const ignore = !granted("read");

const MEBIBYTE = 1_048_576;

Deno.test({
  name: "a killed thread that cannot be stopped is said to run on, once, and " +
    "has ended when it is gone",
  ignore: !granted("read", "write"),
  async fn() {
    using folder = new TemporaryFolder();
    const file = `${folder.path}/locked.sqlite`;
    await using thread = new StartedThread();
    // Half as long again as a killed thread is waited for in silence.
    thread.tell({ kind: "wait", file, forMs: 3_000 });
    thread.tell({ kind: "echo", value: "it went on" });
    assert.equal(await thread.next(), "waiting");
    thread.thread.kill();
    assert.deepEqual(await thread.end(), { kind: "killed" });
    assert.deepEqual(thread.logged, ["a killed thread runs on"]);
    assert.deepEqual(thread.heard, ["waiting"]);
  },
});

const FILLINGS: readonly Filling[] = ["strings", "objects", "one array"];

for (const filling of FILLINGS) {
  for (const looks of [false, true]) {
    Deno.test({
      name: `a thread that fills its memory at once (${filling}) ends alone` +
        (looks ? ", before it does more" : ", within a while"),
      ignore,
      async fn() {
        const stray = await strayErrors(async () => {
          await using thread = new StartedThread({
            memoryLimitBytes: 64 * MEBIBYTE,
          });
          thread.tell({ kind: "fill", filling, looks });
          assert.deepEqual(await thread.end(), { kind: "out_of_memory" });
          assert.deepEqual(thread.heard, []);
          await letOthersRun();
        });
        assert.deepEqual(stray, []);
      },
    });
  }
}

/** What each replaced thread was doing. */
const LIVES: readonly Task[] = [
  { kind: "echo", value: "idle" },
  { kind: "loop", loop: "plain", rounds: new SharedArrayBuffer(8) },
  { kind: "throw", place: "handler" },
  { kind: "end" },
];

/** Starts a thread, gives it something to do, and sees it gone. */
async function liveOnce(task: Task): Promise<void> {
  await using thread = new StartedThread();
  thread.tell(task);
  if (task.kind === "throw" || task.kind === "end") await thread.end();
  else await thread.next();
}

async function replace(times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    await liveOnce(LIVES[time % LIVES.length]!);
  }
}

Deno.test({
  name: "200 threads that were killed, threw or ended leave nothing behind",
  ignore: ignore || !SHOWS_THREADS,
  async fn() {
    // The first ones fill caches and the pools of the platform.
    await replace(40);
    const [threads, bytes] = [threadNames().length, Deno.memoryUsage().rss];
    await replace(200);
    await untilOurThreadsAre(0);
    const moreThreads = threadNames().length - threads;
    const moreBytes = Deno.memoryUsage().rss - bytes;
    // Idle threads of the pool of the platform come and go.
    assert(moreThreads <= 4, `${moreThreads} threads more`);
    // A thread that stays takes 5 MB; the collector owes us some garbage.
    assert(moreBytes < 40 * MEBIBYTE, `${moreBytes} bytes more`);
  },
});
