/**
 * The shapes of what comes in and goes out over HTTP. The same schemas check
 * requests and stand in the OpenAPI document. Input is strict: a field that
 * nobody knows is a mistake of the sender, and saying so early is kinder.
 *
 * @module
 */
import { z } from "zod";
import { DURATION, parseDuration } from "../cluster/units.ts";

/** A sku is a name that the catalog gives; 64 is ten times the longest. */
export const sku = z.string().min(1).max(64).meta({ examples: ["85123A"] });

/** How many items a page may have, and has by default. */
const limit = z.coerce.number().int().min(1).max(100).default(50);
const after = z.string().min(1).max(200).optional().describe(
  "The `next` of the page before.",
);

/** `?limit=&after=` */
export const pageQuery = z.object({ limit, after });

/** `?q=&limit=&after=`; nobody types a query of more than 200 characters. */
export const searchQuery = z.object({
  q: z.string().max(200).default(""),
  limit,
  after,
});

/** `?trace` */
export const readQuery = z.object({
  trace: z.string().optional().describe(
    "Empty or 1: Server-Timing says where the time of this read went.",
  ),
});

/** `?sku=&after=&limit=` */
export const auditQuery = z.object({ sku: sku.optional(), limit, after });

/** A new user. */
export const newUser = z.strictObject({
  username: z.string().regex(
    /^[A-Za-z0-9._-]{3,64}$/,
    "Must be 3 to 64 letters, digits, dots, underscores or hyphens",
  ),
  password: z.string().min(8).max(256),
}).meta({ id: "NewUser" });

/** Signing in: whatever the name, it is the answer that tells. */
export const credentials = z.strictObject({
  username: z.string().min(1).max(64),
  password: z.string().min(1).max(256),
}).meta({ id: "Credentials" });

/** An order. Both bounds are the contract's. */
export const newOrder = z.strictObject({
  lines: z.array(
    z.strictObject({ sku, quantity: z.int().min(1).max(10_000) }),
  ).min(1).max(100),
}).meta({ id: "NewOrder" });

/** A payment. The sandbox has a method for each way a charge can go. */
export const newPayment = z.strictObject({
  method: z.enum(["sandbox", "sandbox_declined", "sandbox_slow"]),
}).meta({ id: "NewPayment" });

/** Units to add; a negative number removes. A billion is out of any shop. */
export const stockChange = z.strictObject({
  add: z.int().min(-1_000_000_000).max(1_000_000_000),
}).meta({ id: "StockChange" });

/** Nobody watches a fault for longer. */
const FAULT_MS = 3_600_000;

/** A fault to inject, as a scenario writes it, without its time. */
export const fault = z.strictObject({
  do: z.enum(["crash", "hang", "slow", "partition", "flush"]),
  target: z.string().min(1).max(128).exactOptional(),
  from: z.string().min(1).max(128).exactOptional(),
  to: z.string().min(1).max(128).exactOptional(),
  for: z.string().regex(DURATION, 'Must be a duration such as "5s"')
    .refine(
      (text) => (parseDuration(text) ?? Infinity) <= FAULT_MS,
      "Must be an hour at most",
    ).exactOptional(),
  factor: z.number().min(1).max(1000).exactOptional(),
}).meta({ id: "Fault" });

const cents = z.int().min(0);
const time = z.string().meta({ format: "date-time" });

/** A user as he is answered. */
export const user = z.object({ id: z.string(), username: z.string() })
  .meta({ id: "User" });

/** A session as it is answered. */
export const session = z.object({ token: z.string(), expiresAt: time })
  .meta({ id: "Session" });

/** A product. */
export const product = z.object({
  sku,
  name: z.string(),
  priceCents: cents,
  currency: z.string().length(3),
  stockState: z.enum(["in_stock", "low", "sold_out"]),
  available: z.int().min(0),
  version: z.int(),
}).meta({ id: "Product" });

/** A product as the cache holds it. */
export const cached = z.object({
  status: z.enum(["hit", "stale"]),
  version: z.int(),
  freshForMs: z.number().min(0),
  product,
}).meta({ id: "Cached" });

/** What the first documents' routes answer. */
export const envelope = z.object({
  status: z.enum(["success", "error"]),
  message: z.string().optional(),
}).meta({ id: "Envelope" });

/** The envelope with something in it. */
export function enveloped<Data extends z.ZodType>(data: Data) {
  return z.object({ status: z.literal("success"), data });
}

/** A page of products. Price and stock are absent while they are unknown. */
export const productPage = z.object({
  items: z.array(
    product.partial({ priceCents: true, stockState: true, available: true }),
  ),
  next: z.string().optional(),
}).meta({ id: "ProductPage" });

/** An order. */
export const order = z.object({
  id: z.string(),
  status: z.enum([
    "awaiting_payment",
    "paid",
    "cancelled",
    "expired",
    "refund_pending",
    "refunded",
  ]),
  lines: z.array(z.object({ sku, quantity: z.int(), priceCents: cents })),
  totalCents: cents,
  currency: z.string().length(3),
  reservedUntil: time,
  placedAt: time,
}).meta({ id: "Order" });

/** A page of orders, newest first. */
export const orderPage = z.object({
  items: z.array(order),
  next: z.string().optional(),
}).meta({ id: "OrderPage" });

const units = z.int().min(0);
const totals = {
  initial: units,
  restocked: units,
  removed: units,
  available: units,
  held: units,
  sold: units,
};

/** What the shard says of a sku's stock. */
export const stock = z.object({
  sku,
  priceCents: cents,
  ...totals,
  version: z.int(),
}).meta({ id: "Stock" });

/** The stock equation over all shards, and one page of skus. */
export const stockAudit = z.object({
  totals: z.object(totals),
  violations: z.array(z.string()),
  items: z.array(stock),
  next: z.string().optional(),
}).meta({ id: "StockAudit" });

/** What a process holds or waits for. */
export const lockList = z.object({
  items: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(["lease", "epoch", "file"]),
      state: z.enum(["held", "waiting"]),
      owner: z.string(),
      fence: z.int().nullable(),
      leftMs: z.number().nullable(),
    }).meta({ id: "Lock" }),
  ),
}).meta({ id: "LockList" });

/** RFC 9457. */
export const problem = z.object({
  type: z.string().meta({ examples: ["/problems/sold-out"] }),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  traceId: z.string(),
  retryable: z.boolean(),
  errors: z.array(z.object({ field: z.string(), message: z.string() }))
    .optional(),
}).meta({ id: "Problem" });
