/**
 * Threads that were replaced while they hung. They may only be slow, so each
 * is killed only when it does not wake within a while.
 *
 * @module
 */
import type { Log } from "../../actors/runtime/ports.ts";

/**
 * The fault `hang` lasts 5 s, and a disk that syncs late about as long; who
 * sleeps for twice that is a loop without end, which costs a core.
 */
const WAKE_WITHIN_MS = 10_000;

/** What is done with a thread here. */
interface Killable {
  kill(): void;
}

/** See the module. */
export class HungThreads {
  readonly #log: Log;
  readonly #wakeWithinMs: number;
  readonly #timers = new Map<Killable, ReturnType<typeof setTimeout>>();

  /** @param wakeWithinMs How long they may still wake; 10,000 unless told. */
  constructor(log: Log, wakeWithinMs = WAKE_WITHIN_MS) {
    this.#log = log;
    this.#wakeWithinMs = wakeWithinMs;
  }

  /** Takes a thread, to be killed if it never wakes. */
  add(thread: Killable, worker: string): void {
    const timer = setTimeout(() => {
      this.#log.write("warn", "a replaced worker never woke", { worker });
      this.kill(thread);
    }, this.#wakeWithinMs);
    this.#timers.set(thread, timer);
  }

  /** Kills one now, whether it is known here or not. */
  kill(thread: Killable): void {
    clearTimeout(this.#timers.get(thread));
    this.#timers.delete(thread);
    thread.kill();
  }

  /** Kills all of them now. */
  killAll(): void {
    for (const thread of this.#timers.keys()) this.kill(thread);
  }
}
