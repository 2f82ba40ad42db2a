/**
 * A shop in memory behind the gate's interface, small enough to be read at one
 * sitting: real stock, real idempotency, real limits, no actors. The edge's
 * tests and its micro-benchmark run against it, so that they measure and break
 * with the edge alone.
 *
 * @module
 */
import type { CatalogEntry } from "../../actors/catalog.ts";
import type { Refusal } from "../../actors/refusals.ts";
import type { StockView } from "../../actors/inventory_shard.ts";
import type { OrderView } from "../../actors/storefront.ts";
import { ok, rejected } from "../../actors/runtime/outcome.ts";
import type { Admission, Done, Gate } from "../../cluster/gate.ts";
import { type Opening, PRODUCTS } from "./openings.ts";
import { pageOf } from "./page_of.ts";
import { poolReport } from "./test_pool.ts";

export { type Opening, PRODUCTS } from "./openings.ts";

/** How the shop is opened. */
export interface TestGateOptions {
  readonly products?: readonly Opening[];
  /** Tokens that each client has, never refilled. Default: plenty. */
  readonly tokens?: number;
  /** How long each request waits in line. */
  readonly delayMs?: number;
  readonly wallMs?: () => number;
}

/** The gate, and levers that a test pulls. */
export interface TestGate extends Gate {
  /** When set, the next ask ends like this instead of being done. */
  failNext: Parameters<Done<never>>[0] | null;
  ready: boolean;
  /** What each request asked to be admitted for. */
  readonly routes: (string | null)[];
}

interface Kept {
  readonly body: string;
  readonly orderId: string;
}

const HOLD_MS = 900_000;

/** Opens a shop. */
export function testGate(options: TestGateOptions = {}): TestGate {
  return new MemoryGate(options);
}

class MemoryGate implements TestGate {
  failNext: Parameters<Done<never>>[0] | null = null;
  ready = true;
  locks: Gate["locks"] = () => [];
  readonly routes: (string | null)[] = [];
  readonly #wallMs: () => number;
  readonly #tokens: number;
  readonly #delayMs: number;
  readonly #spent = new Map<string, number>();
  readonly #entries: CatalogEntry[] = [];
  readonly #stock = new Map<string, StockView>();
  readonly #orders = new Map<string, { userId: string; order: OrderView }>();
  readonly #keys = new Map<string, Kept>();
  readonly #users = new Map<string, string>();
  readonly #revoked = new Set<string>();
  #isDraining = false;
  readonly #cached = new Set<string>();

