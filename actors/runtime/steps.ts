/**
 * One step after the other: takes a message out of a mailbox, gives it to the
 * behavior, and when that returns lets what it staged take effect. A step that
 * throws is handed over as a crash; nothing of it has left until then.
 *
 * @module
 */
import type { JournalEvent, Message, Signal } from "./actor.ts";
import type { Cell } from "./cell.ts";
import type { CommitQueue } from "./commit_queue.ts";
import { ActorContext, type World } from "./context.ts";
import type { Effects } from "./effects.ts";
import type { Outcome } from "./outcome.ts";
import type { DomainObserver } from "./ports.ts";
import type { RunQueue } from "./run_queue.ts";
import {
  type Ask,
  isAnswer,
  SignalSlip,
  type Slip,
  type Timer,
} from "./slip.ts";
import type { Waits } from "./waits.ts";

/** Steps of one actor in a row before the next has its turn. */
const STEPS_PER_TURN = 64;

/** The message beside a signal; nobody reads it. */
const SIGNAL: Message = Object.freeze({ kind: "signal" });

/** What steps are made of. */
export interface StepsOptions {
  readonly world: World;
  readonly ready: RunQueue;
  readonly waits: Waits;
  readonly commits: CommitQueue;
  /** Acts after a wait. */
  readonly after: (delayMs: number, act: () => void) => void;
}

/** Runs steps. See the module's text. */
export class Steps {
  readonly #world: World;
  readonly #effects: Effects;
  readonly #ready: RunQueue;
  readonly #waits: Waits;
  readonly #commits: CommitQueue;
  readonly #after: StepsOptions["after"];

  constructor(options: StepsOptions) {
    this.#world = options.world;
    this.#effects = options.world.effects;
    this.#ready = options.ready;
    this.#waits = options.waits;
    this.#commits = options.commits;
    this.#after = options.after;
  }

  /**
   * Gives an actor a turn of at most `stepsMax` messages. Returns how many it
   * ran and one more, so that turns without mail come to an end too.
   */
  turn(cell: Cell, stepsMax: number): number {
    const limit = Math.min(stepsMax, STEPS_PER_TURN);
    const { mailbox } = cell;
    let steps = 0;
    const slowMs = cell.troubles === null ? 0 : cell.troubles.slowMs;
    const isSlow = slowMs > 0;
    let isPaused = false;
    while (steps < limit && cell.isAlive) {
      const message = mailbox.shift();
      if (message === undefined) break;
      steps++;
      // As if it stood in the queue: nobody else puts it there.
      if (isSlow) cell.queued = true;
      this.#run(cell, message, mailbox.slip);
      if (isSlow) {
        isPaused = true;
        this.#pause(cell, slowMs);
        break;
      }
    }
    this.#endTurn(cell, isPaused);
    return steps + 1;
  }

  #run(cell: Cell, message: Message, slip: Slip | null): void {
    let isAsked = false;
    if (slip !== null) {
      if (!this.#isWanted(cell, message, slip)) {
        return cell.mailbox.notePassed();
      }
      isAsked = slip.role === "ask" && !slip.isSettled;
    }
    if (cell.troubles !== null && this.#isRefused(cell, message, slip)) {
      return cell.mailbox.notePassed();
    }
    cell.handled++;
    const { behavior, receive } = cell.spec;
    this.#effects.begin(message, slip, isAsked);
    const context = cell.context ??= new ActorContext(cell, this.#world);
    try {
      receive.call(behavior, context, cell.state, message);
    } catch (cause) {
      return this.#world.exits.crash(cell, cause);
    }
    const { observer } = this.#world;
    const { reply } = this.#effects;
    if (this.#effects.isDirty) this.#takeEffect(cell);
    else this.#effects.clear();
    if (observer !== null) tellStep(observer, cell, message, reply);
  }

  /** What crashed it too often is not run. */
  #isRefused(cell: Cell, message: Message, slip: Slip | null): boolean {
    const { quarantine } = cell.troubles!;
    if (!quarantine?.holds(message.kind, cell.keyOf(message))) return false;
    const why = "quarantined";
    this.#world.exchange.refuse(message, slip, cell.address, why, why);
    return true;
  }

