/**
 * What is counted of calls: in all, by step and phase, and by moment.
 *
 * @module
 */
import { LatencyHistogram } from "./latency_histogram.ts";

/** What one kind of call came to. */
export interface Tally {
  offered: number;
  attempts: number;
  ok: number;
  rejected: number;
  failed: number;
  limited: number;
  readonly latency: LatencyHistogram;
}

/** Where the units of a product are. */
export interface StockLedger {
  readonly available: number;
  readonly held: number;
  readonly sold: number;
}

/** A bucket of the series, while it is filled. */
export interface Bucket {
  offered: number;
  ok: number;
  rejected: number;
  failed: number;
  limited: number;
  hits: number;
  misses: number;
  readonly latency: LatencyHistogram;
  readonly handled: Map<string, number>;
  depths: Record<string, number>;
  stock: Record<string, StockLedger>;
}

/** A tally of nothing yet. */
export function newTally(): Tally {
  return {
    offered: 0,
    attempts: 0,
    ok: 0,
    rejected: 0,
    failed: 0,
    limited: 0,
    latency: new LatencyHistogram(),
  };
}

/** A bucket in which nothing happened yet. */
export function newBucket(): Bucket {
  return {
    offered: 0,
    ok: 0,
    rejected: 0,
    failed: 0,
    limited: 0,
    hits: 0,
    misses: 0,
    latency: new LatencyHistogram(),
    handled: new Map(),
    depths: {},
    stock: {},
  };
}
