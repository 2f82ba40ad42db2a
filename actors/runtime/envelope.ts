/**
 * A message on its way between domains. One class, so that the engine sees one
 * shape on every path; the same facts travel over every link.
 *
 * @module
 */
import type { Message } from "./actor.ts";
import type { Outcome } from "./outcome.ts";

/** What an envelope holds: a message, or the outcome that answers an ask. */
export type Content = Message | Outcome<unknown>;

/** A message with its way and its wait. */
export class Envelope {
  /** Puts the facts together; checks none of them. */
  constructor(
    /** The address it goes to: an actor, or a domain whose host asked. */
    readonly to: string,
    /** The address an answer goes to. */
    readonly from: string,
    /** 0: a tell. Positive: an ask of that id. Negative: the answer to it. */
    readonly ask: number,
    /** Monotonic time after which nobody waits; 0: no deadline. */
    readonly deadlineMs: number,
    /** What it carries. Plain data. */
    readonly content: Content,
    /**
     * The actors that wait for the answer in order to answer, the newest
     * first, with a space between; empty for a tell, and for the first ask.
     */
    readonly chain: string = "",
  ) {}
}
