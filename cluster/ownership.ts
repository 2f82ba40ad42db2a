/**
 * Which territories a process runs, as a synchronous state machine: everything
 * happens in `tick`, which says when it wants to be called next.
 *
 * Each process beats: one request says that it lives and keeps its leases, and
 * answers who else lives and who has what. From that each process works out
 * alone, but all alike (`share_out.ts`), whose a territory should be. One that
 * is free and ours is taken; one that is not ours any more is drained, stopped
 * and only then freed, and the next owner is woken by that, or by the moment
 * at which a dead one's lease ends. While somebody is silent nothing is handed
 * over: a drain would wait for his word, and his death changes all shares.
 *
 * A lease counts from the moment its request was sent, on this process's
 * monotonic clock, less 1 %. So it ends here before the store gives it to
 * anybody else, if no two clocks run apart by more than 1 %; whatever is heard
 * or not heard until then changes nothing. A store that has lost leases gives
 * none for as long as one lasts, which is the longest that anybody can still
 * believe in a lost one; meanwhile those who do are believed, and the younger
 * fence wins. Where all that is not so (a clock jumps, a process is frozen
 * between looking and sending), the journal's epoch refuses what is wrong.
 *
 * @module
 */
import { Claim, type ClaimOptions, type TerritoryHost } from "./claim.ts";
import { HashRing } from "./hash_ring.ts";
import { validUntil } from "./lock/lease.ts";
import type { BeatAnswer, OwnershipPort } from "./ownership_port.ts";
import { shareOut } from "./share_out.ts";

/** What an ownership is about, and who does what it decides. */
export interface OwnershipOptions extends TerritoryHost {
  /** The name of this life of the process, without a slash. */
  readonly process: string;
  /** All there are, in the same order in all processes. */
  readonly territories: readonly string[];
  readonly virtualNodes: number;
  /** The same in all processes. */
  readonly leaseForMs: number;
  readonly port: OwnershipPort;
  /** Asks for a tick soon. */
  readonly wake: () => void;
  /** Who lives now; none: nobody knows. */
  readonly members: (processes: readonly string[]) => void;
  /**
   * What may have to run here soon, as its owner hands it over or is silent:
   * all of it, each time that it is something else. What can be done without a
   * lease is worth doing then.
   */
  readonly expect: (territories: readonly string[]) => void;
}

/**
 * Two beats may fail before a lease ends. With the default of 3 s a store that
 * lost its data is noticed early enough for what nobody ran to be taken a lease
 * and a second later.
 */
const BEATS_PER_LEASE = 4;
/** After one that failed. */
const RETRIES_PER_LEASE = 12;
/** No more beats than these, however often a process is woken. */
const MOST_BEATS_PER_LEASE = 100;
/**
 * Who beats has three quarters of a lease left, less the time that a beat takes
 * on a busy machine. Who has less than this is late: stopped perhaps, or dead.
 */
const SILENT_BELOW_LEASES = 2 / 3;
/** With less than this he is expected to be dead: half of a lease is left. */
const DEAD_BELOW_LEASES = 1 / 2;
/**
 * Only who has beaten without a gap knows that: after a pause of the store, or
 * of this process, all others seem to be silent.
 */
const GAP_BEATS = 1.5;

