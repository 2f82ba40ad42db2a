/**
 * How the lives of a domain's actors end: in a crash, by the decision of their
 * family, because they stop, or because they are killed.
 *
 * A crash ends an incarnation, not the actor: its address and its mail stay,
 * only the message that crashed it is gone. What it leads to is decided by the
 * actor's family. Whoever ends for good is missed: watchers and parent hear of
 * it, askers are told, and mail that is left goes to the dead letters.
 *
 * @module
 */
import type { ExitReason, Message } from "./actor.ts";
import { Cell } from "./cell.ts";
import type { World } from "./context.ts";
import { type Decision, Family, type Member } from "./family.ts";
import { failed, RETRY_AFTER_MS, unknown } from "./outcome.ts";
import type { Random } from "./ports.ts";
import type { RunQueue } from "./run_queue.ts";
import type { Ask } from "./slip.ts";
import type { Steps } from "./steps.ts";
import { CRASHES_MAX, Quarantine } from "./supervision.ts";
import { isAbnormal } from "./supervisor.ts";
import type { Waits } from "./waits.ts";

/** One object for all that end alike: there may be a million of them. */
export const NORMAL: ExitReason = Object.freeze({ kind: "normal" });
/** See `NORMAL`. */
export const SHUTDOWN: ExitReason = Object.freeze({ kind: "shutdown" });

/** It was to stop, and had no more time. */
const TOO_LATE: ExitReason = { kind: "killed", why: "deadline" };

/** What exits need of their domain. */
export interface ExitsOptions {
  readonly world: World;
  readonly cells: Map<string, Cell>;
  readonly waits: Waits;
  readonly ready: RunQueue;
  readonly steps: Steps;
  /** Spreads the delays of restarts. */
  readonly random: Random;
  /** Acts after a wait. */
  readonly after: (delayMs: number, act: () => void) => void;
  /** There is work. */
  readonly wake: () => void;
  /** The root gave up. */
  readonly escalated: () => void;
}

/** Ends lives. See the module's text. */
export class Exits {
  readonly #options: ExitsOptions;
  readonly #world: World;
  /** Whose life a supervisor ends just now: what it does decides nothing. */
  #halting: Cell | null = null;
  #directives = 0;

  constructor(options: ExitsOptions) {
    this.#options = options;
    this.#world = options.world;
  }

  // ── Crashing ────────────────────────────────────────────────────────────

