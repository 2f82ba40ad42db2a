/**
 * The npm library `hashring` in the contest of rings: `main.ts ring
 * MILLISECONDS n=N`. With its own defaults: MD5, 160 points for each server.
 *
 * @module
 */
import {
  type Ran,
  type Run,
  runProgram,
  type Sizes,
} from "../../actors/program.ts";
import { KEYS, SERVERS, verifyShares } from "../../balancers/picks.ts";

/** What of the library is used here; the package has no types. */
interface Library {
  readonly default: new (servers: string[]) => { get(key: string): string };
}

const { default: HashRing } = await import("hashring") as Library;

const BUILT = new HashRing([...SERVERS]);

/** See `bench/balancers/tasks.ts`. */
function ring({ n }: Sizes): Promise<Ran> {
  const counts = new Map(SERVERS.map((server) => [server, 0]));
  for (let look = 0; look < n; look++) {
    const server = BUILT.get(KEYS[look % KEYS.length]!);
    counts.set(server, counts.get(server)! + 1);
  }
  verifyShares(counts);
  return Promise.resolve({ count: n });
}

const TASKS: Readonly<Record<string, Run>> = { ring };

await runProgram(TASKS, Deno.args);
