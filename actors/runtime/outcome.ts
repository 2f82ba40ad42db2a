/**
 * What an ask comes back with. A refusal is data; an unknown outcome is never
 * reported as a failure, because the effect may have happened.
 *
 * @module
 */

/** What a caller is told to wait when nothing better is known. */
export const RETRY_AFTER_MS = 250;

/** The business said yes. */
export interface Ok<Value> {
  /** Tells the four outcomes apart. */
  readonly kind: "ok";
  /** The answer. */
  readonly value: Value;
}

/** The business said no. */
export interface Rejected<Code extends string = string> {
  /** Tells the four outcomes apart. */
  readonly kind: "rejected";
  /** A member of the protocol's closed union. */
  readonly code: Code;
  /** One sentence for the caller, when the code alone does not say enough. */
  readonly detail?: string;
  /** When asking again can help, in milliseconds from now. */
  readonly retryAfterMs?: number;
}

/** Why nothing was done. Every member is retryable and had no effect. */
export type FailureCode =
  /** The target is down, in back-off, given up, or not known here. */
  | "unavailable"
  /** A queue on the way was full. */
  | "overloaded"
  /** The step that handled the message threw; its effects were discarded. */
  | "crashed"
  /** The message crashed its actor twice and is not run any more. */
  | "quarantined"
  /** Somebody would have waited for himself: a bug of whoever asked. */
  | "call-cycle"
  /** The deadline passed before the message was run. */
  | "expired"
  /** The journal takes no events now (disk full, database away). */
  | "storage-unavailable";

/** We could not; nothing happened; asking again is safe. */
export interface Failed {
  /** Tells the four outcomes apart. */
  readonly kind: "failed";
  /** What stood in the way. */
  readonly code: FailureCode;
  /** When asking again can help, in milliseconds from now. */
  readonly retryAfterMs: number;
}

/** It may have happened. Asking again with the same key finds out. */
export interface Unknown {
  /** Tells the four outcomes apart. */
  readonly kind: "unknown";
  /** When asking again can help, in milliseconds from now. */
  readonly retryAfterMs: number;
}

/** The four ways an ask can end. */
export type Outcome<Value, Code extends string = string> =
  | Ok<Value>
  | Rejected<Code>
  | Failed
  | Unknown;

/** Wraps an answer: plain data, `null` where there is nothing to say. */
export function ok<Value>(value: Value): Ok<Value> {
  return { kind: "ok", value };
}

/** Wraps a refusal, with a sentence or a time to wait where that helps. */
export function rejected<Code extends string>(
  code: Code,
  more: { detail?: string; retryAfterMs?: number } = {},
): Rejected<Code> {
  return { kind: "rejected", code, ...more };
}

/** Wraps a failure without effect; `retryAfterMs` is a delay from now. */
export function failed(code: FailureCode, retryAfterMs: number): Failed {
  return { kind: "failed", code, retryAfterMs };
}

/** Wraps an unknown outcome; `retryAfterMs` is a delay from now. */
export function unknown(retryAfterMs: number): Unknown {
  return { kind: "unknown", retryAfterMs };
}
