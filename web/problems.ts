/**
 * Every way in which the edge says no, in one exhaustive table: code → status,
 * title, explanation. It covers the refusals of the actors, the failures of
 * the runtime and what only the edge itself can refuse; a refusal without a
 * row does not compile. Answers follow RFC 9457.
 *
 * @module
 */
import type { Refusal } from "../actors/refusals.ts";
import type { FailureCode, Outcome } from "../actors/runtime/outcome.ts";

/** What only the edge refuses. */
export type EdgeCode =
  | "forbidden"
  | "idempotency-key-invalid"
  | "idempotency-key-missing"
  | "internal"
  | "method-not-allowed"
  | "too-large"
  | "unauthenticated"
  | "unsupported-media-type";

/** Failures under the name that callers see. */
export type OutageCode =
  | "unavailable"
  | "overloaded"
  | "storage-unavailable"
  | "outcome-unknown";

/** A problem's code: the last part of its `type`. */
export type ProblemCode = Refusal | EdgeCode | OutageCode;

/** A row of the table. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** Said when the refusal itself brings no detail. */
  readonly detail: string;
  /** Whether the same request can succeed later. */
  readonly retryable: boolean;
}

/** One wrong field of a request. */
export interface FieldError {
  /** Where it is, such as `lines[0].quantity`. */
  readonly field: string;
  readonly message: string;
}

/** The table. */
export const PROBLEMS = {
  "already-paid": {
    status: 409,
    title: "Already paid",
    detail: "This order has been paid.",
    retryable: false,
  },
  "forbidden": {
    status: 403,
    title: "Forbidden",
    detail: "You may not do this.",
    retryable: false,
  },
  "idempotency-in-flight": {
    status: 409,
    title: "Still working on it",
    detail: "A request with this Idempotency-Key is still running.",
    retryable: true,
  },
  "idempotency-key-invalid": {
    status: 400,
    title: "Invalid Idempotency-Key",
    detail: "Idempotency-Key must be 1 to 255 visible ASCII characters.",
    retryable: false,
  },
  "idempotency-key-missing": {
    status: 400,
    title: "Idempotency-Key missing",
    detail: "This request needs an Idempotency-Key header of its own.",
    retryable: false,
  },
  "idempotency-key-reused": {
    status: 422,
    title: "Idempotency-Key reused",
    detail: "This Idempotency-Key belongs to a request with another body.",
    retryable: false,
  },
  "internal": {
    status: 500,
    title: "Our mistake",
    detail: "The shop made a mistake. It has been logged under the traceId.",
    retryable: false,
  },
  "invalid-credentials": {
    status: 401,
    title: "Invalid credentials",
    detail: "Username or password is wrong.",
    retryable: false,
  },
  "invalid-input": {
    status: 422,
    title: "Invalid input",
    detail: "The request has fields that are not valid.",
    retryable: false,
  },
  "method-not-allowed": {
    status: 405,
    title: "Method not allowed",
    detail: "This resource does not take that method.",
    retryable: false,
  },
  "not-found": {
    status: 404,
    title: "Not found",
    detail: "There is nothing here under this name.",
    retryable: false,
  },
  "order-expired": {
    status: 409,
    title: "Order expired",
    detail: "The stock was kept until the order's deadline, which has passed.",
    retryable: false,
  },
  "outcome-unknown": {
    status: 503,
    title: "Outcome unknown",
    detail:
      "It may or may not have happened. Ask again with the same key to find out.",
    retryable: true,
  },
  "overloaded": {
    status: 503,
    title: "Overloaded",
    detail: "Too much is going on right now. Nothing was done.",
    retryable: true,
  },
  "payment-declined": {
    status: 402,
    title: "Payment declined",
    detail: "The payment provider declined the charge.",
    retryable: true,
  },
  "payment-in-flight": {
    status: 409,
    title: "Payment in flight",
    detail: "A payment of this order is still running.",
    retryable: true,
  },
  "purchase-limit": {
    status: 409,
    title: "Purchase limit reached",
    detail: "This is more of one product than one customer may buy.",
    retryable: false,
  },
  "rate-limited": {
    status: 429,
    title: "Too many requests",
    detail: "Slow down and try again after the time in Retry-After.",
    retryable: true,
  },
  "sold-out": {
    status: 409,
    title: "Sold out",
    detail: "There is not enough of it left.",
    retryable: false,
  },
  "storage-unavailable": {
    status: 503,
    title: "Storage unavailable",
    detail: "The shop cannot save anything right now. Nothing was done.",
    retryable: true,
  },
  "too-large": {
    status: 413,
    title: "Too large",
    detail: "The request is larger than the shop accepts.",
    retryable: false,
  },
  "unauthenticated": {
    status: 401,
    title: "Not signed in",
    detail: "This needs a valid session.",
    retryable: false,
  },
  "unavailable": {
    status: 503,
    title: "Unavailable",
    detail: "This part of the shop is restarting. Nothing was done.",
    retryable: true,
  },
  "unsupported-media-type": {
    status: 415,
    title: "Unsupported media type",
    detail: "Send the body as application/json.",
    retryable: false,
  },
  "username-taken": {
    status: 409,
    title: "Username taken",
    detail: "Somebody else has this username.",
    retryable: false,
  },
} as const satisfies Record<ProblemCode, ProblemKind>;

