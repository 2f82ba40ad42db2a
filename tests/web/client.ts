/**
 * An edge over a shop in memory, and the few words that tests need to talk to
 * it: a request, a token, a JSON body.
 *
 * @module
 */
import { createHmac } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { createEdge, type EdgeOptions } from "../../web/edge.ts";
import { type TestGate, testGate, type TestGateOptions } from "./test_gate.ts";

/** The key that the tests' tokens are signed with. */
export const SECRET = "a secret for tests only";
/** The admin token of the tests' edge. */
export const ADMIN_TOKEN = "an admin token for tests only";

/** What a test changes of the edge or its shop. */
export interface ClientOptions extends TestGateOptions {
  readonly trustedProxies?: readonly string[];
  readonly bodyLimitBytes?: number;
}

/** How a test asks. */
export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  /** Sends a session token of this user. */
  readonly as?: string;
  readonly key?: string;
  readonly address?: string;
}

/** An answer, read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The body, decoded if it was compressed. */
  readonly text: string;
  /** The body's length as it was sent. */
  readonly bytes: number;
  // deno-lint-ignore no-explicit-any -- tests look at whatever came
  readonly json: any;
}

/** An edge and its shop. */
export class Client {
  readonly gate: TestGate;
  readonly #edge: ReturnType<typeof createEdge>;
  readonly logged: string[] = [];
  /** How long requests had to wait in line. */
  readonly waitsMs: number[] = [];
  nowMs = Date.UTC(2026, 10, 20);
  #ids = 0;

  constructor(options: ClientOptions = {}) {
    const wallMs = () => this.nowMs;
    this.gate = testGate({ wallMs, ...options });
    const edgeOptions: EdgeOptions = {
      gate: this.gate,
      sessionSecret: SECRET,
      adminToken: ADMIN_TOKEN,
      config: {
        requestTimeoutMs: 5000,
        bodyLimitBytes: options.bodyLimitBytes ?? 512 * 1024,
        trustedProxies: options.trustedProxies ?? [],
      },
      clock: { wallMs, monotonicMs: wallMs },
      later: (delayMs) => {
        this.waitsMs.push(delayMs);
        return Promise.resolve();
      },
      randomId: () => `id-${++this.#ids}`,
      log: { write: (_level, text) => void this.logged.push(text) },
    };
    this.#edge = createEdge(edgeOptions);
  }

  /** Sends one request and reads the answer. */
  async ask(path: string, ask: Ask = {}): Promise<Answer> {
    const { body, as, key, address = "192.0.2.1" } = ask;
    const headers = new Headers(ask.headers);
    if (as) headers.set("authorization", `Bearer ${this.token({ sub: as })}`);
    if (key) headers.set("idempotency-key", key);
    const isText = typeof body === "string" || body instanceof Uint8Array;
    if (body !== undefined && !headers.has("content-type")) {
      headers.set("content-type", "application/json");
    }
    const request = new Request(`http://shop.test${path}`, {
      method: ask.method ?? (body === undefined ? "GET" : "POST"),
      headers,
      body: body === undefined
        ? null
        : isText
        ? body as BodyInit
        : JSON.stringify(body),
    });
    const info = { remoteAddr: { hostname: address } };
    const response = await this.#edge.fetch(request, info);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const isGzip = response.headers.get("content-encoding") === "gzip";
    const text = new TextDecoder().decode(isGzip ? gunzipSync(bytes) : bytes);
    const type = response.headers.get("content-type") ?? "";
    return {
      status: response.status,
      headers: response.headers,
      text,
      bytes: bytes.length,
      json: type.includes("json") && text !== "" ? JSON.parse(text) : null,
    };
  }

  /** Orders one product and gives the order. */
  async order(userId: string, sku = "85123A", key = "k"): Promise<Answer> {
    const body = { lines: [{ sku, quantity: 1 }] };
    return await this.ask("/v1/orders", { as: userId, key, body });
  }

  /** A token with these claims, valid for an hour unless they say otherwise. */
  token(claims: Record<string, unknown>, header?: unknown): string {
    const exp = Math.floor(this.nowMs / 1000) + 3600;
    const signed = `${encode(header ?? { alg: "HS256", typ: "JWT" })}.${
      encode({ exp, ...claims })
    }`;
    return `${signed}.${
      createHmac("sha256", SECRET).update(signed).digest("base64url")
    }`;
  }
}

function encode(value: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
