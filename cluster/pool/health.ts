/**
 * The health of one member of a pool: what is known from its replies and from
 * probes, and what follows. Plain data and functions; the time is given.
 *
 * - Replies (passive): so many bad ones in a row put a member out for a while,
 *   each time longer, since it is the calls of people that would find out.
 * - Probes (active): so many failed ones in a row take it down until as many
 *   good ones as its return needs.
 * - Who returns starts slowly: cold caches and full load do not go together.
 * - Who drains gets nothing new and finishes what it has.
 *
 * @module
 */

/** When a member is put out, and how it comes back. */
export interface HealthPolicy {
  /** Bad replies in a row that put a member out. */
  readonly badRepliesInRow: number;
  /** How long the first time; n times as long the n-th time in a row. */
  readonly ejectedForMs: number;
  /** And never longer than this. */
  readonly ejectedForMostMs: number;
  /** Of all members; who would be one more stays. */
  readonly ejectedPercentMost: number;
  /** Failed probes in a row that take a member down. */
  readonly failedProbesInRow: number;
  /** Good probes in a row that bring it back. */
  readonly goodProbesInRow: number;
  /** From its return to its full share; 0: at once. */
  readonly slowStartMs: number;
}

/** What is known of a member. */
export interface Health {
  badReplies: number;
  /** Good ones while it is down, failed ones while it is up. */
  probesAgainst: number;
  isDown: boolean;
  isDraining: boolean;
  /** It is out until then; 0: it is not. */
  ejectedUntilMs: number;
  /** In a row: it was not long in between. */
  ejectionsInRow: number;
  /** When it returned; 0: long ago. */
  returnedAtMs: number;
}

/** What a member is, in one word. */
export type MemberState =
  | "healthy"
  | "warming"
  | "ejected"
  | "down"
  | "draining";

/** A warming member gets this at least, or it would stay cold. */
const WARMING_SHARE_MIN = 0.1;

/** The health of a new member. */
export function newHealth(): Health {
  return {
    badReplies: 0,
    probesAgainst: 0,
    isDown: false,
    isDraining: false,
    ejectedUntilMs: 0,
    ejectionsInRow: 0,
    returnedAtMs: 0,
  };
}

/** What the member is now. */
export function stateOf(
  health: Health,
  policy: HealthPolicy,
  nowMs: number,
): MemberState {
  if (health.isDraining) return "draining";
  if (health.isDown) return "down";
  if (health.ejectedUntilMs > nowMs) return "ejected";
  return warmth(health, policy, nowMs) < 1 ? "warming" : "healthy";
}

/** Its share of a full one, from 0.1 to 1, growing evenly. */
export function warmth(
  health: Health,
  { slowStartMs }: HealthPolicy,
  nowMs: number,
): number {
  const { returnedAtMs } = health;
  if (returnedAtMs === 0 || slowStartMs === 0) return 1;
  const share = (nowMs - returnedAtMs) / slowStartMs;
  return Math.min(1, Math.max(WARMING_SHARE_MIN, share));
}

/** Ends an ejection whose time is over. True when it did. */
export function readmit(health: Health, nowMs: number): boolean {
  const { ejectedUntilMs } = health;
  if (ejectedUntilMs === 0 || ejectedUntilMs > nowMs) return false;
  health.ejectedUntilMs = 0;
  health.returnedAtMs = ejectedUntilMs;
  return true;
}

/**
 * Counts a reply. True when the member is out from now on; `mayEject` says
 * whether one more may be.
 */
export function noteReply(
  health: Health,
  policy: HealthPolicy,
  isGood: boolean,
  { nowMs, mayEject }: { nowMs: number; mayEject: boolean },
): boolean {
  if (isGood) {
    health.badReplies = 0;
    return false;
  }
  // Replies to calls of before its ejection say nothing new.
  if (health.ejectedUntilMs > 0) return false;
  health.badReplies++;
  if (health.badReplies < policy.badRepliesInRow || !mayEject) return false;
  // Well for as long as it was out: the next time is a first time.
  const lastMs = ejectionMs(policy, health.ejectionsInRow);
  const isRelapse = nowMs - health.returnedAtMs <= lastMs;
  health.ejectionsInRow = isRelapse ? health.ejectionsInRow + 1 : 1;
  health.ejectedUntilMs = nowMs + ejectionMs(policy, health.ejectionsInRow);
  health.badReplies = 0;
  return true;
}

/** How long a member is out the n-th time in a row. */
function ejectionMs(
  { ejectedForMs, ejectedForMostMs }: HealthPolicy,
  inRow: number,
): number {
  return Math.min(ejectedForMs * inRow, ejectedForMostMs);
}

/** Counts a probe. True when the member goes down or comes back with it. */
export function noteProbe(
  health: Health,
  policy: HealthPolicy,
  isGood: boolean,
  nowMs: number,
): boolean {
  if (isGood !== health.isDown) {
    health.probesAgainst = 0;
    return false;
  }
  health.probesAgainst++;
  const needed = health.isDown
    ? policy.goodProbesInRow
    : policy.failedProbesInRow;
  if (health.probesAgainst < needed) return false;
  health.probesAgainst = 0;
  health.isDown = !health.isDown;
  if (!health.isDown) {
    health.badReplies = 0;
    health.returnedAtMs = nowMs;
  }
  return true;
}
