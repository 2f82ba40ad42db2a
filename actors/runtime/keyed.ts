/**
 * Actors addressed by key: `cart[ada]` starts with the first message to it and
 * is passivated when it is idle or when others need its place, so that there
 * can be a million keys and a bounded number of living actors. Only one that
 * nobody misses goes: without mail, open asks, askers, timers or children.
 *
 * Who goes first is decided by second chance: in the order of their start, but
 * one that ran since it was last looked at goes to the end of the line
 * (Corbató, 1968). State that is not journaled is gone with the actor.
 *
 * @module
 */
import type { AnyBehavior, MailboxSpec } from "./actor.ts";
import type { Cell } from "./cell.ts";
import type { RestartPolicy } from "./supervisor.ts";

/** A kind of actors that are addressed by key. */
export interface KeyedSpec {
  /** Addresses are this, and the key in brackets. */
  readonly name: string;
  /** What they do; `start` gets the key as its arguments. */
  readonly behavior: AnyBehavior;
  /**
   * The most that live at a time. When all of them are needed, who asks one
   * more hears `unavailable`, and what is told is a dead letter.
   */
  readonly liveMax: number;
  /** How long one lives without a message. Default: until others need room. */
  readonly idleAfterMs?: number;
  /** The bounds of each of their mailboxes. */
  readonly mailbox?: MailboxSpec;
  /** One budget for all of them. Default: 3 restarts in 5 s, then stay down. */
  readonly restart?: RestartPolicy;
}

/** Living actors looked at for each one that starts, when all are taken. */
const LOOKED_AT = 16;

/** What a group needs of its domain. */
export interface KeyedGroupOptions {
  readonly spec: KeyedSpec;
  /** Whether the actor of an address lives in this domain. */
  readonly isHome: (address: string) => boolean;
  /** Makes the actor of an address and lets it live. */
  readonly start: (address: string, key: string, group: KeyedGroup) => Cell;
  /** Ends one that nobody misses. */
  readonly passivate: (cell: Cell) => void;
}

/** One of the places for living actors of a kind. */
export class Place {
  /** It is kept: a step of its actor is under way and needs another one. */
  isInStep = false;
  /** Its actor ran since it was last looked at. */
  isActive = true;

  constructor(readonly group: KeyedGroup) {}
}

/** The living actors of one kind. See the module's text. */
export class KeyedGroup {
  readonly #options: KeyedGroupOptions;
  /** In the order in which they are looked at. */
  readonly #live = new Set<Cell>();

  constructor(options: KeyedGroupOptions) {
    this.#options = options;
  }

  get spec(): KeyedSpec {
    return this.#options.spec;
  }

  /** How many live. */
  get size(): number {
    return this.#live.size;
  }

  /**
   * Starts the actor of that address; undefined for an address that is none or
   * another domain's, and when all places are taken by actors that are needed.
   */
  activate(address: string): Cell | undefined {
    const { spec, start, isHome } = this.#options;
    if (!address.endsWith("]") || !isHome(address)) return undefined;
    if (this.#live.size >= spec.liveMax && !this.#makeRoom()) return undefined;
    const key = address.slice(spec.name.length + 1, -1);
    const cell = start(address, key, this);
    this.#live.add(cell);
    return cell;
  }

  /** One of them has ended. */
  ended(cell: Cell): void {
    this.#live.delete(cell);
  }

  /** Passivates those that had no message since the last sweep. */
  sweep(): void {
    for (const cell of [...this.#live]) {
      const place = cell.place!;
      if (place.isActive) place.isActive = false;
      else if (isMissedByNobody(cell)) this.#options.passivate(cell);
    }
  }

  #makeRoom(): boolean {
    let looked = 0;
    let spare: Cell | null = null;
    for (const cell of this.#live) {
      if (looked++ >= LOOKED_AT) break;
      if (isMissedByNobody(cell)) {
        spare ??= cell;
        if (!cell.place!.isActive) {
          spare = cell;
          break;
        }
      }
      cell.place!.isActive = false;
      this.#live.delete(cell);
      this.#live.add(cell);
    }
    if (spare === null) return false;
    this.#options.passivate(spare);
    return true;
  }
}

function isMissedByNobody(cell: Cell): boolean {
  return cell.status === "running" && !cell.place!.isInStep &&
    cell.mailbox.size === 0 &&
    cell.openAsks === 0 && (cell.askers?.size ?? 0) === 0 &&
    (cell.timers?.size ?? 0) === 0 && (cell.stash?.length ?? 0) === 0 &&
    (cell.children?.members.size ?? 0) === 0;
}