  /**
   * The step under way (or, without one, the actor) crashed. Its effects are
   * discarded: the asker of its message hears that nothing happened, those
   * that earlier steps took along that it may have.
   */
  crash(cell: Cell, cause: unknown): void {
    const { effects, exchange } = this.#world;
    const { asking, message } = effects;
    effects.undo(exchange.takeBack);
    exchange.cancelAll(effects.opened);
    if (effects.isStashed) cell.stash?.pop();
    const settled = [...effects.settled];
    effects.clear();
    const askers = [...settled, ...this.#askersOf(cell)]
      .filter((ask) => ask !== asking);
    const reason: ExitReason = {
      kind: "crashed",
      cause: textOf(cause),
      messageKind: message?.kind ?? "signal",
    };
    this.#fail(cell, message, cause, reason);
    if (asking !== null) {
      exchange.answer(asking, failed("crashed", RETRY_AFTER_MS));
    }
    for (const ask of askers) exchange.answer(ask, unknown(RETRY_AFTER_MS));
  }

  /** A life ended that should not have. */
  #fail(
    cell: Cell,
    message: Message | null,
    cause: unknown,
    reason: ExitReason,
  ): void {
    this.#note(cell, message, cause);
    const isLeaving = isStoppedByOthers(cell);
    cell.status = "backing_off";
    // Before anybody is answered, so that nothing new reaches the dead life.
    this.#endLife(cell);
    if (!isLeaving && cell !== this.#halting) return this.#exit(cell, reason);
    this.#report(cell, "forget", 0);
    if (isLeaving) this.end(cell, reason);
  }

  #note(cell: Cell, message: Message | null, cause: unknown): void {
    const troubles = cell.ownTroubles;
    troubles.crashes++;
    troubles.lastCrash = {
      atMs: this.#world.time.wallMs,
      incarnation: cell.incarnation,
      messageKind: message?.kind ?? "signal",
      cause: textOf(cause),
    };
    if (message === null) return;
    const key = cell.keyOf(message);
    troubles.quarantine ??= new Quarantine();
    if (troubles.quarantine.note(message.kind, key) !== CRASHES_MAX) return;
    this.#world.log("error", "message quarantined", {
      actor: cell.address,
      messageKind: message.kind,
      key,
    });
  }

  /** A member ended by itself: its family decides what follows. */
  #exit(member: Member, reason: ExitReason): void {
    const { family, decision } = this.#decide(member, isAbnormal(reason));
    const crashed = member instanceof Cell ? member : null;
    if (crashed !== null && isAbnormal(reason)) {
      const delayMs = "delayMs" in decision ? decision.delayMs : 0;
      this.#report(crashed, decision.action, delayMs);
    }
    switch (decision.action) {
      case "forget":
        if (crashed !== null) this.end(crashed, reason);
        return;
      case "escalate":
        return this.#escalate(family);
      case "restart":
      case "stay_down":
        for (const each of decision.stop) this.#halt(each);
        this.#startLater(decision.start, decision.delayMs, decision.action);
    }
  }

  #decide(member: Member, abnormal: boolean) {
    const family = member instanceof Cell ? member.family : member.parent!;
    const decision: Decision = member.restartType === "temporary"
      ? { action: "forget" }
      : family.decide(
        member,
        abnormal,
        this.#world.time.monotonicMs,
        this.#options.random.next(),
      );
    return { family, decision };
  }

  #report(cell: Cell, action: Decision["action"], delayMs: number): void {
    const { policy, restarts } = cell.family;
    this.#world.log("error", "actor crashed", {
      actor: cell.address,
      ...cell.troubles?.lastCrash,
      action,
      delayMs,
      restartsLeft: Math.max(0, policy.maxRestarts - restarts),
    });
  }

  #startLater(
    members: readonly Member[],
    delayMs: number,
    action: "restart" | "stay_down",
  ): void {
    const nowMs = this.#world.time.monotonicMs;
    const status = action === "restart" ? "backing_off" : "down";
    const directive = ++this.#directives;
    for (const cell of members.flatMap(cellsOf)) {
      if (cell.status === "ended") continue;
      cell.status = status;
      cell.ownTroubles.directive = directive;
      cell.ownTroubles.retryAtMs = nowMs + delayMs;
      cell.breaker?.targetDown(nowMs, delayMs);
    }
    this.#options.after(delayMs, () => {
      for (const member of members) {
        this.#world.lives.restart(member, directive);
      }
    });
  }

  /** Its members are stopped, and it is at its end itself. */
  #escalate(family: Family): void {
    const reason: ExitReason = { kind: "budget_exceeded" };
    const { owner, parent, name } = family;
    this.#halt(family);
    this.#world.log("error", "supervisor gave up", { supervisor: name });
    if (owner !== null) {
      return this.crash(owner, new Error(`Its children crash too often`));
    }
    if (parent !== null) return this.#exit(family, reason);
    for (const cell of cellsOf(family)) this.end(cell, reason);
    this.#options.escalated();
  }

  /** Ends the present life of a member; its mail stays for the next one. */
  #halt(member: Member): void {
    if (member instanceof Family) {
      for (const each of [...member.members].reverse()) this.#halt(each);
      return member.renew();
    }
    const cell = member;
    const isLeaving = isStoppedByOthers(cell);
    if (cell.isAlive) {
      this.#halting = cell;
      this.#options.steps.signal(cell, { kind: "stopping" });
      this.#halting = null;
      this.#settleAskers(cell);
      this.#endLife(cell);
    }
    cell.status = "backing_off";
    if (isLeaving || cell.restartType === "temporary") {
      this.end(cell, SHUTDOWN);
    }
  }

  /** A `start` or a fold threw: an exit like any other. */
  initFailed(cell: Cell, cause: unknown): void {
    if (cell.status === "ended") return;
    this.#fail(cell, null, cause, {
      kind: "init_failed",
      cause: textOf(cause),
    });
  }

  // ── Ending ──────────────────────────────────────────────────────────────

  /**
   * Stops an actor: it takes no more mail, handles what it has, stops its
   * children, the newest first, and ends. `normal`: it does so by itself.
   */
  stop(cell: Cell, reason: ExitReason): void {
    if (cell.status === "ended" || cell === this.#halting) return;
    if (cell.status === "draining") {
      // It stops by itself already; now it is not to come back either.
      if (reason.kind !== "normal") cell.endReason = reason;
      return;
    }
    if (cell.status !== "running") return this.end(cell, reason);
    cell.status = "draining";
    cell.endReason = reason;
    if (cell.spec.shutdownMs === 0) return this.#stopped(cell, TOO_LATE);
    if (cell.mailbox.size === 0) this.drained(cell);
    if (cell.status !== "draining") return;
    this.#awaitDrained(cell, cell.life);
    this.#options.ready.push(cell);
    this.#options.wake();
  }

  #awaitDrained(cell: Cell, life: number): void {
    this.#options.after(cell.spec.shutdownMs, () => {
      if (cell.status !== "draining" || cell.life !== life) return;
      this.#stopped(cell, TOO_LATE);
    });
  }

  /** A draining actor has no more mail: its children go before it. */
  drained(cell: Cell): void {
    const { children } = cell;
    while (children !== null && children.members.size > 0) {
      const newest = children.newest as Cell;
      this.stop(newest, SHUTDOWN);
      // Its end, when it comes, is heard first and leads back here.
      if (newest.status !== "ended" || cell.mailbox.size > 0) return;
    }
    this.#options.steps.signal(cell, { kind: "stopping" });
    if (cell.status === "draining") this.#stopped(cell, cell.endReason!);
  }

  /** One that was stopped is at its end, in time or not. */
  #stopped(cell: Cell, reason: ExitReason): void {
    if (isStoppedByOthers(cell) || cell.restartType === "temporary") {
      return this.end(cell, reason);
    }
    // It stopped itself: whoever is to be there always is started again.
    cell.status = "backing_off";
    this.#settleAskers(cell);
    this.#endLife(cell);
    this.#exit(cell, reason);
  }

  /** Ends an actor for good, without its being heard. */
  end(cell: Cell, reason: ExitReason): void {
    if (cell.status === "ended") return;
    // A parent hears of the end of a child once, watched or not.
    const { owner } = cell.family;
    if (owner !== null) this.#world.watches.remove(owner, cell.address);
    this.#remove(cell);
    this.#settleAskers(cell);
    this.#endLife(cell);
    this.#refuseMail(cell);
    // Who waits for room must not wait for ever.
    if (cell.waitingForRoom !== null) this.#options.steps.tellRoom(cell);
    this.#world.watches.ended(cell.address, reason);
    if (owner === null || !owner.isAlive) return;
    const down = { kind: "down", ref: cell.address, reason } as const;
    this.#options.steps.queueSignal(owner, down, true);
    if (owner.status !== "draining") return;
    // Not at once: a million children must not stand on the stack.
    this.#options.ready.push(owner);
    this.#options.wake();
  }

  #refuseMail(cell: Cell): void {
    if (cell.mailbox.size === 0 && cell.stash === null) return;
    const left = [...cell.mailbox.drain(), ...cell.stash ?? []];
    cell.stash = null;
    for (const { message, slip } of left) {
      const { exchange } = this.#world;
      exchange.refuse(message, slip, cell.address, "ended", "unavailable");
    }
  }

  /** Ends one that is started again with the next message to it. */
  passivate(cell: Cell): void {
    // From here on it takes no mail, and nobody picks it a second time.
    cell.status = "draining";
    cell.endReason = SHUTDOWN;
    this.#options.steps.signal(cell, { kind: "stopping" });
    if (cell.status !== "draining") return;
    this.#remove(cell);
    this.#endLife(cell);
  }

  /** Puts messages that were set aside in front of the mail. */
  unstash(cell: Cell, limit: number): void {
    if (cell.stash === null || !cell.isAlive) return;
    cell.mailbox.prepend(cell.stash.splice(0, limit));
    this.#options.ready.push(cell);
  }

  #remove(cell: Cell): void {
    cell.status = "ended";
    cell.family.members.delete(cell);
    cell.place?.group.ended(cell);
    this.#options.cells.delete(cell.address);
  }

  /** Nothing that was this life's reaches the next one. */
  #endLife(cell: Cell): void {
    cell.life++;
    cell.askers = null;
    this.#options.waits.forget(cell);
    this.#world.watches.endOf(cell);
    if (cell.children === null || cell.children.members.size === 0) return;
    const children = [...cell.children.members] as Cell[];
    cell.children.renew();
    for (const child of children.reverse()) {
      this.end(child, SHUTDOWN);
    }
  }

  #askersOf(cell: Cell): Ask[] {
    return cell.askers === null ? [] : [...cell.askers.values()];
  }

  /** Who still waits may have had his effect, or not. */
  #settleAskers(cell: Cell): void {
    if (cell.askers === null) return;
    const askers = this.#askersOf(cell);
    cell.askers = null;
    for (const ask of askers) {
      this.#world.exchange.answer(ask, unknown(RETRY_AFTER_MS));
    }
  }
}

/** True for one that was told to stop by whoever does not want it back. */
function isStoppedByOthers({ status, endReason }: Cell): boolean {
  return status === "draining" && endReason!.kind !== "normal";
}

function cellsOf(member: Member): Cell[] {
  return member instanceof Cell
    ? [member]
    : [...member.members].flatMap(cellsOf);
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
