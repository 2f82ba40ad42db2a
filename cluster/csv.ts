/**
 * CSV by RFC 4180: cells in commas, quoted where they hold a comma, a quote or
 * a line end, a quote doubled inside quotes. It knows no columns.
 *
 * @module
 */

/** Why a text is no CSV. */
export interface BrokenCsv {
  /** Counted from 1 with the header, as a spreadsheet shows it. */
  readonly row: number;
  readonly expected: string;
  readonly found: string;
}

/**
 * Hands each row over, with its number; empty lines are counted and skipped.
 * Rows without a quote, nearly all of them, are split by the engine itself.
 *
 * @returns Null, or what is broken in the first row that is.
 */
export function parseCsv(
  text: string,
  row: (cells: string[], number: number) => void,
): BrokenCsv | null {
  let at = 0;
  let nextQuote = text.indexOf('"');
  for (let number = 1; at < text.length; number++) {
    let end = text.indexOf("\n", at);
    if (end === -1) end = text.length;
    if (nextQuote !== -1 && nextQuote < end) {
      const quoted = readQuotedRow(text, at);
      if (typeof quoted === "string") {
        return { row: number, expected: quoted, found: excerpt(text, at) };
      }
      row(quoted.cells, number);
      at = quoted.next;
      nextQuote = text.indexOf('"', at);
      continue;
    }
    const lineEnd = text[end - 1] === "\r" && end > at ? end - 1 : end;
    if (lineEnd > at) row(text.slice(at, lineEnd).split(","), number);
    at = end + 1;
  }
  return null;
}

/** The cells of the row at `at` and where the next one begins, or what fails. */
function readQuotedRow(
  text: string,
  at: number,
): { cells: string[]; next: number } | string {
  const cells: string[] = [];
  for (;;) {
    const end = text[at] === '"' ? afterQuoted(text, at) : afterPlain(text, at);
    if (end === -1) return "a quote that closes its cell";
    const cell = text.slice(at, end);
    if (text[at] !== '"') {
      if (cell.includes('"')) return "a cell with quotes inside to be quoted";
      cells.push(cell);
    } else cells.push(cell.slice(1, -1).replaceAll('""', '"'));
    at = end;
    if (text[at] === "\r" && text[at + 1] === "\n") at++;
    const separator = text[at++];
    if (separator === "\n" || separator === undefined) {
      return { cells, next: at };
    }
    if (separator !== ",") return "a comma after a quoted cell";
  }
}

/** Where the quoted cell at `at` ends; -1 when nothing closes it. */
function afterQuoted(text: string, at: number): number {
  let quote = text.indexOf('"', at + 1);
  while (quote !== -1 && text[quote + 1] === '"') {
    quote = text.indexOf('"', quote + 2);
  }
  return quote === -1 ? -1 : quote + 1;
}

/** Where the cell without quotes at `at` ends. */
function afterPlain(text: string, at: number): number {
  let end = at;
  while (end < text.length && text[end] !== "," && text[end] !== "\n") end++;
  return text[end] === "\n" && text[end - 1] === "\r" && end > at
    ? end - 1
    : end;
}

function excerpt(text: string, at: number): string {
  return JSON.stringify(text.slice(at, at + 40).split(/\r?\n/, 1)[0]);
}
