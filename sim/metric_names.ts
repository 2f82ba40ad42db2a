/**
 * The names of what is measured in a run. Thresholds, faults that wait for a
 * number, and the `metrics` of a result use these and no other, so that a
 * misspelt one is found before anything runs.
 *
 * @module
 */

/** Of calls: all of them, or those of a step as in `ok.place_order`. */
const CALL_METRICS = {
  offered: "calls that clients set out to make, each once whatever its retries",
  attempts: "calls that were sent, retries among them",
  ok: "calls that ended well, if need be after retries",
  rejected: "calls that the shop refused for good, such as sold-out",
  failed: "calls without a definite answer when the client gave up",
  limited: "answers that said rate-limited",
  latency: "time from when a call was due to its last answer; needs q",
} as const;

const RUN_METRICS = {
  "orders.placed": "orders",
  "orders.paid": "orders that were paid",
  "orders.cancelled": "orders that their buyers cancelled",
  "orders.expired": "orders that were not paid in time",
  "flash.stock": "units on sale in the flash sale",
  "flash.sold": "units of the flash sale that were paid for",
  "flash.taken": "units of the flash sale that are held or were paid for",
  "units.oversold": "units sold or held beyond the stock",
  "cache.reads": "product reads that were answered with a product",
  "cache.hits": "product reads that were answered from memory",
  "cache.near": "product reads that the edge answered from its own memory",
  "cache.fills":
    "questions of cache nodes to their sources for readers, each " +
    "once however many readers wait",
  "cache.loads": "product reads that waited for a cache node's sources",
  restarts: "workers that were lost and started again",
  depth: "messages that wait at all actors of one kind, the kind with most; " +
    "a threshold takes the most that there ever were",
} as const;

/** Steps that call metrics can be told apart by. */
export const STEPS = [
  "read_product",
  "place_order",
  "pay_order",
  "cancel_order",
  "read_order",
] as const;

/** Kinds of actors that `depth` can be told apart by. */
const DEPTHS = ["storefront", "inventory", "cache"] as const;

/** Every name, with what it means. */
export const METRICS: ReadonlyMap<string, string> = new Map([
  ...Object.entries(CALL_METRICS).flatMap(([name, what]) => [
    [name, what] as const,
    ...STEPS.map((step) => [`${name}.${step}`, `${what} (${step})`] as const),
  ]),
  ...Object.entries(RUN_METRICS),
  ...DEPTHS.map((kind) =>
    [`depth.${kind}`, `${RUN_METRICS.depth} (${kind})`] as const
  ),
]);

/** What a metric is measured in. */
export function unitOf(metric: string): "ms" | "number" {
  return metric === "latency" || metric.startsWith("latency.")
    ? "ms"
    : "number";
}
