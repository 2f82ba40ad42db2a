/**
 * `deno task archive`: moves old orders, keys and closed holds out of the
 * journals into a file or table of their own. The shop must be stopped.
 *
 * @module
 */
import { behaviors, kindOf, pasts } from "../../../actors/registry.ts";
import { type Config, ConfigError, readConfig } from "../../config.ts";
import { TimeRouter } from "../../routers/time_router.ts";
import { planShop } from "../../topology.ts";
import { parseDuration } from "../../units.ts";
import { hostClock } from "../../worker/host_clock.ts";
import { archive } from "../archive.ts";
import {
  parseOptions,
  runCommand,
  stepProgress,
  UsageError,
} from "../command.ts";
import { openDataFolder, readIdentity } from "../data_folder.ts";
import type { ArchivedPartition, ArchiveReport } from "../past_fold.ts";
import type { StoreShape } from "../store_shape.ts";

const HELP =
  `Moves old orders, keys and closed holds into a file or table of their own.

Usage: deno task archive [--older-than 90d]

  --older-than TIME   what was over that long ago goes; 3d at least, and twice
                      orders.keepKeysFor and a day. Default 90d
  --help              this text

The store is in the database of DATABASE_URL where that is set, else in the data
folder, which is DATA_DIR, by default ./data; SHOP_CONFIG is read as the shop
reads it. Every process of the shop must be stopped; they start faster
afterwards. An order that went is not found by its buyer any more; deno task
journal still prints it, out of archive-TIME.sqlite in the data folder, with a
file archive-TIME-NAME.sqlite for each of archive.periods in SHOP_CONFIG, or the
table doorbuster.archived. Stock, limits of users and whatever is not over stay
as they are. Users are never archived.

Exit code 0, or 2 when something is wrong.`;

const DEFAULT_OLDER_THAN = "90d";
const DAY_MS = 86_400_000;

function readUsage(args: string[]): { olderThan: string } | null {
  const { values } = parseOptions({
    args,
    options: {
      "older-than": { type: "string", default: DEFAULT_OLDER_THAN },
      help: { type: "boolean" },
    },
  }, "[--older-than TIME]");
  return values.help ? null : { olderThan: values["older-than"] };
}

async function run({ olderThan }: { olderThan: string }): Promise<string[]> {
  const config = configOf();
  const nowMs = hostClock.wallMs();
  const beforeMs = nowMs - mustBeOldEnough(olderThan, config);
  const options = {
    partitions: partitionsOf(config),
    beforeMs,
    nowMs,
    progress: stepProgress("partitions"),
  };
  const url = Deno.env.get("DATABASE_URL") || null;
  const { into, partitions, eventsBefore, eventsAfter } = url === null
    ? await archiveFolder(config, options)
    : await archiveDatabase(config, url, options);
  return [
    `archived ${into.join() || "nothing"} before=${
      new Date(beforeMs).toISOString()
    } ` +
    `partitions=${partitions} events=${eventsBefore}..${eventsAfter}`,
  ];
}

interface Options {
  readonly partitions: readonly ArchivedPartition[];
  readonly beforeMs: number;
  readonly nowMs: number;
  readonly progress: (done: number, total: number) => void;
}

async function archiveFolder(
  config: Config,
  options: Options,
): Promise<ArchiveReport> {
  const { dataFolder } = config.environment;
  // Opening a folder would make a store where there is none.
  const { storeId } = readIdentity(dataFolder);
  const folder = await openDataFolder(dataFolder, {
    ...shapeOf(config),
    clock: hostClock,
    newStoreId: () => storeId,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    waitMs: 0,
  });
  try {
    const periods = new TimeRouter(1, config.archivePeriods);
    return archive({ folder: dataFolder, periods, ...options });
  } finally {
    folder.close();
  }
}

/** The client of a database is loaded only for one. */
async function archiveDatabase(
  config: Config,
  url: string,
  options: Options,
): Promise<ArchiveReport> {
  if (config.archivePeriods.length > 0) {
    throw new UsageError(
      `${Deno.env.get("SHOP_CONFIG")}: archive.periods: expected none for a ` +
        "database, whose table has the time of each row, found " +
        `${config.archivePeriods.length}`,
    );
  }
  const { archivePostgres } = await import("../postgres_archive.ts");
  return archivePostgres({ url, shape: shapeOf(config), ...options });
}

function shapeOf({ topology }: Config): StoreShape {
  const { partitions, stockRanges } = topology;
  return { partitions: { ...partitions }, stockRanges };
}

function configOf(): Config {
  try {
    return readConfig(
      {
        DATA_DIR: Deno.env.get("DATA_DIR"),
        SHOP_CONFIG: Deno.env.get("SHOP_CONFIG"),
      },
      (path) => Deno.readTextFileSync(path),
    );
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UsageError(error.lines[0]);
  }
}

/**
 * What a buyer can repeat must still be known: a key for twice its time at
 * most, and its hold, at the shard, for a day beyond that.
 */
function mustBeOldEnough(olderThan: string, config: Config): number {
  const olderThanMs = parseDuration(olderThan);
  const leastMs = Math.max(2 * config.orders.keepKeysMs + DAY_MS, 3 * DAY_MS);
  if (olderThanMs !== null && olderThanMs >= leastMs) return olderThanMs;
  throw new UsageError(
    `--older-than: expected a duration from "${leastMs / DAY_MS}d", ` +
      `such as "90d", found ${JSON.stringify(olderThan)}`,
  );
}

function partitionsOf(config: Config): ArchivedPartition[] {
  return planShop(config, config.topology.partitions).actors
    .filter(({ journaled }) => journaled)
    .map(({ address, args }) => ({
      partition: address,
      args,
      behavior: behaviors[kindOf(address)],
      past: pasts[kindOf(address)] ?? null,
    }));
}

if (import.meta.main) {
  const command = { help: HELP, read: readUsage, run };
  Deno.exit(await runCommand(command, Deno.args));
}
