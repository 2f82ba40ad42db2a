/**
 * `deno task crash`: the crash campaign at full length. The test suite runs the
 * same in a few rounds.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a process entry talks to its terminal
import { drawSeed, integerOf, readOptions } from "./campaign_command.ts";
import { crashCampaign } from "./crash_campaign.ts";

const HELP = `Usage: deno task crash [--rounds N] [--buyers N] [--seed N]

Storms a shop over HTTP, kills it with kill -9, starts it again and checks that
nothing it answered is lost. Exit code 0, or 1 when something is.

  --rounds   how often (20)
  --buyers   how many at a time (200)
  --seed     chooses the moments and the orders; a new one each time if left out`;

const options = {
  rounds: { type: "string", default: "20" },
  buyers: { type: "string", default: "200" },
  seed: { type: "string", default: drawSeed() },
  help: { type: "boolean", default: false },
} as const;

const given = readOptions(options);
if (given.help) {
  console.log(HELP);
} else {
  const seed = integerOf("seed", given.seed, 0, 2 ** 32 - 1);
  const rounds = integerOf("rounds", given.rounds, 1, 10_000);
  const buyers = integerOf("buyers", given.buyers, 1, 2_000);
  console.log(`seed ${seed}, ${buyers} buyers`);
  await crashCampaign({ rounds, buyers, seed, report: console.log });
  console.log(`PASSED ${rounds} crashes, seed ${seed}`);
}
