/**
 * The few things that are needed of Redis, and three clients that give them as
 * they are: node-redis (`@redis/client`), ioredis and deno-redis (`@db/redis`).
 * A client is told by its shape; none is imported here. Commands are sent raw,
 * since the clients agree on nothing else.
 *
 * Some clients send a command again when its connection was cut, without a
 * word. Those that do not, reject, and the command may have been run. So every
 * command sent here must be harmless when it is run twice, and an error of a
 * connection is an unknown outcome.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** How a command ended. */
export type RedisAnswer =
  | { readonly kind: "ok"; readonly value: unknown }
  /** Redis refused it, or it was never sent: nothing happened. */
  | { readonly kind: "unavailable"; readonly reason: string }
  /** The connection failed: it may have been run. */
  | { readonly kind: "unknown"; readonly reason: string };

/** A script, and the name under which Redis keeps it. */
export interface RedisScript {
  /** In Lua. */
  readonly text: string;
  /** The SHA-1 of the text, in hexadecimal. */
  readonly sha: string;
}

/** See the module. */
export interface RedisPort {
  /** Sends a command; never rejects. */
  send(command: string[]): Promise<RedisAnswer>;
  /** Runs a script, loading it when Redis does not know it; never rejects. */
  run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<RedisAnswer>;
  /**
   * Hears what is published in a channel, on a connection of its own, until
   * what it gives is called. `ready` is called when it hears; when it cannot
   * connect, or not yet, it keeps trying as its client does, and says nothing.
   */
  subscribe(
    channel: string,
    heard: (message: string) => void,
    ready: () => void,
  ): () => Promise<void>;
}

/** node-redis, as far as it is used. */
export interface NodeRedis {
  /** Connected, and not connecting again. */
  readonly isReady: boolean;
  /** Sends a command as it is. */
  sendCommand(command: string[]): Promise<unknown>;
  /** Another client of the same server, not connected. */
  duplicate(): {
    on(event: "error", heard: () => void): unknown;
    connect(): Promise<unknown>;
    subscribe(
      channel: string,
      heard: (message: string) => void,
    ): Promise<unknown>;
    destroy(): void;
  };
}

/** ioredis, as far as it is used. */
export interface IoRedis {
  /** Such as `ready` and `reconnecting`. */
  readonly status: string;
  /** Sends a command as it is. */
  call(command: string, ...args: string[]): Promise<unknown>;
  /** Another client of the same server. */
  duplicate(): {
    on(event: string, heard: (...args: string[]) => void): unknown;
    subscribe(channel: string): Promise<unknown>;
    disconnect(): void;
  };
}

/** deno-redis, as far as it is used. */
export interface DenoRedis {
  /** It has a connection; without one it makes one when it needs it. */
  readonly isConnected: boolean;
  /** Sends a command as it is. */
  sendCommand(command: string, args?: string[]): Promise<unknown>;
  /** Hears a channel; the connection is for nothing else from then on. */
  subscribe(channel: string): Promise<{
    receive(): AsyncIterableIterator<{ readonly message: string }>;
  }>;
  /** Ends the connection, and what is received from it. */
  close(): void;
}

/** A client of one of the three kinds. */
export type RedisClient = NodeRedis | IoRedis | DenoRedis;

/** What some clients need besides. */
export interface RedisPortOptions {
  /**
   * Opens another connection of deno-redis, which cannot open one by itself.
   * Without it nothing is heard of releases, and waiters ask every so often.
   */
  readonly connectSubscriber?: () => Promise<DenoRedis>;
}

