/**
 * A client of a running shop, as anyone could write it from the contract:
 * tokens minted with the session secret, one method for each route that the
 * crash tests need. It retries nothing: that is what the tests are about.
 *
 * @module
 */
import { createHmac } from "node:crypto";
import { within } from "./shop_process.ts";

/** The edge answers within ten seconds; later it has forgotten. */
const ANSWER_WITHIN_MS = 20_000;

/** A line of an order. */
export interface OrderLine {
  readonly sku: string;
  readonly quantity: number;
}

/** An order as the shop answers it. */
export interface Order {
  readonly id: string;
  readonly status: string;
  readonly lines: readonly (OrderLine & { readonly priceCents: number })[];
  readonly totalCents: number;
  readonly reservedUntil: string;
}

/** Where the units of a SKU, or of all, are. */
export interface Stock {
  readonly available: number;
  readonly held: number;
  readonly sold: number;
  readonly initial: number;
  readonly restocked: number;
  readonly removed: number;
}

/** A page of the stock audit. */
export interface Audit {
  readonly totals: Stock;
  readonly violations: readonly string[];
  readonly items: readonly (Stock & { readonly sku: string })[];
  readonly next?: string;
}

/** What runs where; the part of it that tests look at. */
export interface TopologyView {
  readonly partitions: {
    readonly storefront: number;
    readonly inventory: number;
  };
  readonly stockRanges: {
    readonly borders: readonly string[];
    readonly partitions: readonly number[];
  } | null;
  readonly workers: readonly {
    readonly name: string;
    readonly status: string;
    readonly incarnation: number;
  }[];
  readonly actors: readonly {
    readonly address: string;
    readonly worker: string;
    readonly status: string;
    readonly restarts: number;
    readonly epoch: number;
  }[];
}

/** What the shop holds so that nobody else does. */
export interface HeldLock {
  readonly name: string;
  readonly kind: string;
  readonly state: string;
  readonly owner: string;
  readonly fence: number | null;
}

/** A fault, as scenarios write it, without its time. */
export interface FaultOrder {
  readonly do: string;
  readonly target?: string;
  /** The two workers that a partition cuts apart. */
  readonly from?: string;
  readonly to?: string;
  /** Such as `2s`. */
  readonly for?: string;
  readonly factor?: number;
}

/** Why the shop says no. */
export interface Problem {
  /** Such as `sold-out`. */
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly retryable: boolean;
}

/** A yes with its body, or a no with its reason. */
export type Answer<Body> =
  | {
    readonly status: number;
    readonly body: Body;
    readonly problem: null;
    readonly replayed: boolean;
  }
  | {
    readonly status: number;
    readonly body: null;
    readonly problem: Problem;
  };

/** The connection broke or was refused: what was asked may have happened. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

/** Who asks: a user by id, the operator, or somebody with a token. */
type Asker = { user: string } | { admin: true } | { token: string } | null;

interface Call {
  readonly as?: Asker;
  readonly key?: string;
  readonly json?: unknown;
}

/** One connection pool to one shop. */
export class ShopClient implements Disposable {
  readonly #url: string;
  readonly #secret: string;
  readonly #adminToken: string;
  readonly #tokens = new Map<string, string>();
  #isClosed = false;
  // Of its own, so that no connection outlives the test.
  readonly #http = Deno.createHttpClient({ poolMaxIdlePerHost: 2_000 });

  constructor(url: string, sessionSecret: string, adminToken: string) {
    this.#url = url;
    this.#secret = sessionSecret;
    this.#adminToken = adminToken;
  }

