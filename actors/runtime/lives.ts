/**
 * The lives of a domain's actors: how one begins, how it ends in a crash, when
 * the next one begins, and how an actor ends for good.
 *
 * A crash ends an incarnation, not the actor: its address and its mail stay,
 * only the message that crashed it is gone. The next life starts from the fold
 * of what is durable, so nothing that a thrown step did to the state survives.
 * What a crash leads to is decided by the actor's family.
 *
 * @module
 */
import type { ChildSpec, ExitReason, LogLevel, Message } from "./actor.ts";
import { Cell, type CellSpec } from "./cell.ts";
import type { CommitQueue } from "./commit_queue.ts";
import type { World } from "./context.ts";
import { type Decision, Family, type Member } from "./family.ts";
import { failed, RETRY_AFTER_MS, unknown } from "./outcome.ts";
import type { FoldTarget, Journal, Random } from "./ports.ts";
import type { RunQueue } from "./run_queue.ts";
import type { Ask } from "./slip.ts";
import type { Steps } from "./steps.ts";
import { CRASHES_MAX, Quarantine } from "./supervision.ts";
import { isAbnormal, type RestartPolicy } from "./supervisor.ts";
import type { Waits } from "./waits.ts";

/** As in Pekko's `supervise`: enough for bad luck, too few for a loop. */
const SPAWNED: RestartPolicy = {
  strategy: "one_for_one",
  maxRestarts: 3,
  periodMs: 5_000,
};

/** A million idle actors take under a gigabyte. */
const CHILDREN_MAX = 1_048_576;

/** As long as the mail of a gate's callers may be. */
const CAPACITY = 1_024;

/** What the lives need of their domain. */
export interface LivesOptions {
  readonly world: World;
  readonly cells: Map<string, Cell>;
  readonly commits: CommitQueue;
  readonly waits: Waits;
  readonly ready: RunQueue;
  readonly steps: Steps;
  readonly journal: Journal | null;
  /** Spreads the delays of restarts. */
  readonly random: Random;
  /** False once the domain has ended: what comes back then is of no use. */
  readonly isRunning: () => boolean;
  /** Acts after a wait. */
  readonly after: (delayMs: number, act: () => void) => void;
  /** There is work. */
  readonly wake: () => void;
  /** The root gave up. */
  readonly escalated: () => void;
}

/** Begins, ends and begins again. See the module's text. */
export class Lives {
  readonly #options: LivesOptions;
  readonly #world: World;

  constructor(options: LivesOptions) {
    this.#options = options;
    this.#world = options.world;
  }

  // ── Beginning ───────────────────────────────────────────────────────────

