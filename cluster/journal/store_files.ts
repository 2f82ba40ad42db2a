/**
 * The files that make a store: what must be kept to have the shop again.
 * Snapshots are not among them, since they are copies, and neither are the
 * secrets, which a copy of the store must not carry about.
 *
 * @module
 */
import { CATALOG_FILE } from "./catalog_store.ts";
import { STORE_FILE } from "./data_folder.ts";
import type { FileKind } from "./database.ts";
import { ARCHIVE_NAME, JOURNAL_FILE, JOURNAL_NAME } from "./journal_file.ts";
import { PAYMENTS_FILE } from "./payment_ledger.ts";

/** One file of a store. */
export interface StoreFile {
  readonly name: string;
  readonly kind: FileKind;
}

/** Without this file there is no store. */
export const IDENTITY: StoreFile = { name: "store.sqlite", kind: STORE_FILE };

const FILES: readonly { name: RegExp; kind: FileKind }[] = [
  { name: /^store\.sqlite$/, kind: STORE_FILE },
  { name: /^catalog\.sqlite$/, kind: CATALOG_FILE },
  { name: /^payments\.sqlite$/, kind: PAYMENTS_FILE },
  { name: JOURNAL_NAME, kind: JOURNAL_FILE },
  { name: ARCHIVE_NAME, kind: JOURNAL_FILE },
];

/** What a file of that name in a data folder is; null: not of the store. */
export function kindOf(name: string): FileKind | null {
  return FILES.find((file) => file.name.test(name))?.kind ?? null;
}

/** Every file of the store in the folder, in order of name. */
export function storeFiles(folder: string): readonly StoreFile[] {
  const files: StoreFile[] = [];
  for (const { name } of Deno.readDirSync(folder)) {
    const kind = kindOf(name);
    if (kind !== null) files.push({ name, kind });
  }
  return files.sort((a, b) => a.name < b.name ? -1 : 1);
}
