/**
 * What every archive promises, wherever events are kept: a table of claims,
 * each run on a store of its own with two partitions of twelve events, of which
 * the first nine are old.
 *
 * @module
 */
import assert from "node:assert/strict";
import type {
  AnyBehavior,
  JournalEvent,
} from "../../../actors/runtime/actor.ts";
import type { Past } from "../../../actors/registry.ts";
import type { Journal } from "../../../actors/runtime/ports.ts";
import {
  type HistoryRows,
  readHistory,
} from "../../../cluster/journal/history.ts";
import type {
  ArchivedPartition,
  ArchiveReport,
} from "../../../cluster/journal/past_fold.ts";
import { append, counted, take, takeOne } from "./journal_contract.ts";

/** A store with a past, which no journal has open. */
export interface ArchiveStand {
  readonly rows: HistoryRows;
  /** What an archive goes into. */
  readonly into: readonly string[];
  /** The journal of a commit domain, until the next `archive`. */
  journal(domain: string): Journal;
  /** Ends all journals, and archives what is older than the cut. */
  archive(
    partitions: readonly ArchivedPartition[],
    beforeMs: number,
  ): Promise<ArchiveReport>;
  /** All that is kept of events. */
  contents(): Promise<unknown>;
}

/** One promise and how to see it kept. */
export interface ArchiveClaim {
  readonly name: string;
  readonly holds: (stand: ArchiveStand) => Promise<void>;
}

/** Both of the store. */
export const PARTITIONS = ["inventory[0]", "inventory[1]"] as const;
/** When archives are made. */
export const NOW_MS = Date.UTC(2026, 10, 11);
/** What was written before is old. */
export const CUT_MS = NOW_MS - 1_000;

interface Sum {
  readonly sum: { count: number; total: number };
}

/** Adds numbers up; the past of a sum is the sum. */
function apply({ sum }: Sum, event: JournalEvent): void {
  if (event.kind === "carried") {
    const { count, total } = (event as JournalEvent & Sum).sum;
    sum.count += count;
    sum.total += total;
  } else {
    sum.count++;
    sum.total += (event as JournalEvent & { number: number }).number;
  }
}

const behavior: AnyBehavior = {
  name: "sum",
  start: startSum,
  receive: () => {},
  apply,
};

function startSum(): Sum {
  return { sum: { count: 0, total: 0 } };
}

const past: Past = {
  start: startSum,
  // A part of the state itself, which goes on when the state does.
  carry: (state: unknown) => [{ kind: "carried", ...(state as Sum) }],
};

/** Appends the past; the partitions go to and fro between two domains. */
export async function writePast(journals: readonly [Journal, Journal]) {
  for (let round = 0; round < 4; round++) {
    for (const [index, partition] of PARTITIONS.entries()) {
      const journal = journals[(round + index) % 2]!;
      const { epoch, lastSequence } = await takeOne(journal, partition);
      const firstSequence = lastSequence + 1;
      const events = counted(firstSequence, firstSequence + 2);
      await append(journal, { partition, epoch, firstSequence, events });
    }
  }
}

/** Archives both partitions. */
export function archiveSums(
  stand: ArchiveStand,
  beforeMs = CUT_MS,
): Promise<ArchiveReport> {
  return stand.archive(PARTITIONS.map((each) => sumOf(each)), beforeMs);
}

function sumOf(partition: string, its = past): ArchivedPartition {
  return { partition, args: null, behavior, past: its };
}

/** What a new owner of both partitions folds. */
export async function sumsIn(stand: ArchiveStand, domain = "worker-2") {
  const journal = stand.journal(domain);
  const taken = await take(journal, ...PARTITIONS);
  const sums = taken.map(({ events, lastSequence, epoch }) => {
    const state = startSum();
    for (const event of events) apply(state, event);
    return {
      ...state.sum,
      folded: events.length,
      lastSequence,
      epoch,
    };
  });
  return { journal, sums };
}

/** The claims. */
export const archiveContract: readonly ArchiveClaim[] = [
  {
    name: "what is archived is folded to the same state from fewer events, " +
      "under the same sequence numbers, whoever wrote it",
    async holds(stand) {
      const report = await archiveSums(stand);
      assert.deepEqual(report, {
        into: stand.into,
        partitions: 2,
        eventsBefore: 24,
        eventsAfter: 8,
      });
      const { journal, sums } = await sumsIn(stand);
      // One event stands for nine.
      const whole = { count: 12, total: 78, folded: 4, lastSequence: 12 };
      const { epoch } = sums[0]!;
      // Four lives went before this one.
      assert(epoch >= 5);
      assert.deepEqual(sums, [{ ...whole, epoch }, { ...whole, epoch }]);
      const [partition] = PARTITIONS;
      const events = counted(13, 15);
      assert.equal(
        await append(journal, { partition, epoch, firstSequence: 13, events }),
        "durable",
      );
    },
  },
  {
    name: "nothing is gone: an archived event is in the history as before",
    async holds(stand) {
      const eventsOf = async () =>
        (await readHistory(stand.rows, "counted"))
          .map(({ partition, epoch, sequence, event }) =>
            `${partition} ${epoch}:${sequence} ${JSON.stringify(event)}`
          ).sort();
      const before = await eventsOf();
      assert.equal(before.length, 24);
      await archiveSums(stand);
      assert.deepEqual(await eventsOf(), before);
    },
  },
  {
    name: "an archive can be made of what an earlier one has left",
    async holds(stand) {
      await archiveSums(stand, CUT_MS - 1);
      await archiveSums(stand);
      const again = await archiveSums(stand, CUT_MS + 1);
      assert.deepEqual([again.eventsBefore, again.eventsAfter], [8, 2]);
      // Of one event that stands for all the others nothing can be gained.
      assert.equal((await archiveSums(stand, CUT_MS + 1)).into.length, 0);
      // What stood for archived events goes with the next archive for good.
      const carried = await readHistory(stand.rows, "carried");
      assert.equal(carried.length, 2);
      const { sums } = await sumsIn(stand);
      assert.deepEqual(
        sums.map(({ count, total, folded }) => [count, total, folded]),
        [[12, 78, 1], [12, 78, 1]],
      );
    },
  },
  {
    name: "a past that is not carried on as it was is not archived",
    async holds(stand) {
      const before = await stand.contents();
      const forgetful = {
        start: startSum,
        carry(state: unknown) {
          const { count, total } = (state as Sum).sum;
          return [{ kind: "carried", sum: { count, total: total - 1 } }];
        },
      };
      const partitions = [
        sumOf(PARTITIONS[1]),
        sumOf(PARTITIONS[0], forgetful),
      ];
      await assert.rejects(
        stand.archive(partitions, CUT_MS),
        /inventory\[0\] as what is carried on is another state/,
      );
      assert.deepEqual(await stand.contents(), before);
    },
  },
];
