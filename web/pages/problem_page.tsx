/**
 * A problem as a page: what happened, whether trying again helps, and the way
 * out. Also the page that explains a problem's type to whoever follows it.
 *
 * @module
 */
import { type Problem, type ProblemCode, PROBLEMS } from "../problems.ts";
import { statusOf } from "../problems.ts";
import type { Session } from "../sessions.ts";
import { document, Empty } from "./layout.tsx";

/** What an error page shows. */
export interface ProblemPage {
  readonly problem: Problem;
  readonly traceId: string;
  readonly session: Session | null;
}

/** The page of a refused request. */
export function problemDocument(page: ProblemPage): string {
  const { problem, traceId, session } = page;
  const { title, detail, retryable } = PROBLEMS[problem.code];
  return document({
    title,
    session,
    children: (
      <Empty title={title}>
        <p>{problem.detail ?? detail}</p>
        {retryable && <p>Reload this page in a moment to try again.</p>}
        <p>
          <a class="button" href="/">See all products</a>
        </p>
        <p class="faint">
          {statusOf(problem)} · {problem.code} · trace {traceId}
        </p>
      </Empty>
    ),
  });
}

/** The page behind a problem's `type`. */
export function explanationDocument(code: ProblemCode): string {
  const { title, status, detail, retryable } = PROBLEMS[code];
  return document({
    title,
    session: null,
    children: (
      <article class="prose">
        <p class="faint">Problem type · {code}</p>
        <h1>{title}</h1>
        <p>{detail}</p>
        <dl class="facts">
          <dt>Status</dt>
          <dd>{status}</dd>
          <dt>Worth trying again</dt>
          <dd>{retryable ? "Yes, after a moment" : "Not as it is"}</dd>
        </dl>
        <p>
          <a href="/docs">All of the API</a>
        </p>
      </article>
    ),
  });
}
