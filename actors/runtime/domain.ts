/**
 * A commit domain: the actors of one thread, their run loop and their journal.
 *
 * This file is deep on purpose; it hides the order in which things become
 * true. A batch of messages is drained, step by step; what a step stages takes
 * effect when it returns. Then the batch is committed, then what leaves the
 * domain goes out:
 *
 *   deliver ─▶ mailboxes ─▶ step ─▶ events ──▶ batch ──▶ journal.append
 *                  ▲          │                              │ durable
 *                  └── inside ┴─ outside ─▶ held ────────────┴─▶ transmit
 *
 * Messages inside the domain flow at once, since both ends are lost together.
 * An output that leaves waits for the newest event staged before it, its own
 * or not: a "sold out" must not reveal a hold that is not committed. A step
 * that throws leaves nothing; only its own actor is folded again. A fenced or
 * unknown append ends the whole domain. Storage that is full ends nothing: the
 * batch is tried again, and new asks are refused until it is through.
 *
 * It reads no clock but its port's, once a run; it knows no thread, no socket.
 *
 * @module
 */
import type { LogLevel, Message, Signal } from "./actor.ts";
import { type ActorSpec, Cell, Effects, type StepHost } from "./cell.ts";
import { CommitQueue } from "./commit_queue.ts";
import { type DomainReport, reportActor } from "./domain_report.ts";
import { Envelope } from "./envelope.ts";
import { Fifo } from "./mailbox.ts";
import { foldInto, Lives, RETRY_AFTER_MS } from "./lives.ts";
import { failed, type FailureCode, type Outcome, unknown } from "./outcome.ts";
import type { Clock, Journal, Log } from "./ports.ts";
import { SeededRandom } from "./random.ts";
import { Waits } from "./waits.ts";

/** Steps in one run before the batch is committed and links get a turn. */
const STEPS_PER_RUN = 2_048;
/** Steps of one actor in a row before the next has its turn. */
const STEPS_PER_TURN = 64;
/** Events that may wait for a commit under way before steps stop. */
const STAGED_EVENTS_MAX = 16_384;
/** Asks under way. A gate of 65,536 callers and each step's own asks fit. */
const PENDING_ASKS_MAX = 262_144;
/** What a host lends to a domain. */
export interface DomainOptions {
  readonly name: string;
  /** Which life of the domain this is; ask ids of other lives never match. */
  readonly incarnation: number;
  readonly seed: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Null where no actor is journaled. */
  readonly journal: Journal | null;
  /** Takes what leaves. "full" and "gone" come back to the asker as failures. */
  readonly transmit: (envelope: Envelope) => "queued" | "full" | "gone";
  /** Asks for a `run` soon. Called at most once between two runs. */
  readonly wake: () => void;
  /** The domain ended by a refused or unknown append. Nothing more runs. */
  readonly died: (reason: "fenced" | "append-unknown") => void;
  /** Picks among `count` actors with mail; by default the longest waiting. */
  readonly pick?: (count: number) => number;
  /** Steps in one run; a stepping host takes 1. */
  readonly stepsPerRun?: number;
  /** Freezes every message, so that a behavior that writes into one crashes. */
  readonly freeze?: boolean;
}

/** The actors of one thread with their run loop. See the module's text. */
export class Domain implements StepHost {
  readonly name: string;
  readonly seed: number;
  readonly effects = new Effects();
  readonly #options: DomainOptions;
  readonly #cells = new Map<string, Cell>();
  readonly #ready = new Fifo<Cell>();
  /** Used instead of `#ready` where the host picks. */
  readonly #pickable: Cell[] = [];
  readonly #waits: Waits;
  readonly #commits: CommitQueue;
  readonly #lives: Lives;
  #state: "new" | "running" | "dead" = "new";
  #awake = false;
  #running = false;
  #monotonicMs = 0;
  #wallMs = 0;
  readonly #counters = new Map<string, number>();
  #deadLetters = 0;
  #expired = 0;

