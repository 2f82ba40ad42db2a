/**
 * One actor as its domain keeps it, and the context its steps see. The context
 * only stages: what a step tells, asks, answers and records lies in the
 * domain's `Effects` until the step returns, and is thrown away when it throws.
 *
 * @module
 */
import type {
  AnyBehavior,
  Asker,
  AskOptions,
  Context,
  Delivery,
  JournalEvent,
  LogLevel,
  Message,
} from "./actor.ts";
import { type Content, Envelope } from "./envelope.ts";
import { Mailbox } from "./mailbox.ts";
import { type Outcome } from "./outcome.ts";
import { SeededRandom } from "./random.ts";
import { Quarantine, type RestartSpec } from "./supervision.ts";
import type { PendingAsk } from "./waits.ts";

/** How an actor is placed in its domain. */
export interface ActorSpec {
  readonly address: string;
  readonly behavior: AnyBehavior;
  readonly args: unknown;
  /** Its events go to the journal, under its address as the partition. */
  readonly journaled: boolean;
  readonly restart: RestartSpec;
  /** The most messages in each lane of its mailbox. */
  readonly mailboxCapacity: number;
}

/** Where an actor is in its life. */
export type CellStatus =
  /** Not folded yet; the domain has not started. */
  | "new"
  | "running"
  /** Crashed; the fold for its next life is under way. */
  | "folding"
  /** Crashed; waits for its restart. */
  | "backing_off"
  /** Crashed over its budget; waits for the next try. */
  | "down";

/** Why an actor's last life ended. */
export interface Crash {
  readonly atMs: number;
  readonly incarnation: number;
  readonly messageKind: string;
  readonly cause: string;
}

/** What one step wants of the world, until it returns. */
export class Effects {
  /** Set by the domain for each step. */
  current: Envelope | null = null;
  answered = false;
  readonly outputs: Envelope[] = [];
  /** Asks among the outputs, by the same order. */
  readonly asks: { id: number; pending: PendingAsk; deadlineMs: number }[] = [];
  readonly timers: { key: string; delayMs: number; message: Message | null }[] =
    [];
  readonly events: JournalEvent[] = [];
  /** Asks of earlier steps that this step has answered. */
  readonly settled: Envelope[] = [];

  clear(): void {
    this.current = null;
    this.answered = false;
    // Setting a length that is already zero still costs a store.
    if (this.outputs.length > 0) this.outputs.length = 0;
    if (this.asks.length > 0) this.asks.length = 0;
    if (this.timers.length > 0) this.timers.length = 0;
    if (this.events.length > 0) this.events.length = 0;
    if (this.settled.length > 0) this.settled.length = 0;
  }
}

/** What a context needs of its domain. */
export interface StepHost {
  readonly effects: Effects;
  readonly seed: number;
  wallMs(): number;
  monotonicMs(): number;
  nextId(): number;
  /** Whether an address takes a message now. */
  room(to: string): Delivery;
  count(name: string, by: number): void;
  log(
    level: LogLevel,
    text: string,
    fields: Readonly<Record<string, unknown>>,
  ): void;
}

/** One actor: its state, its mail, its record. */
export class Cell {
  readonly context: ActorContext;
  readonly mailbox: Mailbox<Envelope>;
  readonly quarantine = new Quarantine();
  status: CellStatus = "new";
  state: unknown = undefined;
  incarnation = 0;
  epoch = 0;
  /** Sequence number of the newest event, durable or staged. */
  sequence = 0;
  /** Events staged since the last commit. */
  staged: JournalEvent[] = [];
  /** In the domain's queue of actors with mail. */
  queued = false;
  /** Wall time of the newest recorded event. */
  newestEventMs = 0;
  /** Askers that a step took along: token → the asking envelope. */
  readonly askers = new Map<number, Envelope>();
  /** Timer ids by key. */
  readonly timers = new Map<string, number>();
  failuresMs: number[] = [];
  retryAtMs = 0;
  lastCrash: Crash | null = null;
  handled = 0;
  crashes = 0;
  restarts = 0;
  /** Milliseconds to wait after each step: the fault `slow`. */
  slowMs = 0;

