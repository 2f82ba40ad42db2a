/**
 * `deno task chaos`: the chaos campaign at full length. The test suite runs a
 * minute of it.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a process entry talks to its terminal
import {
  drawSeed,
  integerOf,
  readOptions,
  refuse,
} from "../../shop/campaign_command.ts";
import { installMissing, SERVICES } from "../../runner/services.ts";
import { chaosCampaign } from "./chaos_campaign.ts";
import { MISCHIEF_KINDS } from "./mischief.ts";
import { recoveryTable } from "./recovery_table.ts";

const HELP = `Usage: deno task chaos [--minutes N] [--buyers N] [--seed N]
                       [--only KIND,…] [--logs FOLDER]

Storms a shop of three processes over HTTP, with a real Redis and a real
PostgreSQL, while these are killed, stopped, cut off, slowed down and restarted;
then checks that nothing it answered is lost, doubled or sold twice, and says
how long each thing was felt. Needs redis-server and postgresql of Debian. Exit
code 0, or 1 when something is wrong.

  --minutes  how long (10)
  --buyers   how many at a time (100)
  --seed     chooses what happens and when; a new one each time if left out
  --only     lets only these happen, such as "kill -9,Redis restarted"
  --logs     keeps what every process wrote in this folder`;

const options = {
  minutes: { type: "string", default: "10" },
  buyers: { type: "string", default: "100" },
  seed: { type: "string", default: drawSeed() },
  only: { type: "string" },
  logs: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

const NEEDED = SERVICES.filter(({ folder }) =>
  folder === "tests/cluster/redis" || folder === "tests/cluster/postgres"
);

function makeFolder(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true });
  } catch (error) {
    refuse(
      `--logs: expected a folder that can be made, found ${path}: ` +
        (error as Error).message.replaceAll("\n", " "),
    );
  }
}

/** The kinds of misfortune that were named; one that is none is refused. */
function kindsOf(text: string): string[] {
  const kinds = text.split(",");
  const unknown = kinds.find((kind) => !MISCHIEF_KINDS.includes(kind));
  if (unknown === undefined) return kinds;
  return refuse(
    `--only: expected some of ${MISCHIEF_KINDS.join(", ")}, found ${unknown}`,
  );
}

const given = readOptions(options);
if (given.help) {
  console.log(HELP);
} else {
  const seed = integerOf("seed", given.seed, 0, 2 ** 32 - 1);
  const minutes = integerOf("minutes", given.minutes, 1, 1_440);
  const buyers = integerOf("buyers", given.buyers, 1, 2_000);
  const kinds = given.only === undefined ? MISCHIEF_KINDS : kindsOf(given.only);
  console.log(`seed ${seed}, ${buyers} buyers, ${minutes} minutes`);
  const logFolder = given.logs ?? null;
  const { missing } = await installMissing(NEEDED);
  if (missing.length > 0) {
    const packages = missing.map((service) => service.package).join(" and ");
    refuse(`Expected ${packages} of Debian to be installed, found none`);
  }
  if (logFolder !== null) makeFolder(logFolder);
  const { purchases, orders, recoveries } = await chaosCampaign({
    ...{ seed, buyers, kinds, logFolder, report: console.log },
    forMs: minutes * 60_000,
  });
  console.log(recoveryTable(recoveries));
  console.log(
    `PASSED ${recoveries.length} misfortunes, ${purchases} purchases, ` +
      `${orders} orders, seed ${seed}`,
  );
}
