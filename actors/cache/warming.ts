/**
 * Warming on schedule: products that are filled before a sale begins and kept
 * fresh while it is about to, so that its first buyers find them. A product
 * that was filled once would have expired by then.
 *
 * A node goes through its products round after round, a batch at a time, so
 * that neither the sources nor its readers see a wave; readers who wait go
 * first (`refresh`). What is being evicted is filled again by the next round.
 *
 * @module
 */
import type { Context } from "../runtime/actor.ts";
import { peek } from "./bounded_map.ts";
import { isAbsent } from "./absence.ts";
import { isFresh } from "./entry.ts";
import { type FillContext, refresh } from "./fill.ts";
import type { CacheState, WarmWindow } from "./state.ts";

/** The time has come to warm a batch of a window's products. */
export interface WarmBatch {
  readonly kind: "warm_batch";
  /** The window, by number. */
  readonly window: number;
  /** The first product of the batch, by number. */
  readonly from: number;
  /** Of this round, so far: products that a reader would have waited for. */
  readonly cold: number;
}

/** Of one node: 320 fills a second, a thirtieth of the messages it can take. */
const BATCH = 32;
const BATCH_EVERY_MS = 100;

/** Rounds in the life of an entry: it is looked at four times. */
const ROUNDS_PER_TTL = 4;

/** A fill takes a second at most: then who was cold is looked at again. */
const COLD_AGAIN_MS = 1_000;

/** Wall time can be set: a window that is to come is looked at so often. */
const LOOK_AGAIN_MS = 60_000;

/** What warming needs of the world. */
export type WarmContext = FillContext & Pick<Context<WarmBatch>, "timer">;

/** Sets the timers of all windows that are not over. */
export function scheduleWarming(ctx: WarmContext, { args }: CacheState): void {
  args.warm.forEach((_, window) => wake(ctx, args.warm, window));
}

/** Waits for a window to begin; it may have. */
function wake(
  ctx: WarmContext,
  windows: readonly WarmWindow[],
  window: number,
): void {
  const leftMs = windows[window]!.fromMs - ctx.now();
  const delayMs = Math.max(0, Math.min(leftMs, LOOK_AGAIN_MS));
  arm(ctx, { kind: "warm_batch", window, from: 0, cold: 0 }, delayMs);
}

function arm(ctx: WarmContext, batch: WarmBatch, delayMs: number): void {
  ctx.timer(`warm ${batch.window}`, delayMs, batch);
}

/** Fills what of the batch would not last until it is looked at again. */
export function warmBatch(
  ctx: WarmContext,
  state: CacheState,
  batch: WarmBatch,
): void {
  const { warm, ttlMs } = state.args;
  const { fromMs, untilMs, skus } = warm[batch.window]!;
  const nowMs = ctx.now();
  if (nowMs >= untilMs) return;
  if (nowMs < fromMs) return wake(ctx, warm, batch.window);
  const batches = Math.ceil(skus.length / BATCH);
  const roundMs = Math.max(ttlMs / ROUNDS_PER_TTL, batches * BATCH_EVERY_MS);
  const next = batch.from + BATCH;
  let { cold } = batch;
  for (const sku of skus.slice(batch.from, next)) {
    // Two rounds: one may be late, or may have found too many fills under way.
    const isCold = warmUp(ctx, state, sku, 2 * roundMs);
    if (isCold) cold++;
  }
  if (next < skus.length) {
    return arm(ctx, { ...batch, from: next, cold }, BATCH_EVERY_MS);
  }
  const restMs = roundMs - (batches - 1) * BATCH_EVERY_MS;
  const againMs = cold === 0 ? restMs : Math.min(restMs, COLD_AGAIN_MS);
  arm(ctx, { ...batch, from: 0, cold: 0 }, againMs);
}

/** Fills a product that would not last; says whether it is not held fresh. */
function warmUp(
  ctx: WarmContext,
  state: CacheState,
  sku: string,
  forMs: number,
): boolean {
  const { entries, absence, args } = state;
  const nowMs = ctx.now();
  const entry = peek(entries, sku);
  const isHeld = entry !== null && isFresh(entry, nowMs);
  if (isHeld && isFresh(entry, nowMs + forMs)) return false;
  if (isAbsent(absence, sku, nowMs, args.negativeTtlMs)) return true;
  ctx.count("cache_warmed");
  refresh(ctx, state, sku);
  return !isHeld;
}
