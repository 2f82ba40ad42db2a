/**
 * One actor as its domain keeps it: its state, its mail, its record. It decides
 * nothing; `steps.ts` runs it, `lives.ts` begins and ends its lives, and
 * `context.ts` is the world that its steps see.
 *
 * @module
 */
import type {
  AnyBehavior,
  ExitReason,
  JournalEvent,
  Lane,
  Message,
  Overflow,
  RestartType,
} from "./actor.ts";
import type { CircuitBreaker } from "./circuit_breaker.ts";
import type { ActorContext } from "./context.ts";
import type { Family } from "./family.ts";
import type { IdMap } from "./id_map.ts";
import { type Mail, Mailbox } from "./mailbox.ts";
import type { Ask, Timer } from "./slip.ts";
import type { Sibling } from "./siblings.ts";
import type { Quarantine, RestartSpec } from "./supervision.ts";
import type { Place } from "./keyed.ts";

/** How an actor is placed in its domain. */
export interface ActorSpec {
  /** Its name in the whole shop, such as `inventory[3]`. */
  readonly address: string;
  /** What it does. */
  readonly behavior: AnyBehavior;
  /** Handed to the behavior's `start` in each life. Plain data. */
  readonly args: unknown;
  /** Its events go to the journal, under its address as the partition. */
  readonly journaled: boolean;
  /** When it runs again after a crash, under a supervisor of its own. */
  readonly restart: RestartSpec;
  /** The most messages in each lane of its mailbox. */
  readonly mailboxCapacity: number;
  /** What becomes of a tell that finds its lane full. Default `reject`. */
  readonly overflow?: Overflow;
  /** The most messages set aside. Default: `mailboxCapacity`. */
  readonly stashCapacity?: number;
  /** See `ChildSpec`. */
  readonly idleAfterMs?: number;
  /** See `ChildSpec`. */
  readonly shutdownMs?: number;
}

/** How an actor is run: one object for all that were started alike. */
export interface CellSpec {
  readonly behavior: AnyBehavior;
  /** The behavior's: looked up once, as behaviors have shapes of all kinds. */
  readonly receive: AnyBehavior["receive"];
  /** The behavior's; null: every kind is normal. */
  readonly urgent: ReadonlySet<string> | null;
  readonly restartType: RestartType;
  readonly journaled: boolean;
  readonly mailboxCapacity: number;
  readonly overflow: Overflow;
  readonly stashCapacity: number;
  /** 0: it is never told that it is idle. */
  readonly idleAfterMs: number;
  readonly shutdownMs: number;
}

/** Where an actor is in its life. */
export type CellStatus =
  /** Not folded yet; the domain has not started. */
  | "new"
  | "running"
  /** Handles the mail that it has, then ends. */
  | "draining"
  /** Crashed; the fold for its next life is under way. */
  | "folding"
  /** Crashed, or stopped with a sibling; waits for its restart. */
  | "backing_off"
  /** Crashed over its budget; waits for the next try. */
  | "down"
  /** Ended for good; nobody has this address from here on. */
  | "ended";

/** Why an actor's last life ended. */
export interface Crash {
  /** Wall time. */
  readonly atMs: number;
  /** The life that ended. */
  readonly incarnation: number;
  /** The kind of the message that was run; `signal` where there was none. */
  readonly messageKind: string;
  /** What the thrown error says. */
  readonly cause: string;
}

/** What has gone wrong with an actor, and what follows from it. */
class Troubles {
  crashes = 0;
  restarts = 0;
  lastCrash: Crash | null = null;
  /** Messages that crashed it again and again. */
  quarantine: Quarantine | null = null;
  /** Monotonic time of the next restart. */
  retryAtMs = 0;
  /** Its supervisor's directive that starts it again; no earlier one does. */
  directive = 0;
  /** Milliseconds to wait after each step: the fault `slow`. */
  slowMs = 0;
}

/** Since when an actor that wants the signal `idle` has had no message. */
interface Quiet {
  /** Monotonic time. */
  sinceMs: number;
  /** The wait for its end runs. */
  isAwaited: boolean;
}

