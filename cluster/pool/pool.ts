/**
 * A pool: servers that can stand in for each other, the health of each, and a
 * policy that picks one of those that may be used.
 *
 * Whom a policy may pick from is decided here and changes rarely, so a pick
 * costs what the policy costs. When no member is fit, all are used (panic
 * mode): that many are not ill at once, more likely the probe is, or what they
 * share; and some answers are better than none. Members of weight 0 stand by
 * for when no other is left. It reads no clock and sends nothing.
 *
 * @module
 */
import type { SeededRandom } from "../../actors/runtime/random.ts";
import type { Balancer, Member } from "../balancers/balancer.ts";
import { type BalancerName, createBalancer } from "../balancers/policies.ts";
import {
  type Health,
  type HealthPolicy,
  type MemberState,
  newHealth,
  noteProbe,
  noteReply,
  readmit,
  stateOf,
  warmth,
} from "./health.ts";

/** What a pool is made of. */
export interface PoolOptions {
  /** At least one name, each once. */
  readonly names: readonly string[];
  /** By index, 1 where it is left out; not all may be 0. */
  readonly weights?: readonly number[];
  /** Who picks. */
  readonly policy: BalancerName;
  /** For `consistent-hash`: points of each member on the ring. */
  readonly virtualNodes: number;
  /** For `consistent-hash`: what a member may have above the mean. */
  readonly slackPercent: number;
  /** When a member is not fit. */
  readonly health: HealthPolicy;
  /** Calls under way at one member at most. */
  readonly capacityCalls: number;
  /** The stream of a policy that draws. */
  readonly random: SeededRandom;
}

/** A member and all that is known of it. */
interface PoolMember extends Member {
  inFlight: number;
  latencyMs: number;
  readonly health: Health;
  /** While it warms: what it has saved up towards its next call. */
  turn: number;
  picks: number;
  failures: number;
  ejections: number;
}

/** A member as people see it. */
export interface MemberReport {
  /** As the pool was given it. */
  readonly name: string;
  /** Its share beside the others', in policies that weigh. */
  readonly weight: number;
  /** Whether it is given calls, and if not, why. */
  readonly state: MemberState;
  /** Calls that it has not answered yet. */
  readonly inFlight: number;
  /** Smoothed time of its good answers; 0 before the first. */
  readonly latencyMs: number;
  /** Calls that it was given. */
  readonly picks: number;
  /** Of all picks, from 0 to 1; 0 before the first. */
  readonly share: number;
  /** Calls that it did not answer. */
  readonly failures: number;
  /** Times that bad replies put it out. */
  readonly ejections: number;
}

/** A pool as people see it. */
export interface PoolReport {
  /** Who picks. */
  readonly policy: BalancerName;
  /** No member is fit, so all that do not drain are used. */
  readonly isPanicking: boolean;
  /** By index. */
  readonly members: readonly MemberReport[];
}

/**
 * Weight of the newest answer in the smoothed latency: that of TCP's round
 * trips (RFC 6298), where half of it is older than five answers.
 */
const NEWEST_SHARE = 1 / 8;

const NONE: readonly Member[] = [];

