/**
 * The frame of a page: one file that loads nothing from anywhere and runs no
 * script, and the browser itself keeps that promise.
 *
 * @module
 */
import { html, Markup } from "./markup.ts";
import { STYLES } from "./styles.ts";

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

const DOOR = new Markup(
  `<svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">` +
    `<rect class="door-frame" x="3" y="2" width="20" height="28" rx="3"/>` +
    `<path class="door-leaf" d="M9 7L28 3V31L9 27Z"/>` +
    `<circle class="door-knob" cx="13.5" cy="17" r="1.8"/></svg>`,
);

/** What a page says. */
export interface Page {
  readonly title: string;
  /** What kind of report it is, beside the name of the house. */
  readonly kind: string;
  /** Of the dot in the browser's tab: six hexadecimal digits. */
  readonly iconColor: string;
  readonly content: Markup;
}

/** The whole document. */
export function page({ title, kind, iconColor, content }: Page): Markup {
  const icon = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' " +
    "viewBox='0 0 8 8'%3E%3Ccircle cx='4' cy='4' r='4' " +
    `fill='%23${iconColor}'/%3E%3C/svg%3E`;
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta http-equiv="Content-Security-Policy" content="${POLICY}">
        <title>${title} · Doorbuster</title>
        <link rel="icon" href="${icon}">
        <style>${new Markup(STYLES)}</style>
      </head>
      <body>
        <a class="skip" href="#content">Skip to content</a>
        <header
          class="wrap">${DOOR}<span>Doorbuster</span><span class="faint">${kind}</span></header>
        <main id="content" class="wrap" tabindex="-1">
    ${content}
        </main>
      </body>
    </html>
  `;
}
