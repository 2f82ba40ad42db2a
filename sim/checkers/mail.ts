/**
 * `mail.accounted`: every frame that a link took was handed over, or is counted
 * as expired, never sent, lost or under way; what was handed over is what had
 * arrived; and nothing waits beyond its bound. Of each actor: what its mailbox
 * took has left it or waits, and what left it in its turn was handled, or it was
 * noticed that it was not.
 *
 * The sender, the carrier and the receiver count apart from one another, and so
 * do a mailbox and the domain that empties it: what none of them has notice of
 * is missing from a sum. The bound of mailboxes is looked at where actors ask
 * nobody: there it is exact, since only a few timers and signals pass it.
 *
 * @module
 */

import type { MailboxCount, Observation, WayCount } from "../observation.ts";
import { Inspection } from "./inspection.ts";

/** A shard's timers (`expire`, `publish`) and the signals of its runtime. */
const PASSING = 8;

/** See the module's text. */
export class MailAccounted extends Inspection {
  readonly id = "mail.accounted";
  override readonly sees = ["mail_counted"] as const;

  observe(observation: Observation): void {
    if (observation.kind !== "mail_counted") return;
    const { atUs, ways, mailboxes } = observation;
    for (const each of ways) this.#checkWay(atUs, each);
    for (const each of mailboxes) this.#checkMailbox(atUs, each);
  }

  #checkWay(atUs: number, count: WayCount): void {
    const { way, offered, expired, unsent, waiting, carried } = count;
    this.checked++;
    const left = expired + unsent + waiting + carried;
    if (offered !== left) {
      const detail = `${way} took ${offered} frames, of which ${carried} ` +
        `left, ${expired} expired, ${unsent} were never sent and ${waiting} ` +
        `wait`;
      return this.report(atUs, way, detail);
    }
    const { arrived, lost, underWay, delivered } = count;
    if (carried !== arrived + lost + underWay || arrived !== delivered) {
      const detail = `${carried} frames left by ${way}, of which ${arrived} ` +
        `arrived, ${lost} were lost and ${underWay} are under way; ` +
        `${delivered} were handed over`;
      return this.report(atUs, way, detail);
    }
    const { deepest, bound } = count;
    if (deepest <= bound) return;
    const detail = `${deepest} frames waited for ${way}, where ${bound} may`;
    this.report(atUs, way, detail);
  }

  #checkMailbox(atUs: number, count: MailboxCount): void {
    const { actor, depth, lane, taken, given, dropped } = count;
    this.checked++;
    if (taken !== given + dropped + depth) {
      const detail =
        `The mailbox of ${actor} took ${taken} messages, of which ` +
        `${given} were given out, ${dropped} dropped and ${depth} wait`;
      return this.report(atUs, actor, detail);
    }
    const { handled, passed } = count;
    if (given !== handled + passed) {
      const detail = `${actor} was given ${given} messages, of which ` +
        `${handled} were handled and ${passed} not`;
      return this.report(atUs, actor, detail);
    }
    if (!actor.startsWith("inventory[")) return;
    const most = 2 * lane + PASSING;
    if (depth <= most) return;
    const detail = `${depth} messages wait at ${actor}, where ${most} may`;
    this.report(atUs, actor, detail);
  }
}
