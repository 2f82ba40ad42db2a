/**
 * The numbers of a domain, as plain data that can cross a thread.
 *
 * @module
 */
import { Cell, type CellStatus, type Crash } from "./cell.ts";
import type { BreakerReport } from "./circuit_breaker.ts";
import type { Family } from "./family.ts";
import type { Strategy } from "./supervisor.ts";

/** What is known of one actor. */
export interface ActorReport {
  /** Its name in the whole shop. */
  readonly address: string;
  /** Where it is in its life. */
  readonly status: CellStatus;
  /** Messages that wait. */
  readonly depth: number;
  /** Messages that it was given, in all lives. */
  readonly handled: number;
  /** Lives that ended in a crash. */
  readonly crashes: number;
  /** Lives that began after a crash. */
  readonly restarts: number;
  /** Which life this is, from 1; 0 before the first. */
  readonly incarnation: number;
  /** The epoch under which its partition is owned; 0 when not journaled. */
  readonly epoch: number;
  /** Why the last life ended; null when none did. */
  readonly lastCrash: Crash | null;
}

/** A breaker before an address that the domain's actors ask. */
export interface BreakerStatus extends BreakerReport {
  /** The address that it stands before. */
  readonly address: string;
}

/** Numbers since the domain's start. */
export interface DomainReport {
  /** The domain's name. */
  readonly name: string;
  /** Appends that became durable. */
  readonly commits: number;
  /** Events in appends, also in the one under way. */
  readonly events: number;
  /** Milliseconds spent in appends. */
  readonly commitMs: number;
  /** Messages and answers that nobody took. */
  readonly deadLetters: number;
  /** Messages dropped late and asks that nobody answered in time. */
  readonly expired: number;
  /** Asks of its actors and its host that have not ended. */
  readonly pendingAsks: number;
  /** What behaviors counted by name. */
  readonly counters: Readonly<Record<string, number>>;
  /** Those that `guard` put up. */
  readonly breakers: readonly BreakerStatus[];
  /** Each actor, in the order in which they were added. */
  readonly actors: readonly ActorReport[];
}

/** Describes one actor. */
export function reportActor(cell: Cell): ActorReport {
  const { troubles } = cell;
  return {
    address: cell.address,
    status: cell.status,
    depth: cell.mailbox.size,
    handled: cell.handled,
    crashes: troubles?.crashes ?? 0,
    restarts: troubles?.restarts ?? 0,
    incarnation: cell.incarnation,
    epoch: cell.past?.epoch ?? 0,
    lastCrash: troubles?.lastCrash ?? null,
  };
}

/** A supervisor, an actor, and those below. */
export type TreeNode =
  | {
    /** Tells the two apart. */
    readonly kind: "supervisor";
    /** As in its spec. */
    readonly name: string;
    /** Who is started again with a member that has ended. */
    readonly strategy: Strategy;
    /** Restarts that still count against `maxRestarts`. */
    readonly restarts: number;
    /** Restarts that it allows within the period of its spec. */
    readonly maxRestarts: number;
    /** Its members in start order. */
    readonly children: readonly TreeNode[];
  }
  | {
    /** Tells the two apart. */
    readonly kind: "actor";
    /** Its behavior's name. */
    readonly behavior: string;
    /** Messages a second since the tree was last looked at. */
    readonly perSecond: number;
    /** Messages set aside. */
    readonly stashed: number;
    /** Those that it spawned. */
    readonly children: readonly TreeNode[];
  } & ActorReport;

/** Draws a tree; remembers for each actor what it had handled then. */
export class TreeDrawing {
  #lastMs: number;
  #handled = new WeakMap<Cell, number>();

  constructor(nowMs: number) {
    this.#lastMs = nowMs;
  }

  /** The tree below a family, as it is at `nowMs`. */
  draw(root: Family, nowMs: number): TreeNode {
    const elapsedSeconds = Math.max(nowMs - this.#lastMs, 1) / 1_000;
    this.#lastMs = nowMs;
    return this.#family(root, elapsedSeconds);
  }

  #family(family: Family, elapsedSeconds: number): TreeNode {
    const { name, policy, restarts } = family;
    return {
      kind: "supervisor",
      name,
      strategy: policy.strategy,
      restarts,
      maxRestarts: policy.maxRestarts,
      children: this.#members(family, elapsedSeconds),
    };
  }

  #actor(cell: Cell, elapsedSeconds: number): TreeNode {
    const handled = cell.handled - (this.#handled.get(cell) ?? 0);
    this.#handled.set(cell, cell.handled);
    const { children } = cell;
    return {
      kind: "actor",
      behavior: cell.behavior.name,
      perSecond: Math.round(handled / elapsedSeconds),
      stashed: cell.stash?.length ?? 0,
      children: children === null
        ? []
        : this.#members(children, elapsedSeconds),
      ...reportActor(cell),
    };
  }

  #members(family: Family, elapsedSeconds: number): TreeNode[] {
    return [...family.members].map((member) =>
      member instanceof Cell
        ? this.#actor(member, elapsedSeconds)
        : this.#family(member, elapsedSeconds)
    );
  }
}
