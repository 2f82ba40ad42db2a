/**
 * One request on its way through the edge: who asks, what the limits said, and
 * the answers it can get. Every answer is made here, so the fields that all
 * answers carry and the counting of requests have one place. Header fields are
 * what an answer costs most (about 1.5 µs each), so a JSON answer has only those
 * that the contract names, and `nosniff`.
 *
 * @module
 */
import type { Context } from "hono";
import type { z } from "zod";
import type { Admission, Done } from "../cluster/gate.ts";
import { acceptsGzip, gzipped, isCompressible } from "./compression.ts";
import { check, type Read, readForm, readJson } from "./body.ts";
import type { RouteMeter } from "./metrics.ts";
import { problemDocument } from "./pages/problem_page.tsx";
import { isOwnOrigin, type PeerInfo } from "./peers.ts";
import {
  type Problem,
  problemBody,
  problemOf,
  PROBLEMS,
  retryAfterSeconds,
  statusOf,
} from "./problems.ts";
import type { Route } from "./routes.ts";
import type { Services } from "./services.ts";
import { sameText, type Session, SESSION_SECONDS } from "./sessions.ts";

/** Header fields of one answer. A fresh object: fields are added to it. */
export type Fields = Record<string, string>;

/** Of a JSON answer that only the asker may keep. */
export const JSON_TYPE = "application/json";
/** What is personal is kept by no cache. */
export const PERSONAL = "private, no-store";

/** Pages run our own files only, and no site may frame them. */
const PAGE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; " +
  "img-src 'self' data:; connect-src 'self'; form-action 'self'; " +
  "base-uri 'none'; frame-ancestors 'none'";

const VISIBLE_KEY = /^[\x21-\x7e]{1,255}$/;
const TRACE_PARENT = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-/;

/** One request. */
export class Call {
  readonly services: Services;
  readonly request: Request;
  readonly #context: Context<{ Bindings: PeerInfo }>;
  readonly #route: Route;
  readonly #meter: RouteMeter;
  readonly #startedMs: number;
  #session: Session | null = null;
  #admission: Admission | null = null;

  constructor(
    services: Services,
    context: Context<{ Bindings: PeerInfo }>,
    route: Route,
    meter: RouteMeter,
  ) {
    this.#startedMs = services.clock.monotonicMs();
    this.services = services;
    this.request = context.req.raw;
    this.#context = context;
    this.#route = route;
    this.#meter = meter;
  }

