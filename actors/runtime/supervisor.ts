/**
 * What a supervisor is, and what it does when one of its children has ended:
 * forget it, start it again alone or with its siblings, or give up. The rules
 * are those of OTP's `supervisor`, with back-off and staying down added.
 *
 * Only the decision is made here, over plain data, a given time and a given
 * random number. Nothing is stopped, started or waited for: the host does that.
 *
 * @module
 */
import type { ChildSpec, ExitReason, RestartType } from "./actor.ts";

/**
 * The most levels of a tree, its actors included. A shop has four; four times
 * that is a program that nests without end.
 */
const LEVELS_MAX = 16;

/**
 * Who is started again with a child that has ended: nobody else, everybody,
 * or those that were started after it.
 */
export type Strategy = "one_for_one" | "one_for_all" | "rest_for_one";

/**
 * How the delay grows with each failure in a row: none, `minMs`, twice that,
 * four times that, up to `maxMs`. Every delay is spread by ±20 %.
 */
export interface BackoffSpec {
  /** The delay after the second failure in a row; at least 1. */
  readonly minMs: number;
  /** The longest delay, before it is spread. */
  readonly maxMs: number;
  /**
   * So long after a failure the next one is the first in a row again. More
   * than the longest delay, which is 1.2 × `maxMs`.
   */
  readonly resetAfterMs: number;
}

/** The part of a supervisor's spec that decides about exits. */
export interface RestartPolicy {
  /** Who is started again with a child that has ended. */
  readonly strategy: Strategy;
  /**
   * This many restarts within `periodMs` are allowed (OTP's intensity). All
   * children draw on it; the restart of a whole group is one.
   */
  readonly maxRestarts: number;
  /** The window in which restarts are counted, both of its ends included. */
  readonly periodMs: number;
  /** Default: every restart is at once. */
  readonly backoff?: BackoffSpec;
  /**
   * Beyond `maxRestarts` the supervisor ends and its own supervisor decides,
   * or it waits for the longest delay and tries again. Default `escalate`.
   */
  readonly exceeded?: "escalate" | "stay_down";
}

/** A supervisor, as data. */
export interface SupervisorSpec extends RestartPolicy {
  /** No other actor or supervisor of the tree has this name. */
  readonly name: string;
  /** Started in this order, stopped in the reverse one. */
  readonly children: readonly (ChildSpec | SupervisorSpec)[];
}

/** A child that has ended. One that was stopped on purpose is no exit. */
export interface Exit {
  /** Its index in the start order. */
  readonly child: number;
  /** Its restart type. */
  readonly restart: RestartType;
  /** Whether it ended other than it should: see `isAbnormal`. */
  readonly abnormal: boolean;
}

/**
 * What a supervisor remembers, as plain data. A failure is an exit that calls
 * for a restart, whichever child it was.
 */
export interface RestartHistory {
  /** Monotonic, oldest first, never more than `maxRestarts`. */
  restartsMs: number[];
  /** Kept only where there is a back-off. */
  failuresInRow: number;
  /** Monotonic; means nothing while `failuresInRow` is 0. */
  lastFailureMs: number;
}

/** What to do about an exit. */
export type Directive =
  /** It does not run any more; nobody else is touched. */
  | { readonly action: "forget" }
  /** Within the budget (`restart`) or beyond it (`stay_down`). */
  | {
    readonly action: "restart" | "stay_down";
    /** Siblings to stop at once, where they run, in reverse start order. */
    readonly stop: number[];
    /**
     * Children to start after `delayMs`, in start order. As in OTP, a transient
     * sibling that had ended as it should is among them. One that still waits
     * for an earlier directive waits for this one instead.
     */
    readonly start: number[];
    readonly delayMs: number;
  }
  /** Stop all children in reverse start order, then end. */
  | { readonly action: "escalate" };

/** The history of a supervisor that starts. */
export function newRestartHistory(): RestartHistory {
  return { restartsMs: [], failuresInRow: 0, lastFailureMs: 0 };
}

/** Tells the two kinds of children apart. */
export function isSupervisor(
  spec: ChildSpec | SupervisorSpec,
): spec is SupervisorSpec {
  return "children" in spec;
}

/**
 * True unless the actor stopped itself or was stopped. Other than in OTP, a
 * supervisor beyond its budget has ended abnormally, so that a transient one is
 * started again too.
 */
