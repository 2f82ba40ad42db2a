/**
 * What can be seen of a run, as it happens: what clients asked and got, what
 * shards decided, what became durable, what links and workers did. Checkers
 * and the report see a run through this and through nothing else.
 *
 * @module
 */
import type { JournalEvent, Message } from "../actors/runtime/actor.ts";
import type {
  BreakerReport,
  BreakerState,
} from "../actors/runtime/circuit_breaker.ts";
import type { Outcome } from "../actors/runtime/outcome.ts";
import type { MailCounts } from "../actors/runtime/ports.ts";

/** What became of all frames that one thread had for another one. */
export interface WayCount {
  /** From where to where: `a→b`. */
  readonly way: string;
  /** Frames that links took. */
  offered: number;
  /** Frames whose time was up before they could leave. */
  expired: number;
  /** Frames that never left, as their link ended. */
  unsent: number;
  /** Frames that wait to leave. */
  waiting: number;
  /** Frames that left in a batch. */
  carried: number;
  /** Frames on their way. */
  underWay: number;
  /** Frames that left and did not come, or came to a link that had ended. */
  lost: number;
  /** Frames in batches that came for the first time, in their turn. */
  arrived: number;
  /** Frames that were handed to the thread. */
  delivered: number;
  /** The most that ever waited to leave. */
  deepest: number;
  /** The most that a link of it let wait. */
  bound: number;
}

/** A mailbox as it is, and what became of its messages. */
export interface MailboxCount extends Readonly<MailCounts> {
  /** The address of its actor. */
  readonly actor: string;
  /** Messages that wait, in both lanes. */
  readonly depth: number;
  /** What each lane may hold. */
  readonly lane: number;
  /** Of those given, what its actor's behavior got. */
  readonly handled: number;
}

/** What one machine, or one server on a shared one, has done. */
export interface WorkCount {
  /** `process[0]`, `redis`, `database` or `clients`. */
  readonly who: string;
  /** Processor time, in microseconds. */
  readonly workedUs: number;
  /** Of Redis its requests, of the database its appends; else 0. */
  readonly requests: number;
}

/** One thing that happened. Times are virtual microseconds since the start. */
export type Observation =
  /** A client asks; `call` numbers the calls of a run from 1. */
  | {
    readonly kind: "called";
    readonly atUs: number;
    readonly call: number;
    readonly client: string;
    /** Such as `place_order`, `pay_order`, `read_product`. */
    readonly step: string;
    /** The client's first try, which this call tries again; absent: it is one. */
    readonly first?: number | undefined;
    /** Of several processes the one whose gate is asked. */
    readonly process?: string | undefined;
    /** The message, as the gate takes it apart. */
    readonly input: Readonly<Record<string, unknown>>;
  }
  /** The limiters let a request in, or refused it. */
  | {
    readonly kind: "admitted";
    readonly atUs: number;
    readonly client: string;
    /** Such as `placeOrder`. */
    readonly route: string;
    readonly admitted: boolean;
    /** The limiter that refused, else the client's. */
    readonly policy: string;
  }
  /** An order was let in at `decidedUs`, and refused for one of its products. */
  | {
    readonly kind: "given_back";
    readonly atUs: number;
    readonly client: string;
    readonly route: string;
    readonly decidedUs: number;
  }
  /** A breaker in a domain, before an address, changed. */
  | {
    readonly kind: "breaker_changed";
    readonly atUs: number;
    readonly domain: string;
    readonly incarnation: number;
    readonly address: string;
    readonly from: BreakerState;
    readonly to: BreakerState;
    /** As it was just before. */
    readonly report: BreakerReport;
  }
  /** A call ended; `unknown` outcomes may still take effect. */
  | {
    readonly kind: "returned";
    readonly atUs: number;
    readonly call: number;
    readonly outcome: Outcome<unknown>;
  }
  /** An actor handled a message that asked, and answered it in that step. */
  | {
    readonly kind: "decided";
    readonly atUs: number;
    readonly actor: string;
    readonly message: Message;
    readonly outcome: Outcome<unknown>;
    /** The actor's newest event when it answered; 0: none yet. */
    readonly sequence: number;
    /** The epoch under which it answered, where that is known. */
    readonly epoch?: number;
  }
  /** An actor recorded an event; it is staged, not durable. */
  | {
    readonly kind: "recorded";
    readonly atUs: number;
    readonly actor: string;
    readonly epoch: number;
    readonly sequence: number;
    readonly event: JournalEvent;
  }
  /** Events up to here are on disk. */
  | {
    readonly kind: "durable";
    readonly atUs: number;
    readonly actor: string;
    readonly epoch: number;
    readonly firstSequence: number;
    readonly lastSequence: number;
  }
  /** An append was refused: another owner's epoch stands in the journal. */
  | {
    readonly kind: "fenced";
    readonly atUs: number;
    readonly actor: string;
    readonly epoch: number;
  }
  /** A worker's life begins or ends; `epochs` are those that it took. */
  | {
    readonly kind: "worker_started" | "worker_lost";
    readonly atUs: number;
    readonly worker: string;
    readonly incarnation: number;
  }
  /**
   * Of several processes: one has taken the lease of a shop worker, has it no
   * more, or a batch of messages has left that shop worker.
   */
  | {
    readonly kind: "lease_taken" | "lease_ended" | "said";
    readonly atUs: number;
    readonly territory: string;
    readonly process: string;
    readonly fence: number;
  }
  /** A fault begins or ends. */
  | {
    readonly kind: "fault_began" | "fault_ended";
    readonly atUs: number;
    readonly fault: string;
    readonly target: string;
  }
  /** A rare path was taken on purpose; see `buggify.ts`. */
  | {
    readonly kind: "rare_path_taken";
    readonly atUs: number;
    readonly path: string;
  }
  /** Mail was counted: what waits now, and what became of it so far. */
  | {
    readonly kind: "mail_counted";
    readonly atUs: number;
    /** What became of what was sent; only of the last count. */
    readonly ways: readonly WayCount[];
    readonly mailboxes: readonly MailboxCount[];
    /** The run is over and the shop is quiet: nothing may wait. */
    readonly isLast: boolean;
  }
  /** What each machine has done by then, of several processes. */
  | {
    readonly kind: "work_counted";
    readonly atUs: number;
    readonly work: readonly WorkCount[];
  }
  /** Money moved at the provider, by attempt. */
  | {
    readonly kind: "charged" | "refunded";
    readonly atUs: number;
    readonly attempt: string;
    readonly amountCents: number;
  };

/** Looks at a run and says what is wrong. Counts what it looked at. */
export interface Checker {
  /** Such as `stock.conserved`. */
  readonly id: string;
  /** How often it had something to check; 0 at the end is a failure. */
  readonly checked: number;
  /** How often it could not say, for want of time; never counted as right. */
  readonly unknown?: number;
  /** The first thing that is wrong; null: nothing so far. */
  readonly violation: Violation | null;
  /**
   * The kinds that it looks at; all unless given. It may be told of others and
   * must make nothing of them.
   */
  readonly sees?: readonly Observation["kind"][];
  /** Takes the next observation, in order of time. */
  observe(observation: Observation): void;
  /** The run is over and everything has settled. */
  end(): void;
}

/** What is wrong, where and when. */
export interface Violation {
  /** The checker's id. */
  readonly check: string;
  /** When it was noticed, in virtual microseconds. */
  readonly atUs: number;
  /** What it is about: a SKU, an order, a key; the same in every replay. */
  readonly key: string;
  /** One sentence with the numbers. */
  readonly detail: string;
}
