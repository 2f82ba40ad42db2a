/**
 * `deno task restore FOLDER`: puts a backup into an empty data folder.
 *
 * @module
 */
import { hostClock } from "../../worker/host_clock.ts";
import {
  copyProgress,
  readFolder,
  refusePostgres,
  runCommand,
} from "../command.ts";
import { restoreBackup } from "../restore.ts";

const HELP = `Puts a backup into an empty data folder.

Usage: deno task restore FOLDER

  FOLDER   what deno task backup has made
  --help   this text

The data folder is DATA_DIR, by default ./data; it must be empty or not there.
Every file is compared with the checksums of the backup first. The next start
of the shop recovers from it as from a power cut at the moment of the backup.
Never run the shop that was backed up beside the restored one.

Exit code 0, or 2 when something is wrong.`;

async function restore({ folder: from }: { folder: string }) {
  refusePostgres(Deno.env.get("DATABASE_URL"), "pg_restore");
  const into = Deno.env.get("DATA_DIR") || "./data";
  const list = await restoreBackup({
    from,
    into,
    clock: hostClock,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    progress: copyProgress(hostClock.monotonicMs),
  });
  return [
    `restored ${into} store=${list.storeId} taken=${list.takenAt} ` +
    `files=${list.files.length}`,
  ];
}

if (import.meta.main) {
  const command = { help: HELP, read: readFolder, run: restore };
  Deno.exit(await runCommand(command, Deno.args));
}