  constructor(readonly spec: ActorSpec, host: StepHost) {
    this.mailbox = new Mailbox(spec.mailboxCapacity);
    this.context = new ActorContext(this, host);
  }

  /** The actor's `now()` never falls behind an event it has recorded. */
  noteTime(event: JournalEvent): void {
    if (event.atMs !== undefined && event.atMs > this.newestEventMs) {
      this.newestEventMs = event.atMs;
    }
  }

  /** The lane in which a message kind travels. */
  laneOf(content: Content): "urgent" | "normal" {
    return this.spec.behavior.urgent?.has(content.kind) ? "urgent" : "normal";
  }
}

/** The world as the steps of one actor see it. */
export class ActorContext implements Context {
  readonly #cell: Cell;
  readonly #host: StepHost;
  #random: SeededRandom | null = null;

  constructor(cell: Cell, host: StepHost) {
    this.#cell = cell;
    this.#host = host;
  }

  get self(): string {
    return this.#cell.spec.address;
  }

  get incarnation(): number {
    return this.#cell.incarnation;
  }

  now(): number {
    return Math.max(this.#host.wallMs(), this.#cell.newestEventMs);
  }

  random(): number {
    this.#random ??= new SeededRandom(
      this.#host.seed,
      `${this.self} ${this.incarnation}`,
    );
    return this.#random.next();
  }

  tell(to: string, message: Message): Delivery {
    const room = this.#host.room(to);
    if (room !== "queued") return room;
    this.#host.effects.outputs.push(
      new Envelope(to, this.self, 0, 0, message),
    );
    return "queued";
  }

  ask<About>(to: string, message: Message, options: AskOptions<About>): void {
    const id = this.#host.nextId();
    const deadlineMs = this.#host.monotonicMs() + options.withinMs;
    const pending: PendingAsk = {
      cell: this.#cell,
      incarnation: this.#cell.incarnation,
      to,
      as: options.as,
      about: options.about,
      done: null,
    };
    this.#host.effects.asks.push({ id, pending, deadlineMs });
    this.#host.effects.outputs.push(
      new Envelope(to, this.self, id, deadlineMs, message),
    );
  }

  reply(outcome: Outcome<unknown>): void {
    const { effects } = this.#host;
    const current = effects.current;
    if (current === null || current.ask <= 0 || effects.answered) return;
    effects.answered = true;
    effects.outputs.push(
      new Envelope(current.from, this.self, -current.ask, 0, outcome),
    );
  }

  asker(): Asker {
    const { effects } = this.#host;
    const current = effects.current;
    if (current === null || current.ask <= 0 || effects.answered) return 0;
    effects.answered = true;
    const token = this.#host.nextId();
    this.#cell.askers.set(token, current);
    return token;
  }

  answer(asker: Asker, outcome: Outcome<unknown>): void {
    const asking = this.#cell.askers.get(asker);
    const { effects } = this.#host;
    if (asking === undefined) return;
    this.#cell.askers.delete(asker);
    effects.settled.push(asking);
    effects.outputs.push(
      new Envelope(asking.from, this.self, -asking.ask, 0, outcome),
    );
  }

  timer(key: string, delayMs: number, message: Message): void {
    this.#host.effects.timers.push({ key, delayMs, message });
  }

  cancelTimer(key: string): void {
    this.#host.effects.timers.push({ key, delayMs: 0, message: null });
  }

  record(event: JournalEvent): void {
    const { behavior } = this.#cell.spec;
    if (behavior.apply === undefined || !this.#cell.spec.journaled) {
      throw new TypeError(
        `Cannot record "${event.kind}" as ${this.self} is not journaled`,
      );
    }
    behavior.apply(this.#cell.state, event);
    this.#host.effects.events.push(event);
  }

  count(name: string, by = 1): void {
    this.#host.count(name, by);
  }

  log(
    level: LogLevel,
    text: string,
    fields: Readonly<Record<string, unknown>> = {},
  ): void {
    this.#host.log(level, text, { actor: this.self, ...fields });
  }

  /** A new life draws from a new stream. */
  renew(): void {
    this.#random = null;
  }
}