  /** An actor of a family, not living yet. Throws when it cannot be. */
  add(spec: CellSpec, parts: Pick<Cell, "family" | "restartType">): Cell {
    const { cells, journal } = this.#options;
    const { address, behavior, journaled } = spec;
    if (cells.has(address)) {
      throw new TypeError(`Cannot start "${address}" as the name is taken`);
    }
    if (journaled && (journal === null || behavior.apply === undefined)) {
      throw new TypeError(
        `Cannot start "${address}" as it is journaled without a journal ` +
          `or an apply`,
      );
    }
    const cell = new Cell(spec, { world: this.#world, ...parts });
    cells.set(address, cell);
    parts.family.members.add(cell);
    return cell;
  }

  /** An actor starts a child, in the midst of its step. */
  spawn(owner: Cell, child: ChildSpec): Cell {
    checkName(child.name);
    const family = owner.children ??= new Family(
      owner.address,
      SPAWNED,
      null,
      owner,
    );
    if (family.members.size >= CHILDREN_MAX) {
      throw new RangeError(
        `Cannot start "${child.name}" as ${owner.address} has ` +
          `${CHILDREN_MAX} children`,
      );
    }
    const spec = specOf(`${owner.address}/${child.name}`, child);
    const restartType = child.restart ?? "temporary";
    return this.launch(this.add(spec, { family, restartType }));
  }

  /** Lets a new actor live at once, or as soon as its past is folded. */
  launch(cell: Cell): Cell {
    if (cell.past === null) {
      try {
        cell.state = cell.behavior.start(cell.args);
      } catch (cause) {
        // Its family decides when the step that started it has returned.
        this.#options.after(0, () => this.#initFailed(cell, cause));
        cell.status = "backing_off";
        return cell;
      }
      this.#live(cell);
      if (cell.behavior.signal !== undefined) {
        this.#options.steps.queueSignal(cell, { kind: "recovered" });
      }
      return cell;
    }
    cell.status = "folding";
    this.#options.after(0, () => this.#takeOver(cell));
    return cell;
  }

  /**
   * Folded or fresh states begin to live: first all of them, then each hears
   * that it has recovered, so that nobody asks a neighbor who is not there yet.
   */
  begin(cells: readonly Cell[]): void {
    for (const cell of cells) this.#live(cell);
    // The fold may have taken long, and timers count from now.
    this.#world.time.read();
    for (const cell of cells) {
      this.#options.steps.signal(cell, { kind: "recovered" });
      if (cell.mailbox.size > 0) this.#options.ready.push(cell);
    }
    this.#options.wake();
  }

  #live(cell: Cell): void {
    cell.incarnation++;
    cell.life++;
    cell.context.renew();
    cell.status = "running";
    cell.breaker?.targetUp(this.#world.time.monotonicMs);
  }

  #initFailed(cell: Cell, cause: unknown): void {
    if (cell.status === "ended") return;
    this.#fail(cell, null, cause, {
      kind: "init_failed",
      cause: textOf(cause),
    });
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
    for (const child of effects.spawned) this.#remove(child);
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
    const wasDraining = cell.status === "draining";
    cell.status = "backing_off";
    // Before anybody is answered, so that nothing new reaches the dead life.
    this.#endLife(cell);
    if (wasDraining) return this.end(cell, reason);
    this.#exit(cell, reason);
  }

  #note(cell: Cell, message: Message | null, cause: unknown): void {
    cell.crashes++;
    cell.lastCrash = {
      atMs: this.#world.time.wallMs,
      incarnation: cell.incarnation,
      messageKind: message?.kind ?? "signal",
      cause: textOf(cause),
    };
    if (message === null) return;
    const key = cell.keyOf(message);
    cell.quarantine ??= new Quarantine();
    if (cell.quarantine.note(message.kind, key) !== CRASHES_MAX) return;
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
      this.#report(crashed, family, decision);
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

  #report(cell: Cell, family: Family, decision: Decision): void {
    const { maxRestarts } = family.policy;
    this.#world.log("error", "actor crashed", {
      actor: cell.address,
      ...cell.lastCrash,
      action: decision.action,
      delayMs: "delayMs" in decision ? decision.delayMs : 0,
      restartsLeft: Math.max(0, maxRestarts - family.restarts),
    });
  }

  #startLater(
    members: readonly Member[],
    delayMs: number,
    action: "restart" | "stay_down",
  ): void {
    const nowMs = this.#world.time.monotonicMs;
    const status = action === "restart" ? "backing_off" : "down";
    for (const cell of members.flatMap(cellsOf)) {
      if (cell.status === "ended") continue;
      cell.status = status;
      cell.retryAtMs = nowMs + delayMs;
      cell.breaker?.targetDown(nowMs, delayMs);
    }
    this.#options.after(delayMs, () => {
      for (const member of members) this.#restart(member);
    });
  }

  /** Its members are stopped, and it is at its end itself. */
  #escalate(family: Family): void {
    const reason: ExitReason = { kind: "budget_exceeded" };
    const { owner, parent, name } = family;
    for (const member of [...family.members].reverse()) this.#halt(member);
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
      return;
    }
    const cell = member;
    if (cell.restartType === "temporary") {
      return this.end(cell, { kind: "shutdown" });
    }
    if (cell.status === "running") {
      this.#options.steps.signal(cell, { kind: "stopping" });
      // Hearing it may have crashed it, which has ended its life too.
      if (cell.status !== "running") return;
      cell.status = "backing_off";
      this.#settleAskers(cell);
      this.#endLife(cell);
    }
    cell.status = "backing_off";
  }

  // ── The next life ───────────────────────────────────────────────────────

  /** Starts a member again; its neighbors run on. */
  #restart(member: Member): void {
    if (member instanceof Family) {
      member.renew();
      for (const each of [...member.members]) this.#restart(each);
      return;
    }
    const cell = member;
    if (cell.status !== "backing_off" && cell.status !== "down") return;
    // A later crash of a sibling has put it off.
    if (cell.retryAtMs > this.#world.time.monotonicMs) return;
    cell.status = "folding";
    if (cell.past !== null) {
      // Its events are read back: staged ones must have become durable first.
      return this.#options.commits.whenDurable(cell, () => this.#replay(cell));
    }
    try {
      cell.state = cell.behavior.start(cell.args);
    } catch (cause) {
      return this.#initFailed(cell, cause);
    }
    cell.restarts++;
    this.begin([cell]);
  }

  #replay(cell: Cell): void {
    const { past, address } = cell;
    // A take-over that never came through is made good first.
    if (past!.epoch === 0) return this.#takeOver(cell);
    const fold = guardedFold(cell);
    this.#options.journal!.replay(address, fold.target, (lastSequence) => {
      if (!this.#options.isRunning() || cell.status !== "folding") return;
      if (fold.broken !== null) {
        return this.#initFailed(cell, fold.broken.cause);
      }
      if (lastSequence !== past!.sequence) return this.#readLater(cell);
      cell.restarts++;
      this.begin([cell]);
    });
  }

  /** The journal cannot be read now, or has events that are not ours. */
  #readLater(cell: Cell): void {
    const actor = cell.address;
    this.#world.log("warn", "partition cannot be read", { actor });
    this.#options.after(RETRY_AFTER_MS, () => {
      if (cell.status === "folding") cell.status = "backing_off";
      this.#restart(cell);
    });
  }

  /** A journaled actor that was started while the domain runs. */
  #takeOver(cell: Cell): void {
    if (cell.status !== "folding") return;
    const fold = guardedFold(cell);
    this.#options.journal!.recover(
      [cell.address],
      () => fold.target,
      (recovered) => {
        if (!this.#options.isRunning() || cell.status !== "folding") return;
        if (fold.broken !== null) {
          return this.#initFailed(cell, fold.broken.cause);
        }
        if (recovered === null) return this.#readLater(cell);
        cell.past!.epoch = recovered[0]!.epoch;
        cell.past!.sequence = recovered[0]!.lastSequence;
        this.begin([cell]);
      },
    );
  }

  // ── Ending ──────────────────────────────────────────────────────────────

  /**
   * Stops an actor: it takes no more mail, handles what it has, stops its
   * children, the newest first, and ends. `normal`: it does so by itself.
   */
  stop(cell: Cell, reason: ExitReason): void {
    if (cell.status === "ended" || cell.status === "draining") return;
    if (cell.status !== "running") return this.end(cell, reason);
    cell.status = "draining";
    cell.endReason = reason;
    const tooLate = () => {
      if (cell.status !== "draining") return;
      this.end(cell, { kind: "killed", why: "deadline" });
    };
    if (cell.shutdownMs === 0) return tooLate();
    if (cell.mailbox.size === 0) return this.drained(cell);
    this.#options.after(cell.shutdownMs, tooLate);
    this.#options.ready.push(cell);
    this.#options.wake();
  }

  /** A draining actor has no more mail: its children go before it. */
  drained(cell: Cell): void {
    const children = [...cell.children?.members ?? []] as Cell[];
    const newest = children.at(-1);
    if (newest !== undefined) {
      // Its end comes back here.
      return this.stop(newest, { kind: "shutdown" });
    }
    this.#options.steps.signal(cell, { kind: "stopping" });
    if (cell.status !== "draining") return;
    const reason = cell.endReason!;
    if (reason.kind !== "normal" || cell.restartType !== "permanent") {
      return this.end(cell, reason);
    }
    // Whoever is to be there always is started again.
    cell.status = "backing_off";
    this.#settleAskers(cell);
    this.#endLife(cell);
    this.#exit(cell, reason);
  }

  /** Ends an actor for good, without its being heard. */
  end(cell: Cell, reason: ExitReason): void {
    if (cell.status === "ended") return;
    this.#remove(cell);
    this.#settleAskers(cell);
    this.#endLife(cell);
    const { exchange, watches } = this.#world;
    const left = [...cell.mailbox.drain(), ...cell.stash ?? []];
    cell.stash = null;
    for (const { message, slip } of left) {
      exchange.refuse(message, slip, cell.address, "ended", "unavailable");
    }
    watches.ended(cell.address, reason);
    const owner = cell.family.owner;
    if (owner === null || !owner.isAlive) return;
    const down = { kind: "down", ref: cell.address, reason } as const;
    this.#options.steps.queueSignal(owner, down, true);
    if (owner.status === "draining" && owner.mailbox.size === 0) {
      this.drained(owner);
    }
  }

  /** Ends one that is started again with the next message to it. */
  passivate(cell: Cell): void {
    this.#options.steps.signal(cell, { kind: "stopping" });
    if (cell.status !== "running" || cell.mailbox.size > 0) return;
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
    cell.group?.ended(cell);
    this.#options.cells.delete(cell.address);
  }

  /** Nothing that was this life's reaches the next one. */
  #endLife(cell: Cell): void {
    cell.life++;
    cell.askers = null;
    this.#options.waits.forget(cell);
    this.#world.watches.endOf(cell);
    const children = [...cell.children?.members ?? []] as Cell[];
    if (children.length === 0) return;
    cell.children!.renew();
    for (const child of children.reverse()) {
      this.end(child, { kind: "shutdown" });
    }
  }

  #askersOf(cell: Cell): Ask[] {
    return cell.askers === null ? [] : [...cell.askers.values()];
  }

  /** Who still waits may have had his effect, or not. */
  #settleAskers(cell: Cell): void {
    const askers = this.#askersOf(cell);
    cell.askers = null;
    for (const ask of askers) {
      this.#world.exchange.answer(ask, unknown(RETRY_AFTER_MS));
    }
  }
}

