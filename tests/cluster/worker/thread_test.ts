/** Real threads: what they hear and say, and how they end. */
import assert from "node:assert/strict";
import { granted } from "../../permission.ts";
import { letOthersRun, StartedThread, strayErrors } from "./started_thread.ts";
import type { Loop, Place } from "./thread_entry.ts";

/** A thread loads its entry from a file. */
const ignore = !granted("read");

const MEBIBYTE = 1_048_576;

/** Hears nothing for a while, and then by the scope's own means. */
const SLOW_ENTRY = new URL(
  "data:text/javascript," +
    "await new Promise((resolve) => setTimeout(resolve, 20));" +
    "onmessage = ({ data }) => postMessage(data.value)",
);

Deno.test({
  name: "a thread hears what was posted before it had loaded, in order",
  ignore,
  async fn() {
    await using thread = new StartedThread({ entry: SLOW_ENTRY });
    for (const value of [1, "two", { three: [3] }]) {
      thread.tell({ kind: "echo", value });
    }
    assert.equal(await thread.next(), 1);
    assert.equal(await thread.next(), "two");
    assert.deepEqual(await thread.next(), { three: [3] });
  },
});

Deno.test({
  name: "two threads talk to one another through a port of their own",
  ignore,
  async fn() {
    await using one = new StartedThread();
    await using other = new StartedThread();
    const { port1, port2 } = new MessageChannel();
    one.tell({ kind: "answer", port: port1 });
    other.tell({ kind: "ask", port: port2, value: "a batch" });
    assert.deepEqual(await other.next(), ["a batch"]);
  },
});

Deno.test({
  name: "a thread that ends by itself is heard to its last word",
  ignore,
  async fn() {
    await using thread = new StartedThread();
    thread.tell({ kind: "end" });
    assert.deepEqual(await thread.end(), { kind: "ended" });
    assert.deepEqual(thread.heard, ["last words"]);
    // Who has ended takes no harm from either.
    thread.tell({ kind: "end" });
    thread.thread.kill();
  },
});

const LOOPS: readonly Loop[] = ["plain", "catching", "microtasks", "waiting"];

for (const loop of LOOPS) {
  Deno.test({
    name: `a thread in a loop without end (${loop}) runs no more once it was ` +
      "killed",
    ignore,
    async fn() {
      await using thread = new StartedThread();
      const rounds = new SharedArrayBuffer(8);
      thread.tell({ kind: "loop", loop, rounds });
      assert.equal(await thread.next(), "looping");
      thread.thread.kill();
      thread.thread.kill();
      assert.deepEqual(await thread.end(), { kind: "killed" });
      const [counted] = new Int32Array(rounds);
      await letOthersRun();
      assert.equal(new Int32Array(rounds)[0], counted);
      assert.deepEqual(thread.logged, []);
    },
  });
}

Deno.test({
  name: "a thread can be killed before it has loaded, and says nothing then",
  ignore,
  async fn() {
    await using thread = new StartedThread();
    thread.tell({ kind: "echo", value: 1 });
    thread.thread.kill();
    assert.deepEqual(await thread.end(), { kind: "killed" });
    assert.deepEqual(thread.heard, []);
  },
});

const CAUSES: readonly (readonly [Place, RegExp])[] = [
  ["handler", /^Error: at handler, of two lines$/],
  ["timer", /^Error: at timer, of two lines$/],
  ["promise", /^Error: at promise, of two lines$/],
  ["microtask", /^Error: at microtask, of two lines$/],
  ["port", /^Error: at port, of two lines$/],
  ["unclonable", /^DataCloneError: .* could not be cloned\.$/],
  ["no error", /at: "no error"/],
  ["exit code", /^exit code 7$/],
];

for (const [place, says] of CAUSES) {
  Deno.test({
    name: `a thread that fails (${place}) ends with the cause in one line, ` +
      "and nobody else hears of it",
    ignore,
    async fn() {
      await using thread = new StartedThread();
      const stray = await strayErrors(async () => {
        thread.tell({ kind: "throw", place });
        thread.tell({ kind: "echo", value: "it went on" });
        const end = await thread.end();
        assert(end.kind === "failed");
        assert.match(end.cause, says);
        const hasStack = end.cause.includes("Error");
        assert.equal(/thread_entry\.ts:\d+/.test(end.stack), hasStack);
        await letOthersRun();
      });
      assert.deepEqual(stray, []);
    },
  });
}

const BROKEN: readonly (readonly [string, string, RegExp])[] = [
  ["is not there", "./nowhere.ts", /nowhere\.ts/],
  ["throws", `data:text/javascript,throw new Error("at once")`, /at once/],
  ["does not parse", "data:text/javascript,{", /SyntaxError/],
];

for (const [what, entry, says] of BROKEN) {
  Deno.test({
    name: `a thread whose entry ${what} fails, and nobody else hears of it`,
    ignore,
    async fn() {
      const stray = await strayErrors(async () => {
        await using thread = new StartedThread({
          entry: new URL(entry, import.meta.url),
        });
        const end = await thread.end();
        assert(end.kind === "failed");
        assert.match(end.cause, says);
        await letOthersRun();
      });
      assert.deepEqual(stray, []);
    },
  });
}

Deno.test({
  name: "what cannot be cloned is refused where it is posted, and the thread " +
    "lives on",
  ignore,
  async fn() {
    await using thread = new StartedThread();
    const post = (value: unknown) => thread.tell({ kind: "echo", value });
    assert.throws(() => post(() => {}), /could not be cloned/);
    post(1);
    assert.equal(await thread.next(), 1);
  },
});

Deno.test({
  name: "a thread's heap is measured against its limit, with its buffers",
  ignore,
  async fn() {
    const memoryLimitBytes = 64 * MEBIBYTE;
    await using thread = new StartedThread({ memoryLimitBytes });
    thread.tell({ kind: "keep", bytes: 20 * MEBIBYTE });
    const [before, after] = await thread.next() as {
      usedBytes: number;
      limitBytes: number;
    }[];
    assert.equal(after!.limitBytes, memoryLimitBytes);
    const moreBytes = after!.usedBytes - before!.usedBytes;
    assert(moreBytes >= 20 * MEBIBYTE, `${moreBytes} bytes more`);
    assert(after!.usedBytes < 40 * MEBIBYTE, "a new thread is small");
  },
});

Deno.test({
  name: "a thread lives with 16 MB, and less is refused",
  ignore,
  async fn() {
    const least = 16 * MEBIBYTE;
    assert.throws(
      () => new StartedThread({ memoryLimitBytes: least - 1 }),
      /must be >= 16777216: current value is 16777215/,
    );
    await using thread = new StartedThread({ memoryLimitBytes: least });
    thread.tell({ kind: "echo", value: 1 });
    assert.equal(await thread.next(), 1);
  },
});
