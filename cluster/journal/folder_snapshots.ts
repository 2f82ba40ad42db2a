/**
 * The snapshots of a data folder, and the events that they are folded from.
 *
 * @module
 */
import type { JournalEvent } from "../../actors/runtime/actor.ts";
import type { Log } from "../../actors/runtime/ports.ts";
import { readIdentity } from "./data_folder.ts";
import { journalPaths } from "./journal_file.ts";
import { merge, type Progress } from "./merge.ts";
import { type Snapshot, SnapshotFile } from "./snapshot_file.ts";
import type { Folded, SnapshotKeeper } from "./snapshots.ts";

/** See the module. */
export class FolderSnapshots implements SnapshotKeeper {
  // SQLite holds values up to 1 GB; half of it leaves room for its row buffer.
  readonly maxStateBytes = 512 * 1024 * 1024;
  readonly #folder: string;
  readonly #storeId: string;
  readonly #file: SnapshotFile;

  /** Throws `StoreError` when the folder cannot be used. */
  constructor(folder: string, log: Log) {
    this.#folder = folder;
    this.#storeId = readIdentity(folder).storeId;
    this.#file = SnapshotFile.openToWrite(folder, this.#storeId, log);
  }

  read(partition: string, origin: string): Snapshot | null {
    return this.#file.read(partition, origin);
  }

  fold(
    partition: string,
    after: Snapshot | null,
    event: (event: JournalEvent) => void,
  ): Folded {
    const progress: Progress = {
      epoch: after?.epoch ?? 0,
      sequence: after?.sequence ?? 0,
      snapshotSequence: after?.sequence ?? 0,
      event,
    };
    const { positions, events } = merge({
      storeId: this.#storeId,
      paths: journalPaths(this.#folder),
      after: after?.positions ?? {},
      isQuiet: false,
    }, new Map([[partition, progress]]));
    const { epoch, sequence } = progress;
    return { epoch, sequence, positions, events };
  }

  write(
    snapshot: Omit<Snapshot, "state">,
    origin: string,
    state: Uint8Array,
  ): void {
    this.#file.write(snapshot, origin, state);
  }

  close(): void {
    this.#file.close();
  }
}
