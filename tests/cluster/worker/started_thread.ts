/**
 * A thread under test: started, told, heard, and stopped at the end.
 *
 * @module
 */
import {
  startThread,
  type Thread,
  type ThreadEnd,
} from "../../../cluster/worker/thread.ts";
import { granted } from "../../permission.ts";
import { within } from "../../shop/shop_process.ts";
import { eventually } from "../../shop/stage.ts";
import type { Task } from "./thread_entry.ts";

/** A thread starts in tens of milliseconds; a busy machine takes longer. */
const WITHIN_MS = 20_000;

/** What a thread under test is made of; all may be left out. */
export interface Start {
  readonly entry?: URL;
  readonly memoryLimitBytes?: number | null;
}

/** See the module. */
export class StartedThread implements AsyncDisposable {
  readonly thread: Thread<Task>;
  /** Everything it has posted, and every line of the log. */
  readonly heard: unknown[] = [];
  readonly logged: string[] = [];
  readonly #end = Promise.withResolvers<ThreadEnd>();
  readonly #waiting: ((message: unknown) => void)[] = [];
  #read = 0;

  constructor({ entry, memoryLimitBytes = null }: Start = {}) {
    this.thread = startThread<Task, unknown>({
      entry: entry ?? new URL("./thread_entry.ts", import.meta.url),
      name: "under test",
      memoryLimitBytes,
      onMessage: (message) => {
        this.heard.push(message);
        const next = this.#waiting.shift();
        if (next !== undefined) next(this.heard[this.#read++]);
      },
      onEnd: (end) => this.#end.resolve(end),
      log: { write: (_level, text) => this.logged.push(text) },
    });
  }

  /** Tells it something; a port goes along. */
  tell(task: Task): void {
    this.thread.post(task, "port" in task ? [task.port] : []);
  }

  /** The next message that was not read yet. */
  next(): Promise<unknown> {
    if (this.#read < this.heard.length) {
      return Promise.resolve(this.heard[this.#read++]);
    }
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.#waiting.push(resolve);
    return within(WITHIN_MS, "a message", promise);
  }

  /** How it ended. */
  end(): Promise<ThreadEnd> {
    return within(WITHIN_MS, "the end of a thread", this.#end.promise);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.thread.kill();
    await this.end();
  }
}

/** Runs a thread from its start to its end: a moment in which others run. */
export async function letOthersRun(): Promise<void> {
  await using thread = new StartedThread();
  thread.tell({ kind: "end" });
  await thread.end();
}

/**
 * Counts what reaches this thread's global handlers, where it would end the
 * process, while `action` runs.
 */
export async function strayErrors(
  action: () => Promise<void>,
): Promise<string[]> {
  const stray: string[] = [];
  const note = (event: Event) => {
    event.preventDefault();
    stray.push(event.type);
  };
  const kinds = ["error", "unhandledrejection"] as const;
  for (const kind of kinds) globalThis.addEventListener(kind, note);
  try {
    await action();
  } finally {
    for (const kind of kinds) globalThis.removeEventListener(kind, note);
  }
  return stray;
}

/**
 * True where the system shows what threads a process has. What stands in
 * `/proc` can be read only by who may do everything.
 */
export const SHOWS_THREADS = Deno.build.os === "linux" &&
  granted("read", "write", "net", "run", "env", "ffi", "sys");

/** The names of this process's threads. The platform calls ours `worker-7`. */
export function threadNames(): string[] {
  const folder = "/proc/self/task";
  return [...Deno.readDirSync(folder)].flatMap(({ name }) => {
    try {
      return Deno.readTextFileSync(`${folder}/${name}/comm`).trim();
    } catch {
      // It ended between the two looks.
      return [];
    }
  });
}

/** Waits until the system has so many threads of ours, and no more. */
export async function untilOurThreadsAre(count: number): Promise<void> {
  const isOurs = (name: string) => name.startsWith("worker-");
  await eventually(`${count} threads`, WITHIN_MS, () => {
    const { length } = threadNames().filter(isOurs);
    return Promise.resolve(length === count ? true : null);
  });
}
