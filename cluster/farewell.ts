/**
 * How a domain that is handed over parts from those that it is linked with, so
 * that no ask is lost on its way to it: it says that it takes no more, refuses
 * what still comes, and hears from each that all it had sent has come. Then the
 * link can end and nobody is left in doubt.
 *
 * @module
 */

/** Where the two ends of a link talk of the link itself; no actor's address. */
export const LINK = "(link)";

/** Who says this takes no new mail any more, and waits for the other's word … */
export const TAKES_NO_MORE = { kind: "takes_no_more" };
/** … that all it had sent is before this. */
const SENDS_NO_MORE = { kind: "sends_no_more" };

/** What the other end of a link has said. */
export interface Farewell {
  takesNoMore: boolean;
  sendsNoMore: boolean;
}

/** Nothing yet. */
export function noFarewell(): Farewell {
  return { takesNoMore: false, sendsNoMore: false };
}

/** Takes what it says; gives what is to be said back, or null. */
export function heed(
  farewell: Farewell,
  content: unknown,
): { readonly kind: string } | null {
  // Nothing else is sent to that address.
  const { kind } = content as { readonly kind: string };
  if (kind === SENDS_NO_MORE.kind) farewell.sendsNoMore = true;
  if (kind !== TAKES_NO_MORE.kind) return null;
  farewell.takesNoMore = true;
  return SENDS_NO_MORE;
}
