/**
 * Where mail goes. An envelope for an actor of the domain enters its mailbox
 * at once, since both ends are lost together; one that leaves the domain waits
 * behind the commit queue; an answer ends the ask that waits for it, once, and
 * becomes a message of the asker. What cannot go where it should comes back as
 * a failure to whoever asked, or is counted as a dead letter.
 *
 * @module
 */
import type { Message } from "./actor.ts";
import type { BatchTime } from "./batch_time.ts";
import type { Cell } from "./cell.ts";
import type { CommitQueue } from "./commit_queue.ts";
import { Envelope } from "./envelope.ts";
import {
  failed,
  type FailureCode,
  type Outcome,
  RETRY_AFTER_MS,
} from "./outcome.ts";
import type { RunQueue } from "./run_queue.ts";
import type { Waits } from "./waits.ts";

/** Asks under way. A gate of 65,536 callers and each step's own asks fit. */
const PENDING_ASKS_MAX = 262_144;

/** What an exchange is made of. */
export interface ExchangeOptions {
  /** The domain's own name: the address of callers outside its actors. */
  readonly name: string;
  readonly cells: ReadonlyMap<string, Cell>;
  readonly waits: Waits;
  readonly commits: CommitQueue;
  readonly ready: RunQueue;
  /** Takes what leaves the domain. */
  readonly transmit: (envelope: Envelope) => "queued" | "full" | "gone";
  readonly time: BatchTime;
}

/** A domain's mail. See the module's text. */
export class Exchange {
  /** Messages and answers that nobody took. */
  deadLetters = 0;
  /** Messages dropped late and asks that nobody answered in time. */
  expired = 0;
  readonly #options: ExchangeOptions;
  readonly #cells: ReadonlyMap<string, Cell>;
  readonly #waits: Waits;
  readonly #commits: CommitQueue;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#cells = options.cells;
    this.#waits = options.waits;
    this.#commits = options.commits;
  }

  /** True while no more asks can be under way. */
  get isFull(): boolean {
    return this.#waits.asksUnderWay >= PENDING_ASKS_MAX;
  }

  /** Takes an envelope from another domain. */
  deliver(envelope: Envelope): void {
    if (envelope.ask >= 0) return this.#admit(envelope);
    this.settle(-envelope.ask, envelope.content as Outcome<unknown>);
  }

  /** Takes an envelope of the host's own, to anybody. */
  enter(envelope: Envelope): void {
    if (this.#cells.has(envelope.to)) this.#admit(envelope);
    else this.#commits.release(envelope);
  }

  /** Takes what a step told, asked or answered. */
  send(envelope: Envelope): void {
    const cell = this.#cells.get(envelope.to);
    if (envelope.ask < 0) {
      if (cell === undefined) return this.#commits.release(envelope);
      const outcome = envelope.content as Outcome<unknown>;
      return this.settle(-envelope.ask, outcome);
    }
    if (envelope.ask > 0 && this.#waits.asksUnderWay > PENDING_ASKS_MAX) {
      return this.refuse(envelope, "overloaded");
    }
    if (cell === undefined) return this.#commits.release(envelope);
    if (envelope.ask > 0) return this.#take(cell, envelope);
    // `room` has promised the teller a place.
    cell.mailbox.push(envelope, cell.laneOf(envelope.content));
    this.#options.ready.push(cell);
  }

  /** Whether a message finds room; outside, the link alone will know. */
  room(to: string, message: Message): "queued" | "full" {
    const cell = this.#cells.get(to);
    if (cell === undefined) return "queued";
    return cell.mailbox.hasRoom(cell.laneOf(message)) ? "queued" : "full";
  }

  /** Lets an envelope out: what it depends on is durable. */
  leave(envelope: Envelope): void {
    if (envelope.ask < 0 && envelope.to === this.#options.name) {
      return this.settle(-envelope.ask, envelope.content as Outcome<unknown>);
    }
    const delivery = this.#options.transmit(envelope);
    if (delivery === "queued") return;
    if (envelope.ask <= 0) {
      this.deadLetters++;
      return;
    }
    const code = delivery === "full" ? "overloaded" : "unavailable";
    this.settle(envelope.ask, failed(code, RETRY_AFTER_MS));
  }

  /** Tells an asker that his message was not run. */
  refuse(
    envelope: Envelope,
    code: FailureCode,
    retryAfterMs = RETRY_AFTER_MS,
  ): void {
    if (code === "expired") this.expired++;
    if (envelope.ask > 0) this.answer(envelope, failed(code, retryAfterMs));
    else this.deadLetters++;
  }

  /** Answers an ask that was not run or left no trace; that reveals nothing. */
  answer(asking: Envelope, outcome: Outcome<unknown>): void {
    const { to, from, ask } = asking;
    if (this.#cells.has(from)) return this.settle(ask, outcome);
    this.leave(new Envelope(from, to, -ask, 0, outcome));
  }

  /** Ends an ask of this domain, once. Whatever comes later is dead. */
  settle(id: number, outcome: Outcome<unknown>): void {
    const pending = this.#waits.takeAsk(id);
    if (pending === undefined) {
      this.deadLetters++;
      return;
    }
    const { cell, done, as, about } = pending;
    if (cell === null) return done?.(outcome);
    this.post(cell, { kind: as, outcome, about } as Message);
  }

  /** An answer or a timer: bounded by what asked for it. */
  post(cell: Cell, message: Message): void {
    const envelope = new Envelope(cell.spec.address, "", 0, 0, message);
    cell.mailbox.push(envelope, cell.laneOf(message));
    this.#options.ready.push(cell);
  }

  /** A life ended: answers and timers that it would have got are nobody's. */
  forget(cell: Cell): void {
    this.#waits.forget(cell);
    this.deadLetters += cell.mailbox.discard(({ from }) => from === "");
  }

  /** Asks and tells from outside; the only place where they can be refused. */
  #admit(envelope: Envelope): void {
    const cell = this.#cells.get(envelope.to);
    if (cell === undefined) return this.refuse(envelope, "unavailable");
    const isBlocked = this.#commits.isStorageFull && cell.spec.journaled;
    if (isBlocked && envelope.ask > 0) {
      return this.refuse(envelope, "storage-unavailable");
    }
    this.#take(cell, envelope);
  }

  #take(cell: Cell, envelope: Envelope): void {
    // A tell waits for the next life; an ask is told at once to come back.
    if (cell.status !== "running" && envelope.ask > 0) {
      const leftMs = Math.ceil(cell.retryAtMs - this.#options.time.monotonicMs);
      const retryAfterMs = Math.max(leftMs, RETRY_AFTER_MS);
      return this.refuse(envelope, "unavailable", retryAfterMs);
    }
    if (!cell.mailbox.offer(envelope, cell.laneOf(envelope.content))) {
      return this.refuse(envelope, "overloaded");
    }
    this.#options.ready.push(cell);
  }
}