/** A failure of the runtime under the name that callers see. */
const OUTAGES = {
  "unavailable": "unavailable",
  "crashed": "unavailable",
  "quarantined": "unavailable",
  "expired": "unavailable",
  "call-cycle": "unavailable",
  "overloaded": "overloaded",
  "storage-unavailable": "storage-unavailable",
} as const satisfies Record<FailureCode, OutageCode>;

/** What one answer adds to its row. */
export interface ProblemDetails {
  readonly detail?: string | undefined;
  /** In milliseconds from now; a 429 or 503 without it says one second. */
  readonly retryAfterMs?: number | undefined;
  readonly errors?: readonly FieldError[] | undefined;
  /** Only `invalid-input` has two: 422, and 400 for what is not JSON. */
  readonly status?: number | undefined;
}

/** A problem before it becomes an answer. */
export interface Problem extends ProblemDetails {
  readonly code: ProblemCode;
}

/** True for a code of the table. */
export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

/** The problem that an outcome other than `ok` is. */
export function problemOf(
  outcome: Exclude<Outcome<unknown, Refusal>, { kind: "ok" }>,
): Problem {
  switch (outcome.kind) {
    case "rejected":
      return outcome;
    case "failed":
      return {
        code: OUTAGES[outcome.code],
        retryAfterMs: outcome.retryAfterMs,
      };
    case "unknown":
      return { code: "outcome-unknown", retryAfterMs: outcome.retryAfterMs };
  }
}

/** The status of a problem's answer. */
export function statusOf(problem: Problem): number {
  return problem.status ?? PROBLEMS[problem.code].status;
}

/** Whole seconds for Retry-After, at least one; null when it has no place. */
export function retryAfterSeconds(problem: Problem): number | null {
  const status = statusOf(problem);
  if (status !== 429 && status !== 503) return null;
  return Math.max(1, Math.ceil((problem.retryAfterMs ?? 0) / 1000));
}

/** The start of each code's JSON text, which never changes. */
const BODY_STARTS = new Map<string, string>(
  Object.entries(PROBLEMS).map(([code, { title, retryable }]) => [
    code,
    `{"type":"/problems/${code}","title":"${title}","retryable":${retryable},`,
  ]),
);

/** The JSON text of a problem. `instance` is the path that was asked for. */
export function problemBody(
  problem: Problem,
  instance: string,
  traceId: string,
): string {
  const detail = problem.detail ?? PROBLEMS[problem.code].detail;
  const errors = problem.errors === undefined
    ? ""
    : `,"errors":${JSON.stringify(problem.errors)}`;
  return `${BODY_STARTS.get(problem.code)}"status":${statusOf(problem)},` +
    `"detail":${JSON.stringify(detail)},` +
    `"instance":${JSON.stringify(instance)},"traceId":"${traceId}"${errors}}`;
}