export function isAbnormal(reason: ExitReason): boolean {
  return reason.kind !== "normal" && reason.kind !== "shutdown";
}

/**
 * Decides about one exit and notes it in `history`, in place: a supervisor has
 * one history for as long as it runs, and a new one when it starts again.
 * `stay_down` without a back-off escalates.
 *
 * @param siblings The restart types of all children in start order, the one
 * that has ended among them. Throws a RangeError when it is not.
 * @param nowMs Monotonic.
 * @param random An integer in [0, 2^32) that spreads the delay.
 */
export function decideExit(
  policy: RestartPolicy,
  history: RestartHistory,
  exit: Exit,
  siblings: readonly RestartType[],
  nowMs: number,
  random: number,
): Directive {
  const { child, restart, abnormal } = exit;
  if (siblings[child] !== restart) {
    throw new RangeError(
      `Cannot decide about child ${child} as it must be ${restart}: ` +
        `current value is ${siblings[child]}`,
    );
  }
  const isRestarted = restart === "permanent" ||
    (restart === "transient" && abnormal);
  if (!isRestarted) return { action: "forget" };
  const isWithinBudget = countRestart(policy, history, nowMs);
  const delayMs = countFailure(policy.backoff, history, nowMs);
  if (isWithinBudget) {
    return {
      action: "restart",
      ...groupOf(policy.strategy, child, siblings),
      delayMs: jittered(delayMs, random),
    };
  }
  const { backoff, exceeded } = policy;
  if (exceeded !== "stay_down" || backoff === undefined) {
    return { action: "escalate" };
  }
  return {
    action: "stay_down",
    ...groupOf(policy.strategy, child, siblings),
    delayMs: jittered(backoff.maxMs, random),
  };
}

/**
 * Counts a restart; true when it is within the budget. As in OTP, one beyond
 * it counts as well.
 */
function countRestart(
  { maxRestarts, periodMs }: RestartPolicy,
  { restartsMs }: RestartHistory,
  nowMs: number,
): boolean {
  restartsMs.push(nowMs);
  while (restartsMs[0]! < nowMs - periodMs) restartsMs.shift();
  if (restartsMs.length <= maxRestarts) return true;
  // The oldest would tip no later decision: the newest ones fill the budget.
  restartsMs.shift();
  return false;
}

/** Counts a failure; returns the delay that it deserves, before jitter. */
function countFailure(
  backoff: BackoffSpec | undefined,
  history: RestartHistory,
  nowMs: number,
): number {
  if (backoff === undefined) return 0;
  const { minMs, maxMs, resetAfterMs } = backoff;
  if (nowMs - history.lastFailureMs >= resetAfterMs) history.failuresInRow = 0;
  history.failuresInRow++;
  history.lastFailureMs = nowMs;
  if (history.failuresInRow === 1) return 0;
  let delayMs = minMs;
  for (let failures = 2; failures < history.failuresInRow; failures++) {
    if (delayMs >= maxMs) break;
    delayMs *= 2;
  }
  return Math.min(delayMs, maxMs);
}

/** `delayMs` ± 20 %, so that those felled together rise apart. */
function jittered(delayMs: number, random: number): number {
  return Math.round(delayMs * (0.8 + (0.4 * random) / 4294967296));
}

/** Whom the strategy stops, and whom it starts with the child. */
function groupOf(
  strategy: Strategy,
  child: number,
  siblings: readonly RestartType[],
): { stop: number[]; start: number[] } {
  const first = strategy === "one_for_all" ? 0 : child;
  const end = strategy === "one_for_one" ? child + 1 : siblings.length;
  const stop: number[] = [];
  const start: number[] = [];
  for (let index = first; index < end; index++) {
    if (index !== child) stop.push(index);
    // Nobody starts a temporary child again, whoever took it down.
    if (siblings[index] !== "temporary") start.push(index);
  }
  return { stop: stop.reverse(), start };
}

/**
 * Refuses a tree that cannot run: names that are missing, doubled or not made
 * of letters, digits and `_ - . [ ]`, numbers out of range, unknown words.
 * Throws a RangeError for a number and a TypeError for all else, both with the
 * path of the supervisor or actor.
 */
export function checkSupervisor(spec: SupervisorSpec): void {
  checkSpec(spec, [], new Set());
}

/** Values under the names that a refusal gives them. */
type Fields<Value> = Readonly<Record<string, Value>>;

