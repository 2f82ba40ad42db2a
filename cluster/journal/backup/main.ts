/**
 * `deno task backup FOLDER`: copies the data folder as it stands at one
 * instant, beside a running shop.
 *
 * @module
 */
import { hostClock } from "../../worker/host_clock.ts";
import { takeBackup } from "../backup.ts";
import {
  copyProgress,
  megabytes,
  readFolder,
  refusePostgres,
  runCommand,
} from "../command.ts";

const HELP = `Copies the data folder as it stands at one instant.

Usage: deno task backup FOLDER

  FOLDER   where to; it must be empty or not there
  --help   this text

The data folder is DATA_DIR, by default ./data; the shop may be running, and
keeps selling. The copy has every order that was answered before this command
began. It has no session_secret and no admin_token: after deno task restore,
everybody signs in again and the operator's token is a new one.

Exit code 0, or 2 when something is wrong.`;

async function back({ folder: into }: { folder: string }): Promise<string[]> {
  refusePostgres(Deno.env.get("DATABASE_URL"), "pg_dump");
  const report = await takeBackup({
    from: Deno.env.get("DATA_DIR") || "./data",
    into,
    clock: hostClock,
    progress: copyProgress(hostClock.monotonicMs),
  });
  const bytes = report.files.reduce((sum, file) => sum + file.bytes, 0);
  return [
    `backup ${into} store=${report.storeId} taken=${report.takenAt} ` +
    `files=${report.files.length} size=${megabytes(bytes).replace(" ", "")} ` +
    `paused=${report.pausedMs.toFixed(1)}ms`,
  ];
}

if (import.meta.main) {
  const command = { help: HELP, read: readFolder, run: back };
  Deno.exit(await runCommand(command, Deno.args));
}
