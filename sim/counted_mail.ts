/**
 * What became of the mail of a thread's actors, by the count of their mailboxes
 * and by that of their domain, so that the two can be held against each other.
 *
 * @module
 */
import type { DomainReport } from "../actors/runtime/domain_report.ts";
import type { MailCounts } from "../actors/runtime/ports.ts";
import type { MailboxCount } from "./observation.ts";

/** See the module's text. */
export class CountedMail {
  readonly #counts = new Map<string, MailCounts>();

  /** Where the mailbox of a new actor counts, for its domain's observer. */
  readonly mailOf = (address: string): MailCounts => {
    const counts = { taken: 0, given: 0, dropped: 0, passed: 0 };
    this.#counts.set(address, counts);
    return counts;
  };

  /** The counts by actor; each lane holds `lane` at most. */
  of({ actors }: DomainReport, lane: number): MailboxCount[] {
    return actors.map(({ address: actor, depth, handled }) => (
      { actor, depth, lane, handled, ...this.#counts.get(actor)! }
    ));
  }
}
