/**
 * HTML and SVG as a tagged template that escapes whatever is put into it. Text
 * of a run (names, details, commands) can therefore never become markup, and a
 * number that is not finite never reaches the page: it is drawn as 0.
 *
 * @module
 */

/** Text that already is HTML; only `html` and constants of ours make it. */
export class Markup {
  /** The HTML. */
  readonly text: string;

  /** Trusts `text`: give it nothing that comes from a run. */
  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a template. Null and empty lists leave nothing. */
export type Piece = Markup | string | number | null | readonly Piece[];

/**
 * Text is escaped, markup is kept, lists are joined. Numbers are coordinates:
 * they are rounded to a hundredth of a pixel.
 */
export function html(
  strings: TemplateStringsArray,
  ...pieces: readonly Piece[]
): Markup {
  const text = strings.reduce(
    (before, after, index) =>
      before + written(pieces[index - 1] ?? null) + unindented(after),
    "",
  );
  return new Markup(text);
}

/** A name or a sentence is shorter; what is not would bury the page. */
const MAX_TEXT = 2_000;

function clipped(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

/** The indentation of our source is no part of the page. */
function unindented(text: string): string {
  return text.replace(/\n\s+/g, "\n");
}

function written(piece: Piece): string {
  if (piece === null) return "";
  if (typeof piece === "string") return escaped(clipped(piece));
  if (typeof piece === "number") return String(coordinate(piece));
  if (piece instanceof Markup) return piece.text;
  return piece.map(written).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Control characters, which no browser shows, are replaced by `�`. */
export function escaped(text: string): string {
  return text
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "")
    // deno-lint-ignore no-control-regex -- control characters are the point
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g, "\ufffd");
}

/** A name that may go on in the next line after a dot or an underscore. */
export function breakable(name: string): Markup {
  return html`${name.split(/(?<=[._/])/).map((part) => html`${part}<wbr>`)}`;
}

/** A hundredth of a pixel is finer than any screen; less text is not. */
export function coordinate(value: number): number {
  return Number.isFinite(value) ? Math.round(value * 100) / 100 : 0;
}
