/**
 * One process of the determinism check: runs seeds one after the other and
 * prints what they came to, a line of JSON each. Of one seed, on demand, all
 * that happened as well. It can be given a fault on purpose.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- another process reads its output
import { SeededRandom, stableHash } from "../../../actors/runtime/random.ts";
import { runnerOf } from "../../../sim/command.ts";
import { parseScenario, resolveScenario } from "../../../sim/scenario.ts";
import { Scheduler } from "../../../sim/scheduler.ts";
import {
  scenarioPathOf,
  swarmScenario,
} from "../../../sim/swarm/swarm_scenario.ts";

/** What a process is told to do, as JSON in its argument. */
export interface Job {
  /** In this order, in one process. */
  readonly seeds: readonly number[];
  /** Clients that come in a run, at most. */
  readonly clients: number;
  /** All acts and observations of this seed are printed. */
  readonly shown?: number;
  readonly planted?: Planted;
  /** Something else keeps a core busy meanwhile. */
  readonly isDisturbed: boolean;
}

/** Ways in which a run is made to depend on more than its seed. */
export type Planted = "counter" | "clock" | "race";

/** What a run came to. */
export interface Ran {
  readonly seed: number;
  /** The scheduler's hash of all acts. */
  readonly trace: string;
  readonly events: number;
  readonly observations: number;
  /** The rolling hash of all observations. */
  readonly seen: number;
}

/** Draws between two that a planted fault turns. */
const DRAWS_PER_FAULT = 500;

/**
 * Makes every so many draws of randomness depend on what the fault is about;
 * the originals are taken before a run can forbid them.
 */
async function plant(fault: Planted): Promise<void> {
  const disturbance = await disturbanceOf(fault);
  const { next } = SeededRandom.prototype;
  let draws = 0;
  SeededRandom.prototype.next = function (this: SeededRandom): number {
    const drawn = next.call(this);
    if (++draws % DRAWS_PER_FAULT !== 0) return drawn;
    return (drawn ^ stableHash(`${disturbance()}`)) >>> 0;
  };
}

async function disturbanceOf(fault: Planted): Promise<() => number> {
  if (fault === "counter") {
    let total = 0;
    return () => ++total;
  }
  if (fault === "clock") return performance.now.bind(performance);
  const shared = counter();
  await startThread(shared);
  return () => Atomics.load(shared, 0);
}

/** A count, and a place to wait at. */
function counter(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(8));
}

/** A thread that counts, in bursts, until the process ends. */
async function startThread(shared: Int32Array): Promise<void> {
  const source = "onmessage = ({ data }) => { postMessage(0); for (;;) {" +
    " for (let count = 0; count < 100_000; count++) Atomics.add(data, 0, 1);" +
    " Atomics.wait(data, 1, 0, 1); } };";
  const url = URL.createObjectURL(new Blob([source]));
  const worker = new Worker(url, { type: "module" });
  const { promise, resolve } = Promise.withResolvers<void>();
  worker.onmessage = () => resolve();
  worker.postMessage(shared);
  await promise;
}

/** Prints whatever goes into the hash, until called off. */
function showActs(): () => void {
  const { mix } = Scheduler.prototype;
  Scheduler.prototype.mix = function (this: Scheduler, label: number): void {
    console.log(JSON.stringify({ kind: "act", atUs: this.nowUs, label }));
    mix.call(this, label);
  };
  return () => Scheduler.prototype.mix = mix;
}

function runSeed(seed: number, { clients, shown }: Job): Ran {
  const hideActs = seed === shown ? showActs() : () => {};
  const path = scenarioPathOf(seed);
  const whole = parseScenario(Deno.readTextFileSync(path), path);
  const file = swarmScenario(whole, { seed, clients });
  let observations = 0;
  let seen = 0;
  const { trace, events } = runnerOf({ path, wallMs: () => 0 })(
    resolveScenario(file, seed),
    seed,
    (observation) => {
      observations++;
      const line = JSON.stringify(observation);
      seen = stableHash(line, seen);
      if (seed === shown) console.log(line);
    },
  );
  hideActs();
  return { seed, trace, events, observations, seen };
}

if (import.meta.main) {
  const job: Job = JSON.parse(Deno.args[0]!);
  if (job.planted) await plant(job.planted);
  if (job.isDisturbed) {
    await startThread(counter());
  }
  for (const seed of job.seeds) console.log(JSON.stringify(runSeed(seed, job)));
  Deno.exit();
}
