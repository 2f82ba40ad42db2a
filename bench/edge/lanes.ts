/**
 * Lanes: a server and what is asked of it. Rounds go A B C A B C …, so that
 * whatever the machine does meanwhile happens to all of them, and each round's
 * figures can be compared with one another.
 *
 * @module
 */
import type { RunOptions } from "../benchmark.ts";
import { drive, type LoadFigures, type PlannedLoad } from "./load.ts";
import type { Server } from "./servers.ts";

/** See the module. */
export interface Lane {
  readonly name: string;
  readonly server: Server;
  readonly load: PlannedLoad;
}

/** What one round of a lane gave. */
export interface Sample extends LoadFigures {
  /** Of the server, right after the round. */
  readonly memoryBytes: number;
  /** Processor time of the server, in microseconds an answer. */
  readonly cpuUs: number;
}

/** Samples by lane, in the order of the rounds. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

/** Code is compiled and caches are filled after a second of load. */
const WARM_UP_SECONDS = 1;

/** How many steps `runLanes` reports. */
export function stepsOf(lanes: number, { rounds }: RunOptions): number {
  return lanes * (rounds + 1);
}

/** A round to warm up, which does not count, then the rounds. */
export async function runLanes(
  lanes: readonly Lane[],
  connections: number,
  options: RunOptions,
): Promise<Samples> {
  const samples = new Map<string, Sample[]>(
    lanes.map(({ name }) => [name, []]),
  );
  for (let round = 0; round <= options.rounds; round++) {
    const isWarmUp = round === 0;
    for (const { name, server, load } of lanes) {
      const seconds = isWarmUp ? WARM_UP_SECONDS : options.roundSeconds;
      const cpuBefore = server.cpuSeconds();
      const figures = await drive(server, load, connections, seconds);
      const cpuSeconds = server.cpuSeconds() - cpuBefore;
      const sample: Sample = {
        ...figures,
        memoryBytes: server.memoryBytes(),
        cpuUs: (cpuSeconds * 1e6) / figures.answers,
      };
      if (!isWarmUp) samples.get(name)?.push(sample);
      options.step(
        `${name} at ${connections}: ${figures.perSecond.toFixed(0)}/s`,
      );
    }
  }
  return samples;
}
