/**
 * Files that are there whole or not at all: what is copied or written reaches
 * the disk before it gets its name.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** What two equal files have in common. */
export interface Digest {
  readonly bytes: number;
  readonly sha256: string;
}

const CHUNK_BYTES = 1024 * 1024;

/** Length and checksum of a file. */
export function digestOf(path: string): Digest {
  return read(path, () => {});
}

/** Copies a file to the disk, readable to its owner alone. */
export function copyDurably(from: string, to: string): Digest {
  using target = Deno.openSync(to, {
    write: true,
    create: true,
    truncate: true,
    mode: 0o600,
  });
  const digest = read(from, (bytes) => writeAll(target, bytes));
  target.syncSync();
  return digest;
}

/** Writes a file, readable to its owner alone, or none. */
export function writeDurably(folder: string, name: string, text: string): void {
  const draft = `${folder}/${name}.new`;
  {
    const options = { write: true, create: true, truncate: true, mode: 0o600 };
    using file = Deno.openSync(draft, options);
    writeAll(file, new TextEncoder().encode(text));
    file.syncSync();
  }
  Deno.renameSync(draft, `${folder}/${name}`);
  syncFolder(folder);
}

/** Brings the names in a folder to the disk. */
export function syncFolder(path: string): void {
  using folder = Deno.openSync(path);
  folder.syncSync();
}

function read(path: string, take: (bytes: Uint8Array) => void): Digest {
  using file = Deno.openSync(path);
  const hash = createHash("sha256");
  const buffer = new Uint8Array(CHUNK_BYTES);
  let bytes = 0;
  for (;;) {
    const length = file.readSync(buffer);
    if (length === null) return { bytes, sha256: hash.digest("hex") };
    const chunk = buffer.subarray(0, length);
    hash.update(chunk);
    take(chunk);
    bytes += length;
  }
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) {
    rest = rest.subarray(file.writeSync(rest));
  }
}
