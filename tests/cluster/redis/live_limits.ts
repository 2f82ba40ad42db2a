/**
 * Processes that share limits over a real Redis, and clients who want five
 * times as much as the limit allows.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Limiter } from "../../../cluster/limiters/limiter.ts";
import type {
  SharedLimits,
  Told,
} from "../../../cluster/limiters/shared_limits.ts";
import { RedisLimits } from "../../../cluster/redis/redis_limits.ts";
import type { RedisPort } from "../../../cluster/redis/redis_port.ts";
import { hostClock } from "../../../cluster/worker/host_clock.ts";
import { openSharedLimits } from "../../../cluster/worker/host_limits.ts";
import type { Tell } from "../limiters/limit_store_contract.ts";
import { type Passed, QUIET, SHARING } from "../limiters/limit_world.ts";

/** The limit of the key. */
export const BUCKET = { burst: 40, ratePerSecond: 400 };

/** Requests each millisecond at each of three: 6,000/s. */
const OFFERED_PER_MS = 2;

/** A process as it shares limits through a client. */
export function openLimits(
  redis: RedisPort,
  process: string,
  { answerWithinMs } = SHARING,
) {
  const options = { redis, storeId: "store", process, log: QUIET };
  const policy = { ...SHARING, answerWithinMs };
  return openSharedLimits({ ...options, policy });
}

/** Tells as a process whose name is given each time. */
export function tellThrough(redis: RedisPort): Tell {
  return async (process, ...tellings) => {
    const prefix = "doorbuster:{store}:";
    const store = new RedisLimits({ redis, prefix, process, clock: hostClock });
    const told = await new Promise<Told>((resolve) =>
      store.tell(tellings, resolve)
    );
    assert.ok(told.kind === "ok", JSON.stringify(told));
    return told.microTokens.map((level) => level / 1_000_000);
  };
}

/** The same key in each process, all of which know how many they are. */
export function limitersOf(
  all: readonly SharedLimits[],
  { burst, ratePerSecond }: typeof BUCKET,
): Limiter[] {
  return all.map((limits) => {
    limits.setProcesses(all.length);
    const policy = {
      ...{ kind: "token-bucket" as const, capacityTokens: burst },
      refillPerSecond: ratePerSecond,
    };
    return limits.limiterFor("user:ann", policy, hostClock.monotonicMs());
  });
}

/** Offers requests to all of them for so long; gives what passed. */
export async function offer(
  limiters: readonly Limiter[],
  forMs: number,
): Promise<Passed[]> {
  const passed: Passed[] = [];
  const fromMs = hostClock.monotonicMs();
  let offered = 0;
  for (let atMs = fromMs; atMs < fromMs + forMs;) {
    for (; offered < OFFERED_PER_MS * (atMs - fromMs); offered++) {
      for (const limiter of limiters) {
        if (limiter.tryTake(atMs)) passed.push({ atMs, cost: 1 });
      }
    }
    await turn();
    atMs = hostClock.monotonicMs();
  }
  return passed;
}

/** Lets whatever is ready happen. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