  [Symbol.dispose](): void {
    if (!this.#isClosed) this.#http.close();
    this.#isClosed = true;
  }

  /** Places an order; the same key asks for the same order. */
  placeOrder(
    user: string,
    key: string,
    lines: readonly OrderLine[],
  ): Promise<Answer<Order>> {
    return this.call("POST", "/v1/orders", {
      as: { user },
      key,
      json: { lines },
    });
  }

  /** Pays an order with the sandbox. */
  payOrder(user: string, id: string, key: string): Promise<Answer<Order>> {
    const json = { method: "sandbox" };
    const path = `/v1/orders/${id}/payments`;
    return this.call("POST", path, { as: { user }, key, json });
  }

  /** Gives an order up. */
  cancelOrder(user: string, id: string): Promise<Answer<Order>> {
    return this.call("POST", `/v1/orders/${id}/cancel`, { as: { user } });
  }

  /** Reads an order. */
  readOrder(user: string, id: string): Promise<Answer<Order>> {
    return this.call("GET", `/v1/orders/${id}`, { as: { user } });
  }

  /** All orders of a user, page by page. */
  async listOrders(user: string): Promise<Order[]> {
    const orders: Order[] = [];
    let after = "";
    do {
      const path = `/v1/orders?limit=100${after && `&after=${after}`}`;
      const page = expectBody(
        await this.call<{ items: Order[]; next?: string }>("GET", path, {
          as: { user },
        }),
      );
      orders.push(...page.items);
      after = page.next ?? "";
    } while (after !== "");
    return orders;
  }

  /** One page of the audit; of all products, or of one. */
  async audit(query = ""): Promise<Audit> {
    const path = `/v1/admin/invariants?limit=100${query}`;
    return expectBody(await this.call("GET", path, { as: { admin: true } }));
  }

  /** The whole audit: stock by SKU, and every violation. */
  async auditAll(): Promise<
    { totals: Stock; bySku: Map<string, Stock>; violations: string[] }
  > {
    const bySku = new Map<string, Stock>();
    const violations: string[] = [];
    let after = "";
    for (;;) {
      const page = await this.audit(after);
      for (const item of page.items) bySku.set(item.sku, item);
      violations.push(...page.violations);
      if (page.next === undefined) {
        return { totals: page.totals, bySku, violations };
      }
      after = `&after=${encodeURIComponent(page.next)}`;
    }
  }

  /** What runs where. */
  async topology(): Promise<TopologyView> {
    const path = "/v1/admin/topology";
    return expectBody(await this.call("GET", path, { as: { admin: true } }));
  }

  /** The data folder and the partitions that the shop holds. */
  async locks(): Promise<readonly HeldLock[]> {
    const as = { admin: true } as const;
    const answer = await this.call<{ items: readonly HeldLock[] }>(
      "GET",
      "/v1/admin/locks",
      { as },
    );
    return expectBody(answer).items;
  }

  /** Injects a fault; throws when the shop will not. */
  async injectFault(fault: FaultOrder): Promise<void> {
    const call = { as: { admin: true }, json: fault } as const;
    expectBody(await this.call("POST", "/v1/admin/faults", call));
  }

  /** Any other request. Throws `ConnectionLost`; every answer is data. */
  async call<Body>(
    method: string,
    path: string,
    { as = null, key, json }: Call = {},
  ): Promise<Answer<Body>> {
    const headers = new Headers();
    const token = this.#tokenOf(as);
    if (token !== null) headers.set("authorization", `Bearer ${token}`);
    if (key !== undefined) headers.set("idempotency-key", key);
    if (json !== undefined) headers.set("content-type", "application/json");
    const init = {
      method,
      headers,
      client: this.#http,
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    };
    const answer = this.#fetch<Body>(`${this.#url}${path}`, init);
    return await within(ANSWER_WITHIN_MS, `${method} ${path}`, answer);
  }

  async #fetch<Body>(url: string, init: RequestInit): Promise<Answer<Body>> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, init);
      text = await response.text();
    } catch (error) {
      throw new ConnectionLost((error as Error).message);
    }
    const { status, headers } = response;
    const body = text === "" ? null : JSON.parse(text);
    if (response.ok) {
      const replayed = headers.get("idempotent-replayed") === "true";
      return { status, body, problem: null, replayed };
    }
    const code = String(body?.type).replace("/problems/", "");
    return { status, body: null, problem: { ...body, code } };
  }

  #tokenOf(as: Asker): string | null {
    if (as === null) return null;
    if ("token" in as) return as.token;
    if ("admin" in as) return this.#adminToken;
    let token = this.#tokens.get(as.user);
    if (token === undefined) {
      token = mintToken(as.user, this.#secret);
      this.#tokens.set(as.user, token);
    }
    return token;
  }
}

/** The body of a yes; throws for a no. */
export function expectBody<Body>(answer: Answer<Body>): Body {
  if (answer.problem === null) return answer.body;
  throw new Error(`Expected a yes, found ${JSON.stringify(answer.problem)}`);
}

/** A session token for a user that need not be registered, for an hour. */
export function mintToken(user: string, secret: string): string {
  const part = (value: unknown) =>
    new TextEncoder().encode(JSON.stringify(value))
      .toBase64({ alphabet: "base64url", omitPadding: true });
  const seconds = Math.floor(Date.now() / 1_000);
  const claims = {
    sub: user,
    iat: seconds,
    exp: seconds + 3_600,
    jti: crypto.randomUUID(),
  };
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  const signature = createHmac("sha256", secret).update(signed)
    .digest("base64url");
  return `${signed}.${signature}`;
}