  constructor(options: TestGateOptions) {
    this.#wallMs = options.wallMs ?? Date.now;
    this.#tokens = options.tokens ?? 1_000_000_000;
    this.#delayMs = options.delayMs ?? 0;
    for (
      const { sku, name, priceCents, units } of options.products ?? PRODUCTS
    ) {
      this.#entries.push({ sku, name, currency: "GBP", version: 1 });
      this.#cached.add(sku);
      this.#stock.set(sku, {
        sku,
        priceCents,
        available: units,
        ...{ held: 0, sold: 0, initial: units },
        ...{ restocked: 0, removed: 0, version: 1 },
      });
    }
  }

  admit(
    userId: string | null,
    address: string,
    route: string | null,
  ): Admission {
    this.routes.push(route);
    const client = userId ?? address;
    const spent = (this.#spent.get(client) ?? 0) + 1;
    const admitted = spent <= this.#tokens;
    if (admitted) this.#spent.set(client, spent);
    return {
      admitted,
      policy: userId === null ? "address" : "user",
      capacity: this.#tokens,
      refillPerSecond: this.#tokens / 2,
      remaining: admitted ? this.#tokens - spent : 0,
      retryAfterMs: admitted ? 0 : 1500,
      delayMs: this.#delayMs,
      decidedMs: 0,
    };
  }

  isRevoked(tokenId: string): boolean {
    return this.#revoked.has(tokenId);
  }

  placeOrder(...[userId, key, lines, done]: Parameters<Gate["placeOrder"]>) {
    if (this.#fails(done)) return;
    const name = `place ${userId} ${key}`;
    const body = JSON.stringify(lines);
    const kept = this.#keys.get(name);
    if (kept !== undefined) {
      if (kept.body !== body) return no(done, "idempotency-key-reused");
      const order = this.#orders.get(kept.orderId)!.order;
      const first = { ...order, status: "awaiting_payment" as const };
      return done(ok({ order: first, replayed: true }));
    }
    for (const { sku, quantity } of lines) {
      const stock = this.#stock.get(sku);
      if (stock === undefined) return no(done, "not-found", `No ${sku}`);
      if (stock.available < quantity) return no(done, "sold-out");
    }
    const priced = lines.map((line) => {
      this.#move(line.sku, "available", "held", line.quantity);
      return { ...line, priceCents: this.#stock.get(line.sku)!.priceCents };
    });
    const order: OrderView = {
      id: `order-${this.#orders.size + 1}`,
      status: "awaiting_payment",
      lines: priced,
      totalCents: priced.reduce((sum, l) => sum + l.priceCents * l.quantity, 0),
      reservedUntilMs: this.#wallMs() + HOLD_MS,
      placedAtMs: this.#wallMs(),
    };
    this.#orders.set(order.id, { userId, order });
    this.#keys.set(name, { body, orderId: order.id });
    done(ok({ order, replayed: false }));
  }

  readOrder(...[userId, orderId, done]: Parameters<Gate["readOrder"]>) {
    if (this.#fails(done)) return;
    const order = this.#orderOf(userId, orderId);
    return order ? done(ok(order)) : no(done, "not-found");
  }

  listOrders(...[userId, limit, after, done]: Parameters<Gate["listOrders"]>) {
    if (this.#fails(done)) return;
    const own = [...this.#orders.values()].reverse()
      .filter((entry) => entry.userId === userId).map(({ order }) => order);
    done(ok(pageOf(own, limit, after, (order) => order.id)));
  }

  payOrder(
    ...[userId, orderId, key, _method, done]: Parameters<Gate["payOrder"]>
  ) {
    if (this.#fails(done)) return;
    const order = this.#orderOf(userId, orderId);
    if (order === undefined) return no(done, "not-found");
    const name = `pay ${userId} ${key}`;
    if (this.#keys.has(name)) {
      return done(ok({ order, pending: false, replayed: true }));
    }
    if (order.status === "paid") return no(done, "already-paid");
    if (order.status !== "awaiting_payment") return no(done, "order-expired");
    for (const line of order.lines) {
      this.#move(line.sku, "held", "sold", line.quantity);
    }
    const paid = this.#update(userId, { ...order, status: "paid" });
    this.#keys.set(name, { body: "", orderId });
    done(ok({ order: paid, pending: false, replayed: false }));
  }

  cancelOrder(...[userId, orderId, done]: Parameters<Gate["cancelOrder"]>) {
    if (this.#fails(done)) return;
    const order = this.#orderOf(userId, orderId);
    if (order === undefined) return no(done, "not-found");
    if (order.status === "paid") return no(done, "already-paid");
    if (order.status === "awaiting_payment") {
      for (const line of order.lines) {
        this.#move(line.sku, "held", "available", line.quantity);
      }
    }
    done(ok(this.#update(userId, { ...order, status: "cancelled" })));
  }

  readProduct(...[sku, fresh, done]: Parameters<Gate["readProduct"]>) {
    if (this.#fails(done)) return;
    const product = this.#productOf(sku);
    if (product === null) return no(done, "not-found");
    const status = fresh || !this.#cached.has(sku) ? "miss" : "hit";
    this.#cached.add(sku);
    done(ok({ ...product, status, freshForMs: 5000 }));
  }

  lookAtCache(...[sku, done]: Parameters<Gate["lookAtCache"]>) {
    if (this.#fails(done)) return;
    const product = this.#cached.has(sku) ? this.#productOf(sku) : null;
    const held = { status: "hit", freshForMs: 5000 } as const;
    done(ok({ entry: product && { ...product, ...held } }));
  }

  warmCache(...[sku, done]: Parameters<Gate["warmCache"]>) {
    if (this.#fails(done)) return;
    if (this.#productOf(sku) === null) return no(done, "not-found");
    const wasHeld = this.#cached.has(sku);
    this.#cached.add(sku);
    done(ok({ wasHeld }));
  }

  dropFromCache(...[sku, done]: Parameters<Gate["dropFromCache"]>) {
    if (this.#fails(done)) return;
    this.#cached.delete(sku);
    done(ok(null));
  }

  #productOf(sku: string): { body: string; version: number } | null {
    const entry = this.#entries.find((each) => each.sku === sku);
    const stock = this.#stock.get(sku);
    if (!entry || !stock) return null;
    const { priceCents, available, version } = stock;
    const stockState = available === 0
      ? "sold_out"
      : available < 10
      ? "low"
      : "in_stock";
    const { name, currency } = entry;
    const view = { sku, name, priceCents, currency, stockState, available };
    return { body: JSON.stringify({ ...view, version }), version };
  }

  searchCatalog(
    ...[query, limit, after, done]: Parameters<Gate["searchCatalog"]>
  ) {
    if (this.#fails(done)) return;
    const words = query.toLowerCase().split(/\s+/).filter((word) => word);
    const found = this.#entries.filter(({ sku, name }) =>
      words.every((word) =>
        sku.toLowerCase() === word ||
        name.toLowerCase().split(/\W+/).some((each) => each.startsWith(word))
      )
    );
    done(ok(pageOf(found, limit, after, ({ sku }) => sku)));
  }

  register(...[username, password, done]: Parameters<Gate["register"]>) {
    if (this.#fails(done)) return;
    const name = username.toLowerCase();
    if (this.#users.has(name)) return no(done, "username-taken");
    this.#users.set(name, password);
    done(ok({ id: `user-${name}`, username }));
  }

  signIn(...[username, password, done]: Parameters<Gate["signIn"]>) {
    if (this.#fails(done)) return;
    const name = username.toLowerCase();
    return this.#users.get(name) === password
      ? done(ok({ userId: `user-${name}` }))
      : no(done, "invalid-credentials");
  }

  revokeSession(
    ...[tokenId, _expiresAtMs, done]: Parameters<Gate["revokeSession"]>
  ) {
    if (this.#fails(done)) return;
    this.#revoked.add(tokenId);
    done(ok(null));
  }

  adjustStock(...[sku, add, done]: Parameters<Gate["adjustStock"]>) {
    if (this.#fails(done)) return;
    const stock = this.#stock.get(sku);
    if (stock === undefined) return no(done, "not-found");
    if (stock.available + add < 0) {
      return no(done, "invalid-input", `Only ${stock.available} available`);
    }
    const next = {
      ...stock,
      available: stock.available + add,
      restocked: stock.restocked + Math.max(0, add),
      removed: stock.removed + Math.max(0, -add),
      version: stock.version + 1,
    };
    this.#stock.set(sku, next);
    done(ok(next));
  }

  auditStock(...[sku, after, limit, done]: Parameters<Gate["auditStock"]>) {
    if (this.#fails(done)) return;
    const all = [...this.#stock.values()].sort((a, b) =>
      a.sku < b.sku ? -1 : 1
    );
    const sum = (field: "available" | "held" | "sold" | "initial") =>
      all.reduce((total, stock) => total + stock[field], 0);
    const totals = {
      initial: sum("initial"),
      restocked: all.reduce((total, stock) => total + stock.restocked, 0),
      removed: all.reduce((total, stock) => total + stock.removed, 0),
      available: sum("available"),
      held: sum("held"),
      sold: sum("sold"),
    };
    const chosen = all.filter((stock) =>
      sku === undefined || stock.sku === sku
    );
    const page = pageOf(chosen, limit, after, (stock) => stock.sku);
    done(ok({ totals, violations: [], ...page }));
  }

  limits(): unknown {
    return { limits: [{ name: "user", burst: this.#tokens }] };
  }

  breakers(): unknown {
    return { breakers: [{ address: "memory", state: "closed" }] };
  }

  topology(): unknown {
    return { roles: ["memory"] };
  }

  readBalance(...[_client, done]: Parameters<Gate["readBalance"]>) {
    if (this.#fails(done)) return;
    const report = poolReport(this.#isDraining);
    const pools = [{ domain: "main", ...report }];
    done(ok({ server: "catalog[0]", ...report, pools }));
  }

  drainServer(
    ...[name, isDraining, done]: Parameters<Gate["drainServer"]>
  ) {
    if (this.#fails(done)) return;
    if (name !== "catalog[0]") return no(done, "not-found");
    this.#isDraining = isDraining;
    done(ok(poolReport(isDraining)));
  }

  injectFault(...[fault, done]: Parameters<Gate["injectFault"]>) {
    done(
      fault.target === "worker[0]"
        ? ok(null)
        : rejected("invalid-input", { detail: "There is no such target" }),
    );
  }

  metrics() {
    const help = "Depth of a mailbox.";
    const labels = { actor: 'a"b' };
    const name = "mailbox_depth";
    return [{ name, type: "gauge", help, labels, value: 3 } as const];
  }

  isReady(): boolean {
    return this.ready;
  }

  #fails(done: Done<never>): boolean {
    const outcome = this.failNext;
    this.failNext = null;
    if (outcome !== null) done(outcome);
    return outcome !== null;
  }

  #orderOf(userId: string, orderId: string): OrderView | undefined {
    const entry = this.#orders.get(orderId);
    return entry?.userId === userId ? entry.order : undefined;
  }

  #update(userId: string, order: OrderView): OrderView {
    this.#orders.set(order.id, { userId, order });
    return order;
  }

  #move(
    sku: string,
    from: "available" | "held" | "sold",
    to: "available" | "held" | "sold",
    quantity: number,
  ): void {
    const stock = this.#stock.get(sku)!;
    this.#stock.set(sku, {
      ...stock,
      [from]: stock[from] - quantity,
      [to]: stock[to] + quantity,
      version: stock.version + 1,
    });
  }
}

function no(done: Done<never>, code: Refusal, detail?: string): void {
  done(rejected(code, detail === undefined ? {} : { detail }));
}
