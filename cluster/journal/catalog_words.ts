/**
 * What a person types, as words to search for, and where a page of products
 * ends: the same for every store of a catalog.
 *
 * @module
 */

// Far above what a person types; each further word only narrows the answer.
const MAX_WORDS = 16;

/** The words of a person's text. Signs that stand alone say nothing. */
export function wordsOf(query: string): readonly string[] {
  return query.toWellFormed().normalize("NFC").replaceAll("\0", " ")
    .split(/\s+/u).filter((word) => /[\p{L}\p{N}]/u.test(word))
    .slice(0, MAX_WORDS);
}

/** A SKU as one token of letters and digits, so that it matches whole. */
export function skuToken(sku: string): string {
  return sku.toLowerCase().replaceAll(
    /[^a-z0-9]/gu,
    (sign) => `x${sign.codePointAt(0)!.toString(16)}x`,
  );
}

/** The rank in a page's `next`; null for anything else. */
export function rankOf(after: string): number | null {
  if (!/^[0-9a-z]{1,10}$/.test(after)) return null;
  return Number.parseInt(after, 36);
}

/** The `next` of a page that ends at a rank. */
export function nextOf(rank: number): string {
  return rank.toString(36);
}
