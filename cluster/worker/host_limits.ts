/**
 * Limits that this process shares with others, on the machine's clock.
 *
 * @module
 */
import type { Log } from "../../actors/runtime/ports.ts";
import {
  SharedLimits,
  type SharingPolicy,
  TICK_EVERY_MS,
} from "../limiters/shared_limits.ts";
import { RedisLimits } from "../redis/redis_limits.ts";
import type { RedisPort } from "../redis/redis_port.ts";
import { hostClock } from "./host_clock.ts";

/** Where shared limits are, and whose they are. */
export interface HostLimitsOptions {
  readonly redis: RedisPort;
  readonly storeId: string;
  /** The name of this process in this life. */
  readonly process: string;
  readonly policy: SharingPolicy;
  readonly log: Log;
}

/** Shared limits, and how to be done with them. */
export interface HostLimits extends Disposable {
  readonly limits: SharedLimits;
}

/**
 * Begins to share limits. Disposed of, it tells once more what is untold, and
 * does not wait for the answer.
 */
export function openSharedLimits(options: HostLimitsOptions): HostLimits {
  const { redis, storeId, process, policy, log } = options;
  const prefix = `doorbuster:{${storeId}}:`;
  const store = new RedisLimits({ redis, prefix, process, clock: hostClock });
  const limits = new SharedLimits(policy, store, log);
  const tick = () => limits.tick(hostClock.monotonicMs());
  const timer = setInterval(tick, TICK_EVERY_MS);
  return {
    limits,
    [Symbol.dispose]() {
      clearInterval(timer);
      tick();
    },
  };
}
