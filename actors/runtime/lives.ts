/**
 * How the lives of a domain's actors begin: the first one, of an actor that was
 * added or spawned, and each that follows a crash. A life starts from the fold
 * of what is durable, so nothing that a thrown step did to the state survives.
 * How lives end stands in `exits.ts`.
 *
 * @module
 */
import type { ChildSpec, MailboxSpec, RestartType } from "./actor.ts";
import { Cell, type CellSpec } from "./cell.ts";
import type { CommitQueue } from "./commit_queue.ts";
import type { World } from "./context.ts";
import { CountedMailbox } from "./counted_mailbox.ts";
import { Family, type Member } from "./family.ts";
import { RETRY_AFTER_MS } from "./outcome.ts";
import type { FoldTarget, Journal } from "./ports.ts";
import type { RunQueue } from "./run_queue.ts";
import type { Steps } from "./steps.ts";
import type { RestartPolicy } from "./supervisor.ts";

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

/** As OTP's workers have. */
const SHUTDOWN_MS = 5_000;

/** For a child that says nothing of its mailbox. */
const NO_BOUNDS: Readonly<MailboxSpec> = {};

/** What else says how an actor is run. */
interface RunSpec {
  readonly behavior: CellSpec["behavior"];
  readonly journaled?: boolean;
  readonly idleAfterMs?: number;
  readonly shutdownMs?: number;
}

/** What the lives need of their domain. */
export interface LivesOptions {
  readonly world: World;
  readonly cells: Map<string, Cell>;
  readonly commits: CommitQueue;
  readonly ready: RunQueue;
  readonly steps: Steps;
  readonly journal: Journal | null;
  /** False once the domain has ended: what comes back then is of no use. */
  readonly isRunning: () => boolean;
  /** Acts after a wait. */
  readonly after: (delayMs: number, act: () => void) => void;
  /** There is work. */
  readonly wake: () => void;
}

/** Begins lives. See the module's text. */
export class Lives {
  readonly #options: LivesOptions;
  readonly #world: World;

  constructor(options: LivesOptions) {
    this.#options = options;
    this.#world = options.world;
  }

  // ── Beginning ───────────────────────────────────────────────────────────

  /** An actor of a family, not living yet. Throws when it cannot be. */
  add(address: string, args: unknown, spec: CellSpec, family: Family): Cell {
    const { cells, journal } = this.#options;
    const { behavior, journaled } = spec;
    if (cells.has(address)) {
      throw new TypeError(`Cannot start "${address}" as the name is taken`);
    }
    if (journaled && (journal === null || behavior.apply === undefined)) {
      throw new TypeError(
        `Cannot start "${address}" as it is journaled without a journal ` +
          `or an apply`,
      );
    }
    const counts = this.#world.observer?.mailOf?.(address);
    const mailbox = counts && new CountedMailbox(spec.mailboxCapacity, counts);
    const cell = new Cell(address, args, spec, family, mailbox);
    const { breakers } = this.#world.exchange;
    if (breakers.size > 0) cell.breaker = breakers.get(address) ?? null;
    cells.set(address, cell);
    family.members.add(cell);
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
    let spec = family.newestSpec;
    if (spec === null || !isAlike(spec, child)) {
      const restartType = child.restart ?? "temporary";
      spec = family.newestSpec = specOf(child, child.mailbox, restartType);
    }
    const address = `${owner.address}/${child.name}`;
    return this.launch(this.add(address, child.args, spec, family));
  }

  /** Lets a new actor live at once, or as soon as its past is folded. */
  launch(cell: Cell): Cell {
    if (cell.past === null) {
      try {
        cell.state = cell.behavior.start(cell.args);
      } catch (cause) {
        cell.status = "backing_off";
        this.#initFailed(cell, cause);
        return cell;
      }
      this.#live(cell);
      if (cell.behavior.signal !== undefined) this.#recovered(cell);
      return cell;
    }
    cell.status = "folding";
    this.#takeOverSoon(cell);
    return cell;
  }

