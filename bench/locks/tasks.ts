/**
 * What both programs do, with whatever gives them a lock, and how each shows
 * that nobody else held it.
 *
 * @module
 */
import type { Run } from "../actors/program.ts";
import { verify } from "../actors/program.ts";

/** Longer than any of the tasks: no lease runs out. */
export const TTL_MS = 60_000;

/** Waits for a lock. */
export type Acquire = (
  name: string,
) => Promise<{ release(): Promise<unknown> }>;

/** The tasks by the names that contests use. */
export function lockTasks(acquire: Acquire): Readonly<Record<string, Run>> {
  let holders = 0;
  async function turn(name: string): Promise<void> {
    const lease = await acquire(name);
    verify("a lock", ++holders, 1);
    holders--;
    await lease.release();
  }
  return {
    async alone({ n }) {
      for (let count = 0; count < n; count++) await turn("alone");
      return { count: n };
    },
    async crowd({ n, actors }) {
      // The warm-up has fewer turns.
      const turns = Math.ceil(n / actors);
      await Promise.all(Array.from({ length: actors }, async () => {
        for (let count = 0; count < turns; count++) await turn("crowd");
      }));
      return { count: turns * actors };
    },
  };
}