  constructor(options: DomainOptions) {
    this.#options = options;
    this.name = options.name;
    this.seed = options.seed;
    this.#waits = new Waits({
      incarnation: options.incarnation,
      askExpired: (id) => {
        this.#expired++;
        this.#settle(id, unknown(RETRY_AFTER_MS));
      },
      timerFired: (cell, message) => this.#post(cell, message),
    });
    this.#commits = new CommitQueue({
      journal: options.journal,
      clock: options.clock,
      leave: (envelope) => this.#leave(envelope),
      after: (delayMs, act) => this.#after(delayMs, act),
      advanced: () => this.#wake(),
      died: (reason) => this.#die(reason),
      storageChanged: (isFull) =>
        this.log(isFull ? "error" : "info", "storage changed", { isFull }),
    });
    this.#lives = new Lives({
      effects: this.effects,
      waits: this.#waits,
      commits: this.#commits,
      journal: options.journal,
      random: new SeededRandom(options.seed, `supervisor ${options.name}`),
      monotonicMs: () => this.#monotonicMs,
      wallMs: () => this.#wallMs,
      after: (delayMs, act) => this.#after(delayMs, act),
      answer: (asking, outcome) => this.#answer(asking, outcome),
      begin: (cell) => {
        this.#signal(cell, { kind: "recovered" });
        if (cell.mailbox.size > 0) this.#queue(cell);
      },
      log: (level, text, fields) => this.log(level, text, fields),
    });
    this.#readClocks();
  }

  // ── Life ────────────────────────────────────────────────────────────────

  /** Adds an actor. Only before `start`. */
  add(spec: ActorSpec): void {
    if (this.#state !== "new" || this.#cells.has(spec.address)) {
      throw new TypeError(`Cannot add ${spec.address} to ${this.name}`);
    }
    this.#cells.set(spec.address, new Cell(spec, this));
  }

  /**
   * Takes the journaled actors' partitions over, folds them and lets everybody
   * run. `done` gets false when the journal cannot be reached now; the domain
   * can be started again then. A fold that throws is a broken store: it throws.
   */
  start(done: (started: boolean) => void): void {
    this.#readClocks();
    const journaled: Cell[] = [];
    for (const cell of this.#cells.values()) {
      cell.state = cell.spec.behavior.start(cell.spec.args);
      if (cell.spec.journaled) journaled.push(cell);
    }
    const begin = () => {
      this.#state = "running";
      for (const cell of this.#cells.values()) this.#lives.begin(cell);
      this.#wake();
      done(true);
    };
    if (journaled.length === 0) return begin();
    const journal = this.#options.journal!;
    const partitions = journaled.map((cell) => cell.spec.address);
    journal.recover(
      partitions,
      (partition) => foldInto(this.#cells.get(partition)!),
      (recovered) => {
        if (recovered === null) return done(false);
        for (const { partition, epoch, lastSequence } of recovered) {
          const cell = this.#cells.get(partition)!;
          cell.epoch = epoch;
          cell.sequence = lastSequence;
        }
        begin();
      },
    );
  }

  /** Tells every running actor to stop; what they record is still committed. */
  stop(): void {
    for (const cell of this.#cells.values()) {
      if (cell.status === "running") this.#signal(cell, { kind: "stopping" });
    }
    this.#commits.commit();
  }

  /** True when nothing is queued, staged or under way. */
  get isIdle(): boolean {
    return this.#ready.size === 0 && this.#pickable.length === 0 &&
      this.#commits.stagedEvents === 0 && !this.#commits.isAppending;
  }

  // ── Mail in ─────────────────────────────────────────────────────────────

  /** Takes an envelope that came from outside the domain. */
  deliver(envelope: Envelope): void {
    if (this.#state === "dead") return;
    if (envelope.ask < 0) {
      this.#settle(-envelope.ask, envelope.content as Outcome<unknown>);
    } else {
      this.#accept(envelope, true);
    }
    this.#wake();
  }

  /**
   * Asks from outside the domain. `done` is called once, in a later turn or at
   * once when the answer is known already (the target is down).
   */
  ask(
    to: string,
    message: Message,
    withinMs: number,
    done: (outcome: Outcome<unknown>) => void,
  ): void {
    if (
      this.#state !== "running" || this.#waits.asksUnderWay >= PENDING_ASKS_MAX
    ) {
      return done(
        failed(
          this.#state === "running" ? "overloaded" : "unavailable",
          RETRY_AFTER_MS,
        ),
      );
    }
    if (!this.#running) this.#monotonicMs = this.#options.clock.monotonicMs();
    const id = this.nextId();
    const deadlineMs = this.#monotonicMs + withinMs;
    const pending = {
      cell: null,
      incarnation: 0,
      to,
      as: "",
      about: undefined,
      done,
    };
    this.#waits.addAsk(id, pending, deadlineMs);
    this.#enter(new Envelope(to, this.name, id, deadlineMs, message));
  }

  /** Tells from outside the domain. */
  tell(to: string, message: Message): void {
    this.#enter(new Envelope(to, this.name, 0, 0, message));
  }

  #enter(envelope: Envelope): void {
    if (this.#cells.has(envelope.to)) this.#accept(envelope, true);
    else this.#send(envelope);
    this.#wake();
  }

  /**
   * Settles, as `outcome`, every ask under way to an address for which `lost`
   * is true: the link to it broke.
   */
  settleLost(
    lost: (to: string) => boolean,
    outcome: Outcome<unknown>,
  ): void {
    for (const id of this.#waits.asksTo(lost)) this.#settle(id, outcome);
    this.#wake();
  }

  // ── The run loop ────────────────────────────────────────────────────────

  /**
   * Drains one batch and commits it.
   *
   * @returns When it wants to run again, in monotonic milliseconds: 0 for at
   * once, Infinity when only new mail can make work.
   */
  run(): number {
    this.#awake = false;
    if (this.#state !== "running" || this.#running) return Infinity;
    this.#running = true;
    this.#readClocks();
    this.#waits.due(this.#monotonicMs);
    let steps = this.#options.stepsPerRun ?? STEPS_PER_RUN;
    while (steps > 0 && this.#commits.stagedEvents < STAGED_EVENTS_MAX) {
      const cell = this.#nextReady();
      if (cell === undefined) break;
      steps -= this.#turn(cell, Math.min(steps, STEPS_PER_TURN));
    }
    this.#running = false;
    this.#commits.commit();
    const more = this.#ready.size > 0 || this.#pickable.length > 0;
    if (more && this.#commits.stagedEvents < STAGED_EVENTS_MAX) return 0;
    return this.#waits.nextMs;
  }

  #nextReady(): Cell | undefined {
    const { pick } = this.#options;
    if (pick === undefined) return this.#ready.shift();
    if (this.#pickable.length === 0) return undefined;
    return this.#pickable.splice(pick(this.#pickable.length), 1)[0];
  }

  /** Runs up to `limit` messages of one actor; returns how many. */
  #turn(cell: Cell, limit: number): number {
    cell.queued = false;
    let steps = 0;
    while (steps < limit && cell.status === "running") {
      const envelope = cell.mailbox.shift();
      if (envelope === undefined) return steps + 1;
      steps++;
      this.#receive(cell, envelope);
      if (cell.slowMs > 0) {
        this.#pause(cell, cell.slowMs);
        return steps;
      }
    }
    if (cell.status === "running") this.#queue(cell);
    return steps + 1;
  }

  #receive(cell: Cell, envelope: Envelope): void {
    const message = envelope.content as Message;
    const { behavior } = cell.spec;
    const late = envelope.deadlineMs > 0 &&
      envelope.deadlineMs < this.#monotonicMs;
    if (late && behavior.droppable?.has(message.kind)) {
      this.#expired++;
      return this.#refuse(envelope, "expired");
    }
    if (!cell.quarantine.isEmpty) {
      const key = behavior.keyOf?.(message) ?? "";
      if (cell.quarantine.holds(message.kind, key)) {
        return this.#refuse(envelope, "quarantined");
      }
    }
    cell.handled++;
    this.effects.current = envelope;
    try {
      behavior.receive(cell.context, cell.state, message);
    } catch (cause) {
      return this.#lives.crash(cell, cause);
    }
    this.#settleStep(cell);
  }

  #signal(cell: Cell, signal: Signal): void {
    const { behavior } = cell.spec;
    if (behavior.signal === undefined) return;
    try {
      behavior.signal(cell.context, cell.state, signal);
    } catch (cause) {
      return this.#lives.crash(cell, cause);
    }
    this.#settleStep(cell);
  }

  /** The step returned: what it staged takes effect. */
  #settleStep(cell: Cell): void {
    const { events, asks, timers, outputs } = this.effects;
    if (events.length > 0) this.#commits.stage(cell, events);
    for (let index = 0; index < asks.length; index++) {
      const { id, pending, deadlineMs } = asks[index]!;
      this.#waits.addAsk(id, pending, deadlineMs);
    }
    for (let index = 0; index < timers.length; index++) {
      const { key, delayMs, message } = timers[index]!;
      this.#waits.setTimer(cell, key, this.#monotonicMs + delayMs, message);
    }
    for (let index = 0; index < outputs.length; index++) {
      this.#send(outputs[index]!);
    }
    this.effects.clear();
  }

  // ── Sending ─────────────────────────────────────────────────────────────

  #send(envelope: Envelope): void {
    if (this.#options.freeze) deepFreeze(envelope.content);
    if (this.#cells.has(envelope.to)) {
      if (envelope.ask >= 0) return this.#accept(envelope, false);
      const outcome = envelope.content as Outcome<unknown>;
      return this.#settle(-envelope.ask, outcome);
    }
    this.#commits.release(envelope);
  }

  #leave(envelope: Envelope): void {
    if (envelope.ask < 0 && envelope.to === this.name) {
      return this.#settle(-envelope.ask, envelope.content as Outcome<unknown>);
    }
    const delivery = this.#options.transmit(envelope);
    if (delivery === "queued") return;
    if (envelope.ask > 0) {
      const code = delivery === "full" ? "overloaded" : "unavailable";
      this.#settle(envelope.ask, failed(code, RETRY_AFTER_MS));
    } else {
      this.#deadLetters++;
    }
  }

  /** Puts a message for an actor of this domain into its mailbox. */
  #accept(envelope: Envelope, fromOutside: boolean): void {
    const cell = this.#cells.get(envelope.to);
    if (cell === undefined) return this.#refuse(envelope, "unavailable");
    if (fromOutside && this.#commits.isStorageFull && cell.spec.journaled) {
      return this.#refuse(envelope, "storage-unavailable");
    }
    // A tell waits for the next life; an ask is told at once to come back.
    if (cell.status !== "running" && envelope.ask > 0) {
      return this.#refuse(envelope, "unavailable", this.#retryAfterMs(cell));
    }
    if (!cell.mailbox.offer(envelope, cell.laneOf(envelope.content))) {
      return this.#refuse(envelope, "overloaded");
    }
    this.#queue(cell);
  }

  /** Whether an address takes a message now. */
  room(to: string): "queued" | "full" | "gone" {
    const cell = this.#cells.get(to);
    if (cell === undefined) return "queued";
    return cell.mailbox.size < cell.spec.mailboxCapacity * 2
      ? "queued"
      : "full";
  }

  #refuse(
    envelope: Envelope,
    code: FailureCode,
    retryAfterMs = RETRY_AFTER_MS,
  ): void {
    if (envelope.ask <= 0) {
      this.#deadLetters++;
      return;
    }
    this.#answer(envelope, failed(code, retryAfterMs));
  }

  /** Answers an ask that was not run, or left no trace: reveals nothing. */
  #answer(asking: Envelope, outcome: Outcome<unknown>): void {
    const { to, from, ask } = asking;
    if (this.#cells.has(from)) return this.#settle(ask, outcome);
    this.#leave(new Envelope(from, to, -ask, 0, outcome));
  }

  /** Ends an ask of this domain, once. Whatever comes later is dead. */
  #settle(id: number, outcome: Outcome<unknown>): void {
    const pending = this.#waits.takeAsk(id);
    if (pending === undefined) {
      this.#deadLetters++;
      return;
    }
    if (pending.done !== null) return pending.done(outcome);
    const cell = pending.cell!;
    if (cell.incarnation !== pending.incarnation || cell.status === "down") {
      this.#deadLetters++;
      return;
    }
    const message = { kind: pending.as, outcome, about: pending.about };
    this.#post(cell, message);
  }

  /** An answer or a timer: bounded by what asked for it. */
  #post(cell: Cell, message: Message): void {
    const envelope = new Envelope(cell.spec.address, "", 0, 0, message);
    cell.mailbox.push(envelope, cell.laneOf(message));
    this.#queue(cell);
  }

  /** Acts after a wait of the runtime's own. */
  #after(delayMs: number, act: () => void): void {
    this.#waits.sleep(this.#monotonicMs + delayMs, act);
    this.#wake();
  }

  // ── Crash and restart ───────────────────────────────────────────────────

  /** Makes an actor crash as if its next step had thrown. */
  crash(address: string, cause: string): boolean {
    const cell = this.#cells.get(address);
    if (cell === undefined || cell.status !== "running") return false;
    this.#readClocks();
    this.#lives.crash(cell, new Error(cause));
    this.#wake();
    return true;
  }

  /** Makes each step of an actor be followed by a pause; 0 ends it. */
  slow(address: string, delayMs: number): boolean {
    const cell = this.#cells.get(address);
    if (cell === undefined) return false;
    cell.slowMs = delayMs;
    return true;
  }

  #pause(cell: Cell, delayMs: number): void {
    cell.queued = true;
    this.#after(delayMs, () => {
      cell.queued = false;
      if (cell.mailbox.size > 0) this.#queue(cell);
    });
  }

  #retryAfterMs(cell: Cell): number {
    const leftMs = cell.retryAtMs - this.#monotonicMs;
    return Math.max(Math.ceil(leftMs), RETRY_AFTER_MS);
  }

  /** Another incarnation owns a partition, or may: nothing here is true now. */
  #die(reason: "fenced" | "append-unknown"): void {
    this.#state = "dead";
    this.log("error", "commit domain ended", { reason });
    const outcome = unknown(RETRY_AFTER_MS);
    for (const { to, from, ask } of this.#commits.end()) {
      if (ask >= 0) continue;
      if (to === this.name) this.#settle(-ask, outcome);
      else this.#options.transmit(new Envelope(to, from, ask, 0, outcome));
    }
    for (const { done } of this.#waits.takeOutsideAsks()) done?.(outcome);
    this.#options.died(reason);
  }

  // ── The host of the steps ───────────────────────────────────────────────

  wallMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  nextId(): number {
    return this.#waits.nextId();
  }

  count(name: string, by: number): void {
    this.#counters.set(name, (this.#counters.get(name) ?? 0) + by);
  }

  log(
    level: LogLevel,
    text: string,
    fields: Readonly<Record<string, unknown>>,
  ): void {
    this.#options.log.write(level, text, { domain: this.name, ...fields });
  }

  /** The numbers of this domain. */
  report(): DomainReport {
    return {
      name: this.name,
      commits: this.#commits.commits,
      events: this.#commits.events,
      commitMs: this.#commits.commitMs,
      deadLetters: this.#deadLetters,
      expired: this.#expired,
      pendingAsks: this.#waits.asksUnderWay,
      counters: Object.fromEntries(this.#counters),
      actors: [...this.#cells.values()].map(reportActor),
    };
  }

  /** The state of an actor, for tests and checkers. */
  stateOf(address: string): unknown {
    return this.#cells.get(address)?.state;
  }

  #readClocks(): void {
    this.#monotonicMs = this.#options.clock.monotonicMs();
    this.#wallMs = Math.max(this.#wallMs, this.#options.clock.wallMs());
  }

  #queue(cell: Cell): void {
    if (cell.queued || cell.status !== "running") return;
    cell.queued = true;
    if (this.#options.pick === undefined) this.#ready.push(cell);
    else this.#pickable.push(cell);
  }

  #wake(): void {
    if (this.#awake || this.#running || this.#state !== "running") return;
    this.#awake = true;
    this.#options.wake();
  }
}

/** Freezes plain data all the way down. */
function deepFreeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) {
    return;
  }
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
}
