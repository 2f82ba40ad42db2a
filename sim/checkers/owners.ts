/**
 * What holds for shop workers that several processes run by leases: nothing is
 * said under an older lease once something was said under a newer one, fences
 * only grow, and what nobody runs is taken soon.
 *
 * @module
 */
import type { Observation } from "../observation.ts";
import { Inspection } from "./inspection.ts";
import type { RunView } from "./run_view.ts";

/** Something that happened to a lease. */
type Owned = Extract<
  Observation,
  { kind: "lease_taken" | "lease_ended" | "said" }
>;

/** What is known of a shop worker. */
interface Territory {
  /** Of the newest lease that was taken, and that spoke. */
  takenFence: number;
  saidFence: number;
  /** Fences of leases that processes have, as far as they know. */
  readonly held: Set<number>;
  /** Since when nobody has it; null: somebody has. */
  freeSinceUs: number | null;
}

/**
 * `lease.ownerAlone`: leases of a shop worker have growing fences, and once the
 * owner of a newer one has sent anything, no owner of an older one sends.
 * Answers that append nothing have no other fence than that.
 */
export class LeaseOwnerAlone extends Inspection {
  readonly id = "lease.ownerAlone";
  override readonly sees = ["lease_taken", "said"] as const;
  readonly #territories = new Map<string, Territory>();

  observe(seen: Observation): void {
    if (seen.kind !== "lease_taken" && seen.kind !== "said") return;
    const { atUs, territory, process, fence } = seen;
    const known = territoryOf(this.#territories, seen);
    this.checked++;
    if (seen.kind === "said") {
      const newest = known.saidFence;
      known.saidFence = Math.max(newest, fence);
      if (fence >= newest) return;
      const detail = `${process} speaks for ${territory} under fence ` +
        `${fence}, after the owner of fence ${newest}`;
      return this.report(atUs, territory, detail);
    }
    const newest = known.takenFence;
    known.takenFence = Math.max(newest, fence);
    if (fence > newest) return;
    const detail = `${process} takes ${territory} under fence ${fence}, ` +
      `after fence ${newest} was given`;
    this.report(atUs, territory, detail);
  }
}

/** Beyond a lease: a beat, and the way to Redis and back. */
const SOON_US = 1_000_000;

/**
 * `lease.takenSoon`: a shop worker that nobody runs is taken within a lease and
 * a second, counted from when the last fault was over.
 */
export class LeaseTakenSoon extends Inspection {
  readonly id = "lease.takenSoon";
  override readonly sees = [
    ...["lease_taken", "lease_ended", "fault_began", "fault_ended"] as const,
    "mail_counted" as const,
  ];
  readonly #territories = new Map<string, Territory>();
  readonly #withinUs: number;
  readonly #faults = new Set<string>();
  #calmSinceUs = 0;

  constructor({ context: { leaseForMs = 0 } }: RunView) {
    super();
    this.#withinUs = leaseForMs * 1_000 + SOON_US;
  }

  observe(seen: Observation): void {
    switch (seen.kind) {
      case "fault_began":
        this.#lookAtAll(seen.atUs);
        this.#faults.add(`${seen.fault} ${seen.target}`);
        return;
      case "fault_ended":
        this.#faults.delete(`${seen.fault} ${seen.target}`);
        this.#calmSinceUs = seen.atUs;
        return;
      case "lease_taken": {
        const known = territoryOf(this.#territories, seen);
        this.checked++;
        this.#look(seen.atUs, seen.territory, known);
        known.held.add(seen.fence);
        known.freeSinceUs = null;
        return;
      }
      case "lease_ended": {
        const known = territoryOf(this.#territories, seen);
        known.held.delete(seen.fence);
        if (known.held.size === 0) known.freeSinceUs = seen.atUs;
        return;
      }
      case "mail_counted":
        return this.#lookAtAll(seen.atUs);
    }
  }

  #lookAtAll(atUs: number): void {
    for (const [territory, known] of this.#territories) {
      this.#look(atUs, territory, known);
    }
  }

  #look(atUs: number, name: string, { freeSinceUs }: Territory): void {
    if (freeSinceUs === null || this.#faults.size > 0) return;
    const freeUs = atUs - Math.max(freeSinceUs, this.#calmSinceUs);
    if (freeUs <= this.#withinUs) return;
    const detail = `Nobody has run ${name} for ${freeUs} µs, without a fault`;
    this.report(atUs, name, detail);
  }
}

function territoryOf(
  territories: Map<string, Territory>,
  { territory }: Owned,
): Territory {
  let known = territories.get(territory);
  if (known === undefined) {
    known = {
      ...{ takenFence: 0, saidFence: 0 },
      ...{ held: new Set<number>(), freeSinceUs: null },
    };
    territories.set(territory, known);
  }
  return known;
}
