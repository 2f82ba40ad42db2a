/**
 * `deno task chaos`: the chaos campaign at full length. The test suite runs a
 * minute of it.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a process entry talks to its terminal
import { parseArgs } from "node:util";
import { chaosCampaign } from "./chaos_campaign.ts";
import { recoveryTable } from "./recovery_table.ts";

const HELP = `Usage: deno task chaos [--minutes N] [--buyers N] [--seed N]
                       [--logs FOLDER]

Storms a shop of three processes over HTTP, with a real Redis and a real
PostgreSQL, while these are killed, stopped, cut off, slowed down and restarted;
then checks that nothing it answered is lost, doubled or sold twice, and says
how long each thing was felt. Needs redis-server and postgresql of Debian. Exit
code 0, or 1 when something is wrong.

  --minutes  how long (10)
  --buyers   how many at a time (100)
  --seed     chooses what happens and when; a new one each time if left out
  --logs     keeps what every process wrote in this folder`;

const options = {
  minutes: { type: "string", default: "10" },
  buyers: { type: "string", default: "100" },
  seed: {
    type: "string",
    default: String(crypto.getRandomValues(new Uint32Array(1))[0]),
  },
  logs: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

function number(
  name: string,
  text: string,
  least: number,
  most: number,
): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  const expected = `an integer from ${least} to ${most}`;
  return refuse(`--${name}: expected ${expected}, found "${text}"`);
}

function refuse(line: string): never {
  console.error(line);
  Deno.exit(2);
}

function readOptions() {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    const because = (error as Error).message.replaceAll("\n", " ");
    return refuse(`${because} (see --help)`);
  }
}

const given = readOptions();
if (given.help) {
  console.log(HELP);
} else {
  const seed = number("seed", given.seed, 0, 2 ** 32 - 1);
  const minutes = number("minutes", given.minutes, 1, 1_440);
  const buyers = number("buyers", given.buyers, 1, 2_000);
  console.log(`seed ${seed}, ${buyers} buyers, ${minutes} minutes`);
  const logFolder = given.logs ?? null;
  if (logFolder !== null) Deno.mkdirSync(logFolder, { recursive: true });
  const { purchases, orders, recoveries } = await chaosCampaign({
    ...{ seed, buyers, logFolder, report: console.log },
    forMs: minutes * 60_000,
  });
  console.log(recoveryTable(recoveries));
  console.log(
    `PASSED ${recoveries.length} misfortunes, ${purchases} purchases, ` +
      `${orders} orders, seed ${seed}`,
  );
}