/** See the module. */
export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #claiming: ClaimOptions;
  readonly #everyMs: number;
  readonly #claims = new Map<string, Claim>();
  /** What came in since the last tick; a few for each territory at most. */
  #inbox: ((nowMs: number) => void)[] = [];
  #isTicking = false;
  #claimed = 0;
  /** Ours as soon as their owners have freed them, by the newest beat. */
  readonly #awaited = new Set<string>();
  #beatAtMs = -Infinity;
  #lastBeatMs = -Infinity;
  /** When the newest beat was sent that was answered. */
  #heardMs = -Infinity;
  /** The one before was sent long before this was answered. */
  #hasGap = true;
  #members: readonly string[] = [];
  #expected: readonly string[] = [];
  #ring: HashRing | null = null;
  #left: (() => void) | null = null;
  /** Once all is freed: until when the store has to answer. */
  #goneAtMs = Infinity;
  #isOver = false;

  constructor(options: OwnershipOptions) {
    this.#options = options;
    this.#everyMs = options.leaseForMs / BEATS_PER_LEASE;
    this.#claiming = {
      ...options,
      note: (act) => this.#note(act),
      beatBy: (atMs) => this.#beatBy(atMs),
      retryBy: (nowMs) => this.#retryBy(nowMs),
    };
  }

  /**
   * Does what is due.
   *
   * @param nowMs On a clock that never steps.
   * @returns When to be called again, if nothing wakes it before.
   */
  tick(nowMs: number): number {
    this.#isTicking = true;
    do {
      const inbox = this.#inbox;
      this.#inbox = [];
      for (const act of inbox) act(nowMs);
      this.#endOverdue(nowMs);
      this.#finishLeaving(nowMs);
      if (nowMs >= this.#beatAtMs && !this.#isOver) this.#beat(nowMs);
      // A store in the same thread answers at once.
    } while (this.#inbox.length > 0);
    this.#isTicking = false;
    return this.#nextMs();
  }

  /** Somebody came or went, or freed a territory: it is taken at once. */
  changed(freed?: string): void {
    this.#note((nowMs) => {
      if (freed !== undefined && this.#awaited.delete(freed)) {
        this.#claim(freed, nowMs);
      }
      this.#beatBy(nowMs);
    });
  }

  /**
   * Hands everything over to the others, then leaves them; `done` is called
   * when that is so, or cannot be had.
   */
  leave(done: () => void): void {
    this.#note((nowMs) => {
      this.#left = done;
      this.#awaited.clear();
      this.#setExpected([]);
      for (const claim of this.#claims.values()) claim.release(nowMs);
      this.#beatBy(nowMs);
    });
  }

  /** The territories that run here, those that are drained included. */
  get running(): readonly string[] {
    return [...this.#claims.values()].filter(({ isRunning }) => isRunning)
      .map(({ territory }) => territory);
  }

  #note(act: (nowMs: number) => void): void {
    this.#inbox.push(act);
    if (!this.#isTicking) this.#options.wake();
  }

  #nextMs(): number {
    if (this.#isOver) return Infinity;
    let nextMs = Math.min(this.#beatAtMs, this.#goneAtMs);
    if (this.#members.length > 0) {
      nextMs = Math.min(nextMs, this.#knownUntilMs);
    }
    for (const { validUntilMs } of this.#claims.values()) {
      nextMs = Math.min(nextMs, validUntilMs);
    }
    return nextMs;
  }

  /** Until then the store surely knows that this process lives. */
  get #knownUntilMs(): number {
    return validUntil(this.#heardMs, this.#options.leaseForMs);
  }

  // ── Beats ───────────────────────────────────────────────────────────────

  /** Has the next beat at that time, if it is not before. */
  #beatBy(atMs: number): void {
    const gapMs = this.#options.leaseForMs / MOST_BEATS_PER_LEASE;
    const earliestMs = Math.max(atMs, this.#lastBeatMs + gapMs);
    this.#beatAtMs = Math.min(this.#beatAtMs, earliestMs);
  }

  #retryBy(nowMs: number): void {
    this.#beatBy(nowMs + this.#options.leaseForMs / RETRIES_PER_LEASE);
  }

  #beat(nowMs: number): void {
    const { process, leaseForMs, port } = this.#options;
    const kept = [...this.#claims.values()].filter((claim) =>
      claim.isKept(nowMs)
    );
    const leases = kept.map(({ territory, holder, fence }) => (
      { territory, holder, fence }
    ));
    const wantsShare = this.#left === null;
    this.#lastBeatMs = nowMs;
    this.#beatAtMs = nowMs + this.#everyMs;
    port.beat(
      { process, leaseForMs, wantsShare, leases },
      (answer) => this.#note((atMs) => this.#beaten(nowMs, kept, answer, atMs)),
    );
  }

  #beaten(
    sentAtMs: number,
    kept: readonly Claim[],
    answer: BeatAnswer | null,
    nowMs: number,
  ): void {
    if (this.#isOver) return;
    if (answer === null) {
      if (sentAtMs === this.#lastBeatMs) this.#retryBy(nowMs);
      return;
    }
    // One that was sent later has told more.
    if (sentAtMs <= this.#heardMs) return;
    this.#hasGap = nowMs - this.#heardMs > GAP_BEATS * this.#everyMs;
    this.#heardMs = sentAtMs;
    for (const claim of kept) {
      const owner = answer.owners.get(claim.territory);
      claim.beaten(owner?.holder, this.#knownUntilMs);
    }
    // What is older than a lease says nothing of who has what now.
    if (this.#knownUntilMs <= nowMs) return;
    this.#setMembers(answer.processes);
    this.#decide(answer, nowMs);
  }

  #setMembers(processes: readonly string[]): void {
    if (isSame(processes, this.#members)) return;
    this.#members = processes;
    this.#options.members(processes);
  }

  #setExpected(territories: readonly string[]): void {
    if (isSame(territories, this.#expected)) return;
    this.#expected = territories;
    this.#options.expect(territories);
  }

  // ── Decisions ───────────────────────────────────────────────────────────

  /** What is ours, and not yet; what is not ours, and still is. */
  #decide(answer: BeatAnswer, nowMs: number): void {
    this.#forgetEnded();
    this.#awaited.clear();
    const targets = this.#targets(answer);
    const { settlesInMs, owners } = answer;
    const silentMs = SILENT_BELOW_LEASES * this.#options.leaseForMs;
    const isCalm = owners.values().every(({ leftMs }) => leftMs >= silentMs);
    if (settlesInMs > 0) this.#beatBy(nowMs + settlesInMs + 1);
    for (const territory of this.#options.territories) {
      const claim = this.#claims.get(territory);
      const owner = owners.get(territory);
      const isOurs = targets.get(territory) === this.#options.process;
      if (claim !== undefined) {
        claim.review({ isOurs, isCalm, holder: owner?.holder }, nowMs);
      } else if (owner !== undefined) {
        if (isOurs) this.#awaited.add(territory);
        this.#disownIfOurs(territory, owner.holder);
        // It will have been renewed by then, or is to be had.
        this.#beatBy(nowMs + owner.leftMs + 1);
        const aliveMs = owner.leftMs - this.#deadBelowMs;
        if (aliveMs >= 0) this.#beatBy(nowMs + aliveMs + 1);
      } else if (isOurs && settlesInMs <= 0) {
        this.#claim(territory, nowMs);
      }
    }
    this.#setExpected(this.#expectations(answer));
  }

  get #deadBelowMs(): number {
    return DEAD_BELOW_LEASES * this.#options.leaseForMs;
  }

  /** Ours when its owner has handed it over, or is dead, or as we ask for it. */
  #expectations(answer: BeatAnswer): string[] {
    const inherited = this.#hasGap ? this.#expected : this.#inheritance(answer);
    return this.#options.territories.filter((territory) => {
      const claim = this.#claims.get(territory);
      if (claim !== undefined) return claim.state === "taking";
      return this.#awaited.has(territory) || inherited.includes(territory);
    });
  }

  /** What should run here if those who are silent were dead. */
  #inheritance(answer: BeatAnswer): readonly string[] {
    const dead = new Set<string>();
    for (const { holder, leftMs } of answer.owners.values()) {
      if (leftMs < this.#deadBelowMs) dead.add(processOf(holder));
    }
    if (dead.size === 0) return [];
    const sharers = answer.sharers.filter((name) => !dead.has(name));
    const targets = this.#targets({ ...answer, sharers });
    return this.#options.territories.filter((territory) =>
      targets.get(territory) === this.#options.process
    );
  }

  #claim(territory: string, nowMs: number): void {
    const holder = `${this.#options.process}/${++this.#claimed}`;
    const lease = { territory, holder };
    this.#claims.set(territory, new Claim(this.#claiming, lease, nowMs));
  }

  /** Where each territory should run; none when nobody wants a share. */
  #targets({ sharers, owners }: BeatAnswer): ReadonlyMap<string, string> {
    const { process, territories, virtualNodes } = this.#options;
    // It may have begun to leave since.
    const wanting = this.#left === null
      ? sharers
      : sharers.filter((name) => name !== process);
    if (wanting.length === 0) return new Map();
    if (this.#ring === null || !isSame(wanting, this.#ring.nodes)) {
      this.#ring = new HashRing(wanting, virtualNodes);
    }
    const runBy = new Map<string, string | null>();
    for (const territory of territories) {
      const owner = owners.get(territory);
      const isHere = this.#claims.get(territory)?.isRunning ?? false;
      const other = owner === undefined ? null : processOf(owner.holder);
      runBy.set(territory, isHere ? process : other);
    }
    return shareOut(runBy, this.#ring);
  }

  /** Frees a lease of ours that nobody here runs: its grant came too late. */
  #disownIfOurs(territory: string, holder: string): void {
    if (processOf(holder) !== this.#options.process) return;
    this.#options.port.free(
      { territory, holder },
      () => this.#note((nowMs) => this.#beatBy(nowMs)),
    );
  }

  // ── Ends ────────────────────────────────────────────────────────────────

  #endOverdue(nowMs: number): void {
    for (const claim of this.#claims.values()) claim.endIfOverdue(nowMs);
    this.#forgetEnded();
    if (this.#knownUntilMs > nowMs) return;
    this.#setMembers([]);
    this.#setExpected([]);
  }

  #forgetEnded(): void {
    for (const [territory, { state }] of this.#claims) {
      if (state === "over") this.#claims.delete(territory);
    }
  }

  #finishLeaving(nowMs: number): void {
    if (this.#left === null || this.#isOver || this.#claims.size > 0) return;
    if (this.#goneAtMs === Infinity) {
      this.#goneAtMs = nowMs + this.#everyMs;
      const { port, process } = this.#options;
      port.leave(process, () => this.#note(() => this.#goneAtMs = -Infinity));
    }
    if (nowMs < this.#goneAtMs) return;
    this.#isOver = true;
    this.#left();
  }
}

function processOf(holder: string): string {
  return holder.slice(0, holder.indexOf("/"));
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length &&
    one.every((name, index) => name === other[index]);
}
