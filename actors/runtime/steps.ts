/**
 * One step after the other: gives each the world that its context shows, and
 * when it returns lets what it staged take effect. A step that throws is
 * handed over as a crash; nothing that it staged has left until then.
 *
 * @module
 */
import type { LogLevel, Message, Signal } from "./actor.ts";
import type { BatchTime } from "./batch_time.ts";
import type { Cell, Effects, StepHost } from "./cell.ts";
import type { CommitQueue } from "./commit_queue.ts";
import type { Envelope } from "./envelope.ts";
import type { Exchange } from "./exchange.ts";
import type { RunQueue } from "./run_queue.ts";
import type { Waits } from "./waits.ts";

/** Steps of one actor in a row before the next has its turn. */
const STEPS_PER_TURN = 64;

/** What steps are made of. */
export interface StepsOptions {
  readonly seed: number;
  /** Which life of the domain this is. */
  readonly incarnation: number;
  /** Whether all that a step hands over is checked and frozen. */
  readonly freezes: boolean;
  readonly effects: Effects;
  readonly time: BatchTime;
  readonly ready: RunQueue;
  readonly waits: Waits;
  readonly commits: CommitQueue;
  readonly exchange: Exchange;
  /** The step under way threw; its effects are still there. */
  readonly crashed: (cell: Cell, cause: unknown) => void;
  /** Acts after a wait. */
  readonly after: (delayMs: number, act: () => void) => void;
  readonly log: StepHost["log"];
}

/** Runs steps. See the module's text. */
export class Steps implements StepHost {
  readonly effects: Effects;
  readonly seed: number;
  readonly incarnation: number;
  readonly freezes: boolean;
  /** What the actors have counted, by name. */
  readonly counters = new Map<string, number>();
  readonly #options: StepsOptions;
  readonly #time: BatchTime;
  readonly #ready: RunQueue;
  readonly #waits: Waits;
  readonly #commits: CommitQueue;
  readonly #exchange: Exchange;

  constructor(options: StepsOptions) {
    this.#options = options;
    this.effects = options.effects;
    this.seed = options.seed;
    this.incarnation = options.incarnation;
    this.freezes = options.freezes;
    this.#time = options.time;
    this.#ready = options.ready;
    this.#waits = options.waits;
    this.#commits = options.commits;
    this.#exchange = options.exchange;
  }

  /**
   * Gives an actor a turn of at most `stepsMax` messages. Returns how many it
   * ran and one more, so that turns without mail come to an end too.
   */
  turn(cell: Cell, stepsMax: number): number {
    const limit = Math.min(stepsMax, STEPS_PER_TURN);
    let steps = 0;
    while (steps < limit && cell.status === "running") {
      const envelope = cell.mailbox.shift();
      if (envelope === undefined) return steps + 1;
      steps++;
      this.#receive(cell, envelope);
      if (cell.slowMs > 0) {
        this.#pause(cell, cell.slowMs);
        return steps + 1;
      }
    }
    this.#ready.push(cell);
    return steps + 1;
  }

  #receive(cell: Cell, envelope: Envelope): void {
    const message = envelope.content as Message;
    const { behavior } = cell.spec;
    const late = envelope.deadlineMs > 0 &&
      envelope.deadlineMs < this.#time.monotonicMs;
    if (late && behavior.droppable?.has(message.kind)) {
      return this.#exchange.refuse(envelope, "expired");
    }
    if (
      !cell.quarantine.isEmpty &&
      cell.quarantine.holds(message.kind, cell.keyOf(message))
    ) {
      return this.#exchange.refuse(envelope, "quarantined");
    }
    cell.handled++;
    this.effects.current = envelope;
    try {
      behavior.receive(cell.context, cell.state, message);
    } catch (cause) {
      return this.#options.crashed(cell, cause);
    }
    this.#takeEffect(cell);
  }

  /** Gives an actor a signal. */
  signal(cell: Cell, signal: Signal): void {
    const { behavior } = cell.spec;
    if (behavior.signal === undefined) return;
    try {
      behavior.signal(cell.context, cell.state, signal);
    } catch (cause) {
      return this.#options.crashed(cell, cause);
    }
    this.#takeEffect(cell);
  }

  /** The step returned: what it staged takes effect. */
  #takeEffect(cell: Cell): void {
    const { events, asks, timers, outputs } = this.effects;
    if (events.length > 0) this.#commits.stage(cell, events);
    for (let index = 0; index < asks.length; index++) {
      const { id, pending, deadlineMs } = asks[index]!;
      this.#waits.addAsk(id, pending, deadlineMs);
    }
    for (let index = 0; index < timers.length; index++) {
      const { key, delayMs, message } = timers[index]!;
      this.#waits.setTimer(
        cell,
        key,
        this.#time.monotonicMs + delayMs,
        message,
      );
    }
    for (let index = 0; index < outputs.length; index++) {
      this.#exchange.send(outputs[index]!);
    }
    this.effects.clear();
  }

  #pause(cell: Cell, delayMs: number): void {
    // As if it stood in the queue: nobody else puts it there.
    cell.queued = true;
    this.#options.after(delayMs, () => {
      cell.queued = false;
      if (cell.mailbox.size > 0) this.#ready.push(cell);
    });
  }

  // ── The world of a step ─────────────────────────────────────────────────

  /** Wall time of this run, in milliseconds since 1970; never goes back. */
  wallMs(): number {
    return this.#time.wallMs;
  }

  /** Monotonic time of this run, in milliseconds. */
  monotonicMs(): number {
    return this.#time.monotonicMs;
  }

  /** An id that no other wait of this domain has, in any of its lives. */
  nextId(): number {
    return this.#waits.nextId();
  }

  /** Whether a message finds room; "queued" for every other domain's actor. */
  room(to: string, message: Message): "queued" | "full" {
    return this.#exchange.room(to, message);
  }

  /** Adds to the counter `name`, which the domain's report shows. */
  count(name: string, by: number): void {
    this.counters.set(name, (this.counters.get(name) ?? 0) + by);
  }

  /** Writes a line. */
  log(
    level: LogLevel,
    text: string,
    fields: Readonly<Record<string, unknown>>,
  ): void {
    this.#options.log(level, text, fields);
  }
}