  /** Lets the request in, or says why not. To be called first and once. */
  enter(): Response | null {
    const { access } = this.#route;
    if (access === "open") return null;
    const authorization = this.request.headers.get("authorization");
    const bearer = authorization === null ? null : bearerOf(authorization);
    const token = authorization === null ? cookieOf(this.request) : bearer;
    if (token !== null) this.#session = this.services.sessions.verify(token);
    if (access === "admin") return this.#enterAsAdmin(bearer);
    const refused = this.#admit(this.#session?.userId ?? null);
    if (refused !== null) return refused;
    if (access === "session" && this.#session === null) return this.#signIn();
    const isWrite = this.#route.method !== "GET";
    return isWrite && authorization === null && !isOwnOrigin(this.request)
      ? this.problem({
        code: "forbidden",
        detail: "Another site's page may not do this.",
      })
      : null;
  }

  /** Milliseconds since it came. */
  get elapsedMs(): number {
    return this.services.clock.monotonicMs() - this.#startedMs;
  }

  /** What let it in; undefined where nothing limits it. */
  get admission(): Admission | undefined {
    return this.#admission ?? undefined;
  }

  /** Whose session it is; null without one. */
  get session(): Session | null {
    return this.#session;
  }

  /** The user of a route that needs a session. */
  get userId(): string {
    if (this.#session === null) throw new TypeError("Route has no session");
    return this.#session.userId;
  }

  /** Who asks: the user, else the peer's address. */
  get client(): string {
    const { peers } = this.services;
    return this.#session?.userId ??
      peers.addressOf(this.request, this.#context.env);
  }

  /** A part of the path by its name in the route's template. */
  param(name: string): string {
    return this.#context.req.param(name) ?? "";
  }

  /** The path as it was asked for. */
  get path(): string {
    return this.#context.req.path;
  }

  /** The query's fields, checked. Of repeated ones the first counts. */
  query<Value>(schema: z.ZodType<Value>): Read<Value> {
    return check(schema, this.#context.req.query());
  }

  /** The JSON body, checked. */
  json<Value>(schema: z.ZodType<Value>): Promise<Read<Value>> {
    const { bodyLimitBytes } = this.services.config;
    return new Promise((resolve) =>
      readJson(this.request, schema, bodyLimitBytes, resolve)
    );
  }

  /** The form body, checked. */
  form<Value>(schema: z.ZodType<Value>): Promise<Read<Value>> {
    const { bodyLimitBytes } = this.services.config;
    return new Promise((resolve) =>
      readForm(this.request, schema, bodyLimitBytes, resolve)
    );
  }

  /** The Idempotency-Key; quoted (RFC 8941 string) or bare is the same key. */
  idempotencyKey(): Read<string> {
    const given = this.request.headers.get("idempotency-key");
    if (given === null) return { problem: { code: "idempotency-key-missing" } };
    const key = given.length > 1 && given.startsWith('"') && given.endsWith('"')
      ? given.slice(1, -1).replaceAll(/\\(["\\])/g, "$1")
      : given;
    return VISIBLE_KEY.test(key)
      ? { value: key }
      : { problem: { code: "idempotency-key-invalid" } };
  }

  /** True for a browser that wants to show something. */
  get wantsPage(): boolean {
    return this.request.headers.get("accept")?.includes("text/html") ?? false;
  }

  /**
   * Asks the gate and answers with what `answer` makes of a yes. `field` is
   * the one to blame when the gate says that the input is invalid. Without a
   * promise when the gate knows at once: it would cost a tenth of such a read.
   */
  ask<Value>(
    start: (done: Done<Value>) => void,
    answer: (value: Value) => Response,
    field?: string,
  ): Response | Promise<Response> {
    let answered: Response | Promise<Response> | null = null;
    let waiting: PromiseWithResolvers<Response> | null = null;
    start(this.#settling(
      answer,
      field,
      (response) => {
        if (waiting === null) answered = response;
        else waiting.resolve(response);
      },
      (error) => {
        if (waiting === null) answered = Promise.reject(error);
        else waiting.reject(error);
      },
    ));
    if (answered !== null) return answered;
    waiting = Promise.withResolvers();
    return waiting.promise;
  }

  /** Reads the JSON body, then asks the gate: one promise for both. */
  askWith<Body, Value>(
    schema: z.ZodType<Body>,
    start: (body: Body, done: Done<Value>) => void,
    answer: (value: Value) => Response,
  ): Promise<Response> {
    const { bodyLimitBytes } = this.services.config;
    return new Promise((resolve, reject) =>
      readJson(this.request, schema, bodyLimitBytes, (body) => {
        try {
          if (body.problem !== undefined) {
            return resolve(this.problem(body.problem));
          }
          const done = this.#settling(answer, undefined, resolve, reject);
          start(body.value, done);
        } catch (error) {
          reject(error);
        }
      })
    );
  }

  #settling<Value>(
    answer: (value: Value) => Response,
    field: string | undefined,
    resolve: (response: Response) => void,
    reject: (error: unknown) => void,
  ): Done<Value> {
    return (outcome) => {
      // A throw must end this request only, not the gate's turn.
      try {
        resolve(
          outcome.kind === "ok"
            ? answer(outcome.value)
            : this.problem(blaming(field, problemOf(outcome))),
        );
      } catch (error) {
        reject(error);
      }
    };
  }

  /** Sends an answer with its own fields and those of the limits. */
  send(status: number, body: string | null, headers: Fields): Response {
    const admission = this.#admission;
    if (admission !== null) this.services.limits.describe(admission, headers);
    headers["x-content-type-options"] = "nosniff";
    this.#meter.record(status, this.elapsedMs);
    return new Response(
      body !== null && isCompressible(body)
        ? this.#compressed(body, headers)
        : body,
      { status, headers },
    );
  }

  #compressed(body: string, headers: Fields): string | Uint8Array<ArrayBuffer> {
    headers["vary"] = "Accept-Encoding";
    if (!acceptsGzip(this.request.headers.get("accept-encoding"))) return body;
    headers["content-encoding"] = "gzip";
    return gzipped(body);
  }

  /** Sends JSON that is for the asker only. */
  sendJson(status: number, value: unknown, headers: Fields = {}): Response {
    headers["content-type"] = JSON_TYPE;
    headers["cache-control"] ??= PERSONAL;
    return this.send(status, JSON.stringify(value), headers);
  }

  /** Sends a page. It may show who is signed in, so no cache keeps it. */
  sendPage(status: number, document: string, headers: Fields = {}): Response {
    headers["content-type"] = "text/html; charset=utf-8";
    headers["cache-control"] = PERSONAL;
    headers["content-security-policy"] ??= PAGE_POLICY;
    headers["referrer-policy"] = "same-origin";
    return this.send(status, document, headers);
  }

  /** Sends the browser elsewhere; after a form it asks there with GET. */
  redirect(location: string, headers: Fields = {}): Response {
    headers["location"] = location;
    headers["cache-control"] = PERSONAL;
    const status = this.#route.method === "GET" ? 302 : 303;
    return this.send(status, null, headers);
  }

  /** Says no, as a page where a page was asked for. */
  problem(problem: Problem, headers: Fields = {}): Response {
    const status = statusOf(problem);
    const seconds = retryAfterSeconds(problem);
    if (seconds !== null) headers["retry-after"] = String(seconds);
    if (status === 401) headers["www-authenticate"] = "Bearer";
    if (this.#route.operation === undefined && this.wantsPage) {
      const page = { problem, traceId: this.traceId(), session: this.#session };
      return this.sendPage(status, problemDocument(page), headers);
    }
    if (this.#route.isEnveloped) {
      const message = problem.detail ?? PROBLEMS[problem.code].detail;
      return this.sendJson(status, { status: "error", message }, headers);
    }
    headers["content-type"] = "application/problem+json";
    headers["cache-control"] = PERSONAL;
    const body = problemBody(problem, this.path, this.traceId());
    return this.send(status, body, headers);
  }

  /** Says no on the page where the form was, so that it can be mended. */
  refuseForm(problem: Problem, document: () => string): Response {
    if (!this.wantsPage) return this.problem(problem);
    const seconds = retryAfterSeconds(problem);
    const headers: Fields = seconds === null
      ? {}
      : { "retry-after": String(seconds) };
    return this.sendPage(statusOf(problem), document(), headers);
  }

  /** The caller's W3C trace id, else a new one. */
  traceId(): string {
    const parent = this.request.headers.get("traceparent");
    const given = parent === null ? null : TRACE_PARENT.exec(parent);
    return given?.[1] ?? this.services.traces.next();
  }

  /** The Set-Cookie value that starts a session, or with "" ends it. */
  cookie(token: string): string {
    const { peers } = this.services;
    const secure = peers.isSecure(this.request, this.#context.env)
      ? "; Secure"
      : "";
    const maxAge = token === "" ? 0 : SESSION_SECONDS;
    return `session=${token}; Path=/; HttpOnly; SameSite=Lax` +
      `; Max-Age=${maxAge}${secure}`;
  }

  #enterAsAdmin(bearer: string | null): Response | null {
    const refused = this.#admit(null);
    if (refused !== null) return refused;
    if (bearer !== null && sameText(bearer, this.services.adminToken)) {
      return null;
    }
    return this.problem({
      code: this.#session === null ? "unauthenticated" : "forbidden",
      detail: "This needs the admin token as a bearer token.",
    });
  }

  #admit(userId: string | null): Response | null {
    const { gate, peers } = this.services;
    // A user has a bucket of his own; his address is then of no interest.
    const address = userId === null
      ? peers.addressOf(this.request, this.#context.env)
      : "";
    const route = this.#route.like ?? this.#route.operation?.id ?? null;
    this.#admission = gate.admit(userId, address, route);
    if (this.#admission.admitted) return null;
    const { retryAfterMs } = this.#admission;
    return this.problem({ code: "rate-limited", retryAfterMs });
  }

  /** A browser is sent to the login page, and from there back. */
  #signIn(): Response {
    if (!this.wantsPage) return this.problem({ code: "unauthenticated" });
    const isForm = this.#route.method !== "GET";
    // Behind a form stands the page it was on: its path without the verb. The
    // text of the URL will do; a Host that no URL can have is not our mistake.
    const { url } = this.request;
    const next = isForm
      ? this.path.replace(/\/\w+$/, "")
      : url.slice(url.indexOf("/", url.indexOf("//") + 2));
    return this.redirect(`/login?next=${encodeURIComponent(next)}`);
  }
}

function blaming(field: string | undefined, problem: Problem): Problem {
  if (field === undefined || problem.code !== "invalid-input") return problem;
  const message = problem.detail ?? "Not possible";
  return { ...problem, errors: [{ field, message }] };
}

/** The token of an Authorization field; "" when it is of another scheme. */
function bearerOf(authorization: string): string {
  return /^bearer /i.test(authorization) ? authorization.slice(7).trim() : "";
}

function cookieOf(request: Request): string | null {
  const cookies = request.headers.get("cookie");
  if (cookies === null) return null;
  for (const cookie of cookies.split(";")) {
    const [name, value] = cookie.split("=", 2);
    if (name?.trim() === "session" && value) return value.trim();
  }
  return null;
}
