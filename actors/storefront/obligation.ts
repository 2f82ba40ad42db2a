/**
 * What an order owes its shards: to release, unpin, confirm or take back what
 * it holds there. An obligation is durable from the fact that causes it, every
 * one of its messages may be repeated, and it is asked again, with growing
 * delay, until each shard has given a definite answer: so it survives a crash
 * at any point, here or there. An order owes at most one thing at a time; the
 * newer one takes the place of the older.
 *
 * @module
 */
import type { Answered, Context } from "../runtime/actor.ts";
import type { InventoryMessage, InventoryRef } from "../inventory_shard.ts";
import type { StorefrontEvent } from "./order.ts";
import type { StorefrontState } from "./order_book.ts";
import type { StorefrontMail } from "../storefront.ts";

/** What can be owed: a message of the inventory shard's protocol. */
export type Duty = "release" | "unpin" | "confirm" | "return_stock";

/** What an order owes to which shards. */
export interface Obligation {
  readonly duty: Duty;
  readonly holdId: string;
  readonly shards: readonly number[];
  /** The hold's deadline: how long a tombstone of it must stand. */
  readonly untilMs: number;
}

/** Which shards have answered so far; lost with the incarnation. */
export interface Progress {
  readonly duty: Duty;
  waiting: number;
  readonly done: number[];
  readonly refused: number[];
}

/** One shard's part of an obligation, asked for the `tries`-th time from 0. */
export interface DutyAsked {
  readonly orderId: string;
  readonly duty: Duty;
  readonly shard: number;
  readonly tries: number;
}

/** A shard's answer to a duty. */
export type DutyAnswered = Answered<"duty_answered", null, DutyAsked>;

/** Its timer: the shard did not answer definitely. */
export interface DutyDue {
  readonly kind: "duty_due";
  readonly asked: DutyAsked;
}

type StorefrontContext = Context<StorefrontMail, StorefrontEvent>;

/** As for a reserve: past this a shard is being replaced. */
const DUTY_WITHIN_MS = 2_000;

/** The first repeat comes after a tenth of a second at most … */
const RETRY_MIN_MS = 100;

/** … and the later ones at least every ten, a burden of 0.1/s per order. */
const RETRY_MAX_MS = 10_000;

/**
 * How long to wait before asking again, in milliseconds: doubles with every
 * try up to a cap, and is spread over its upper half, so that what failed
 * together does not come again together.
 */
export function retryDelayMs(tries: number, random: number): number {
  // 100 ms · 2^7 is past the cap.
  const grownMs = RETRY_MIN_MS * 2 ** Math.min(tries, 7);
  const halfMs = Math.min(grownMs, RETRY_MAX_MS) / 2;
  return halfMs + random % (halfMs + 1);
}

/** Asks every shard for its part. Without an obligation it does nothing. */
export function dischargeObligation(
  ctx: StorefrontContext,
  state: StorefrontState,
  orderId: string,
): void {
  const obligation = state.obligations.get(orderId);
  if (obligation === undefined) return;
  const { duty, shards } = obligation;
  const waiting = shards.length;
  const progress: Progress = { duty, waiting, done: [], refused: [] };
  state.volatile.progress.set(orderId, progress);
  for (const shard of shards) {
    askShard(ctx, state, obligation, { orderId, duty, shard, tries: 0 });
  }
}

/** Asks one shard again, unless the order owes something else by now. */
export function dutyDue(
  ctx: StorefrontContext,
  state: StorefrontState,
  message: DutyDue,
): void {
  const { orderId, duty } = message.asked;
  const obligation = state.obligations.get(orderId);
  if (obligation?.duty !== duty) return;
  askShard(ctx, state, obligation, message.asked);
}

/**
 * Takes one shard's answer. Returns the progress when it was the last one that
 * was missing, else null; what follows from it is the caller's to record.
 */
export function dutyAnswered(
  ctx: StorefrontContext,
  state: StorefrontState,
  message: DutyAnswered,
): Progress | null {
  const { outcome, about } = message;
  const { orderId, duty, shard, tries } = about;
  const progress = state.volatile.progress.get(orderId);
  if (progress?.duty !== duty) return null;
  if (outcome.kind === "failed" || outcome.kind === "unknown") {
    const delayMs = retryDelayMs(tries, ctx.random());
    const asked: DutyAsked = { orderId, duty, shard, tries: tries + 1 };
    ctx.timer(`duty ${orderId} ${shard}`, delayMs, { kind: "duty_due", asked });
    return null;
  }
  if (outcome.kind === "ok") progress.done.push(shard);
  else progress.refused.push(shard);
  if (--progress.waiting > 0) return null;
  state.volatile.progress.delete(orderId);
  return progress;
}

function askShard(
  ctx: StorefrontContext,
  state: StorefrontState,
  obligation: Obligation,
  asked: DutyAsked,
): void {
  ctx.ask(
    state.volatile.shardAddresses[asked.shard]! as InventoryRef,
    dutyMessage(obligation),
    { as: "duty_answered", withinMs: DUTY_WITHIN_MS, about: asked },
  );
}

function dutyMessage(
  obligation: Obligation,
): Extract<InventoryMessage, { kind: Obligation["duty"] }> {
  const { duty: kind, holdId, untilMs } = obligation;
  return kind === "release" ? { kind, holdId, untilMs } : { kind, holdId };
}
