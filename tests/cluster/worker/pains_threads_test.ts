/**
 * The pains of other actor systems that are about threads, each with the test
 * that it does not hurt here. The others stand in `tests/actors/runtime/`; that
 * a killed thread leaves nothing behind stands in `thread_slow_test.ts`.
 */
import assert from "node:assert/strict";
import type { Ref } from "../../../actors/runtime/actor.ts";
import { ok } from "../../../actors/runtime/outcome.ts";
import {
  startSystemOnThreads,
  type System,
} from "../../../cluster/worker/system.ts";
import { granted } from "../../permission.ts";
import { within } from "../../shop/shop_process.ts";
import { TemporaryFolder } from "../journal/shop_folder.ts";
import type { PainMessage } from "./pains_entry.ts";
import { strayErrors } from "./started_thread.ts";
import { waitForFile } from "./wait_for_file.ts";

const ignore = !granted("read", "write");

/** Far longer than anything here takes on a busy machine. */
const WITHIN_MS = 20_000;

/** No test waits for this: who is answered at it was not answered. */
const DEADLINE_MS = 600_000;

const left: Ref<PainMessage> = "left";
const right: Ref<PainMessage> = "right";

/** Two threads with an actor each, and what is known of their lives. */
class TwoThreads implements AsyncDisposable {
  readonly folder = new TemporaryFolder();
  readonly fallen: string[] = [];
  readonly #replaced = Promise.withResolvers<void>();
  #system: System | null = null;

  static async start(): Promise<TwoThreads> {
    const threads = new TwoThreads();
    threads.#system = await startSystemOnThreads({
      workers: {
        entry: new URL("./pains_entry.ts", import.meta.url),
        count: 2,
        // Who is held in a step on purpose is not taken for lost.
        silentMs: DEADLINE_MS,
        children: [
          { name: left, behavior: "actor", args: undefined, worker: 0 },
          {
            name: right,
            behavior: "actor",
            args: undefined,
            worker: 1,
          },
        ],
      },
      log: { write: (_level, text, fields) => threads.#note(text, fields) },
    });
    return threads;
  }

  get system(): System {
    return this.#system!;
  }

  file(name: string): string {
    return `${this.folder.path}/${name}`;
  }

  /** Waits for the second life of a worker. */
  replaced(): Promise<void> {
    return within(WITHIN_MS, "its next life", this.#replaced.promise);
  }

  #note(text: string, fields: Readonly<Record<string, unknown>>): void {
    if (text === "worker fell") this.fallen.push(String(fields.cause));
    const isReplaced = text === "worker ready" && fields.incarnation === 2;
    if (isReplaced) this.#replaced.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await within(WITHIN_MS, "the end of all", this.system.stop(WITHIN_MS));
    this.folder[Symbol.dispose]();
  }
}

Deno.test({
  name: "pain 1: actors of two threads are in their steps at the same time",
  ignore,
  async fn() {
    await using threads = await TwoThreads.start();
    const { system } = threads;
    const [own, other] = [threads.file("left"), threads.file("right")];
    const met = await Promise.all([
      system.ask(
        left,
        { kind: "meet", own, other, withinMs: WITHIN_MS },
        DEADLINE_MS,
      ),
      system.ask(
        right,
        { kind: "meet", own: other, other: own, withinMs: WITHIN_MS },
        DEADLINE_MS,
      ),
    ]);
    assert.deepEqual(met, [ok("met"), ok("met")]);
  },
});

Deno.test({
  name: "pain 2: threads talk to one another while the main thread is held up",
  ignore,
  async fn() {
    await using threads = await TwoThreads.start();
    const file = threads.file("talked");
    const talk = { kind: "talk", to: right, times: 100, file } as const;
    await threads.system.ask(left, talk, DEADLINE_MS);
    assert(waitForFile(file, WITHIN_MS), "nothing is relayed");
  },
});

Deno.test({
  name: "pain 9: asks to a thread that is lost end as unknown, the main " +
    "thread's and another thread's",
  ignore,
  async fn() {
    await using threads = await TwoThreads.start();
    const { system } = threads;
    const own = system.ask(left, { kind: "hold" }, DEADLINE_MS);
    const hold = { kind: "hold_by", to: left } as const;
    const others = system.ask(right, hold, DEADLINE_MS);
    await system.ask(left, { kind: "await_held", count: 2 }, DEADLINE_MS);
    assert(system.killWorker("worker-0"));
    const ends = Promise.all([own, others]);
    const [ownEnd, othersEnd] = await within(WITHIN_MS, "the asks", ends);
    assert.equal(ownEnd.kind, "unknown");
    assert.deepEqual(othersEnd, ok("unknown"));
    await threads.replaced();
    assert.deepEqual(
      await system.ask(left, { kind: "echo" }, DEADLINE_MS),
      ok(null),
    );
  },
});

// G48
Deno.test({
  name:
    "pain 13: a thread in a loop without end is killed, its ask ends, and " +
    "the system stops",
  ignore,
  async fn() {
    await using threads = await TwoThreads.start();
    const { system } = threads;
    const file = threads.file("spins");
    const asked = system.ask(left, { kind: "spin", file }, DEADLINE_MS);
    // Let the message leave before this thread looks for the file.
    await system.ask(right, { kind: "echo" }, DEADLINE_MS);
    assert(waitForFile(file, WITHIN_MS));
    assert(system.killWorker("worker-0"));
    const end = await within(WITHIN_MS, "the ask", asked);
    assert.equal(end.kind, "unknown");
    await threads.replaced();
    const [worker] = system.workers();
    assert.deepEqual([worker!.status, worker!.incarnation], ["ready", 2]);
  },
});

Deno.test({
  name: "pain 14: an error outside of any step ends its own thread, which is " +
    "replaced, and reaches nobody else",
  ignore,
  async fn() {
    await using threads = await TwoThreads.start();
    const { system } = threads;
    const stray = await strayErrors(async () => {
      const held = system.ask(right, { kind: "hold" }, DEADLINE_MS);
      await system.ask(left, { kind: "throw_outside" }, DEADLINE_MS);
      await threads.replaced();
      const neighbor = { kind: "await_held", count: 1 } as const;
      await system.ask(right, neighbor, DEADLINE_MS);
      void held;
    });
    assert.deepEqual(stray, []);
    assert.equal(threads.fallen.length, 1);
    assert.match(threads.fallen[0]!, /outside of any step/);
    const incarnations = system.workers().map((worker) => worker.incarnation);
    assert.deepEqual(incarnations, [2, 1]);
  },
});
