/**
 * A thread that can be stopped, whatever it is doing.
 *
 * A Web Worker that is terminated in a loop without end runs on, and one that
 * is out of memory ends the process. A thread of `node:worker_threads` is
 * stopped in the midst of its step when it holds a Web Lock, and with resource
 * limits a full memory ends that thread alone. So every thread begins in this
 * file, which takes a lock, catches what the thread's own code throws, and only
 * then loads that code.
 *
 * What the platform says of an end is not enough.
 *
 * - It reports an exit at once, while the thread may run on. So a thread also
 *   holds one end of a port, its lifeline, which closes with it. Out of reach
 *   stay a call into native code until it returns, and the rare loop that V8
 *   compiles without a check for interrupts, such as one that does nothing but
 *   make arrays of a fixed length. Then the thread is mute, this file says
 *   that it runs on, and `onEnd` waits.
 * - Deno 2.9 panics, and with it the whole process, when a thread is stopped in
 *   the midst of loading one of the platform's own modules. So a thread that
 *   still loads is told to end by itself as soon as it has.
 * - At the end of its memory a step that a message began is cut off, past
 *   every `finally`, and the thread goes on as if nothing had been. V8's limit
 *   has then moved, and a thread that notices that ends itself.
 *
 * @module
 */
import { getHeapStatistics } from "node:v8";
import {
  resourceLimits,
  SHARE_ENV,
  type TransferListItem,
  Worker,
  workerData,
} from "node:worker_threads";
import type { Log } from "../../actors/runtime/ports.ts";

/** How a thread ended. */
export type ThreadEnd =
  /** By itself: it closed its scope. */
  | { readonly kind: "ended" }
  /**
   * It threw, or left with an exit code. The cause is one line; the stack is
   * the cause again where there is none.
   */
  | { readonly kind: "failed"; readonly cause: string; readonly stack: string }
  /** It reached its memory limit between two looks at its heap. */
  | { readonly kind: "out_of_memory" }
  /** By `kill`. */
  | { readonly kind: "killed" };

/** What to start, and who hears of it. */
export interface ThreadOptions<Out> {
  /** The module that the thread runs; it may await at its top level. */
  readonly entry: URL;
  readonly name: string;
  /**
   * Bytes that may live long in its heap. Left out: what V8 allows, a quarter
   * of the machine's memory and at most 4 GB.
   */
  readonly memoryLimitBytes?: number | null;
  /** Takes what the thread posts, in order; never after `onEnd` or `kill`. */
  readonly onMessage: (message: Out) => void;
  /** Called once, when nothing of the thread runs any more. */
  readonly onEnd: (end: ThreadEnd) => void;
  readonly log: Log;
}

/** A thread, as the one who started it sees it. */
export interface Thread<In> {
  /**
   * Posts a message; ports in it must be listed. Nothing happens when the
   * thread has ended.
   *
   * @throws {Error} When the message cannot be cloned.
   */
  post(message: In, transfer?: readonly Transferable[]): void;
  /** Stops it in the midst of whatever it does. */
  kill(): void;
}

/** A thread, as its own code sees it. */
export interface ThreadScope<Out> {
  /** @throws {Error} When the message cannot be cloned. */
  post(message: Out, transfer?: readonly Transferable[]): void;
  /** Ends the thread; what was posted before arrives. */
  end(): void;
}

/** What a new thread is told, besides messages. */
interface Beginning {
  readonly entry: string;
  readonly lock: string;
  /** One number: it is to end as soon as it has loaded, 1, or not, 0. */
  readonly unwanted: Int32Array;
  /** Only kept: it closes when the thread is gone. */
  readonly lifeline: MessagePort;
}

/** A thread's last words, beside the messages of its code. */
interface LastWords {
  readonly threadEnd: ThreadEnd;
}

/** Its first words: its code has loaded. */
const LOADED = "thread loaded";

const MEBIBYTE = 1_048_576;

/** How often a thread looks whether it was cut off; as often as a heartbeat. */
const LOOK_EVERY_MS = 250;

/** A thread that has done nothing yet keeps 5 MB; less than this cannot live. */
const LEAST_MEMORY_BYTES = 16 * MEBIBYTE;

/**
 * A stopped thread is gone after 1 to 20 ms, in the midst of commits after up
 * to 270 ms.
 */
const GONE_WITHIN_MS = 2_000;

