/**
 * What one shop sells with so many processes: a scenario is run in virtual time
 * with one process and with more, all else being equal, and what came of it is
 * counted once the shop is warm. It says something because its machines can be
 * too busy: see the scenario's section `machines`.
 *
 * @module
 */
import type { Observation, WorkCount } from "../observation.ts";
import type { Rerun } from "../repro.ts";
import { resolveScenario, type ScenarioFile } from "../scenario.ts";
import type { Scenario } from "../scenario_values.ts";

/** Doubled each time. */
export const PROCESSES = [1, 2, 4, 8, 16, 32, 64] as const;

/** The shop with so many processes, while it was warm. */
export interface Point {
  readonly processes: number;
  readonly ordersPerSecond: number;
  /** Orders beside those of the first point. */
  readonly speedUp: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Busy shares of cores: of the process with least, and with most to do. */
  readonly leastBusy: number;
  readonly mostBusy: number;
  /** Of Redis' one thread, and of the database's cores. */
  readonly redisBusy: number;
  readonly databaseBusy: number;
  readonly redisRequestsPerSecond: number;
  readonly commitsPerSecond: number;
}

/** A curve that did not come to its end; the message is one line. */
export class ScalingError extends Error {}

/** Runs the scenario with each number of processes, the first one first. */
export function scalingOf(
  file: ScenarioFile,
  processes: readonly number[],
  run: Rerun,
): Point[] {
  const points: Point[] = [];
  for (const count of processes) {
    const point = pointOf(withProcesses(file, count), run);
    const first = points[0] ?? point;
    const speedUp = point.ordersPerSecond / first.ordersPerSecond;
    points.push({ ...point, speedUp });
  }
  return points;
}

/** The same file with another number of processes. */
function withProcesses(file: ScenarioFile, processes: number): ScenarioFile {
  const value = file.value as Readonly<Record<string, object>>;
  const network = { ...value.network, processes };
  return { ...file, value: { ...value, network } };
}

const SEED = 1;

function pointOf(file: ScenarioFile, run: Rerun): Omit<Point, "speedUp"> {
  const scenario = resolveScenario(file, SEED);
  const counts = new WarmCounts(scenario);
  const result = run(scenario, SEED, (seen) => counts.observe(seen));
  const { processes } = scenario.network;
  if (result.verdict !== "passed") {
    const [wrong] = result.checks.filter(({ ok }) => !ok);
    const why = wrong?.firstViolation?.detail ?? result.verdict;
    throw new ScalingError(`With ${processes} processes: ${why}`);
  }
  const latency = result.latencies.find(({ step }) => step === "place_order");
  return {
    processes,
    ...counts.figures(scenario),
    p50Ms: latency?.p50Ms ?? 0,
    p99Ms: latency?.p99Ms ?? 0,
  };
}

/** What had been done at a moment. */
interface Count {
  readonly atUs: number;
  readonly orders: number;
  readonly work: readonly WorkCount[];
}

/** Counts from the end of the warm-up on, until nobody comes any more. */
class WarmCounts {
  readonly #warmupUs: number;
  readonly #durationUs: number;
  #startUs = Infinity;
  #orders = 0;
  /** Calls under way that want an order. */
  readonly #placing = new Set<number>();
  #first: Count | null = null;
  #last: Count | null = null;

  constructor({ clock }: Scenario) {
    this.#warmupUs = clock.warmupUs;
    this.#durationUs = clock.durationUs;
  }

  observe(seen: Observation): void {
    if (seen.kind === "called") {
      if (this.#startUs === Infinity) this.#startUs = seen.atUs;
      if (seen.step === "place_order") this.#placing.add(seen.call);
    } else if (seen.kind === "returned") {
      const isOrder = this.#placing.delete(seen.call);
      if (isOrder && seen.outcome.kind === "ok") this.#orders++;
    } else if (seen.kind === "work_counted") {
      const { atUs, work } = seen;
      const sinceUs = atUs - this.#startUs;
      if (sinceUs < this.#warmupUs || sinceUs > this.#durationUs) return;
      this.#last = { atUs, orders: this.#orders, work };
      this.#first ??= this.#last;
    }
  }

  figures({ machines, network }: Scenario) {
    const first = this.#first!;
    const last = this.#last!;
    const tookUs = last.atUs - first.atUs;
    const perSecond = (count: number) => count / tookUs * 1e6;
    const of = (who: string, key: "workedUs" | "requests") =>
      countOf(last, who, key) - countOf(first, who, key);
    const busy = (who: string, cores: number | null) =>
      of(who, "workedUs") / tookUs / (cores ?? 1);
    const shares = Array.from(
      { length: network.processes },
      (_, place) => busy(`process[${place}]`, machines.cores),
    );
    return {
      ordersPerSecond: perSecond(last.orders - first.orders),
      leastBusy: Math.min(...shares),
      mostBusy: Math.max(...shares),
      redisBusy: busy("redis", 1),
      databaseBusy: busy("database", machines.databaseCores),
      redisRequestsPerSecond: perSecond(of("redis", "requests")),
      commitsPerSecond: perSecond(of("database", "requests")),
    };
  }
}

function countOf(
  { work }: Count,
  who: string,
  key: "workedUs" | "requests",
): number {
  return work.find((each) => each.who === who)?.[key] ?? 0;
}
