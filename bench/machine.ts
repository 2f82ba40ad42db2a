/**
 * The machine that a figure was taken on, for the reader of a result file.
 *
 * @module
 */
import { cpus } from "node:os";

/** What stands under `machine` in a result file. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly os: string;
  readonly deno: string;
  readonly v8: string;
  /** Mean of runnable tasks over the last minute, before the run. */
  readonly loadAverage: number;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
}

/** Looks at this machine. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: navigator.hardwareConcurrency,
    memoryBytes: Deno.systemMemoryInfo().total,
    os: `${Deno.build.os} ${Deno.osRelease()}`,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    loadAverage: Deno.loadavg()[0] ?? NaN,
    startedAt: new Date().toISOString(),
  };
}
