/**
 * lru-cache's program in the contests of policies: `main.ts NAME MILLISECONDS
 * n=N`.
 *
 * @module
 */
import { LRUCache } from "lru-cache";
import { type Ran, runProgram, type Sizes } from "../../actors/program.ts";
import { CAPACITY, keyOf, verifyHits } from "../../policies/reads.ts";

function look({ n }: Sizes): Promise<Ran> {
  const cache = new LRUCache<string, number>({ max: CAPACITY });
  let hits = 0;
  for (let read = 0; read < n; read++) {
    const key = keyOf(read);
    if (cache.get(key) !== undefined) hits++;
    else cache.set(key, read);
  }
  verifyHits(hits, n);
  return Promise.resolve({ count: n });
}

await runProgram({ lru: look }, Deno.args);