/**
 * Loading takes 60 ms, on a machine with thirty things to do for each core 3 s.
 * Who takes longer awaits something at its top level that may never come.
 */
const LOADED_WITHIN_MS = 10_000;

/**
 * Starts a thread.
 *
 * @throws {RangeError} When the memory limit is below 16 MB.
 */
export function startThread<In, Out>(options: ThreadOptions<Out>): Thread<In> {
  const { memoryLimitBytes } = options;
  if (memoryLimitBytes != null && !(memoryLimitBytes >= LEAST_MEMORY_BYTES)) {
    throw new RangeError(
      `Cannot start a thread as memoryLimitBytes must be >= ` +
        `${LEAST_MEMORY_BYTES}: current value is ${memoryLimitBytes}`,
    );
  }
  return new StoppableThread<In, Out>(options);
}

/**
 * For the entry of a thread: takes what is posted to it. Messages that came
 * before are kept until the entry has loaded, so it may be called late.
 */
export function threadScope<In, Out>(
  take: (message: In) => void,
): ThreadScope<Out> {
  globalThis.addEventListener("message", ({ data }) => take(data));
  return {
    post: (message, transfer = []) => scope.postMessage(message, transfer),
    end: () => scope.close(),
  };
}

/**
 * For a thread's own code, before it does what cannot be taken back: ends the
 * thread when a step was cut off at the end of its memory, since nothing in it
 * can be trusted then. It takes a microsecond. Without this call the thread
 * ends within 250 ms.
 */
export function endIfCutOff(): void {
  if (getHeapStatistics().heap_size_limit <= heapLimitAtStart) return;
  endWith({ kind: "out_of_memory" });
}

/** What may live long in the heap of the thread that calls; null: no limit. */
export function memoryLimitBytes(): number | null {
  const { maxOldGenerationSizeMb } = resourceLimits;
  return maxOldGenerationSizeMb === undefined
    ? null
    : maxOldGenerationSizeMb * MEBIBYTE;
}

/** See the module's text. */
class StoppableThread<In, Out> implements Thread<In> {
  readonly #options: ThreadOptions<Out>;
  readonly #worker: Worker;
  readonly #lifeline: MessagePort;
  readonly #unwanted = new Int32Array(new SharedArrayBuffer(4));
  #isLoaded = false;
  /** What is known of its end, from the first sign of it. */
  #end: ThreadEnd | null = null;
  #isKilled = false;
  #isGone = false;
  #isOver = false;
  #runsOn: ReturnType<typeof setTimeout> | undefined;
  #loadsOn: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ThreadOptions<Out>) {
    this.#options = options;
    const { name, entry, memoryLimitBytes } = options;
    const { port1, port2 } = new MessageChannel();
    this.#lifeline = port1;
    port1.addEventListener("close", () => this.#gone());
    port1.start();
    const beginning: Beginning = {
      entry: entry.href,
      lock: `thread ${name} ${crypto.randomUUID()}`,
      unwanted: this.#unwanted,
      lifeline: port2,
    };
    this.#worker = new Worker(ownModule(), {
      name,
      // Shared, since a copy would read every variable of the environment.
      env: SHARE_ENV,
      workerData: beginning,
      transferList: asNode([port2]),
      // Even empty limits keep an end of memory from ending the process.
      resourceLimits: memoryLimitBytes == null ? {} : {
        maxOldGenerationSizeMb: Math.floor(memoryLimitBytes / MEBIBYTE),
      },
    });
    this.#worker.on("message", (message) => this.#take(message));
    this.#worker.on("error", (error) => this.#failed(error));
    this.#worker.on("messageerror", (error) => {
      // The platform reads no further message of it.
      this.#failed(error);
      this.kill();
    });
    this.#worker.on("exit", (code) => this.#exited(code));
  }

  post(message: In, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(message, asNode(transfer));
  }

  kill(): void {
    if (this.#isOver || this.#isKilled) return;
    this.#isKilled = true;
    this.#end ??= { kind: "killed" };
    if (this.#isLoaded) return this.#terminate();
    Atomics.store(this.#unwanted, 0, 1);
    const late = () => this.#terminate();
    this.#loadsOn = setTimeout(late, LOADED_WITHIN_MS);
  }

  #terminate(): void {
    clearTimeout(this.#loadsOn);
    this.#runsOn = setTimeout(() => {
      this.#options.log.write("warn", "a killed thread runs on", {
        thread: this.#options.name,
      });
      // Nobody stays for it alone.
      asNodePort(this.#lifeline).unref();
    }, GONE_WITHIN_MS);
    this.#worker.terminate();
  }

  #take(message: unknown): void {
    if (message === LOADED) {
      this.#isLoaded = true;
      if (this.#isKilled) this.#terminate();
      return;
    }
    if (this.#end !== null) return;
    if (!isLastWords(message)) return this.#options.onMessage(message as Out);
    this.#end = message.threadEnd;
  }

  /** What the platform saw: a fault in this file, or the end of memory. */
  #failed(error: unknown): void {
    const { code } = error as { code?: unknown };
    this.#end ??= code === "ERR_WORKER_OUT_OF_MEMORY"
      ? { kind: "out_of_memory" }
      : failure(error);
  }

  #exited(code: number): void {
    this.#end ??= code === 0 ? { kind: "ended" } : failure(`exit code ${code}`);
    // The platform calls it an exit when it was only told to stop.
    if (!this.#isKilled || this.#isGone) this.#over();
  }

  #gone(): void {
    this.#isGone = true;
    if (this.#isKilled) this.#over();
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#loadsOn);
    clearTimeout(this.#runsOn);
    this.#lifeline.close();
    this.#options.onEnd(this.#end!);
  }
}

