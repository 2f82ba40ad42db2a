/**
 * Everything in a domain that ends by an answer or by time: asks under way,
 * the actors' timers, and the runtime's own waits. One counter gives all ids,
 * so an id says what it is by where it is found, and one that is found nowhere
 * is over.
 *
 * @module
 */
import type { Message } from "./actor.ts";
import type { Cell } from "./cell.ts";
import { Deadlines } from "./deadlines.ts";
import { IdMap } from "./id_map.ts";
import type { Outcome } from "./outcome.ts";

/** An ask under way, at the side of the asker. */
export interface PendingAsk {
  /** The asking actor; null: somebody outside, who gets `done`. */
  readonly cell: Cell | null;
  readonly to: string;
  /** The kind of the message that the answer becomes. */
  readonly as: string;
  readonly about: unknown;
  readonly done: ((outcome: Outcome<unknown>) => void) | null;
}

/** What happens when time is up. */
export interface WaitsOptions {
  /** Ids of one life of a domain never match those of another. */
  readonly incarnation: number;
  readonly askExpired: (id: number) => void;
  readonly timerFired: (cell: Cell, message: Message) => void;
}

/** Asks, timers and waits by id. Takes the time; reads no clock. */
export class Waits {
  readonly #options: WaitsOptions;
  readonly #asks = new IdMap<PendingAsk>();
  readonly #timers = new IdMap<{ cell: Cell; key: string; message: Message }>();
  readonly #sleepers = new IdMap<() => void>();
  readonly #deadlines = new Deadlines();
  #lastId: number;

  constructor(options: WaitsOptions) {
    this.#options = options;
    // 20 bits of incarnation above 32 bits of counter: a safe integer.
    this.#lastId = (options.incarnation % 2 ** 20) * 2 ** 32;
  }

  /** An id that no other wait of this domain has, in any of its lives. */
  nextId(): number {
    return ++this.#lastId;
  }

  /** Asks that have not ended. */
  get asksUnderWay(): number {
    return this.#asks.size;
  }

  /** When something is due next; Infinity when nothing is. */
  get nextMs(): number {
    return this.#deadlines.nextMs;
  }

  /** Remembers an ask until it is taken out or due. */
  addAsk(id: number, ask: PendingAsk, deadlineMs: number): void {
    this.#asks.set(id, ask);
    this.#deadlines.add(id, deadlineMs);
  }

  /** Takes an ask out, so that it ends once; undefined when it is over. */
  takeAsk(id: number): PendingAsk | undefined {
    const ask = this.#asks.get(id);
    if (ask !== undefined) this.#asks.delete(id);
    return ask;
  }

  /** The ids of the asks to the addresses that `concerns` names. */
  asksTo(concerns: (to: string) => boolean): number[] {
    const ids: number[] = [];
    for (const [id, ask] of this.#asks) if (concerns(ask.to)) ids.push(id);
    return ids;
  }

  /** Sets, replaces or (with null) cancels an actor's timer. */
  setTimer(
    cell: Cell,
    key: string,
    dueMs: number,
    message: Message | null,
  ): void {
    const earlier = cell.timers.get(key);
    if (earlier !== undefined) this.#timers.delete(earlier);
    if (message === null) {
      cell.timers.delete(key);
      return;
    }
    const id = this.nextId();
    cell.timers.set(key, id);
    this.#timers.set(id, { cell, key, message });
    this.#deadlines.add(id, dueMs);
  }

  /** Calls `act` when `dueMs` has come. */
  sleep(dueMs: number, act: () => void): void {
    const id = this.nextId();
    this.#sleepers.set(id, act);
    this.#deadlines.add(id, dueMs);
  }

  /** A life ended: its timers never fire, its answers come to nobody. */
  forget(cell: Cell): void {
    for (const id of cell.timers.values()) this.#timers.delete(id);
    cell.timers.clear();
    for (const [id, ask] of this.#asks) {
      if (ask.cell === cell) this.#asks.delete(id);
    }
  }

  /** Takes all asks of callers outside; the domain is at its end. */
  takeOutsideAsks(): PendingAsk[] {
    const asks = [...this.#asks.values()].filter(({ done }) => done !== null);
    this.#asks.clear();
    return asks;
  }

  /** Acts on all that is due. */
  due(nowMs: number): void {
    this.#deadlines.due(nowMs, (id) => this.#isDue(id));
  }

  #isDue(id: number): void {
    if (this.#asks.has(id)) return this.#options.askExpired(id);
    const timer = this.#timers.get(id);
    if (timer !== undefined) {
      this.#timers.delete(id);
      timer.cell.timers.delete(timer.key);
      return this.#options.timerFired(timer.cell, timer.message);
    }
    const sleeper = this.#sleepers.get(id);
    if (sleeper === undefined) return;
    this.#sleepers.delete(id);
    sleeper();
  }
}
