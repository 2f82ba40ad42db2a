/**
 * A journal in memory with the same rules as the one on disk: epochs fence,
 * sequences have no gaps, and only what was made durable is there after a
 * crash. A host decides when an append becomes durable, so a test can lose
 * power before or after any of them.
 *
 * @module
 */
import type { JournalEvent } from "./actor.ts";
import type {
  Append,
  AppendResult,
  FoldTarget,
  Journal,
  Recovered,
} from "./ports.ts";

/** What survives: every partition's epoch and durable events. */
export class MemoryDisk {
  readonly epochs = new Map<string, number>();
  readonly events = new Map<string, JournalEvent[]>();

  /** The durable events of a partition, oldest first. */
  of(partition: string): readonly JournalEvent[] {
    return this.events.get(partition) ?? [];
  }

  /**
   * Writes all appends or none.
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
      // Copied as a disk would: later changes of the objects do not show.
      const copies = events.map((event) => structuredClone(event));
      if (durable === undefined) this.events.set(partition, copies);
      else durable.push(...copies);
    }
    return "durable";
  }
}

/** A commit domain's view of a `MemoryDisk`. */
export class MemoryJournal implements Journal {
  readonly #disk: MemoryDisk;
  readonly #schedule: (commit: () => void) => void;
  /** What the next appends end with instead of being written. */
  refuseWith: AppendResult | null = null;

  /**
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

  recover(
    partitions: readonly string[],
    into: (partition: string) => FoldTarget,
    done: (recovered: readonly Recovered[] | null) => void,
  ): void {
    const recovered = partitions.map((partition) => {
      const epoch = (this.#disk.epochs.get(partition) ?? 0) + 1;
      this.#disk.epochs.set(partition, epoch);
      const target = into(partition);
      const events = this.#disk.of(partition);
      for (const event of events) target.event(event);
      return { partition, epoch, lastSequence: events.length };
    });
    done(recovered);
  }

  replay(
    partition: string,
    into: FoldTarget,
    done: (lastSequence: number | null) => void,
  ): void {
    const events = this.#disk.of(partition);
    for (const event of events) into.event(event);
    done(events.length);
  }

  append(
    appends: readonly Append[],
    done: (result: AppendResult) => void,
  ): void {
    this.#schedule(() => done(this.refuseWith ?? this.#disk.write(appends)));
  }
}
