/**
 * A supervisor at work: who belongs to it in start order, what it remembers of
 * their failures, and what it decides when one of them has ended. It starts
 * and stops nobody; `lives.ts` does.
 *
 * @module
 */
import type { RestartType } from "./actor.ts";
import type { Cell, CellSpec } from "./cell.ts";
import { type Sibling, Siblings } from "./siblings.ts";
import {
  decideExit,
  newRestartHistory,
  type RestartHistory,
  type RestartPolicy,
} from "./supervisor.ts";

/** Actors and families, in start order. */
export type Member = Cell | Family;

/** What a family decided about an exit. */
export type Decision =
  | { readonly action: "forget" | "escalate" }
  | {
    readonly action: "restart" | "stay_down";
    /** To be stopped, in this order. */
    readonly stop: readonly Member[];
    /** To be started `delayMs` later, in this order. */
    readonly start: readonly Member[];
    readonly delayMs: number;
  };

/** A supervisor with its members. See the module's text. */
export class Family implements Sibling {
  siblings: unknown = null;
  elder: Sibling | null = null;
  younger: Sibling | null = null;
  /** In start order. */
  readonly members = new Siblings<Member>();
  /** How its newest spawned member is run: the next one mostly is alike. */
  newestSpec: CellSpec | null = null;
  #history: RestartHistory = newRestartHistory();
  #leaving: Member[] = [];

  constructor(
    /** Shown where the tree is. */
    readonly name: string,
    readonly policy: RestartPolicy,
    /** Who decides when this one gives up; null: nobody. */
    readonly parent: Family | null,
    /** The actor that started the members, when it was one. */
    readonly owner: Cell | null,
  ) {}

  /** A family is always started again with its siblings. */
  get restartType(): RestartType {
    return "permanent";
  }

  /** Restarts that still count against the budget. */
  get restarts(): number {
    return this.#history.restartsMs.length;
  }

  /**
   * The one to be stopped next: the newest, but one that came while the others
   * are stopped has its turn after them. Undefined when nobody is left.
   */
  get newest(): Member | undefined {
    const leaving = this.#leaving;
    while (leaving.length > 0 && !this.members.has(leaving.at(-1)!)) {
      leaving.pop();
    }
    // Listed once for all of them, not once for each.
    if (leaving.length === 0) this.#leaving = [...this.members];
    return this.#leaving.at(-1);
  }

  /** It starts anew, with nothing held against it. */
  renew(): void {
    this.#history = newRestartHistory();
  }

  /**
   * Decides about the end of a member.
   *
   * @param random An integer in [0, 2^32) that spreads the delay.
   */
  decide(
    member: Member,
    abnormal: boolean,
    nowMs: number,
    random: number,
  ): Decision {
    const alone = this.policy.strategy === "one_for_one";
    // A family of a million is not listed when only one of them matters.
    const members = alone ? [member] : [...this.members];
    const child = members.indexOf(member);
    const restart = member.restartType;
    const directive = decideExit(
      this.policy,
      this.#history,
      { child, restart, abnormal },
      members.map(({ restartType }) => restartType),
      nowMs,
      random,
    );
    if (!("start" in directive)) return directive;
    const named = (indices: readonly number[]) =>
      indices.map((index) => members[index]!);
    return {
      action: directive.action,
      stop: named(directive.stop),
      start: named(directive.start),
      delayMs: directive.delayMs,
    };
  }
}
