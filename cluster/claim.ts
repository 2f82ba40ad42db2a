/**
 * One territory in the hands of a process, from asking for its lease to having
 * freed it: taking → held → draining → stopped → over. What ends early is over
 * at once. `ownership.ts` decides when; what it decided is kept to here, also
 * when answers come late, twice or never.
 *
 * @module
 */
import { validUntil } from "./lock/lease.ts";
import type { KeptLease, OwnershipPort, TakeAnswer } from "./ownership_port.ts";

/** What the store did not answer it is asked again so often. */
const ASKS_PER_LEASE = 4;

/** Who does what is decided about a territory. */
export interface TerritoryHost {
  /** Run it: it is ours until then. */
  readonly acquire: (
    territory: string,
    fence: number,
    validUntilMs: number,
  ) => void;
  /** It is ours for longer, also while it is drained. */
  readonly extend: (territory: string, validUntilMs: number) => void;
  /**
   * Finish what is under way and stop it, then call `done`. After one to two
   * leases it is `lost` all the same.
   */
  readonly release: (territory: string, done: () => void) => void;
  /** It is not ours any more: kill it now. */
  readonly lost: (territory: string) => void;
}

/** What a claim needs besides. */
export interface ClaimOptions extends TerritoryHost {
  readonly port: OwnershipPort;
  readonly leaseForMs: number;
  /** Acts in a tick, which says what time it is. */
  readonly note: (act: (nowMs: number) => void) => void;
  /** Has a beat at that time, or before. */
  readonly beatBy: (atMs: number) => void;
  /** The store did not answer: has a beat soon. */
  readonly retryBy: (nowMs: number) => void;
}

/** How things are with a territory, by the newest beat. */
export interface Outlook {
  /** It should run here. */
  readonly isOurs: boolean;
  /** Nobody is silent: what should run elsewhere is handed over. */
  readonly isCalm: boolean;
  /** Who has its lease. */
  readonly holder: string | undefined;
}

/** See the module. */
export class Claim implements KeptLease {
  readonly territory: string;
  readonly holder: string;
  /** `stopped`: it runs no more; its lease is being freed. */
  state: "taking" | "held" | "draining" | "stopped" | "over" = "taking";
  fence = 0;
  /** While taking: Infinity. */
  validUntilMs = Infinity;
  readonly #options: ClaimOptions;
  /** When the store was last asked to take or free it. */
  #askedAtMs = -Infinity;
  /** From then on a drain is not worth its lease. */
  #drainUntilMs = Infinity;

  /** Asks for the territory under that holder's name. */
  constructor(
    options: ClaimOptions,
    { territory, holder }: Omit<KeptLease, "fence">,
    nowMs: number,
  ) {
    this.#options = options;
    this.territory = territory;
    this.holder = holder;
    this.#take(nowMs);
  }

  /** It is run here: held or draining. */
  get isRunning(): boolean {
    return this.state === "held" || this.state === "draining";
  }

  /** It is to be kept by the next beat. */
  isKept(nowMs: number): boolean {
    return this.isRunning && nowMs < this.#drainUntilMs;
  }

  /** A beat that kept it says who has it; it was sent before `untilMs`. */
  beaten(holder: string | undefined, untilMs: number): void {
    if (!this.isRunning) return;
    if (holder !== this.holder) return this.#lose();
    if (untilMs <= this.validUntilMs) return;
    this.validUntilMs = untilMs;
    this.#options.extend(this.territory, untilMs);
  }

  /** Does what is to be done now that it should be ours, or not. */
  review({ isOurs, isCalm, holder }: Outlook, nowMs: number): void {
    const { leaseForMs } = this.#options;
    const waitedMs = nowMs - this.#askedAtMs;
    const isUnanswered = waitedMs >= leaseForMs / ASKS_PER_LEASE;
    if (this.state === "taking") {
      // A grant that comes later is freed as one that nobody runs.
      if (!isOurs) this.state = "over";
      else if (isUnanswered) this.#take(nowMs);
    } else if (this.state === "held") {
      if (!isOurs && isCalm) this.release(nowMs);
    } else if (this.state === "stopped") {
      if (holder !== this.holder) this.state = "over";
      else if (isUnanswered) this.#free(nowMs);
    }
  }

  /** Gives it back: drained and stopped first, when it runs. */
  release(nowMs: number): void {
    if (this.state === "taking") {
      this.validUntilMs = this.#validUntil(this.#askedAtMs);
      this.#stopped(nowMs);
    }
    if (this.state !== "held") return;
    this.state = "draining";
    this.#drainUntilMs = nowMs + this.#options.leaseForMs;
    const { release, note } = this.#options;
    release(this.territory, () =>
      note((atMs) => {
        if (this.state === "draining") this.#stopped(atMs);
      }));
  }

  /** Ends it when its time is over. */
  endIfOverdue(nowMs: number): void {
    if (this.validUntilMs > nowMs) return;
    if (this.isRunning) this.#lose();
    else this.state = "over";
  }

  #validUntil(sentAtMs: number): number {
    return validUntil(sentAtMs, this.#options.leaseForMs);
  }

  #take(nowMs: number): void {
    const { port, leaseForMs, note } = this.#options;
    const { territory, holder } = this;
    this.#askedAtMs = nowMs;
    port.take(
      { territory, holder, leaseForMs },
      (answer) => note((atMs) => this.#taken(answer, nowMs, atMs)),
    );
  }

  #taken(answer: TakeAnswer | null, sentAtMs: number, nowMs: number): void {
    // Answered before, or given up.
    if (this.state !== "taking") return;
    const { beatBy, retryBy, acquire } = this.#options;
    if (answer === null) return retryBy(nowMs);
    const validUntilMs = this.#validUntil(sentAtMs);
    if (answer.kind === "held" || validUntilMs <= nowMs) {
      this.state = "over";
      return beatBy(nowMs + (answer.kind === "held" ? answer.leftMs + 1 : 0));
    }
    this.state = "held";
    this.fence = answer.fence;
    this.validUntilMs = validUntilMs;
    acquire(this.territory, answer.fence, validUntilMs);
  }

  #stopped(nowMs: number): void {
    this.state = "stopped";
    this.#free(nowMs);
  }

  #free(nowMs: number): void {
    const { port, note, retryBy } = this.#options;
    const { territory, holder } = this;
    this.#askedAtMs = nowMs;
    port.free({ territory, holder }, (isFreed) =>
      note((atMs) => {
        if (isFreed === null) retryBy(atMs);
        else this.state = "over";
      }));
  }

  #lose(): void {
    this.state = "over";
    this.#options.lost(this.territory);
  }
}
