/**
 * A shop's gate over Redis: what a Hono shop with Redis does, in the place of
 * our engine. It stands behind the same edge and the same admission as ours,
 * so that the two differ only in what sells. It sells and does nothing else;
 * whatever a purchase does not need is answered "unavailable".
 *
 * @module
 */
import { failed, ok, unknown } from "../../../actors/runtime/outcome.ts";
import type { Line } from "../../../actors/inventory_shard.ts";
import { type Refusal, refuse } from "../../../actors/refusals.ts";
import type { OrderView, Placed } from "../../../actors/storefront.ts";
import type { AdmissionControl } from "../../../cluster/admission.ts";
import type { Admission, Done, Gate } from "../../../cluster/gate.ts";

/** Runs the script of a purchase; see purchase.lua for keys and arguments. */
export type RunPurchase = (
  keys: string[],
  args: string[],
) => Promise<unknown>;

/** What the gate is made of. */
export interface RedisGateOptions {
  readonly purchase: RunPurchase;
  readonly admission: AdmissionControl;
  readonly clock: { wallMs(): number; monotonicMs(): number };
  readonly limitPerUser: number;
  readonly holdForMs: number;
  readonly keepKeysMs: number;
}

/** A Redis that is away may be back after a second. */
const RETRY_AFTER_MS = 1000;

/** See the module. */
export class RedisGate implements Gate {
  readonly #options: RedisGateOptions;
  /** Order ids of one process: a name of its own and a counter. */
  readonly #process: string;
  #orders = 0;

  constructor(options: RedisGateOptions) {
    this.#options = options;
    this.#process = options.clock.wallMs().toString(36);
  }

  admit(
    userId: string | null,
    address: string,
    route: string | null,
  ): Admission {
    const nowMs = this.#options.clock.monotonicMs();
    return this.#options.admission.admit(userId, address, nowMs, route);
  }

  isRevoked(): boolean {
    return false;
  }

  placeOrder(
    userId: string,
    key: string,
    lines: readonly Line[],
    done: Done<Placed>,
  ): void {
    const { clock, holdForMs, keepKeysMs, limitPerUser } = this.#options;
    this.#orders++;
    const placedAtMs = clock.wallMs();
    const keys = [
      `key:${userId}:${key}`,
      `order:${this.#process}-${this.#orders}`,
      `buyer:${userId}`,
    ];
    const args = [
      JSON.stringify(lines),
      String(limitPerUser),
      String(keepKeysMs / 1000),
      String(placedAtMs),
      String(placedAtMs + holdForMs),
    ];
    for (const { sku, quantity } of lines) {
      keys.push(`stock:${sku}`);
      args.push(sku, String(quantity));
    }
    this.#options.purchase(keys, args).then(
      (reply) => done(outcomeOf(reply as readonly string[], lines)),
      // The script may have run before the connection broke.
      () => done(unknown(RETRY_AFTER_MS)),
    );
  }

  readonly readOrder = unserved;
  readonly listOrders = unserved;
  readonly payOrder = unserved;
  readonly cancelOrder = unserved;
  readonly readProduct = unserved;
  readonly lookAtCache = unserved;
  readonly warmCache = unserved;
  readonly dropFromCache = unserved;
  readonly searchCatalog = unserved;
  readonly register = unserved;
  readonly signIn = unserved;
  readonly revokeSession = unserved;
  readonly adjustStock = unserved;
  readonly auditStock = unserved;
  readonly injectFault = unserved;
  readonly readBalance = unserved;
  readonly drainServer = unserved;

  limits(): null {
    return null;
  }

  breakers(): null {
    return null;
  }

  topology(): null {
    return null;
  }

  locks(): [] {
    return [];
  }

  metrics(): [] {
    return [];
  }

  isReady(): boolean {
    return true;
  }
}

/** Answers whatever this peer does not do; `done` is the last argument. */
function unserved(...args: [...unknown[], Done<never>]): void {
  const done = args.at(-1) as Done<never>;
  done(failed("unavailable", RETRY_AFTER_MS));
}

/** The script's reply as the gate's outcome. */
function outcomeOf(reply: readonly string[], lines: readonly Line[]) {
  const [said, orderKey, placedAt, until, priced] = reply;
  if (said !== "placed" && said !== "replayed") return refuse(said as Refusal);
  const prices = priced?.split(",").map(Number) ?? [];
  const pricedLines = lines.map((line, index) => ({
    ...line,
    priceCents: prices[index] ?? 0,
  }));
  const order: OrderView = {
    id: orderKey?.slice("order:".length) ?? "",
    status: "awaiting_payment",
    lines: pricedLines,
    totalCents: pricedLines.reduce(
      (sum, { priceCents, quantity }) => sum + priceCents * quantity,
      0,
    ),
    reservedUntilMs: Number(until),
    placedAtMs: Number(placedAt),
  };
  return ok({ order, replayed: said === "replayed" });
}
