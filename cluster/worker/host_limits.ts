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
export interface HostLimits extends AsyncDisposable {
  readonly limits: SharedLimits;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Begins to share limits. Disposed of, it tells what is untold. */
export function openSharedLimits(options: HostLimitsOptions): HostLimits {
  const { redis, storeId, process, policy, log } = options;
  const prefix = `doorbuster:{${storeId}}:`;
  const store = new RedisLimits({ redis, prefix, process, clock: hostClock });
  const limits = new SharedLimits(policy, store, log);
  const timer = setInterval(
    () => limits.tick(hostClock.monotonicMs()),
    TICK_EVERY_MS,
  );
  return {
    limits,
    async [Symbol.asyncDispose]() {
      await new Promise<void>((left) =>
        limits.leave(hostClock.monotonicMs(), left)
      );
      clearInterval(timer);
    },
  };
}