/** Folds a partition's past into the fresh state of its actor. */
export function foldInto(cell: Cell): FoldTarget {
  const { behavior } = cell;
  return {
    snapshot(state) {
      const fresh = cell.state as { volatile?: unknown } | null;
      cell.state = state;
      if (fresh?.volatile !== undefined) {
        (cell.state as { volatile?: unknown }).volatile = fresh.volatile;
      }
    },
    event(event) {
      cell.noteTime(event);
      behavior.apply!(cell.state, event);
    },
  };
}

/** A fold whose throw is the actor's failure, not the journal's. */
function guardedFold(cell: Cell) {
  const fold: { broken: { cause: unknown } | null; target: FoldTarget } = {
    broken: null,
    target: {
      snapshot: (state, sequence) =>
        guarded(() => inner.snapshot(state, sequence)),
      event: (event) => guarded(() => inner.event(event)),
    },
  };
  const guarded = (act: () => void) => {
    try {
      if (fold.broken === null) act();
    } catch (cause) {
      fold.broken = { cause };
    }
  };
  const inner = foldInto(cell);
  guarded(() => cell.state = cell.behavior.start(cell.args));
  return fold;
}

/** A child's spec as that of an actor of a domain. */
export function specOf(address: string, child: ChildSpec): CellSpec {
  const { behavior, args, journaled = false, mailbox = {} } = child;
  const { idleAfterMs, shutdownMs } = child;
  return {
    address,
    behavior: behavior as CellSpec["behavior"],
    args,
    journaled,
    mailboxCapacity: mailbox.capacity ?? CAPACITY,
    ...mailbox.overflow === undefined ? {} : { overflow: mailbox.overflow },
    ...mailbox.stashCapacity === undefined
      ? {}
      : { stashCapacity: mailbox.stashCapacity },
    ...idleAfterMs === undefined ? {} : { idleAfterMs },
    ...shutdownMs === undefined ? {} : { shutdownMs },
  };
}

function cellsOf(member: Member): Cell[] {
  return member instanceof Cell
    ? [member]
    : [...member.members].flatMap(cellsOf);
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** Letters, digits, `_`, `-` and `.`: what no address is taken apart by. */
function checkName(name: string): void {
  for (let index = 0; index < name.length; index++) {
    const code = name.charCodeAt(index);
    const isFine = (code >= 97 && code <= 122) || (code >= 48 && code <= 57) ||
      (code >= 65 && code <= 90) || code === 95 || code === 45 || code === 46;
    if (!isFine) throw badName(name);
  }
  if (name === "") throw badName(name);
}

function badName(name: string): TypeError {
  return new TypeError(
    `Cannot start a child as its name must be of letters, digits, "_", "-" ` +
      `and ".": current value is "${name}"`,
  );
}
