/**
 * A commit domain: the actors of one thread, their run loop and their journal.
 *
 * It hides the order in which things become true. A batch of messages is drained, step by step; what a step stages takes
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
import type { Message } from "./actor.ts";
import { BatchTime } from "./batch_time.ts";
import { type ActorSpec, Cell, Effects, type StepHost } from "./cell.ts";
import { CommitQueue } from "./commit_queue.ts";
import { type DomainReport, reportActor } from "./domain_report.ts";
import { Envelope } from "./envelope.ts";
import { Exchange } from "./exchange.ts";
import { foldInto, Lives } from "./lives.ts";
import { failed, type Outcome, RETRY_AFTER_MS, unknown } from "./outcome.ts";
import { freezePlain } from "./plain_data.ts";
import type { DomainOptions } from "./ports.ts";
import { SeededRandom } from "./random.ts";
import { RunQueue } from "./run_queue.ts";
import { Steps } from "./steps.ts";
import { Waits } from "./waits.ts";

export type { DomainOptions } from "./ports.ts";

/** Steps in one run before the batch is committed and links get a turn. */
const STEPS_PER_RUN = 2_048;

/** The actors of one thread with their run loop. See the module's text. */
export class Domain {
  /** As given in the options. */
  readonly name: string;
  readonly #options: DomainOptions;
  readonly #cells = new Map<string, Cell>();
  readonly #ready: RunQueue;
  readonly #waits: Waits;
  readonly #commits: CommitQueue;
  readonly #exchange: Exchange;
  readonly #lives: Lives;
  readonly #steps: Steps;
  readonly #time: BatchTime;
  readonly #effects = new Effects();
  #state: "new" | "starting" | "running" | "dead" = "new";
  #awake = false;
  #running = false;