function checkSpec(
  spec: ChildSpec | SupervisorSpec,
  above: readonly string[],
  names: Set<string>,
): void {
  const { name } = spec;
  const levels = [...above, name];
  const path = levels.join("/");
  if (typeof name !== "string" || !/^[\w.[\]-]+$/.test(name)) {
    refuse(path, "name must be of letters, digits, _ - . [ ]", name);
  }
  if (names.has(name)) refuse(path, "name must be the tree's only one", name);
  names.add(name);
  if (levels.length > LEVELS_MAX) {
    refuse(path, `level must be <= ${LEVELS_MAX}`, levels.length);
  }
  if (!isSupervisor(spec)) return checkChild(path, spec);
  checkPolicy(path, spec);
  for (const child of spec.children) checkSpec(child, levels, names);
}

function checkPolicy(path: string, spec: SupervisorSpec): void {
  const { strategy, maxRestarts, periodMs, backoff, children } = spec;
  const { exceeded = "escalate" } = spec;
  checkWord(path, { strategy }, ["one_for_one", "one_for_all", "rest_for_one"]);
  checkWord(path, { exceeded }, ["escalate", "stay_down"]);
  checkIntegers(path, { maxRestarts }, 0);
  checkNumbers(path, { periodMs }, 0);
  if (!(periodMs > 0)) refuse(path, "periodMs must be > 0", periodMs);
  if (!Array.isArray(children)) {
    refuse(path, "children must be an array", children);
  }
  if (backoff !== undefined) return checkBackoff(path, backoff);
  if (exceeded === "stay_down") {
    refuse(path, "backoff must say how long it stays down", backoff);
  }
}

function checkBackoff(path: string, backoff: BackoffSpec): void {
  const { minMs, maxMs, resetAfterMs } = backoff;
  // Less could be rounded to no delay.
  checkNumbers(path, { "backoff.minMs": minMs }, 1);
  checkNumbers(path, { "backoff.maxMs": maxMs }, minMs);
  // Else a child that fails at once after the longest delay looks as if it
  // had recovered, and the delays never stay long.
  const longestMs = jittered(maxMs, 2 ** 32);
  checkNumbers(path, { "backoff.resetAfterMs": resetAfterMs }, longestMs + 1);
}

function checkChild(path: string, spec: ChildSpec): void {
  const { behavior, mailbox = {} } = spec;
  const { restart = "permanent", shutdownMs = 0, idleAfterMs = 1 } = spec;
  const { capacity = 1, stashCapacity = 0, overflow = "reject" } = mailbox;
  for (const part of ["start", "receive"] as const) {
    if (typeof behavior?.[part] === "function") continue;
    refuse(path, `behavior must have ${part}`, behavior);
  }
  checkWord(path, { restart }, ["permanent", "transient", "temporary"]);
  checkNumbers(path, { shutdownMs }, 0);
  checkNumbers(path, { idleAfterMs }, 1);
  checkIntegers(path, { "mailbox.capacity": capacity }, 1);
  checkIntegers(path, { "mailbox.stashCapacity": stashCapacity }, 0);
  checkWord(path, { "mailbox.overflow": overflow }, [
    "reject",
    "drop_newest",
    "drop_oldest",
    "backpressure",
  ]);
}

function checkWord<Word extends string>(
  path: string,
  fields: Fields<Word>,
  words: readonly NoInfer<Word>[],
): void {
  for (const [field, value] of Object.entries(fields)) {
    if (words.includes(value)) continue;
    refuse(path, `${field} must be ${words.join(" or ")}`, value);
  }
}

function checkIntegers(
  path: string,
  fields: Fields<number>,
  least: number,
): void {
  for (const [field, value] of Object.entries(fields)) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    refuse(path, `${field} must be an integer >= ${least}`, value);
  }
}

function checkNumbers(
  path: string,
  fields: Fields<number>,
  least: number,
): void {
  for (const [field, value] of Object.entries(fields)) {
    if (Number.isFinite(value) && value >= least) continue;
    refuse(path, `${field} must be finite and >= ${least}`, value);
  }
}

function refuse(path: string, rule: string, value: unknown): never {
  const current = typeof value === "string" ? `"${value}"` : value;
  const message = `Cannot supervise ${path} as ${rule}: ` +
    `current value is ${current}`;
  if (typeof value === "number") throw new RangeError(message);
  throw new TypeError(message);
}