/** A script under its name. */
export function redisScript(text: string): RedisScript {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

/**
 * The port of a client.
 *
 * @throws {TypeError} When it is a client of no kind that is known here.
 */
export function redisPort(
  client: RedisClient,
  { connectSubscriber }: RedisPortOptions = {},
): RedisPort {
  if ("isReady" in client) return new Port(nodeRedisWire(client));
  if ("status" in client) return new Port(ioRedisWire(client));
  if ("isConnected" in client) {
    return new Port(denoRedisWire(client, connectSubscriber));
  }
  throw new TypeError(
    "Cannot use this Redis client as it is none of node-redis, ioredis and " +
      "deno-redis: it has no isReady, status or isConnected",
  );
}

/** What differs between the clients. */
interface Wire {
  /** A command that would only be queued for a later connection is not sent. */
  readonly isDown: () => boolean;
  readonly send: (command: string[]) => Promise<unknown>;
  readonly subscribe: RedisPort["subscribe"];
}

/** Redis' own errors begin with a word in capitals; deno-redis keeps the dash. */
const REFUSAL = /^-?[A-Z]{3,} /;

class Port implements RedisPort {
  readonly #wire: Wire;
  readonly subscribe: RedisPort["subscribe"];

  constructor(wire: Wire) {
    this.#wire = wire;
    this.subscribe = wire.subscribe;
  }

  send(command: string[]): Promise<RedisAnswer> {
    return this.#wire.isDown()
      ? Promise.resolve(NOT_CONNECTED)
      : this.#wire.send(command).then(answered, troubled);
  }

  run(
    { sha, text }: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<RedisAnswer> {
    if (this.#wire.isDown()) return Promise.resolve(NOT_CONNECTED);
    const rest = [String(keys.length), ...keys, ...args];
    return this.#wire.send(["EVALSHA", sha, ...rest]).then(
      answered,
      (error) => {
        const trouble = troubled(error);
        const isMissing = trouble.kind === "unavailable" &&
          trouble.reason.includes("NOSCRIPT");
        return isMissing ? this.send(["EVAL", text, ...rest]) : trouble;
      },
    );
  }
}

const NOT_CONNECTED: RedisAnswer = {
  kind: "unavailable",
  reason: "not connected",
};

function answered(value: unknown): RedisAnswer {
  return { kind: "ok", value };
}

function troubled(error: unknown): Exclude<RedisAnswer, { kind: "ok" }> {
  const reason = error instanceof Error ? error.message : String(error);
  return { kind: REFUSAL.test(reason) ? "unavailable" : "unknown", reason };
}

function nodeRedisWire(client: NodeRedis): Wire {
  return {
    isDown: () => !client.isReady,
    send: (command) => client.sendCommand(command),
    subscribe(channel, heard, ready) {
      const subscriber = client.duplicate();
      // Without a listener a lost connection would end the process.
      subscriber.on("error", () => {});
      const connecting = subscriber.connect()
        .then(() => subscriber.subscribe(channel, heard))
        .then(ready, () => {});
      return async () => {
        subscriber.destroy();
        await connecting;
      };
    },
  };
}

/** It has lost its connection, for now or for good. */
const DOWN: ReadonlySet<string> = new Set(["reconnecting", "close", "end"]);

function ioRedisWire(client: IoRedis): Wire {
  return {
    isDown: () => DOWN.has(client.status),
    send: ([name = "", ...args]) => client.call(name, ...args),
    subscribe(channel, heard, ready) {
      const subscriber = client.duplicate();
      subscriber.on("error", () => {});
      subscriber.on("message", (_, message = "") => heard(message));
      subscriber.subscribe(channel).then(ready, () => {});
      return () => {
        subscriber.disconnect();
        return Promise.resolve();
      };
    },
  };
}

function denoRedisWire(
  client: DenoRedis,
  connectSubscriber: RedisPortOptions["connectSubscriber"],
): Wire {
  return {
    // It connects again by itself, in the middle of a command.
    isDown: () => false,
    send: ([name = "", ...args]) => client.sendCommand(name, args),
    subscribe(channel, heard, ready) {
      if (connectSubscriber === undefined) return () => Promise.resolve();
      const subscriber = connectSubscriber();
      const listening = listen(subscriber, channel, heard, ready);
      return async () => {
        const connected = await subscriber.catch(() => null);
        connected?.close();
        await listening;
      };
    },
  };
}

async function listen(
  connecting: Promise<DenoRedis>,
  channel: string,
  heard: (message: string) => void,
  ready: () => void,
): Promise<void> {
  try {
    const subscriber = await connecting;
    const subscription = await subscriber.subscribe(channel);
    ready();
    for await (const { message } of subscription.receive()) heard(message);
  } catch {
    // Closed, or cut: waiters ask every so often all the same.
  }
}