  /** Builds an empty domain; nothing of the host is called but its clock. */
  constructor(options: DomainOptions) {
    this.#options = options;
    this.name = options.name;
    this.#time = new BatchTime(options.clock);
    this.#ready = new RunQueue(options.pick);
    this.#waits = this.#makeWaits();
    this.#commits = this.#makeCommits();
    this.#exchange = new Exchange({
      name: options.name,
      cells: this.#cells,
      waits: this.#waits,
      commits: this.#commits,
      ready: this.#ready,
      transmit: options.transmit,
      time: this.#time,
    });
    this.#lives = this.#makeLives();
    this.#steps = this.#makeSteps();
  }

  #makeWaits(): Waits {
    return new Waits({
      incarnation: this.#options.incarnation,
      askExpired: (id) => {
        this.#exchange.expired++;
        this.#exchange.settle(id, unknown(RETRY_AFTER_MS));
      },
      timerFired: (cell, message) => this.#exchange.post(cell, message),
    });
  }

  #makeCommits(): CommitQueue {
    const { journal, clock } = this.#options;
    return new CommitQueue({
      journal,
      clock,
      leave: (envelope) => this.#exchange.leave(envelope),
      after: (delayMs, act) => this.#after(delayMs, act),
      advanced: () => {
        if (!this.isIdle) this.#wake();
      },
      died: (reason) => this.#die(reason),
      storageChanged: (isFull) =>
        this.#log(isFull ? "error" : "info", "storage changed", { isFull }),
    });
  }

  #makeLives(): Lives {
    const { journal, seed, name } = this.#options;
    return new Lives({
      effects: this.#effects,
      exchange: this.#exchange,
      commits: this.#commits,
      journal,
      random: new SeededRandom(seed, `supervisor ${name}`),
      time: this.#time,
      isRunning: () => this.#state === "running",
      after: (delayMs, act) => this.#after(delayMs, act),
      recovered: (cells) => this.#recovered(cells),
      log: this.#log,
    });
  }

  #makeSteps(): Steps {
    const { seed, incarnation, freeze } = this.#options;
    return new Steps({
      seed,
      incarnation,
      freezes: freeze ?? false,
      effects: this.#effects,
      time: this.#time,
      ready: this.#ready,
      waits: this.#waits,
      commits: this.#commits,
      exchange: this.#exchange,
      crashed: (cell, cause) => this.#lives.crash(cell, cause),
      after: (delayMs, act) => this.#after(delayMs, act),
      log: this.#log,
    });
  }

  // ── Life ────────────────────────────────────────────────────────────────

  /** Adds an actor. Throws a TypeError after `start`, or when it cannot fit. */
  add(spec: ActorSpec): void {
    const { address, behavior, journaled } = spec;
    const isTaken = address === this.name || this.#cells.has(address);
    const isAble = !journaled ||
      (this.#options.journal !== null && behavior.apply !== undefined);
    if (this.#state !== "new" || isTaken || !isAble) {
      throw new TypeError(`Cannot add ${address} to ${this.name}`);
    }
    this.#cells.set(address, new Cell(spec, this.#steps));
  }

  /**
   * Takes the journaled actors' partitions over, folds them and lets everybody
   * run. `done` gets false when the journal cannot be reached now; the domain
   * can be started again then. A fold that throws is a broken store: it throws.
   */
  start(done: (started: boolean) => void): void {
    if (this.#state !== "new") {
      throw new TypeError(`Cannot start ${this.name} as it is ${this.#state}`);
    }
    const journaled: string[] = [];
    for (const [address, cell] of this.#cells) {
      cell.state = cell.spec.behavior.start(cell.spec.args);
      if (cell.spec.journaled) journaled.push(address);
    }
    this.#state = "starting";
    if (journaled.length === 0) return this.#begin(done);
    this.#options.journal!.recover(
      journaled,
      (partition) => foldInto(this.#cells.get(partition)!),
      (recovered) => {
        if (recovered === null) {
          this.#state = "new";
          return done(false);
        }
        for (const { partition, epoch, lastSequence } of recovered) {
          const cell = this.#cells.get(partition)!;
          cell.epoch = epoch;
          cell.sequence = lastSequence;
        }
        this.#begin(done);
      },
    );
  }

  #begin(done: (started: boolean) => void): void {
    this.#state = "running";
    this.#lives.begin([...this.#cells.values()]);
    done(true);
  }

  /** Actors live (again): they hear of it before their mail comes. */
  #recovered(cells: Iterable<Cell>): void {
    // The fold may have taken long, and timers count from now.
    this.#time.read();
    for (const cell of cells) {
      this.#steps.signal(cell, { kind: "recovered" });
      if (cell.mailbox.size > 0) this.#ready.push(cell);
    }
    this.#wake();
  }

  /** Tells every running actor to stop; what they record is still committed. */
  stop(): void {
    if (this.#state !== "running") return;
    this.#time.read();
    for (const cell of this.#cells.values()) {
      if (cell.status === "running") {
        this.#steps.signal(cell, { kind: "stopping" });
      }
    }
    this.#commits.commit();
  }

  /** True when nothing is queued, staged or under way. */
  get isIdle(): boolean {
    return this.#ready.size === 0 && this.#commits.stagedEvents === 0 &&
      !this.#commits.isAppending;
  }

  // ── Mail in ─────────────────────────────────────────────────────────────

  /** Takes an envelope that came from outside the domain. */
  deliver(envelope: Envelope): void {
    if (this.#state === "dead") return;
    if (this.#options.freeze) freezePlain(envelope.content);
    this.#exchange.deliver(envelope);
    this.#wake();
  }

  /**
   * Asks from outside the domain, for `withinMs` milliseconds; a RangeError
   * when that is not finite. `done` is called once, in a later turn or at once
   * when the answer is known already (the target is down). It must not throw.
   */
  ask(
    to: string,
    message: Message,
    withinMs: number,
    done: (outcome: Outcome<unknown>) => void,
  ): void {
    if (!Number.isFinite(withinMs)) {
      throw new RangeError(
        `Cannot ask ${to} without a deadline: current value is ${withinMs}`,
      );
    }
    if (this.#state !== "running") {
      return done(failed("unavailable", RETRY_AFTER_MS));
    }
    if (this.#exchange.isFull) {
      return done(failed("overloaded", RETRY_AFTER_MS));
    }
    if (this.#options.freeze) freezePlain(message);
    if (!this.#running) this.#time.readMonotonic();
    const id = this.#waits.nextId();
    const deadlineMs = this.#time.monotonicMs + withinMs;
    const pending = { cell: null, to, as: "", about: undefined, done };
    this.#waits.addAsk(id, pending, deadlineMs);
    this.#exchange.enter(new Envelope(to, this.name, id, deadlineMs, message));
    this.#wake();
  }

  /** Tells from outside the domain. A message without room is lost, counted. */
  tell(to: string, message: Message): void {
    if (this.#state === "dead") return;
    if (this.#options.freeze) freezePlain(message);
    this.#exchange.enter(new Envelope(to, this.name, 0, 0, message));
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
    for (const id of this.#waits.asksTo(lost)) {
      this.#exchange.settle(id, outcome);
    }
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
    this.#time.read();
    this.#waits.due(this.#time.monotonicMs);
    let steps = this.#options.stepsPerRun ?? STEPS_PER_RUN;
    while (steps > 0 && !this.#commits.isFull) {
      const cell = this.#ready.shift();
      if (cell === undefined) break;
      steps -= this.#steps.turn(cell, steps);
    }
    this.#running = false;
    this.#commits.commit();
    // When too much waits, the end of the append under way wakes.
    if (this.#ready.size > 0 && !this.#commits.isFull) return 0;
    return this.#waits.nextMs;
  }

  /** Acts after a wait of the runtime's own. */
  #after(delayMs: number, act: () => void): void {
    if (!this.#running) this.#time.readMonotonic();
    this.#waits.sleep(this.#time.monotonicMs + delayMs, act);
    this.#wake();
  }

  // ── Faults and the end ──────────────────────────────────────────────────

  /**
   * Makes an actor crash as if its next step had thrown. False, and nothing
   * happens, when it is not there or does not run. Only between two runs.
   */
  crash(address: string, cause: string): boolean {
    const cell = this.#cells.get(address);
    if (cell?.status !== "running" || this.#state !== "running") return false;
    this.#time.read();
    this.#lives.crash(cell, new Error(cause));
    this.#wake();
    return true;
  }

  /**
   * Makes each step of an actor be followed by a pause of `delayMs`
   * milliseconds; 0 ends it. False when the actor is not there.
   */
  slow(address: string, delayMs: number): boolean {
    const cell = this.#cells.get(address);
    if (cell === undefined) return false;
    cell.slowMs = delayMs;
    return true;
  }

  /** Another incarnation owns a partition, or may: nothing here is true now. */
  #die(reason: "fenced" | "append-unknown"): void {
    this.#state = "dead";
    this.#log("error", "commit domain ended", { reason });
    const outcome = unknown(RETRY_AFTER_MS);
    for (const { to, from, ask } of this.#commits.end()) {
      if (ask >= 0) continue;
      if (to === this.name) this.#exchange.settle(-ask, outcome);
      else this.#options.transmit(new Envelope(to, from, ask, 0, outcome));
    }
    for (const { done } of this.#waits.takeOutsideAsks()) done?.(outcome);
    this.#options.died(reason);
  }

  /** The numbers of this domain since its start. */
  report(): DomainReport {
    const { commits, events, commitMs } = this.#commits;
    const { deadLetters, expired } = this.#exchange;
    return {
      name: this.name,
      commits,
      events,
      commitMs,
      deadLetters,
      expired,
      pendingAsks: this.#waits.asksUnderWay,
      counters: Object.fromEntries(this.#steps.counters),
      actors: [...this.#cells.values()].map(reportActor),
    };
  }

  /** The state of an actor, for tests and checkers; undefined: not here. */
  stateOf(address: string): unknown {
    return this.#cells.get(address)?.state;
  }

  /** Writes a line that names the domain. */
  readonly #log: StepHost["log"] = (level, text, fields) => {
    this.#options.log.write(level, text, { domain: this.name, ...fields });
  };

  #wake(): void {
    if (this.#awake || this.#running || this.#state !== "running") return;
    this.#awake = true;
    this.#options.wake();
  }
}