/** What this file uses of a thread's global scope. */
interface GlobalScope {
  postMessage(message: unknown, transfer: readonly Transferable[]): void;
  close(): void;
  readonly navigator: {
    readonly locks: {
      request(name: string, held: () => Promise<never>): Promise<never>;
    };
  };
}

// Modules are checked against a window's global scope, not a thread's.
const scope = globalThis as unknown as GlobalScope;

/** V8 moves the limit of a thread's heap when it cuts off a step. */
let heapLimitAtStart = Infinity;

/** Here a thread begins. */
async function begin(
  { entry, lock, unwanted }: Beginning,
): Promise<void> {
  heapLimitAtStart = getHeapStatistics().heap_size_limit;
  setInterval(endIfCutOff, LOOK_EVERY_MS);
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    endWith(failure(event.error));
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    endWith(failure(event.reason));
  });
  const early: unknown[] = [];
  const keep = (event: MessageEvent) => {
    event.stopImmediatePropagation();
    early.push(event.data);
  };
  globalThis.addEventListener("message", keep);
  // Held for as long as the thread lives: this is what makes it stoppable.
  scope.navigator.locks.request(lock, () => new Promise(() => {}));
  await import(entry);
  scope.postMessage(LOADED, []);
  if (Atomics.load(unwanted, 0) === 1) return scope.close();
  globalThis.removeEventListener("message", keep);
  for (const data of early) {
    globalThis.dispatchEvent(new MessageEvent("message", { data }));
  }
}

/** Says why, and lets nothing more run. */
function endWith(threadEnd: ThreadEnd): never {
  const lastWords: LastWords = { threadEnd };
  scope.postMessage(lastWords, []);
  Deno.exit(1);
}

function failure(error: unknown): ThreadEnd {
  const isError = error instanceof Error;
  const text = isError || typeof error === "string"
    ? String(error)
    : Deno.inspect(error);
  const cause = text.replaceAll(/\s+/g, " ");
  const stack = isError && error.stack ? error.stack : cause;
  return { kind: "failed", cause, stack };
}

function isLastWords(message: unknown): message is LastWords {
  return typeof message === "object" && message !== null &&
    "threadEnd" in message;
}

function asNode(transfer: readonly Transferable[]): TransferListItem[] {
  // The same objects at run time; two sets of types describe them.
  return transfer as unknown as TransferListItem[];
}

function asNodePort(port: MessagePort): { unref(): void } {
  // As above, and only Node's type knows `unref`.
  return port as unknown as { unref(): void };
}

// Not awaited: the entry imports this file, and would wait for it.
if (isBeginning(workerData)) {
  begin(workerData).catch((error) => endWith(failure(error)));
}

function isBeginning(data: unknown): data is Beginning {
  return typeof data === "object" && data !== null && "lifeline" in data;
}

/** Threads start from a file or a text only, and this one may come by HTTPS. */
function ownModule(): URL {
  const { url } = import.meta;
  if (url.startsWith("file:")) return new URL(url);
  const code = `import ${JSON.stringify(url)};`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}
