/**
 * Tables: those that stand open, and the twins of charts, which say the same
 * in numbers for whoever cannot see a chart or wants to copy from it.
 *
 * @module
 */
import { html, type Markup, type Piece } from "./markup.ts";

/** A table: the first cell of each row names the row. */
export interface Table {
  readonly caption: string;
  readonly headings: readonly string[];
  readonly rows: readonly (readonly Piece[])[];
  /** Columns of words, which stand left; numbers stand right. */
  readonly words?: readonly number[];
}

/** The table, in a frame that scrolls sideways where it is too wide. */
export function table({ caption, headings, rows, words = [] }: Table): Markup {
  const side = (column: number) =>
    column === 0 || words.includes(column) ? "word" : "number";
  const cell = (piece: Piece, column: number) =>
    column === 0
      ? html`<th scope="row">${piece}</th>`
      : html`<td class="${side(column)}">${piece}</td>`;
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="${caption}">
      <table>
        <thead>
          <tr>${headings.map((heading, column) =>
            html`<th scope="col" class="${side(column)}">${heading}</th>`
          )}</tr>
        </thead>
        <tbody>
    ${rows.map((row) => html`<tr>${row.map(cell)}</tr>\n`)}</tbody>
      </table>
    </div>
  `;
}

/** The twin of a chart, closed until somebody asks for it. */
export function twin(content: Table): Markup {
  return html`<details><summary>${content.caption}</summary>
${table(content)}</details>`;
}
