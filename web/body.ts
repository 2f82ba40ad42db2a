/**
 * Request bodies, read once and within a bound. What is too large is refused
 * while it is being read; what is not UTF-8, not JSON or not of the expected
 * shape comes back as a problem that names the field. Nothing here throws for
 * what a client sent.
 *
 * @module
 */
import type { z } from "zod";
import type { FieldError, Problem } from "./problems.ts";

/** A body that is as expected, or the reason why not. */
export type Read<Value> =
  | { readonly value: Value; readonly problem?: undefined }
  | { readonly value?: undefined; readonly problem: Problem };

/** A body of 10,000 wrong lines is told its first ten mistakes. */
const MAX_ERRORS = 10;

/** Enough to find an unknown key; it is not echoed in full. */
const MAX_KEY_LENGTH = 64;

const TOO_LARGE: { problem: Problem } = { problem: { code: "too-large" } };

const NOT_JSON = malformed("The body must be JSON.");
const NOT_UTF8 = malformed("The body must be UTF-8 text without U+FFFD.");
const CUT_SHORT = malformed("The body ended early.");

/** Takes what became of a body, once. */
export type TakeBody<Value> = (body: Read<Value>) => void;

/**
 * Reads a JSON body, checks it against its schema and hands it over. By
 * callback, because in the request that a sale consists of each promise shows.
 */
export function readJson<Value>(
  request: Request,
  schema: z.ZodType<Value>,
  limitBytes: number,
  take: TakeBody<Value>,
): void {
  if (!hasType(request, "application/json")) {
    return take({ problem: { code: "unsupported-media-type" } });
  }
  readText(request, limitBytes, (text) => {
    if (typeof text !== "string") return take(text);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return take(NOT_JSON);
    }
    take(check(schema, value));
  });
}

/** Reads the body of an HTML form, checks it and hands it over. */
export function readForm<Value>(
  request: Request,
  schema: z.ZodType<Value>,
  limitBytes: number,
  take: TakeBody<Value>,
): void {
  if (!hasType(request, "application/x-www-form-urlencoded")) {
    const detail = "Send the form as application/x-www-form-urlencoded.";
    return take({ problem: { code: "unsupported-media-type", detail } });
  }
  readText(request, limitBytes, (text) => {
    if (typeof text !== "string") return take(text);
    take(check(schema, Object.fromEntries(new URLSearchParams(text))));
  });
}

/** Checks a value; the problem names the fields that are wrong. */
export function check<Value>(
  schema: z.ZodType<Value>,
  value: unknown,
): Read<Value> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  const errors: FieldError[] = [];
  for (const issue of parsed.error.issues) {
    if (errors.length >= MAX_ERRORS) break;
    if (issue.code === "unrecognized_keys") {
      for (const key of issue.keys.slice(0, MAX_ERRORS)) {
        const field = fieldName([...issue.path, key.slice(0, MAX_KEY_LENGTH)]);
        errors.push({ field, message: "Unknown field" });
      }
    } else {
      const field = fieldName(issue.path);
      errors.push({ field, message: issue.message });
    }
  }
  const [first] = errors;
  const detail = first && `${first.field}: ${first.message}`;
  return { problem: { code: "invalid-input", detail, errors } };
}

function readText(
  request: Request,
  limitBytes: number,
  take: (text: string | { problem: Problem }) => void,
): void {
  const length = request.headers.get("content-length");
  // The HTTP server cuts a body at its content-length, so it can be trusted.
  if (length !== null && Number(length) > limitBytes) return take(TOO_LARGE);
  const reading = length === null
    ? readStream(request, limitBytes)
    : request.text();
  reading.then((text) => {
    if (text === null) return take(TOO_LARGE);
    // Decoding puts U+FFFD in the place of what is not UTF-8. Nothing that the
    // shop takes has that character, so it needs no second look at the bytes.
    take(text.includes("\uFFFD") ? NOT_UTF8 : text);
  }, () => take(CUT_SHORT));
}

/** Counts while reading; null as soon as it is too much. */
async function readStream(
  request: Request,
  limitBytes: number,
): Promise<string | null> {
  if (request.body === null) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.length;
    if (bytes > limitBytes) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function malformed(detail: string): { problem: Problem } {
  return { problem: { code: "invalid-input", status: 400, detail } };
}

function hasType(request: Request, expected: string): boolean {
  const given = request.headers.get("content-type");
  if (given === null || given === expected) return given !== null;
  return given.split(";", 1)[0]?.trim().toLowerCase() === expected;
}

/** `["lines", 0, "quantity"]` → `lines[0].quantity`; the whole: `body`. */
function fieldName(path: readonly PropertyKey[]): string {
  let name = "";
  for (const part of path) {
    if (typeof part === "number") name += `[${part}]`;
    else name += name === "" ? String(part) : `.${String(part)}`;
  }
  return name === "" ? "body" : name;
}
