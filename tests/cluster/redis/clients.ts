/**
 * The Redis clients that locks must work with, as people set them up, each
 * behind the port. They differ most in what they do with a command whose
 * connection is cut.
 *
 * @module
 */
import { createClient } from "@redis/client";
import {
  type RedisPort,
  redisPort,
} from "../../../cluster/redis/redis_port.ts";
import { DenoRedisClient } from "./deno_redis_client.ts";

/** A client that is connected. */
export interface Connected extends AsyncDisposable {
  readonly port: RedisPort;
}

/** A kind of client. */
export interface ClientKind {
  readonly name: string;
  /** It rejects after a cut; others send again, and say nothing of it. */
  readonly givesUp: boolean;
  connect(port: number): Promise<Connected>;
}

const HOST = "127.0.0.1";
const RECONNECT_MS = 10;

/** See the module. */
export const NODE_REDIS: ClientKind = {
  name: "node-redis",
  givesUp: true,
  async connect(port) {
    const client = createClient({
      socket: { host: HOST, port, reconnectStrategy: () => RECONNECT_MS },
      disableOfflineQueue: true,
    });
    client.on("error", () => {});
    await client.connect();
    return connected(redisPort(client), async () => {
      const { isReady } = client;
      client.destroy();
      // Closed while it connects again, it and those that it made leave timers.
      if (isReady) return;
      await new Promise((resolve) => setTimeout(resolve, 2 * RECONNECT_MS));
    });
  },
};

function ioRedis(
  name: string,
  givesUp: boolean,
  options: {
    maxRetriesPerRequest?: number;
    autoResendUnfulfilledCommands?: boolean;
  },
): ClientKind {
  return {
    name,
    givesUp,
    async connect(port) {
      // It reads the environment while it loads, which not everybody may.
      const { Redis } = await import("ioredis");
      const client = new Redis(port, HOST, {
        ...options,
        retryStrategy: () => RECONNECT_MS,
      });
      client.on("error", () => {});
      await client.ping();
      return connected(redisPort(client), async () => {
        // In the middle of connecting again it would leave a timer behind.
        if (client.status !== "ready") await client.ping();
        const ended = new Promise((resolve) => client.once("end", resolve));
        client.disconnect();
        await ended;
      });
    },
  };
}

function denoRedis(
  name: string,
  givesUp: boolean,
  options: { maxRetryCount?: number },
): ClientKind {
  return {
    name,
    givesUp,
    async connect(port) {
      const open = () =>
        DenoRedisClient.connect({ hostname: HOST, port, ...options });
      const client = await open();
      const redis = redisPort(client, { connectSubscriber: open });
      return connected(redis, () => client.close());
    },
  };
}

/** It says nothing any more of a command whose connection was cut. */
export const FORGETFUL: ClientKind = ioRedis("ioredis that forgets", false, {
  autoResendUnfulfilledCommands: false,
});

/** All whose commands end. */
export const CLIENT_KINDS: readonly ClientKind[] = [
  NODE_REDIS,
  ioRedis("ioredis", false, {}),
  ioRedis("ioredis that gives up", true, { maxRetriesPerRequest: 0 }),
  denoRedis("a client like deno-redis", false, {}),
  denoRedis("one that gives up", true, { maxRetryCount: 0 }),
];

function connected(
  port: RedisPort,
  close: () => void | Promise<void>,
): Connected {
  return { port, [Symbol.asyncDispose]: async () => await close() };
}
