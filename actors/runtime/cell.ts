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
import { IdMap } from "./id_map.ts";
import { Mailbox } from "./mailbox.ts";
import { type Outcome, RETRY_AFTER_MS, unknown } from "./outcome.ts";
import { freezePlain } from "./plain_data.ts";
import { SeededRandom } from "./random.ts";
import { Quarantine, type RestartSpec } from "./supervision.ts";
import type { PendingAsk } from "./waits.ts";

/** Askers that one actor may have taken along: all callers of a gate. */
const ASKERS_MAX = 65_536;
/**
 * Timers that one actor may have set; who waits for more things than a gate
 * has callers keeps them in a heap of its own, under one timer.
 */
const TIMERS_MAX = 65_536;

/** How an actor is placed in its domain. */
export interface ActorSpec {
  /** Its name in the whole shop, such as `inventory[3]`. */
  readonly address: string;
  /** What it does. */
  readonly behavior: AnyBehavior;
  /** Handed to the behavior's `start` in each life. Plain data. */
  readonly args: unknown;
  /** Its events go to the journal, under its address as the partition. */
  readonly journaled: boolean;
  /** When it runs again after a crash. */
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
  /** Wall time. */
  readonly atMs: number;
  /** The life that ended. */
  readonly incarnation: number;
  /** The kind of the message that was run; `signal` where there was none. */
  readonly messageKind: string;
  /** What the thrown error says. */
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

  /** Forgets all of it: it took effect, or the step threw. */
  clear(): void {
    this.current = null;
    this.answered = false;
    empty(this.outputs);
    empty(this.asks);
    empty(this.timers);
    empty(this.events);
    empty(this.settled);
  }
}

/**
 * `length = 0` would give the array's memory back, for the next step to ask
 * for again: an eighth of what a purchase costs.
 */
function empty(list: unknown[]): void {
  while (list.length > 0) list.pop();
}

/** What a context needs of its domain. */
export interface StepHost {
  /** Shared by all contexts of the domain: one step runs at a time. */
  readonly effects: Effects;
  readonly seed: number;
  /** Which life of the domain this is. */
  readonly incarnation: number;
  /** Whether all that a step hands over is checked and frozen. */
  readonly freezes: boolean;
  /** Wall time, the same during one batch. */
  wallMs(): number;
  /** Monotonic time, the same during one batch. */
  monotonicMs(): number;
  /** An id that no other ask, asker or timer of the domain has. */
  nextId(): number;
  /** Whether a message finds room now. */
  room(to: string, message: Message): Delivery;
  /** Adds to a counter. */
  count(name: string, by: number): void;
  /** Writes a line. */
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
  /** The commit queue's number of the batch with the newest event. */
  newestBatch = 0;
  /** Events staged since the last commit. */
  staged: JournalEvent[] = [];
  /** In the domain's queue of actors with mail. */
  queued = false;
  /** Wall time of the newest recorded event. */
  newestEventMs = 0;
  /** Askers that a step took along: token → the asking envelope. */
  readonly askers = new IdMap<Envelope>();
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

  /** What a message is about, for quarantine; empty where nobody says. */
  keyOf(message: Message): string {
    return this.spec.behavior.keyOf?.(message) ?? "";
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
  readonly #freezes: boolean;
  #random: SeededRandom | null = null;

  constructor(cell: Cell, host: StepHost) {
    this.#cell = cell;
    this.#host = host;
    this.#freezes = host.freezes;
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
      // A lost domain begins again with life 1, but must not repeat ids.
      `${this.self} ${this.#host.incarnation}.${this.incarnation}`,
    );
    return this.#random.next();
  }

  tell(to: string, message: Message): Delivery {
    if (this.#freezes) freezePlain(message);
    const room = this.#host.room(to, message);
    if (room !== "queued") return room;
    this.#host.effects.outputs.push(
      new Envelope(to, this.self, 0, 0, message),
    );
    return "queued";
  }

  ask<About>(to: string, message: Message, options: AskOptions<About>): void {
    const { as, withinMs, about } = options;
    checkWait("ask", to, withinMs);
    if (this.#freezes) freezePlain([message, about]);
    const id = this.#host.nextId();
    const deadlineMs = this.#host.monotonicMs() + withinMs;
    const pending: PendingAsk = { cell: this.#cell, to, as, about, done: null };
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
    if (this.#freezes) freezePlain(outcome);
    effects.outputs.push(
      new Envelope(current.from, this.self, -current.ask, 0, outcome),
    );
  }

  asker(): Asker {
    const { effects } = this.#host;
    const current = effects.current;
    if (current === null || current.ask <= 0 || effects.answered) return 0;
    effects.answered = true;
    const { askers } = this.#cell;
    if (askers.size >= ASKERS_MAX) this.#answerAny();
    const token = this.#host.nextId();
    askers.set(token, current);
    return token;
  }

  answer(asker: Asker, outcome: Outcome<unknown>): void {
    const asking = this.#cell.askers.get(asker);
    const { effects } = this.#host;
    if (asking === undefined) return;
    if (this.#freezes) freezePlain(outcome);
    this.#cell.askers.delete(asker);
    effects.settled.push(asking);
    effects.outputs.push(
      new Envelope(asking.from, this.self, -asking.ask, 0, outcome),
    );
  }

  timer(key: string, delayMs: number, message: Message): void {
    checkWait("set timer", key, delayMs);
    if (this.#freezes) freezePlain(message);
    const { timers } = this.#host.effects;
    if (this.#cell.timers.size + timers.length >= TIMERS_MAX) {
      throw new RangeError(
        `Cannot set timer "${key}" as ${this.self} has ${TIMERS_MAX} timers`,
      );
    }
    timers.push({ key, delayMs, message });
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
    if (this.#freezes) freezePlain(event);
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

  /** Makes room for an asker: some other one finds out for himself. */
  #answerAny(): void {
    for (const asker of this.#cell.askers.keys()) {
      return this.answer(asker, unknown(RETRY_AFTER_MS));
    }
  }
}

/** Every wait has a deadline: NaN and Infinity would be none. */
function checkWait(verb: string, what: string, delayMs: number): void {
  if (Number.isFinite(delayMs)) return;
  throw new RangeError(
    `Cannot ${verb} "${what}" as its wait must be finite: ` +
      `current value is ${delayMs}`,
  );
}
