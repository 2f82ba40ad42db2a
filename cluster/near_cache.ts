/**
 * The edge's own memory of the few products that very many read: one of them
 * would otherwise keep its cache node's core busy alone. Such a product is
 * asked of its node once in a short while, and everybody else gets that answer.
 *
 * An answer is used for `ttlMs` from the moment when it was asked for, so what
 * a reader gets is that much older at most than what the node would have said;
 * and no longer than the node itself calls it fresh, so that what is stale is
 * always called so.
 * Versions never go back here: what is asked through this memory is answered
 * in the order of asking, and what is read past it is heard.
 *
 * It has no clock and asks nobody itself; see `read`.
 *
 * @module
 */
import type { CachedProduct } from "../actors/cache_node.ts";
import { type Ok, ok } from "../actors/runtime/outcome.ts";
import type { Done, MetricSample } from "./gate.ts";
import { HotKeys } from "./hot_keys.ts";

/** When the edge remembers, for how long, and how much. */
export interface NearCachePolicy {
  /** Products that are read more often than this. */
  readonly abovePerSecond: number;
  /** 0: nothing is remembered. */
  readonly ttlMs: number;
  /** Products at most. */
  readonly capacityEntries: number;
}

/** A product that is read very often. */
interface Near {
  readonly askedAtMs: number;
  /** It may be used until then. */
  untilMs: number;
  /** Null until the node has answered. */
  answer: Ok<CachedProduct> | null;
  /** Readers who wait for that answer. */
  readonly waiting: Done<CachedProduct>[];
}

/** Readers who wait for one answer: what comes in a tenth of a second. */
const WAITING_MAX = 4_096;

/** See the module's text. */
export class NearCache {
  #hits = 0;
  #collapsed = 0;
  readonly #policy: NearCachePolicy;
  readonly #hot = new HotKeys();
  readonly #products = new Map<string, Near>();
  #sweepAtMs = -Infinity;

  constructor(policy: NearCachePolicy) {
    this.#policy = policy;
  }

  /** False: nothing is remembered, and nobody need call. */
  get isOn(): boolean {
    return this.#policy.ttlMs > 0;
  }

  /**
   * Reads a product. Null: `done` was called, or will be with another reader's
   * answer. Else the node is to be asked, with what is returned as its `done`.
   */
  read(
    sku: string,
    nowMs: number,
    done: Done<CachedProduct>,
  ): Done<CachedProduct> | null {
    const near = this.#products.get(sku);
    const readsPerSecond = this.#hot.see(sku, nowMs);
    if (near !== undefined && this.#isUsable(near, nowMs)) {
      if (near.answer !== null) {
        this.#hits++;
        done(near.answer);
        return null;
      }
      if (near.waiting.length >= WAITING_MAX) return done;
      near.waiting.push(done);
      return null;
    }
    if (readsPerSecond < this.#policy.abovePerSecond) return done;
    return this.#hasRoom(sku, nowMs) ? this.#ask(sku, nowMs, done) : done;
  }

  /** The `done` of a read past this memory, so that it hears of what is new. */
  hearing(sku: string, done: Done<CachedProduct>): Done<CachedProduct> {
    return (outcome) => {
      const near = this.#products.get(sku);
      if (outcome.kind === "rejected") this.#products.delete(sku);
      else if (outcome.kind === "ok" && near !== undefined && near.answer) {
        near.answer = newerOf(near.answer, answeredAs("near", outcome.value));
      }
      done(outcome);
    };
  }

  /** The product is dropped: what was read before is not used any more. */
  forget(sku: string): void {
    this.#products.delete(sku);
  }

  /** How much it did, and what it remembers now. */
  metrics(): MetricSample[] {
    const labels = {};
    return [
      {
        name: "cache_near_hits_total",
        type: "counter",
        help: "Product reads that the edge answered from its own memory.",
        labels,
        value: this.#hits,
      },
      {
        name: "cache_near_collapsed_total",
        type: "counter",
        help: "Product reads that shared another one's question to a node.",
        labels,
        value: this.#collapsed,
      },
      {
        name: "cache_near_products",
        type: "gauge",
        help: "Products that the edge remembers, as very many read them.",
        labels,
        value: this.#products.size,
      },
    ];
  }

  #isUsable({ askedAtMs, untilMs }: Near, nowMs: number): boolean {
    return nowMs >= askedAtMs && nowMs < untilMs;
  }

  /** Looks for old ones no more often than they get old. */
  #hasRoom(sku: string, nowMs: number): boolean {
    const products = this.#products;
    const { capacityEntries, ttlMs } = this.#policy;
    if (products.size < capacityEntries || products.has(sku)) return true;
    if (nowMs < this.#sweepAtMs) return false;
    this.#sweepAtMs = nowMs + ttlMs;
    for (const [each, near] of products) {
      // Who waits for its answer gets it all the same.
      if (!this.#isUsable(near, nowMs)) products.delete(each);
    }
    return products.size < capacityEntries;
  }

  #ask(
    sku: string,
    nowMs: number,
    done: Done<CachedProduct>,
  ): Done<CachedProduct> {
    const { ttlMs } = this.#policy;
    const near: Near = {
      askedAtMs: nowMs,
      untilMs: nowMs + ttlMs,
      answer: null,
      waiting: [],
    };
    this.#products.set(sku, near);
    return (outcome) => {
      // A drop, or somebody who asked later, may have taken its place.
      const isCurrent = this.#products.get(sku) === near;
      if (outcome.kind === "ok") {
        const { value } = outcome;
        near.answer = answeredAs("near", value);
        near.untilMs = nowMs + Math.min(ttlMs, value.freshForMs);
      } else if (isCurrent) this.#products.delete(sku);
      done(outcome);
      if (near.waiting.length === 0) return;
      const shared = outcome.kind === "ok" ? collapsed(outcome) : outcome;
      this.#collapsed += near.waiting.length;
      for (const waiter of near.waiting.splice(0)) waiter(shared);
    };
  }
}

/** The same product for one who has not caused what the first reader has. */
function answeredAs(
  status: CachedProduct["status"],
  { body, version, freshForMs }: CachedProduct,
): Ok<CachedProduct> {
  return ok({ body, version, status, freshForMs });
}

/** What is stale stays so, whoever asked. */
function collapsed(answer: Ok<CachedProduct>): Ok<CachedProduct> {
  const { value } = answer;
  const isFresh = value.freshForMs > 0;
  return isFresh ? answeredAs("collapsed", value) : answer;
}

function newerOf(
  left: Ok<CachedProduct>,
  right: Ok<CachedProduct>,
): Ok<CachedProduct> {
  return right.value.version > left.value.version ? right : left;
}