  /** False for what belongs to an earlier life, comes too late, is a signal. */
  #isWanted(cell: Cell, message: Message, slip: Slip): boolean {
    if (slip.role !== "ask") return this.#isFired(cell, message, slip);
    if (isAnswer(slip, message, cell)) {
      return slip.life === cell.life ||
        this.#drop(cell, message, slip, "late_answer");
    }
    const { deadlineMs, isSettled } = slip;
    const { monotonicMs } = this.#world.time;
    const isLate = deadlineMs > 0 && deadlineMs < monotonicMs;
    if (!isLate && !isSettled) return true;
    return !cell.behavior.droppable?.has(message.kind) ||
      this.#drop(cell, message, slip, "expired");
  }

  /** It is not run. */
  #drop(
    cell: Cell,
    message: Message,
    slip: Ask,
    why: "expired" | "late_answer",
  ): false {
    const { exchange } = this.#world;
    exchange.refuse(message, slip, cell.address, why, "expired");
    return false;
  }

  /** True for a timer of this life; a signal is given to the actor here. */
  #isFired(cell: Cell, message: Message, slip: Timer | SignalSlip): boolean {
    const { exchange, watches } = this.#world;
    if (slip.life !== cell.life) {
      exchange.refuse(message, slip, cell.address, "earlier_life", "expired");
      return false;
    }
    if (slip.role === "timer") return true;
    const { signal, isOwn } = slip;
    const isHeard = isOwn || signal.kind !== "down" ||
      watches.isWanted(cell, signal.ref);
    if (isHeard) this.signal(cell, signal);
    return false;
  }

  /** Gives an actor a signal at once. */
  signal(cell: Cell, signal: Signal): void {
    const { behavior } = cell;
    if (behavior.signal === undefined) return;
    this.#effects.begin(null, null, false);
    const context = cell.context ??= new ActorContext(cell, this.#world);
    try {
      behavior.signal(context, cell.state, signal);
    } catch (cause) {
      return this.#world.exits.crash(cell, cause);
    }
    if (this.#effects.isDirty) this.#takeEffect(cell);
    else this.#effects.clear();
  }

  /** Puts a signal behind the mail that an actor has. */
  queueSignal(cell: Cell, signal: Signal, isOwn = false): void {
    if (cell.behavior.signal === undefined) return;
    const slip = new SignalSlip(cell.life, signal, isOwn);
    this.#world.exchange.post(cell, SIGNAL, slip);
  }

  /** The step returned: what it staged takes effect. */
  #takeEffect(cell: Cell): void {
    const effects = this.#effects;
    const { events, timers, outputs, deferred } = effects;
    // From here on nothing can be taken back.
    effects.isOpen = false;
    if (events.length > 0) {
      this.#commits.stage(cell, events);
      if (this.#world.observer !== null) this.#observe(cell, events);
    }
    for (let index = 0; index < timers.length; index++) {
      const { key, delayMs, message } = timers[index]!;
      const dueMs = this.#world.time.monotonicMs + delayMs;
      this.#waits.setTimer(cell, key, dueMs, message);
    }
    for (let index = 0; index < outputs.length; index++) {
      this.#commits.release(outputs[index]!);
    }
    if (deferred.length === 0) return effects.clear();
    // They may run steps of their own, which use the same effects.
    if (deferred.length === 1) {
      const act = deferred[0]!;
      effects.clear();
      return act();
    }
    const acts = [...deferred];
    effects.clear();
    for (const act of acts) act();
  }

  #observe(cell: Cell, events: readonly JournalEvent[]): void {
    const { epoch, sequence } = cell.past!;
    const observer = this.#world.observer!;
    const before = sequence - events.length;
    for (let index = 0; index < events.length; index++) {
      const event = events[index]!;
      observer.recorded(cell.address, epoch, before + 1 + index, event);
    }
  }

  #endTurn(cell: Cell, isPaused: boolean): void {
    const { mailbox } = cell;
    if (cell.place !== null) cell.place.isActive = true;
    if (cell.waitingForRoom !== null && mailbox.isHalfFree) {
      this.tellRoom(cell);
    }
    if (cell.spec.idleAfterMs > 0) this.armIdle(cell);
    if (isPaused) return;
    if (mailbox.size > 0) this.#ready.push(cell);
    else if (cell.status === "draining") this.#world.exits.drained(cell);
  }

  /** Those who found its mailbox full hear that they may try again. */
  tellRoom(cell: Cell): void {
    const signal = { kind: "room", ref: cell.address } as const;
    this.#world.exchange.tellRoom(
      cell,
      (teller) => this.queueSignal(teller, signal),
    );
  }

  /**
   * From now on it is quiet, until it has its next turn. One wait a quiet time,
   * not one a message: it looks again when it ends. A life that ends meanwhile
   * leaves the wait to the next one.
   */
  armIdle(cell: Cell): void {
    const { idleAfterMs } = cell.spec;
    const quiet = cell.quiet ??= { sinceMs: 0, isAwaited: false };
    quiet.sinceMs = this.#world.time.monotonicMs;
    if (quiet.isAwaited) return;
    quiet.isAwaited = true;
    const look = () => {
      const isBusy = cell.mailbox.size > 0;
      const quietMs = this.#world.time.monotonicMs - quiet.sinceMs;
      const leftMs = idleAfterMs - (isBusy ? 0 : quietMs);
      const isRunning = cell.status === "running";
      if (isRunning && leftMs > 0) return this.#after(leftMs, look);
      quiet.isAwaited = false;
      if (isRunning) this.signal(cell, { kind: "idle" });
    };
    this.#after(idleAfterMs, look);
  }

  #pause(cell: Cell, delayMs: number): void {
    this.#after(delayMs, () => {
      cell.queued = false;
      const isDone = cell.mailbox.size === 0 && cell.status !== "draining";
      if (!isDone) this.#ready.push(cell);
    });
  }
}

function tellStep(
  observer: DomainObserver,
  { address, past }: Cell,
  message: Message,
  reply: Outcome<unknown> | null,
): void {
  const { sequence = 0, epoch = 0 } = past ?? {};
  observer.stepped(address, message, reply, sequence, epoch);
}