/**
 * One actor. See the module's text. Each field costs all actors of a large
 * system: what few of them need is an object of its own, made on first use.
 */
export class Cell implements Sibling {
  siblings: unknown = null;
  elder: Sibling | null = null;
  younger: Sibling | null = null;
  readonly address: string;
  readonly behavior: AnyBehavior;
  readonly args: unknown;
  readonly spec: CellSpec;
  /** Who decides about its crashes. */
  readonly family: Family;
  readonly mailbox: Mailbox;
  status: CellStatus = "new";
  state: unknown = undefined;
  /** Which life this is, from 1; 0 before the first. */
  incarnation = 0;
  /** Moves when a life begins and when it ends: what was its is nobody's. */
  life = 0;
  /** In the domain's queue of actors with mail. */
  queued = false;
  handled = 0;
  /** Asks of its that have not ended. */
  openAsks = 0;
  /** What is journaled; null: nothing. */
  readonly past: Past | null;
  /** Why it ends once it has drained. */
  endReason: ExitReason | null = null;
  /** Opened by its supervisor while it is down, and fed by calls. */
  breaker: CircuitBreaker | null = null;
  // All below is made on first use: most actors of a large system are idle.
  /** What its steps see of the world. */
  context: ActorContext | null = null;
  troubles: Troubles | null = null;
  /** Askers that a step took along: token → the ask. */
  askers: IdMap<Ask> | null = null;
  timers: Map<string, Timer> | null = null;
  /** Messages set aside, the oldest first. */
  stash: Mail[] | null = null;
  /** Those that it supervises itself. */
  children: Family | null = null;
  /** Addresses whose end it wants to hear of. */
  watching: Set<string> | null = null;
  /** Addresses that found its mailbox full and want to hear of room. */
  waitingForRoom: Set<string> | null = null;
  /** Its place among the keyed actors that it is one of. */
  place: Place | null = null;
  quiet: Quiet | null = null;

  /** Everything is bounded in `spec`. */
  constructor(
    address: string,
    args: unknown,
    spec: CellSpec,
    family: Family,
    mailbox: Mailbox = new Mailbox(spec.mailboxCapacity),
  ) {
    this.address = address;
    this.behavior = spec.behavior;
    this.args = args;
    this.spec = spec;
    this.family = family;
    this.mailbox = mailbox;
    this.past = spec.journaled ? new Past() : null;
  }

  /** True while it handles mail. */
  get isAlive(): boolean {
    return this.status === "running" || this.status === "draining";
  }

  /** Whether it is started again. */
  get restartType(): RestartType {
    return this.spec.restartType;
  }

  /** Its troubles, to be added to. */
  get ownTroubles(): Troubles {
    return this.troubles ??= new Troubles();
  }

  /** See `Troubles`. */
  get directive(): number {
    return this.troubles === null ? 0 : this.troubles.directive;
  }

  /** The actor's `now()` never falls behind an event it has recorded. */
  noteTime({ atMs }: JournalEvent): void {
    const past = this.past!;
    if (atMs !== undefined && atMs > past.newestEventMs) {
      past.newestEventMs = atMs;
    }
  }

  /** What a message is about, for quarantine; empty where nobody says. */
  keyOf(message: Message): string {
    return this.behavior.keyOf?.(message) ?? "";
  }

  /** The lane in which a message travels. */
  laneOf(message: Message): Lane {
    // Without urgent kinds no message is looked into.
    const { urgent } = this.spec;
    return urgent !== null && urgent.has(message.kind) ? "urgent" : "normal";
  }
}

/** Where a journaled actor stands in its journal. */
export class Past {
  epoch = 0;
  /** Sequence number of the newest event, durable or staged. */
  sequence = 0;
  /** The commit queue's number of the batch with the newest event. */
  newestBatch = 0;
  /** Wall time of the newest recorded event. */
  newestEventMs = 0;
  /** Events staged since the last commit. */
  staged: JournalEvent[] = [];
}
