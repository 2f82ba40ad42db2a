/**
 * Moves the past of a store into files of its own, while no shop holds it.
 *
 * Each partition's events are cut at the first row that is not old enough. The
 * rows before are copied into the archive as they are; in the journal a few
 * events that are folded to the same state, less the orders that are over, stand
 * for them. Events keep their sequence numbers, so everything else goes on as
 * if nothing had happened. The journals are written anew beside the old ones,
 * read back and compared before they take their place, all or none.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import type { JournalEvent } from "../../actors/runtime/actor.ts";
import type { Router } from "../routers/router.ts";
import { ArchiveFiles } from "./archive_files.ts";
import { finishSwapAlone, readIdentity } from "./data_folder.ts";
import { beginSwap, decideSwap, undoSwap } from "./file_swap.ts";
import {
  CARRIED_VERSION,
  journalPaths,
  JournalReader,
} from "./journal_file.ts";
import { JournalWriter, ownersIn } from "./journal_writer.ts";
import { merge, type Progress } from "./merge.ts";
import {
  type ArchivedPartition,
  type ArchiveReport,
  carriedRows,
  type Cut,
  PastFold,
} from "./past_fold.ts";

/** What is archived. */
export interface ArchiveOptions {
  /** The data folder, held by this process. */
  readonly folder: string;
  readonly partitions: readonly ArchivedPartition[];
  /** Rows that were written before this wall time. */
  readonly beforeMs: number;
  /** Names the files. */
  readonly nowMs: number;
  /** Rows of one period go into one file; the rest into another. */
  readonly periods: Router<number>;
  /** Told after each partition. */
  readonly progress: (done: number, total: number) => void;
}

/**
 * Archives, and gives what it did. Throws `StoreError` for a journal that
 * cannot be read; then, and after any crash, all is as it was or all is done.
 */
export function archive(options: ArchiveOptions): ArchiveReport {
  const { folder, partitions, beforeMs, nowMs, periods, progress } = options;
  const { storeId } = readIdentity(folder);
  const paths = journalPaths(folder);
  const names = partitions.map(({ partition }) => partition);
  const before = measure(paths, storeId, names);
  const cuts: Cut[] = [];
  partitions.forEach((each, index) => {
    const cut = cutOff(each, { storeId, paths, beforeMs });
    if (cut !== null) cuts.push(cut);
    progress(index + 1, partitions.length);
  });
  const eventsBefore = before.events;
  if (cuts.length === 0) {
    return {
      into: [],
      partitions: 0,
      eventsBefore,
      eventsAfter: eventsBefore,
    };
  }
  try {
    const draft = beginSwap(folder);
    const archived = new ArchiveFiles({
      folder: draft,
      storeId,
      nowMs,
      periods,
    });
    writeFiles({ draft, archived, paths, storeId, cuts, beforeMs });
    const written = journalPaths(draft);
    const after = measure(written, storeId, names);
    if (!isDeepStrictEqual(after.sequences, before.sequences)) {
      throw new Error("Cannot archive as the new journals end elsewhere");
    }
    for (const each of partitions) {
      const cut = cuts.find(({ partition }) => partition === each.partition);
      if (cut === undefined) continue;
      mustEndAlike(each, { storeId, paths: written }, cut.end);
    }
    decideSwap(folder);
    finishSwapAlone(folder);
    return {
      into: archived.names,
      partitions: cuts.length,
      eventsBefore,
      eventsAfter: after.events,
    };
  } finally {
    undoSwap(folder);
  }
}

interface Source {
  readonly storeId: string;
  readonly paths: readonly string[];
  readonly beforeMs: number;
}

/** Cuts a partition's past off; null when there is too little. */
function cutOff(
  each: ArchivedPartition,
  { storeId, paths, beforeMs }: Source,
): Cut | null {
  const { partition, past } = each;
  if (past === null) return null;
  const fold = new PastFold(each, past);
  const source = { storeId, paths, after: {}, isQuiet: true };
  const first = progressOf(fold);
  merge({ ...source, beforeMs }, new Map([[partition, first]]));
  const carried = fold.carried();
  if (carried === null) return null;
  const { epoch, sequence } = first;
  const rest = { ...first, snapshotSequence: sequence, isCut: false };
  merge(source, new Map([[partition, rest]]));
  return { partition, epoch, sequence, carried, end: fold.end() };
}

/** Folds the new files: what is carried at their end must be as it was. */
function mustEndAlike(
  each: ArchivedPartition,
  { storeId, paths }: Omit<Source, "beforeMs">,
  end: readonly JournalEvent[],
): void {
  const fold = new PastFold(each, each.past!);
  const source = { storeId, paths, after: {}, isQuiet: true };
  merge(source, new Map([[each.partition, progressOf(fold)]]));
  fold.mustEndAs(end);
}

/** From the beginning. */
function progressOf({ take }: PastFold): Progress {
  return { epoch: 0, sequence: 0, snapshotSequence: 0, event: take };
}

/** How many events there are, and where each partition ends. */
function measure(
  paths: readonly string[],
  storeId: string,
  names: readonly string[],
) {
  const partitions = new Map(names.map((name): [string, Progress] => [name, {
    epoch: 0,
    sequence: 0,
    snapshotSequence: 0,
    event: () => {},
  }]));
  const source = { storeId, paths, after: {}, isQuiet: true };
  const { events } = merge(source, partitions);
  const sequences = names.map((name) => partitions.get(name)!.sequence);
  return { events, sequences };
}

interface Files {
  readonly draft: string;
  readonly archived: ArchiveFiles;
  readonly paths: readonly string[];
  readonly storeId: string;
  readonly cuts: readonly Cut[];
  readonly beforeMs: number;
}

/** Every journal anew, and what is left out of them into the archive. */
function writeFiles(files: Files): void {
  const { archived, paths } = files;
  const homeless = new Map(files.cuts.map((cut) => [cut.partition, cut]));
  try {
    for (const path of paths) writeFile(path, files, homeless);
  } finally {
    archived.close();
  }
}

/** One journal anew: what is carried on, then the rows that stay. */
function writeFile(
  path: string,
  { draft, archived, storeId, cuts, beforeMs }: Files,
  homeless: Map<string, Cut>,
): void {
  const reader = new JournalReader(path, storeId, null, 0);
  const journal = new JournalWriter(`${draft}/${reader.name}`, storeId);
  const lastOf = new Map(cuts.map((cut) => [cut.partition, cut.sequence]));
  try {
    for (const owner of ownersIn(path, storeId)) {
      const { partition, isOwnedHere } = owner;
      journal.own(owner);
      const cut = homeless.get(partition);
      // The first file of a partition will do: what comes first in a file waits
      // for no other.
      if (cut === undefined || !isOwnedHere) continue;
      homeless.delete(partition);
      for (const row of carriedRows(cut, beforeMs)) journal.write(row);
    }
    reader.advance();
    for (let row = reader.current; row !== null; row = reader.current) {
      const isPast = row.firstSequence <= (lastOf.get(row.partition) ?? 0);
      if (!isPast) journal.write(row);
      else if (row.version !== CARRIED_VERSION) archived.write(row);
      reader.advance();
    }
  } finally {
    reader.close();
    journal.close();
  }
}