/** See the module. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #members: readonly PoolMember[];
  readonly #balancer: Balancer;
  /** Whom the policy picks from, and those of them that are warm. */
  #candidates: readonly PoolMember[] = [];
  #warm: readonly PoolMember[] = [];
  #isPanicking = false;
  /** When a health changes by time alone. */
  #lookAgainMs = -Infinity;

  /**
   * All members are new and fit.
   *
   * @throws {RangeError} Without members, weight or capacity.
   */
  constructor(options: PoolOptions) {
    const { names, weights = [], capacityCalls } = options;
    check(names.length > 0, "it must have a member", names.length);
    check(capacityCalls >= 1, "capacityCalls must be >= 1", capacityCalls);
    this.#options = options;
    this.#members = names.map((name, index) => ({
      index,
      name,
      weight: weights[index] ?? 1,
      inFlight: 0,
      latencyMs: 0,
      health: newHealth(),
      turn: 0,
      picks: 0,
      failures: 0,
      ejections: 0,
    }));
    const weight = this.#members.reduce((sum, each) => sum + each.weight, 0);
    check(weight > 0, "the sum of weights must be > 0", weight);
    this.#balancer = createBalancer(options.policy, options);
  }

  /** The members' names, by index. */
  get names(): readonly string[] {
    return this.#options.names;
  }

  /**
   * Picks a member and counts a call under way at it, which `settle` ends.
   *
   * @param except Who has been tried already.
   * @returns Null when everybody else drains or has as many calls as it may.
   */
  take(
    key: string,
    nowMs: number,
    except: readonly Member[] = NONE,
  ): Member | null {
    if (nowMs >= this.#lookAgainMs) this.#look(nowMs);
    const member = except.length === 0 ? this.#pick(key, nowMs) : this.#pickOf(
      this.#candidates.filter((each) => !except.includes(each)),
      key,
    );
    if (member === null) return null;
    member.inFlight++;
    member.picks++;
    return member;
  }

  /** Whether `take` would find somebody besides those. */
  hasOther(except: readonly Member[], nowMs: number): boolean {
    if (nowMs >= this.#lookAgainMs) this.#look(nowMs);
    const { capacityCalls } = this.#options;
    return this.#candidates.some((each) =>
      each.inFlight < capacityCalls && !except.includes(each)
    );
  }

  /**
   * Ends a call at a member.
   *
   * @param isGood Whether it was answered; a refusal is an answer.
   */
  settle(member: Member, isGood: boolean, tookMs: number, nowMs: number): void {
    const own = this.#members[member.index]!;
    own.inFlight--;
    if (isGood) {
      // Of good answers only: a member that fails at once is not fast.
      own.latencyMs += own.latencyMs === 0
        ? tookMs
        : (tookMs - own.latencyMs) * NEWEST_SHARE;
    } else own.failures++;
    if (nowMs >= this.#lookAgainMs) this.#look(nowMs);
    const mayEject = !isGood && this.#mayEject();
    const now = { nowMs, mayEject };
    if (!noteReply(own.health, this.#options.health, isGood, now)) return;
    own.ejections++;
    this.#look(nowMs);
  }

  /** Whether one more may be out. */
  #mayEject(): boolean {
    const { ejectedPercentMost } = this.#options.health;
    const out = this.#members.filter(({ health }) => health.ejectedUntilMs > 0);
    return (out.length + 1) * 100 <= this.#members.length * ejectedPercentMost;
  }

  /** Counts what a probe of the member of that index found. */
  probed(index: number, isGood: boolean, nowMs: number): void {
    const { health } = this.#members[index]!;
    if (noteProbe(health, this.#options.health, isGood, nowMs)) {
      this.#look(nowMs);
    }
  }

  /**
   * Gives a member nothing new, or something again. False when there is none
   * of that name.
   */
  drain(name: string, isDraining: boolean, nowMs: number): boolean {
    const member = this.#members.find((each) => each.name === name);
    if (member === undefined) return false;
    const { health } = member;
    if (health.isDraining && !isDraining) health.returnedAtMs = nowMs;
    health.isDraining = isDraining;
    this.#look(nowMs);
    return true;
  }

  /** What is known of all. */
  report(nowMs: number): PoolReport {
    this.#look(nowMs);
    const picks = this.#members.reduce((sum, each) => sum + each.picks, 0);
    return {
      policy: this.#options.policy,
      isPanicking: this.#isPanicking,
      members: this.#members.map((member) => ({
        name: member.name,
        weight: member.weight,
        state: stateOf(member.health, this.#options.health, nowMs),
        inFlight: member.inFlight,
        latencyMs: member.latencyMs,
        picks: member.picks,
        share: picks === 0 ? 0 : member.picks / picks,
        failures: member.failures,
        ejections: member.ejections,
      })),
    };
  }

  #pick(key: string, nowMs: number): PoolMember | null {
    const member = this.#pickOf(this.#candidates, key);
    if (member === null || this.#warm.length === this.#candidates.length) {
      return member;
    }
    const share = warmth(member.health, this.#options.health, nowMs);
    if (share === 1) return member;
    // A whole turn comes together from several picks: its share, exactly.
    member.turn += share;
    if (member.turn < 1) return this.#pickOf(this.#warm, key) ?? member;
    member.turn--;
    return member;
  }

  #pickOf(members: readonly PoolMember[], key: string): PoolMember | null {
    if (members.length === 0) return null;
    const member = this.#balancer.pick(members, key);
    const { capacityCalls } = this.#options;
    if (member.inFlight < capacityCalls) return member;
    const free = members.filter(({ inFlight }) => inFlight < capacityCalls);
    return free.length === 0 ? null : this.#balancer.pick(free, key);
  }

  /** Looks who may be used, and when that may change by itself. */
  #look(nowMs: number): void {
    const policy = this.#options.health;
    let nextMs = Infinity;
    for (const { health } of this.#members) {
      readmit(health, nowMs);
      if (health.ejectedUntilMs > 0) {
        nextMs = Math.min(nextMs, health.ejectedUntilMs);
      }
      if (warmth(health, policy, nowMs) < 1) {
        nextMs = Math.min(nextMs, health.returnedAtMs + policy.slowStartMs);
      }
    }
    this.#lookAgainMs = nextMs;
    const staying = this.#members.filter(({ health }) => !health.isDraining);
    const fit = staying.filter(({ health }) =>
      !health.isDown && health.ejectedUntilMs === 0
    );
    const usual = fit.filter(({ weight }) => weight > 0);
    this.#isPanicking = fit.length === 0 && staying.length > 0;
    this.#candidates = usual.length > 0
      ? usual
      : fit.length > 0
      ? fit
      : staying;
    this.#warm = this.#candidates.filter(({ health }) =>
      warmth(health, policy, nowMs) === 1
    );
  }
}

function check(isSo: boolean, what: string, value: number): void {
  if (isSo) return;
  throw new RangeError(
    `Cannot make a pool as ${what}: current value is ${value}`,
  );
}
