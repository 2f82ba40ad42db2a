/**
 * What a domain has decided but not made durable: the events of the open
 * batch, the append under way, and the outputs that wait for one of them.
 *
 * Batches are numbered. An output that leaves the domain waits for the batch
 * that was open (or under way) when it was sent, so nothing outside ever
 * learns of an event that a crash could take back; outputs leave in the order
 * in which they were sent.
 *
 * @module
 */
import type { JournalEvent } from "./actor.ts";
import type { Cell } from "./cell.ts";
import type { Envelope } from "./envelope.ts";
import type { Append, Clock, Journal } from "./ports.ts";

/** The first wait after storage took no events; doubles up to the last. */
const STORAGE_RETRY_MIN_MS = 100;
const STORAGE_RETRY_MAX_MS = 2_000;

/** Events that may wait for an append under way before steps stop. */
const STAGED_EVENTS_MAX = 16_384;
/** Outputs held back before steps stop: an answer to each caller of a gate. */
const HELD_OUTPUTS_MAX = 65_536;

/** What a commit queue needs of its domain. */
export interface CommitQueueOptions {
  readonly journal: Journal | null;
  readonly clock: Clock;
  /** Takes an output that may leave now. */
  readonly leave: (envelope: Envelope) => void;
  /** Calls back after a wait. */
  readonly after: (delayMs: number, act: () => void) => void;
  /** An append ended; a batch that opened meanwhile can be committed. */
  readonly advanced: () => void;
  /** An append was refused or may have been lost: the domain is at its end. */
  readonly died: (reason: "fenced" | "append-unknown") => void;
  /** Storage takes no events now, or takes them again. */
  readonly storageChanged: (isFull: boolean) => void;
}

/** Staged events and held outputs. See the module's text. */
export class CommitQueue {
  /** Batches made durable, and the events in them, since the start. */
  commits = 0;
  events = 0;
  /** Milliseconds spent in appends since the start. */
  commitMs = 0;
  /** Events of the open batch. */
  stagedEvents = 0;
  /** Storage takes no events now; the append under way is tried again. */
  isStorageFull = false;
  readonly #options: CommitQueueOptions;
  #dirty: Cell[] = [];
  #openBatch = 1;
  #durableBatch = 0;
  #appending = false;
  /** When the append under way began; Infinity between two tries. */
  #appendStartedMs = Infinity;
  #ended = false;
  #storageRetryMs = STORAGE_RETRY_MIN_MS;
  readonly #held: { batch: number; envelope: Envelope }[] = [];
  #heldIndex = 0;
  #waiting: { batch: number; act: () => void }[] = [];

  constructor(options: CommitQueueOptions) {
    this.#options = options;
  }

  /** True while an append is under way. */
  get isAppending(): boolean {
    return this.#appending;
  }

  /** Milliseconds since the append under way began; 0 when there is none. */
  get appendingMs(): number {
    return Math.max(
      0,
      this.#options.clock.monotonicMs() - this.#appendStartedMs,
    );
  }

  /** True while so much waits for a commit that no step may run. */
  get isFull(): boolean {
    return this.stagedEvents >= STAGED_EVENTS_MAX ||
      this.#held.length - this.#heldIndex >= HELD_OUTPUTS_MAX;
  }

  /** Adds an actor's new events to the open batch. */
  stage(cell: Cell, events: readonly JournalEvent[]): void {
    const past = cell.past!;
    if (past.staged.length === 0) this.#dirty.push(cell);
    for (let index = 0; index < events.length; index++) {
      const event = events[index]!;
      cell.noteTime(event);
      past.staged.push(event);
    }
    past.sequence += events.length;
    past.newestBatch = this.#openBatch;
    this.stagedEvents += events.length;
  }

  /** Lets an output leave, once all that was staged before it is durable. */
  release(envelope: Envelope): void {
    const batch = this.stagedEvents > 0 ? this.#openBatch : this.#openBatch - 1;
    // While held outputs leave, one more must not overtake them.
    const isFirst = this.#heldIndex === this.#held.length;
    if (isFirst && batch <= this.#durableBatch) this.#options.leave(envelope);
    else this.#held.push({ batch, envelope });
  }

  /** Acts once every event that the actor has staged is durable. */
  whenDurable(cell: Cell, act: () => void): void {
    const batch = cell.past?.newestBatch ?? 0;
    if (batch <= this.#durableBatch) act();
    else this.#waiting.push({ batch, act });
  }

  /** Commits the open batch, unless one is under way: then it waits. */
  commit(): void {
    if (this.stagedEvents === 0 || this.#appending || this.#ended) return;
    const appends: Append[] = [];
    for (const cell of this.#dirty) {
      const { epoch, sequence, staged } = cell.past!;
      appends.push({
        partition: cell.address,
        epoch,
        firstSequence: sequence - staged.length + 1,
        events: staged,
      });
      cell.past!.staged = [];
    }
    this.events += this.stagedEvents;
    this.#dirty = [];
    this.stagedEvents = 0;
    this.#appending = true;
    this.#append(appends, this.#openBatch++);
  }

  /** Ends the queue; returns the outputs that never left. */
  end(): Envelope[] {
    this.#ended = true;
    this.#waiting = [];
    const held = this.#held.slice(this.#heldIndex);
    this.#held.length = 0;
    return held.map(({ envelope }) => envelope);
  }

  #append(appends: readonly Append[], batch: number): void {
    const { journal, clock, died } = this.#options;
    if (journal === null) throw new TypeError("This domain has no journal");
    this.#appendStartedMs = clock.monotonicMs();
    journal.append(appends, (result) => {
      if (this.#ended) return;
      this.commitMs += clock.monotonicMs() - this.#appendStartedMs;
      this.#appendStartedMs = Infinity;
      if (result === "durable") return this.#committed(batch);
      if (result === "unavailable") return this.#retry(appends, batch);
      died(result === "fenced" ? "fenced" : "append-unknown");
    });
  }

  #committed(batch: number): void {
    this.#appending = false;
    this.commits++;
    this.#durableBatch = batch;
    if (this.isStorageFull) {
      this.isStorageFull = false;
      this.#options.storageChanged(false);
    }
    while (this.#heldIndex < this.#held.length) {
      const held = this.#held[this.#heldIndex]!;
      if (held.batch > batch) break;
      this.#heldIndex++;
      this.#options.leave(held.envelope);
    }
    // What an output's way out came upon ended it all.
    if (this.#ended) return;
    // Under load something is always held: what has left must not be kept.
    if (this.#heldIndex > 0) this.#held.splice(0, this.#heldIndex);
    this.#heldIndex = 0;
    if (this.#waiting.length > 0) this.#actOnDurable(batch);
    this.#options.advanced();
  }

  #actOnDurable(durable: number): void {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ batch }) => batch > durable);
    for (const { batch, act } of waiting) if (batch <= durable) act();
  }

  /** A full disk is not a crash: hold everything and try again. */
  #retry(appends: readonly Append[], batch: number): void {
    if (!this.isStorageFull) {
      this.isStorageFull = true;
      this.#storageRetryMs = STORAGE_RETRY_MIN_MS;
      this.#options.storageChanged(true);
    }
    const delayMs = this.#storageRetryMs;
    this.#storageRetryMs = Math.min(delayMs * 2, STORAGE_RETRY_MAX_MS);
    this.#options.after(delayMs, () => this.#append(appends, batch));
  }
}
