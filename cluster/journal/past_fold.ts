/**
 * What an archive makes of one partition, wherever its events are kept: the
 * past is folded, told in few events and written as the rows that stand for it.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import type { AnyBehavior, JournalEvent } from "../../actors/runtime/actor.ts";
import type { Past } from "../../actors/registry.ts";
import { CARRIED_VERSION, type JournalRow } from "./journal_file.ts";

/** A partition and how its actor folds. */
export interface ArchivedPartition {
  readonly partition: string;
  readonly args: unknown;
  readonly behavior: AnyBehavior;
  /** Null: its past stays. */
  readonly past: Past | null;
}

/** What was archived. */
export interface ArchiveReport {
  /** The files, or the table; empty: there was not enough to be worth it. */
  readonly into: readonly string[];
  readonly partitions: number;
  /** Events that a recovery without snapshots folds. */
  readonly eventsBefore: number;
  readonly eventsAfter: number;
}

/** One partition's past, and what stands for it from now on. */
export interface Cut {
  readonly partition: string;
  /** The last event of the past. */
  readonly sequence: number;
  readonly epoch: number;
  /** Events, as JSON. */
  readonly carried: readonly string[];
  /** What its actor would carry on of the state at the journal's end. */
  readonly end: readonly JournalEvent[];
}

// Below this too little is gained: of a catalog that is only opened as many
// events are carried on as there were.
const MIN_GAIN = 2;

// As many events as a busy commit has, so that no row is larger than before.
const EVENTS_PER_ROW = 256;

/** A partition's state as far as its events were taken. */
export class PastFold {
  readonly #partition: string;
  readonly #past: Past;
  readonly #behavior: AnyBehavior;
  readonly #state: unknown;
  #events = 0;

  /** Starts without a past. */
  constructor({ partition, args, behavior }: ArchivedPartition, past: Past) {
    this.#partition = partition;
    this.#past = past;
    this.#behavior = behavior;
    this.#state = past.start(args);
  }

  /** Events that were taken. */
  get events(): number {
    return this.#events;
  }

  /** Takes the next event; bound, so that it can be handed to a reader. */
  readonly take = (event: JournalEvent): void => {
    this.#behavior.apply!(this.#state as never, event);
    this.#events++;
  };

  /**
   * What stands for the events so far, as JSON, since the state goes on and
   * parts of it with it; null when too little is gained by it.
   */
  carried(): readonly string[] | null {
    const carried = this.end().map((each) => JSON.stringify(each));
    const isWorthIt = this.#events > 0 &&
      this.#events >= carried.length * MIN_GAIN;
    return isWorthIt ? carried : null;
  }

  /** What would be carried on now. */
  end(): readonly JournalEvent[] {
    return [...this.#past.carry(this.#state)];
  }

  /** Throws unless what would be carried on is as it was before. */
  mustEndAs(end: readonly JournalEvent[]): void {
    if (isDeepStrictEqual(this.end(), end)) return;
    throw new Error(
      `Cannot archive ${this.#partition} as what is carried on is another state`,
    );
  }
}

/**
 * The first row stands for all sequence numbers but those of the other rows.
 * They are as old as the youngest that they stand for can be.
 */
export function* carriedRows(
  { partition, epoch, sequence, carried }: Cut,
  beforeMs: number,
): Generator<Omit<JournalRow, "row">> {
  // One at least, since the sequence has no gaps.
  const rows = Math.max(1, Math.ceil(carried.length / EVENTS_PER_ROW));
  for (let row = 0; row < rows; row++) {
    const start = row * EVENTS_PER_ROW;
    yield {
      partition,
      epoch,
      firstSequence: row === 0 ? 1 : sequence - rows + row + 1,
      eventCount: row === 0 ? sequence - rows + 1 : 1,
      writtenAtMs: beforeMs - 1,
      version: CARRIED_VERSION,
      events: `[${carried.slice(start, start + EVENTS_PER_ROW).join()}]`,
    };
  }
}
