/**
 * How pages write money, times and names, and where a browser may be sent.
 *
 * @module
 */

const formatters = new Map<string, Intl.NumberFormat>();

/** `1275, "GBP"` → `£12.75`. */
export function price(cents: number, currency: string): string {
  let formatter = formatters.get(currency);
  if (formatter === undefined) {
    formatter = new Intl.NumberFormat("en-GB", { style: "currency", currency });
    formatters.set(currency, formatter);
  }
  return formatter.format(cents / 100);
}

const TIME = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "medium",
  timeStyle: "short",
  timeZone: "UTC",
});

/** `20 Nov 2026, 19:05 UTC`; the script makes it the reader's own time. */
export function time(wallMs: number): string {
  return `${TIME.format(wallMs)} UTC`;
}

/** A catalog shouts; a page does not. Mixed case is left as it is. */
export function productName(name: string): string {
  if (name !== name.toUpperCase()) return name;
  return name.charAt(0) + name.slice(1).toLowerCase();
}

/** `1 unit`, `3 units`. */
export function count(number: number, noun: string): string {
  const digits = number.toLocaleString("en-GB");
  return `${digits} ${noun}${number === 1 ? "" : "s"}`;
}

/**
 * A path of this shop, else `/`: a link that brings somebody to the login page
 * must not decide on whose site he ends.
 */
export function localPath(path: string | undefined): string {
  return path !== undefined && /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(path)
    ? path
    : "/";
}
