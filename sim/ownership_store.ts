/**
 * What Redis does for ownership, as a model: the scripts' steps on the clock of
 * the test's. It can lose what it knows, and it can be wrong on purpose.
 *
 * @module
 */
import type {
  Beat,
  BeatAnswer,
  KeptLease,
  TakeAnswer,
} from "../cluster/ownership_port.ts";

/** Mistakes that a store must not make. */
export type StoreMistake =
  /** DEL without looking who has it. */
  | "frees for anybody"
  /** SETNX, and an EXPIRE that may never come. */
  | "sets before it expires"
  /** A server that lost its data gives leases at once. */
  | "gives at once";

interface Lease {
  readonly holder: string;
  untilMs: number;
}

/** What a server knows; a copy of it is what a replica has. */
interface Knowledge {
  readonly leases: Map<string, Lease>;
  readonly fences: Map<string, number>;
  readonly processes: Map<string, number>;
  readonly sharers: Map<string, number>;
  since: { readonly server: number; readonly atMs: number } | null;
}

/** See the module. */
export class OwnershipStore {
  /** Told whenever somebody came, left or freed something. */
  changed: (by: string, freed?: string) => void = () => {};
  readonly #nowMs: () => number;
  readonly #mistake: StoreMistake | null;
  #server = 1;
  #known: Knowledge = nothing();
  #saved: Knowledge = nothing();

  constructor(nowMs: () => number, mistake: StoreMistake | null = null) {
    this.#nowMs = nowMs;
    this.#mistake = mistake;
  }

  /** Keeps a copy, as a snapshot or a replica that lags behind does. */
  save(): void {
    this.#saved = structuredClone(this.#known);
  }

  /** Starts again with what it has, with its last copy, or with nothing. */
  restart(data: "kept" | "old" | "lost"): void {
    this.#server++;
    if (data === "old") this.#known = structuredClone(this.#saved);
    if (data === "lost") this.#known = nothing();
  }

  /** See the script of that name, as the other two. */
  beat({ process, leaseForMs, wantsShare, leases }: Beat): BeatAnswer {
    const nowMs = this.#nowMs();
    const settlesInMs = this.#settlesInMs(leaseForMs);
    const { processes, sharers, fences } = this.#known;
    for (const names of [processes, sharers]) {
      for (const [name, untilMs] of names) {
        if (untilMs <= nowMs) names.delete(name);
      }
    }
    processes.set(process, nowMs + leaseForMs);
    const wanted = sharers.has(process);
    if (wantsShare) sharers.set(process, nowMs + leaseForMs);
    else sharers.delete(process);
    if (wanted !== wantsShare) this.changed(process);
    for (const { territory, holder, fence } of leases) {
      const lease = this.#leaseOf(territory);
      if (lease?.holder === holder) {
        lease.untilMs = nowMs + leaseForMs;
      } else if ((fences.get(territory) ?? 0) < fence) {
        fences.set(territory, fence);
        this.#give(territory, holder, leaseForMs);
      }
    }
    const owners = new Map<string, { holder: string; leftMs: number }>();
    for (const territory of this.#known.leases.keys()) {
      const lease = this.#leaseOf(territory);
      if (lease === undefined) continue;
      // As PTTL, in whole milliseconds.
      const leftMs = Math.ceil(lease.untilMs - nowMs);
      owners.set(territory, { holder: lease.holder, leftMs });
    }
    return {
      processes: [...processes.keys()].sort(),
      sharers: [...sharers.keys()].sort(),
      owners,
      settlesInMs,
    };
  }

  /** See the script. */
  take(
    { territory, holder, leaseForMs }: {
      readonly territory: string;
      readonly holder: string;
      readonly leaseForMs: number;
    },
  ): TakeAnswer {
    const nowMs = this.#nowMs();
    const settlesInMs = this.#settlesInMs(leaseForMs);
    if (settlesInMs > 0) return { kind: "held", leftMs: settlesInMs };
    const { fences } = this.#known;
    const lease = this.#leaseOf(territory);
    if (lease !== undefined && lease.holder !== holder) {
      return { kind: "held", leftMs: Math.ceil(lease.untilMs - nowMs) };
    }
    const isNew = lease === undefined;
    this.#give(territory, holder, leaseForMs);
    const last = fences.get(territory);
    if (!isNew && last !== undefined) return { kind: "taken", fence: last };
    const fence = Math.max(Math.floor(nowMs * 1_000), (last ?? 0) + 1);
    fences.set(territory, fence);
    return { kind: "taken", fence };
  }

  /** See the script. */
  free({ territory, holder }: Omit<KeptLease, "fence">): boolean {
    const isHis = this.#leaseOf(territory)?.holder === holder;
    if (!isHis && this.#mistake !== "frees for anybody") return false;
    this.#known.leases.delete(territory);
    this.changed(holder.split("/")[0]!, territory);
    return true;
  }

  /** See the script. */
  leave(process: string): void {
    this.#known.sharers.delete(process);
    if (this.#known.processes.delete(process)) this.changed(process);
  }

  #leaseOf(territory: string): Lease | undefined {
    const lease = this.#known.leases.get(territory);
    return lease !== undefined && lease.untilMs > this.#nowMs()
      ? lease
      : undefined;
  }

  #give(territory: string, holder: string, leaseForMs: number): void {
    const expires = this.#mistake !== "sets before it expires";
    const untilMs = expires ? this.#nowMs() + leaseForMs : Infinity;
    this.#known.leases.set(territory, { holder, untilMs });
  }

  #settlesInMs(leaseForMs: number): number {
    const nowMs = this.#nowMs();
    if (this.#known.since?.server !== this.#server) {
      this.#known.since = { server: this.#server, atMs: nowMs };
    }
    if (this.#mistake === "gives at once") return 0;
    return Math.max(0, this.#known.since.atMs + leaseForMs - nowMs);
  }
}

function nothing(): Knowledge {
  return {
    leases: new Map(),
    fences: new Map(),
    processes: new Map(),
    sharers: new Map(),
    since: null,
  };
}
