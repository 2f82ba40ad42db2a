/**
 * The frame of every page: head, header with the search, footer. Pages work
 * without script; what script adds is in one small file of our own.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import { stableHash } from "../../actors/runtime/random.ts";
import script from "../assets/shop.js" with { type: "text" };
import styles from "../assets/shop.css" with { type: "text" };
import type { Session } from "../sessions.ts";

/** What the frame shows. */
export interface Frame {
  readonly title: string;
  readonly session: Session | null;
  /** What was searched for. */
  readonly query?: string;
  readonly children: Child;
}

/** Browsers keep assets for an hour; another text has another address. */
const STYLES = `/assets/shop.css?v=${stableHash(styles)}`;
const SCRIPT = `/assets/shop.js?v=${stableHash(script)}`;

/** The whole document as text. */
export function document(frame: Frame): string {
  return `<!doctype html>${<Page {...frame} />}`;
}

function Page({ title, session, query, children }: Frame) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${title} · Doorbuster`}</title>
        <link rel="icon" href="/assets/icon.svg" />
        <link rel="stylesheet" href={STYLES} />
        <script src={SCRIPT} defer></script>
      </head>
      <body>
        <a class="skip" href="#content">Skip to content</a>
        <header class="top">
          <div class="wrap bar">
            <a class="brand" href="/">
              <Door />
              <span>Doorbuster</span>
            </a>
            <form class="search" action="/" role="search">
              <label class="hidden" for="q">Search products</label>
              <input
                id="q"
                name="q"
                type="search"
                value={query ?? ""}
                maxlength={200}
                placeholder="Heart, cake, 85123A…"
                autocomplete="off"
              />
              <button type="submit">Search</button>
            </form>
            <nav aria-label="Account">
              {session === null ? <Guest /> : <Member />}
            </nav>
          </div>
        </header>
        <main id="content" class="wrap" tabindex={-1}>{children}</main>
        <footer>
          <div class="wrap">
            <p>
              What you see in stock is in stock. Nothing here is sold twice.
            </p>
            <p>
              <a href="/docs">API</a>
            </p>
          </div>
        </footer>
      </body>
    </html>
  );
}

function Guest() {
  return (
    <>
      <a href="/login">Sign in</a>
      <a class="button small" href="/register">Register</a>
    </>
  );
}

function Member() {
  return (
    <>
      <a href="/orders">My orders</a>
      <form method="post" action="/logout">
        <button class="plain" type="submit">Sign out</button>
      </form>
    </>
  );
}

function Door() {
  return (
    <svg viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
      <rect class="door-frame" x="3" y="2" width="20" height="28" rx="3" />
      <path class="door-leaf" d="M9 7 L28 3 V31 L9 27 Z" />
      <circle class="door-knob" cx="13.5" cy="17" r="1.8" />
    </svg>
  );
}

/** A message at the head of a page; read out at once. */
export function Alert({ title, children }: { title: string; children: Child }) {
  return (
    <div class="alert" role="alert">
      <strong>{title}</strong>
      <p>{children}</p>
    </div>
  );
}

/** A page with nothing to show, and what to do about it. */
export function Empty(
  { title, children }: { title: string; children: Child },
) {
  return (
    <div class="empty">
      <svg viewBox="0 0 96 72" width="144" height="108" aria-hidden="true">
        <path class="line" d="M8 64 H88 M24 64 V12 H60 V64" />
        <path class="line" d="M36 18 L60 12 V64 L36 58 Z" />
        <circle class="spot" cx="41" cy="39" r="2.5" />
      </svg>
      <h1>{title}</h1>
      {children}
    </div>
  );
}
