/**
 * What a store of territories' leases must do for `ownership.ts`: Redis does it
 * with scripts, a model in tests.
 *
 * @module
 */

/** A lease that a process believes to have. */
export interface KeptLease {
  /** Of which territory. */
  readonly territory: string;
  /** Whom the store knows; no two leases have the same. */
  readonly holder: string;
  /** Larger than that of every earlier lease of the territory. */
  readonly fence: number;
}

/** What a process says of itself. */
export interface Beat {
  readonly process: string;
  /** How long it is believed to live, and how long its leases last. */
  readonly leaseForMs: number;
  /** False: it is leaving, and nothing is shared out to it. */
  readonly wantsShare: boolean;
  readonly leases: readonly KeptLease[];
}

/** How things are, just after a beat. */
export interface BeatAnswer {
  /** Who lives, this one included; in order of name. */
  readonly processes: readonly string[];
  /** Those of them that want a share; in order of name. */
  readonly sharers: readonly string[];
  /** Who has what; a territory that is free is not in it. */
  readonly owners: ReadonlyMap<
    string,
    { readonly holder: string; readonly leftMs: number }
  >;
  /** Nothing is given for so long, as leases were lost; 0: things are well. */
  readonly settlesInMs: number;
}

/** How taking a lease ended. `held`: ask again when so much time is over. */
export type TakeAnswer =
  | { readonly kind: "taken"; readonly fence: number }
  | { readonly kind: "held"; readonly leftMs: number };

/**
 * The store of leases. Requests may be run late and more than once, and in
 * another order. `done` is called at once, later, or never; with null: it was
 * not run, or nobody knows.
 */
export interface OwnershipPort {
  /**
   * Keeps the process alive and its leases with it. One that is not known is
   * given back to whoever names a younger fence than the store has seen.
   */
  beat(beat: Beat, done: (answer: BeatAnswer | null) => void): void;
  /** Takes a free territory; the same holder again gets the same lease. */
  take(
    lease: Omit<KeptLease, "fence"> & { readonly leaseForMs: number },
    done: (answer: TakeAnswer | null) => void,
  ): void;
  /** Frees a territory if that holder has it, and wakes whoever waits. */
  free(
    lease: Omit<KeptLease, "fence">,
    done: (isFreed: boolean | null) => void,
  ): void;
  /** The process lives no more, as far as it is concerned. */
  leave(process: string, done: () => void): void;
}
