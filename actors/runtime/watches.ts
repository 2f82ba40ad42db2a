/**
 * Who wants to hear of whose end. Inside the domain the end of a watched actor
 * is put behind the mail that its watchers have; between domains watches and
 * ends travel as tells of the runtime's own, whose kinds no protocol can have.
 * A domain that is lost is the end of everybody in it.
 *
 * @module
 */
import type { ExitReason, Message, Signal } from "./actor.ts";
import type { Cell } from "./cell.ts";
import { Envelope } from "./envelope.ts";
import { RETRY_AFTER_MS } from "./outcome.ts";

/** Asks another domain to say when an actor of it has ended. */
const WATCH = "$watch";
/** Takes such a request back. */
const UNWATCH = "$unwatch";
/** Says that an actor has ended. */
const DOWN = "$down";

/** What watches need of their domain. */
export interface WatchesOptions {
  readonly cells: ReadonlyMap<string, Cell>;
  /** Lets a tell leave, behind the events that it may depend on. */
  readonly release: (envelope: Envelope) => void;
  /** Acts after a wait. */
  readonly after: (delayMs: number, act: () => void) => void;
  /** Puts a signal behind the mail of an actor. */
  readonly signal: (cell: Cell, signal: Signal) => void;
}

/** See the module's text. */
export class Watches {
  readonly #options: WatchesOptions;
  /** Watched address → addresses of its watchers, here and elsewhere. */
  readonly #watchers = new Map<string, Set<string>>();

  constructor(options: WatchesOptions) {
    this.#options = options;
  }

  /** An actor watches. */
  add(cell: Cell, ref: string): void {
    const watching = cell.watching ??= new Set();
    if (watching.has(ref)) return;
    watching.add(ref);
    if (this.#options.cells.has(ref)) return this.#note(ref, cell.address);
    this.#note(ref, cell.address);
    this.#tell(ref, cell.address, { kind: WATCH });
  }

  /** An actor watches no more. */
  remove(cell: Cell, ref: string): void {
    if (!cell.watching?.delete(ref)) return;
    // One whose end is on its way here knows of no watch any more.
    const isNoted = this.#forget(ref, cell.address);
    if (isNoted && !this.#options.cells.has(ref)) {
      this.#tell(ref, cell.address, { kind: UNWATCH });
    }
  }

  /** Whether a `down` that has arrived is still asked for; it comes once. */
  isWanted(cell: Cell, ref: string): boolean {
    return cell.watching?.delete(ref) ?? false;
  }

  /** A life ended: it watches nobody any more. */
  endOf(cell: Cell): void {
    if (cell.watching === null) return;
    for (const ref of [...cell.watching]) this.remove(cell, ref);
    cell.watching = null;
  }

  /** An actor of the domain has ended for good. */
  ended(address: string, reason: ExitReason): void {
    const watchers = this.#watchers.get(address);
    if (watchers === undefined) return;
    this.#watchers.delete(address);
    for (const watcher of watchers) this.#down(watcher, address, reason);
  }

  /** A domain is lost: everybody in it has ended. */
  lost(isLost: (address: string) => boolean): void {
    for (const [address, watchers] of [...this.#watchers]) {
      if (this.#options.cells.has(address)) {
        // Who watched from there does not hear any more.
        for (const watcher of watchers) {
          if (isLost(watcher)) this.#forget(address, watcher);
        }
      } else if (isLost(address)) this.ended(address, { kind: "host_lost" });
    }
  }

  /** Takes a tell of the runtime's own; false when it is none. */
  take({ to, from, content }: Envelope): boolean {
    // No protocol's kind begins with a dollar sign, and no copy is made here.
    if (content.kind.charCodeAt(0) !== 36) return false;
    switch (content.kind) {
      case WATCH:
        if (this.#options.cells.has(to)) this.#note(to, from);
        else this.#notThere(from, to);
        return true;
      case UNWATCH:
        this.#forget(to, from);
        return true;
      case DOWN: {
        const { reason } = content as Message & { reason: ExitReason };
        this.#forget(from, to);
        const cell = this.#options.cells.get(to);
        if (cell !== undefined) this.#hear(cell, from, reason);
        return true;
      }
    }
    return false;
  }

  /**
   * A tell could not leave; false when it is none of the runtime's own. Where
   * the way was full it goes later, since no watch and no end may be lost.
   */
  undelivered(envelope: Envelope, why: "full" | "gone"): boolean {
    const { to, from, content: { kind } } = envelope;
    if (kind !== WATCH && kind !== UNWATCH && kind !== DOWN) return false;
    if (why === "full") {
      const { after, release } = this.#options;
      after(RETRY_AFTER_MS, () => release(envelope));
    } else if (kind === WATCH) this.#notThere(from, to);
    return true;
  }

  #notThere(watcher: string, ref: string): void {
    this.#forget(ref, watcher);
    this.#down(watcher, ref, { kind: "not_there" });
  }

  #note(ref: string, watcher: string): void {
    const watchers = this.#watchers.get(ref);
    if (watchers === undefined) this.#watchers.set(ref, new Set([watcher]));
    else watchers.add(watcher);
  }

  /** Whether it was there to be forgotten. */
  #forget(ref: string, watcher: string): boolean {
    const watchers = this.#watchers.get(ref);
    if (watchers === undefined) return false;
    const wasNoted = watchers.delete(watcher);
    if (watchers.size === 0) this.#watchers.delete(ref);
    return wasNoted;
  }

  #down(watcher: string, ref: string, reason: ExitReason): void {
    const cell = this.#options.cells.get(watcher);
    if (cell !== undefined) return this.#hear(cell, ref, reason);
    this.#tell(watcher, ref, { kind: DOWN, reason } as Message);
  }

  #hear(cell: Cell, ref: string, reason: ExitReason): void {
    this.#options.signal(cell, { kind: "down", ref, reason });
  }

  #tell(to: string, from: string, message: Message): void {
    this.#options.release(new Envelope(to, from, 0, 0, message));
  }
}
