/**
 * Both models on our event queue, in whole microseconds, with the random
 * streams, distributions and histogram of the simulator; and the whole shop.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { SeededRandom } from "../../actors/runtime/random.ts";
import { runnerOf } from "../../sim/command.ts";
import type { Distribution } from "../../sim/distributions.ts";
import { EventQueue } from "../../sim/event_queue.ts";
import { LatencyHistogram } from "../../sim/latency_histogram.ts";
import { parseScenario, resolveScenario } from "../../sim/scenario.ts";
import { drawUs } from "../../sim/streams.ts";
import type { Ran, Run, Sizes } from "../actors/program.ts";
import { LOAD, PROCESSES, SEED, verifyHold, verifySojourn } from "./models.ts";

/** The unit of the models' time. */
const UNIT_US = 1_000_000;
const SERVICE: Distribution = { kind: "exponential", meanUs: UNIT_US };
const GAP: Distribution = { kind: "exponential", meanUs: UNIT_US / LOAD };

const ARRIVAL = 0;
const DEPARTURE = 1;

/** A queue with one server; `n` events, two for each customer. */
function mm1({ n }: Sizes): Promise<Ran> {
  const customers = n / 2;
  const queue = new EventQueue<number>();
  const random = new SeededRandom(SEED, "mm1");
  const sojourns = new LatencyHistogram();
  /** When each customer came; those from `served` on are there. */
  const arrivedUs = new Float64Array(customers);
  let arrived = 0;
  let served = 0;
  let count = 0;
  const after = (distribution: Distribution) =>
    queue.nowUs + drawUs(distribution, random);
  queue.schedule(after(GAP), ARRIVAL);
  while (served < customers) {
    const event = queue.next();
    count++;
    if (event === ARRIVAL) {
      arrivedUs[arrived++] = queue.nowUs;
      if (arrived < customers) queue.schedule(after(GAP), ARRIVAL);
      if (arrived - served === 1) queue.schedule(after(SERVICE), DEPARTURE);
    } else {
      sojourns.record(queue.nowUs - arrivedUs[served++]!);
      if (served < arrived) queue.schedule(after(SERVICE), DEPARTURE);
    }
  }
  verifySojourn(sojourns.meanUs / UNIT_US, customers);
  return Promise.resolve({ count });
}

/** Messages between processes; `n` of them arrive. */
function phold({ n }: Sizes): Promise<Ran> {
  const queue = new EventQueue<number>();
  const random = new SeededRandom(SEED, "phold");
  const handled = new Uint32Array(PROCESSES);
  const after = () => queue.nowUs + drawUs(SERVICE, random);
  for (let process = 0; process < PROCESSES; process++) {
    queue.schedule(after(), process);
  }
  for (let left = n; left > 0; left--) {
    const process = queue.next()!;
    handled[process]!++;
    queue.schedule(after(), random.below(PROCESSES));
  }
  verifyHold(queue.nowUs / UNIT_US, n);
  return Promise.resolve({ count: handled.reduce((sum, of) => sum + of, 0) });
}

const RECORD_MINUTE = fileURLToPath(
  import.meta.resolve("../../fixtures/record_minute.json"),
);

/**
 * The whole shop with all checkers: `n` milliseconds of the record minute, at a
 * tenth of it. The opening of the shop, with 100,000 products, counts as well.
 */
function shop({ n }: Sizes): Promise<Ran> {
  const whole = parseScenario(
    Deno.readTextFileSync(RECORD_MINUTE),
    RECORD_MINUTE,
  );
  const value = whole.value as Readonly<Record<string, object>>;
  const clock = { ...value.clock, duration: `${n}ms` };
  const file = { ...whole, value: { ...value, clock } };
  const run = runnerOf({ path: RECORD_MINUTE, wallMs: () => 0 });
  const { verdict, messages, events } = run(resolveScenario(file, SEED), SEED);
  const count = verdict === "passed" ? n : 0;
  return Promise.resolve({ count, more: { messages, events } });
}

/** Ours, by the names that contests use. */
export const TASKS: Readonly<Record<string, Run>> = { mm1, phold, shop };
