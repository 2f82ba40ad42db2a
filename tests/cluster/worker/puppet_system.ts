/**
 * A system of puppets in the main thread and in worker threads, what it
 * logged, and how to wait for what happens in it.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Ref } from "../../../actors/runtime/actor.ts";
import type {
  System,
  ThreadedSystemOptions,
} from "../../../cluster/worker/system.ts";
import { startSystemOnThreads } from "../../../cluster/worker/system.ts";
import type { WorkersSpec } from "../../../cluster/worker/actor_workers.ts";
import { within } from "../../shop/shop_process.ts";
import type { ToPuppet } from "./puppet.ts";
import { SHOWS_THREADS, untilOurThreadsAre } from "./started_thread.ts";

/** Far longer than anything here takes on a busy machine. */
export const WITHIN_MS = 20_000;

/** A line of the log. */
interface Line {
  readonly level: string;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What a test may want otherwise. */
export type PuppetOptions =
  & Omit<ThreadedSystemOptions, "workers" | "log">
  & { readonly workers?: Partial<WorkersSpec> };

/** See the module's text. */
export class PuppetSystem implements AsyncDisposable {
  readonly lines: Line[] = [];
  #system: System | null = null;
  #awaited: { isIt: (line: Line) => boolean; found: (line: Line) => void }[] =
    [];

  /** One puppet in each of two workers, `left` and `right`, unless told. */
  static async start(options: PuppetOptions = {}): Promise<PuppetSystem> {
    const puppets = new PuppetSystem();
    const children = [
      { name: "left", behavior: "puppet", args: null, worker: 0 },
      { name: "right", behavior: "puppet", args: null, worker: 1 },
    ];
    puppets.#system = await startSystemOnThreads({
      ...options,
      workers: {
        entry: new URL("./puppet_entry.ts", import.meta.url),
        count: 2,
        children,
        ...options.workers,
      },
      log: {
        write: (level, text, fields) => puppets.#note({ level, text, fields }),
      },
    });
    return puppets;
  }

  get system(): System {
    return this.#system!;
  }

  tell(to: Ref<ToPuppet>, message: ToPuppet): void {
    this.system.tell(to, message);
  }

  /** Asks, and insists on an answer. */
  async ask(
    to: Ref<ToPuppet>,
    message: Exclude<ToPuppet, { kind: "came_back" }>,
  ): Promise<unknown> {
    const outcome = await this.system.ask(to, message, WITHIN_MS);
    assert.equal(outcome.kind, "ok", `${message.kind} of ${to}`);
    return (outcome as { value: unknown }).value;
  }

  /** The notes of a puppet, once there are so many. */
  async notes(of: Ref<ToPuppet>, atLeast: number): Promise<string[]> {
    return await this.ask(of, { kind: "notes", atLeast }) as string[];
  }

  /** The first such line of the log, past or to come. */
  line(what: string, isIt: (line: Line) => boolean): Promise<Line> {
    const past = this.lines.find(isIt);
    if (past !== undefined) return Promise.resolve(past);
    const { promise, resolve } = Promise.withResolvers<Line>();
    this.#awaited.push({ isIt, found: resolve });
    return within(WITHIN_MS, what, promise);
  }

  /** Waits for the second life of a worker; returns why the first ended. */
  async replaced(worker: string): Promise<unknown> {
    const of = ({ fields }: Line) => fields.worker === worker;
    await this.line(
      "its next life",
      (line) =>
        of(line) && line.text === "worker ready" &&
        line.fields.incarnation === 2,
    );
    const fell = await this.line(
      "its fall",
      (line) => of(line) && line.text === "worker fell",
    );
    return fell.fields.cause;
  }

  /** Stops it, and sees its threads gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = this.system.stop(2 * WITHIN_MS);
    await within(WITHIN_MS, "the end of all threads", stopped);
    if (SHOWS_THREADS) await untilOurThreadsAre(0);
  }

  #note(line: Line): void {
    this.lines.push(line);
    for (const { isIt, found } of this.#awaited) if (isIt(line)) found(line);
    this.#awaited = this.#awaited.filter(({ isIt }) => !isIt(line));
  }
}
