/**
 * What holds for every store of shared limits: one table, for Redis and for the
 * model that stands for it in virtual time.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Telling } from "../../../cluster/limiters/shared_bucket.ts";

/** Tells as a process, and gives the levels in tokens. */
export type Tell = (
  process: string,
  ...tellings: readonly Telling[]
) => Promise<readonly number[]>;

const MICRO = 1_000_000;

/** What is told of a bucket of ten: so much counted before, so much in all. */
export function telling(
  key: string,
  toldTokens: number,
  takenTokens: number,
  { burst = 10, ratePerSecond = 1, tokens = 10 } = {},
): Telling {
  const microTokens = tokens * MICRO;
  return {
    ...{ key, burst, ratePerSecond, microTokens, toldTokens, takenTokens },
  };
}

/** A claim, and what shows it. */
export interface StoreCase {
  readonly name: string;
  readonly check: (tell: Tell) => Promise<void>;
}

/** The levels are these and what dripped in since: under a token in a second. */
function near(levels: readonly number[], expected: readonly number[]): void {
  assert.equal(levels.length, expected.length);
  levels.forEach((level, index) => {
    const beyond = level - expected[index]!;
    assert.ok(beyond >= 0 && beyond < 1, `${levels} for ${expected}`);
  });
}

/** See the module. */
export const STORE_CASES: readonly StoreCase[] = [
  {
    name: "takes a bucket that it does not know as the process believes it",
    async check(tell) {
      near(await tell("ann", telling("new", 0, 4, { tokens: 6 })), [6]);
      near(await tell("bob", telling("new", 90, 91)), [5]);
    },
  },
  {
    name: "counts what is told again, or by an older message, once",
    async check(tell) {
      await tell("ann", telling("twice", 0, 0));
      near(await tell("ann", telling("twice", 0, 3)), [7]);
      near(await tell("ann", telling("twice", 0, 3)), [7]);
      // The answer was lost: it only knows that 3 are counted.
      near(await tell("ann", telling("twice", 3, 5)), [5]);
      near(await tell("ann", telling("twice", 3, 6)), [4]);
      near(await tell("ann", telling("twice", 0, 4)), [4]);
      near(await tell("ann", telling("twice", 3, 6)), [4]);
    },
  },
  {
    name: "keeps what each process took apart, and what each bucket has",
    async check(tell) {
      const both = (told: number, taken: number) =>
        ["one", "other"].map((key) => telling(key, told, taken));
      await tell("ann", ...both(0, 0));
      near(await tell("ann", ...both(0, 2)), [8, 8]);
      near(await tell("bob", telling("one", 0, 2)), [6]);
      near(await tell("bob", ...both(2, 3)), [5, 7]);
    },
  },
  {
    name: "goes below nothing when more was taken than there was",
    async check(tell) {
      await tell("ann", telling("debt", 0, 0));
      near(await tell("ann", telling("debt", 0, 10)), [0]);
      near(await tell("bob", telling("debt", 0, 4)), [-4]);
    },
  },
  {
    name: "fills up to the burst and no further, with the largest numbers",
    async check(tell) {
      const large = { burst: 4_000_000_000, ratePerSecond: 4_000_000_000 };
      // A hundredth of a second is missing.
      const tokens = 3_960_000_000;
      await tell("ann", telling("large", 0, 0, { ...large, tokens }));
      let [level] = await tell("ann", telling("large", 0, 0, large));
      while (level! < large.burst) {
        assert.ok(Number.isSafeInteger(level! * MICRO));
        [level] = await tell("ann", telling("large", 0, 0, large));
      }
      assert.equal(level, large.burst);
    },
  },
  {
    name: "is told of nothing, and answers",
    async check(tell) {
      assert.deepEqual(await tell("ann"), []);
    },
  },
];
