/**
 * A journal in memory with the same rules as the one on disk: epochs fence,
 * sequences have no gaps, and only what was made durable is there after a
 * crash. A host decides when an append becomes durable, so a test can lose
 * power before or after any of them.
 *
 * @module
 */
import type { JournalEvent } from "../actor.ts";
import type {
  Append,
  AppendResult,
  FoldTarget,
  Journal,
  Recovered,
} from "../ports.ts";

/** What survives: every partition's epoch and durable events. */
export class MemoryDisk {
  /** The newest epoch of each partition that was ever taken over. */
  readonly epochs: Map<string, number> = new Map();
  /** The durable events of each partition, oldest first. */
  readonly events: Map<string, JournalEvent[]> = new Map();

  /** The durable events of a partition, oldest first. */
  of(partition: string): readonly JournalEvent[] {
    return this.events.get(partition) ?? [];
  }

  /**
   * Writes all appends or none. Throws a RangeError when events do not follow
   * the newest one, which is a mistake of the writer.
   *
   * @returns "fenced" when a newer epoch owns one of the partitions.
   */
  write(appends: readonly Append[]): AppendResult {
    for (const { partition, epoch, firstSequence } of appends) {
      if (this.epochs.get(partition) !== epoch) return "fenced";
      const expected = this.of(partition).length + 1;
      if (firstSequence !== expected) {
        throw new RangeError(
          `Cannot append to ${partition} as its next sequence is ${expected}: ` +
            `current value is ${firstSequence}`,
        );
      }
    }
    for (const { partition, events } of appends) {
      const durable = this.events.get(partition);
      if (durable === undefined) this.events.set(partition, [...events]);
      else for (const event of events) durable.push(event);
    }
    return "durable";
  }
}

/** A commit domain's view of a `MemoryDisk`. */
export class MemoryJournal implements Journal {
  readonly #disk: MemoryDisk;
  readonly #schedule: (commit: () => void) => void;
  readonly #owned = new Set<string>();
  /** What the next appends end with instead of being written. */
  refuseWith: AppendResult | null = null;

  /**
   * A view that owns no partition yet.
   *
   * @param schedule Called with the write of each append; runs it at once, or
   * later, or (the power went) never. By default at once.
   */
  constructor(
    disk: MemoryDisk,
    schedule: (commit: () => void) => void = (commit) => commit(),
  ) {
    this.#disk = disk;
    this.#schedule = schedule;
  }

  /** As the port says; this storage can always be reached. */
  recover(
    partitions: readonly string[],
    into: (partition: string) => FoldTarget,
    done: (recovered: readonly Recovered[] | null) => void,
  ): void {
    const recovered = partitions.map((partition) => {
      const epoch = (this.#disk.epochs.get(partition) ?? 0) + 1;
      this.#disk.epochs.set(partition, epoch);
      this.#owned.add(partition);
      const lastSequence = this.#fold(partition, into(partition));
      return { partition, epoch, lastSequence };
    });
    done(recovered);
  }

  /** As the port says. Throws a TypeError for a partition not taken over. */
  replay(
    partition: string,
    into: FoldTarget,
    done: (lastSequence: number | null) => void,
  ): void {
    if (!this.#owned.has(partition)) {
      throw new TypeError(`Cannot replay "${partition}" as it is not owned`);
    }
    done(this.#fold(partition, into));
  }

  /** As the port says; what `refuseWith` names is not written. */
  append(
    appends: readonly Append[],
    done: (result: AppendResult) => void,
  ): void {
    // Copied now, as a database would: later changes of the objects do not
    // show on the disk, and those of a fold (below) neither.
    const copies = appends.map((append) => ({
      ...append,
      events: append.events.map(copyOf),
    }));
    const isOwned = copies.every(({ partition }) => this.#owned.has(partition));
    this.#schedule(() =>
      done(this.refuseWith ?? (isOwned ? this.#disk.write(copies) : "fenced"))
    );
  }

  #fold(partition: string, into: FoldTarget): number {
    const events = this.#disk.of(partition);
    for (const event of events) into.event(copyOf(event));
    return events.length;
  }
}

/** Its copy, or what a host froze all the way down: that cannot change. */
function copyOf(event: JournalEvent): JournalEvent {
  return Object.isFrozen(event) ? event : structuredClone(event);
}
