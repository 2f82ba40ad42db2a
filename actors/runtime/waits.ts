/**
 * Everything in a domain that ends by an answer or by time: asks under way,
 * the actors' timers, and the runtime's own waits. An ask inside the domain is
 * found through its slip; only one that leaves it needs a number.
 *
 * @module
 */
import type { Message } from "./actor.ts";
import type { Cell } from "./cell.ts";
import { Deadlines, type Due } from "./deadlines.ts";
import { IdMap } from "./id_map.ts";
import { Ask, Timer } from "./slip.ts";

/** Asks under way. A gate of 65,536 callers and each step's own asks fit. */
const ASKS_MAX = 262_144;

/** A wait of the runtime's own. */
class Sleep implements Due {
  previous: Due | null = null;
  next: Due | null = null;

  constructor(readonly act: () => void) {}
}

/** What happens when time is up. */
export interface WaitsOptions {
  /** Ids of one life of a domain never match those of another. */
  readonly incarnation: number;
  readonly askExpired: (ask: Ask) => void;
  readonly timerFired: (timer: Timer) => void;
  /** See `DomainOptions`. */
  readonly latenessMs?: number;
}

/** Asks, timers and waits. Takes the time; reads no clock. */
export class Waits {
  /** Asks that have not ended. */
  asksUnderWay = 0;
  readonly #options: WaitsOptions;
  readonly #byId = new IdMap<Ask>();
  readonly #deadlines: Deadlines;
  #lastId: number;

  constructor(options: WaitsOptions) {
    this.#options = options;
    this.#deadlines = new Deadlines(options.latenessMs);
    // 20 bits of incarnation above 32 bits of counter: a safe integer.
    this.#lastId = (options.incarnation % 2 ** 20) * 2 ** 32;
  }

  /** An id that no other ask of this domain has, in any of its lives. */
  nextId(): number {
    return ++this.#lastId;
  }

  /** True while no more asks can be under way. */
  get isFull(): boolean {
    return this.asksUnderWay >= ASKS_MAX;
  }

  /** When something is due next; Infinity when nothing is. */
  get nextMs(): number {
    return this.#deadlines.nextMs;
  }

  /** An ask is under way until `close` or its deadline. */
  open(ask: Ask): void {
    ask.isSettled = false;
    this.asksUnderWay++;
    if (ask.cell !== null) ask.cell.openAsks++;
    if (ask.id > 0) this.#byId.set(ask.id, ask);
    this.#deadlines.add(ask, ask.deadlineMs);
  }

  /** The ask of that id; undefined when it is over. */
  byId(id: number): Ask | undefined {
    return this.#byId.get(id);
  }

  /** Ends an ask, once: false when it has ended already. */
  close(ask: Ask): boolean {
    if (ask.isSettled) return false;
    ask.isSettled = true;
    this.asksUnderWay--;
    if (ask.cell !== null) ask.cell.openAsks--;
    if (ask.id > 0) this.#byId.delete(ask.id);
    this.#deadlines.remove(ask);
    return true;
  }

  /** The asks that left for the addresses that `concerns` names. */
  asksTo(concerns: (to: string) => boolean): Ask[] {
    return [...this.#byId.values()].filter(({ to }) => concerns(to));
  }

  /** Sets, replaces or (with null) cancels an actor's timer. */
  setTimer(
    cell: Cell,
    key: string,
    dueMs: number,
    message: Message | null,
  ): void {
    const earlier = cell.timers?.get(key);
    if (earlier !== undefined) this.#deadlines.remove(earlier);
    if (message === null) {
      cell.timers?.delete(key);
      return;
    }
    const timer = new Timer(cell, cell.life, key, message);
    (cell.timers ??= new Map()).set(key, timer);
    this.#deadlines.add(timer, dueMs);
  }

  /** Calls `act` when `dueMs` has come; returns how to call it off. */
  sleep(dueMs: number, act: () => void): () => void {
    const sleep = new Sleep(act);
    this.#deadlines.add(sleep, dueMs);
    return () => this.#deadlines.remove(sleep);
  }

  /** A life ended: its timers never fire. Its answers find another life. */
  forget(cell: Cell): void {
    if (cell.timers === null) return;
    for (const timer of cell.timers.values()) this.#deadlines.remove(timer);
    cell.timers = null;
  }

  /** Ends all asks of callers outside; the domain is at its end. */
  takeOutsideAsks(): Ask[] {
    const asks = [...this.#byId.values()].filter(({ done }) => done !== null);
    this.#byId.clear();
    for (const ask of asks) ask.isSettled = true;
    this.asksUnderWay = 0;
    return asks;
  }

  /** Acts on all that is due. */
  due(nowMs: number): void {
    this.#deadlines.due(nowMs, (due) => this.#isDue(due));
  }

  #isDue(due: Due): void {
    if (due instanceof Ask) return this.#options.askExpired(due);
    if (due instanceof Timer) {
      due.cell.timers?.delete(due.key);
      return this.#options.timerFired(due);
    }
    (due as Sleep).act();
  }
}
