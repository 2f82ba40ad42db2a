/**
 * rate-limiter-flexible's program in the contests of limiters: `main.ts NAME
 * MILLISECONDS n=N`. In memory, as its documents use it: one `consume` for each
 * request, awaited.
 *
 * @module
 */
import { RateLimiterMemory } from "rate-limiter-flexible";
import { type Ran, runProgram, type Sizes } from "../../actors/program.ts";
import { BURST, userOf, verifyPassed } from "../../limiters/users.ts";

async function consume({ n }: Sizes): Promise<Ran> {
  const limiter = new RateLimiterMemory({ points: BURST, duration: 1 });
  let passed = 0;
  for (let request = 0; request < n; request++) {
    const { remainingPoints } = await limiter.consume(userOf(request));
    if (remainingPoints >= 0) passed++;
  }
  verifyPassed(passed, n);
  return { count: n };
}

await runProgram(
  { "token-bucket": consume, admission: consume },
  Deno.args,
);