  /** Its family decides when the step that started it has returned. */
  #initFailed(cell: Cell, cause: unknown): void {
    this.#options.after(0, () => this.#world.exits.initFailed(cell, cause));
  }

  #takeOverSoon(cell: Cell): void {
    this.#options.after(0, () => this.#takeOver(cell));
  }

  /**
   * Folded or fresh states begin to live: first all of them, then each hears
   * that it has recovered, so that nobody asks a neighbor who is not there yet.
   */
  begin(cells: readonly Cell[]): void {
    // The fold may have taken long, and timers count from now.
    this.#world.time.read();
    for (const cell of cells) this.#live(cell);
    for (const cell of cells) {
      // The crash of one before it may have taken it down.
      if (cell.status !== "running") continue;
      this.#options.steps.signal(cell, { kind: "recovered" });
      if (cell.mailbox.size > 0) this.#options.ready.push(cell);
    }
    this.#options.wake();
  }

  /** It hears so before any mail, but not in the midst of another step. */
  #recovered(cell: Cell): void {
    const { effects } = this.#world;
    const hear = () => {
      if (cell.status !== "running") return;
      this.#options.steps.signal(cell, { kind: "recovered" });
    };
    if (!effects.isOpen) return hear();
    effects.isDirty = true;
    effects.deferred.push(hear);
  }

  #live(cell: Cell): void {
    cell.incarnation++;
    cell.life++;
    cell.context?.renew();
    cell.status = "running";
    cell.breaker?.targetUp(this.#world.time.monotonicMs);
    if (cell.spec.idleAfterMs > 0) this.#options.steps.armIdle(cell);
  }

  // ── The next life ───────────────────────────────────────────────────────

  /**
   * Starts a member again, unless it has ended or a later directive has put it
   * off meanwhile; its neighbors run on.
   */
  restart(member: Member, directive: number): void {
    if (member instanceof Family) {
      for (const each of [...member.members]) this.restart(each, directive);
      return;
    }
    const cell = member;
    if (cell.directive !== directive) return;
    if (cell.status !== "backing_off" && cell.status !== "down") return;
    cell.status = "folding";
    if (cell.past !== null) {
      // Its events are read back: staged ones must have become durable first.
      return this.#options.commits.whenDurable(cell, () => this.#replay(cell));
    }
    try {
      cell.state = cell.behavior.start(cell.args);
    } catch (cause) {
      return this.#world.exits.initFailed(cell, cause);
    }
    cell.ownTroubles.restarts++;
    this.begin([cell]);
  }

  #replay(cell: Cell): void {
    if (cell.status !== "folding") return;
    const { past, address, directive } = cell;
    // A take-over that never came through is made good first.
    if (past!.epoch === 0) return this.#takeOver(cell);
    const fold = guardedFold(cell);
    this.#options.journal!.replay(address, fold.target, (lastSequence) => {
      if (!this.#isAwaited(cell, directive)) return;
      if (fold.broken !== null) {
        return this.#world.exits.initFailed(cell, fold.broken.cause);
      }
      if (lastSequence !== past!.sequence) return this.#readLater(cell);
      cell.state = fold.state;
      cell.ownTroubles.restarts++;
      this.begin([cell]);
    });
  }

  /** False for a fold that comes when another one is under way, or none. */
  #isAwaited(cell: Cell, directive: number): boolean {
    return this.#options.isRunning() && cell.status === "folding" &&
      cell.directive === directive;
  }

  /** The journal cannot be read now, or has events that are not ours. */
  #readLater(cell: Cell): void {
    const { address: actor, directive } = cell;
    this.#world.log("warn", "partition cannot be read", { actor });
    this.#options.after(RETRY_AFTER_MS, () => {
      if (cell.status === "folding") cell.status = "backing_off";
      this.restart(cell, directive);
    });
  }

  /** A journaled actor that was started while the domain runs. */
  #takeOver(cell: Cell): void {
    if (cell.status !== "folding") return;
    const { directive } = cell;
    const fold = guardedFold(cell);
    this.#options.journal!.recover(
      [cell.address],
      () => fold.target,
      (recovered) => {
        if (!this.#isAwaited(cell, directive)) return;
        if (fold.broken !== null) {
          return this.#world.exits.initFailed(cell, fold.broken.cause);
        }
        if (recovered === null) return this.#readLater(cell);
        cell.past!.epoch = recovered[0]!.epoch;
        cell.past!.sequence = recovered[0]!.lastSequence;
        cell.state = fold.state;
        this.begin([cell]);
      },
    );
  }
}

/**
 * Folds the past of an actor into the fresh state that `into` holds: the actor
 * itself, where it waits for nothing else.
 */
export function foldInto(
  cell: Cell,
  into: { state: unknown } = cell,
): FoldTarget {
  const { behavior } = cell;
  return {
    snapshot(state) {
      const fresh = into.state as { volatile?: unknown } | null;
      into.state = state;
      if (fresh?.volatile !== undefined) {
        (into.state as { volatile?: unknown }).volatile = fresh.volatile;
      }
    },
    event(event) {
      cell.noteTime(event);
      behavior.apply!(into.state, event);
    },
  };
}

/** A fold as far as it has come. */
interface Fold {
  state: unknown;
  /** What it threw; null: nothing. */
  broken: { cause: unknown } | null;
  readonly target: FoldTarget;
}

/**
 * A fold whose throw is the actor's failure, not the journal's. It has a state
 * of its own, since another one may be asked for before it has come.
 */
function guardedFold(cell: Cell): Fold {
  const fold: Fold = {
    state: undefined,
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
  const inner = foldInto(cell, fold);
  guarded(() => fold.state = cell.behavior.start(cell.args));
  return fold;
}

/** How an actor is run, with all that its spec leaves out. */
export function specOf(
  { behavior, journaled, idleAfterMs, shutdownMs }: RunSpec,
  mailbox: MailboxSpec = NO_BOUNDS,
  restartType: RestartType = "permanent",
): CellSpec {
  const mailboxCapacity = mailbox.capacity ?? CAPACITY;
  return {
    behavior,
    receive: behavior.receive,
    urgent: behavior.urgent ?? null,
    restartType,
    journaled: journaled ?? false,
    mailboxCapacity,
    overflow: mailbox.overflow ?? "reject",
    stashCapacity: mailbox.stashCapacity ?? mailboxCapacity,
    idleAfterMs: idleAfterMs ?? 0,
    shutdownMs: shutdownMs ?? SHUTDOWN_MS,
  };
}

/** Whether a spec is also that of a spawned child: its siblings share one. */
function isAlike(spec: CellSpec, child: ChildSpec): boolean {
  const { mailbox = NO_BOUNDS } = child;
  return spec.behavior === child.behavior &&
    spec.restartType === (child.restart ?? "temporary") &&
    spec.journaled === (child.journaled ?? false) &&
    spec.mailboxCapacity === (mailbox.capacity ?? CAPACITY) &&
    spec.overflow === (mailbox.overflow ?? "reject") &&
    spec.stashCapacity === (mailbox.stashCapacity ?? spec.mailboxCapacity) &&
    spec.idleAfterMs === (child.idleAfterMs ?? 0) &&
    spec.shutdownMs === (child.shutdownMs ?? SHUTDOWN_MS);
}

/** Letters, digits, `_`, `-` and `.`: what no address is taken apart by. */
export function checkName(name: string): void {
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
