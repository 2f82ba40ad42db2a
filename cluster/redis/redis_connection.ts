/**
 * The connection of a process to the Redis that its shop shares: made once,
 * kept up by the client, and looked at before anything rests on it. What a
 * person can mend is said in one line, without the password.
 *
 * @module
 */
import { createClient } from "@redis/client";
import type { Log } from "../../actors/runtime/ports.ts";
import { StoreError } from "../journal/database.ts";
import { type NodeRedis, type RedisPort, redisPort } from "./redis_port.ts";

/** An open connection. */
export interface RedisConnection {
  readonly port: RedisPort;
  /** Ends it; what is under way is unknown. */
  close(): void;
}

/** A server that is there answers in milliseconds; a start can wait. */
const CONNECT_WITHIN_MS = 5_000;
/** Less than a lease: a server that hangs must not eat it up unnoticed. */
const SILENCE_MS = 2_000;
/** Twice within the silence, so that one lost answer does not end it. */
const PING_EVERY_MS = 800;
const RECONNECT_MOST_MS = 500;
/**
 * Scripts of the shop read the server's clock and write, which needs 5; sorted
 * sets are asked for the greater score, which needs 6.2.
 */
const OLDEST = [6, 2] as const;

/**
 * Connects and checks that the server can carry a shop.
 *
 * @throws {StoreError} For a wrong URL or password, a server that is away, too
 * old, full, or that may not be written.
 */
export async function connectRedis(
  url: string,
  log: Log,
): Promise<RedisConnection> {
  const name = nameOf(url);
  let isConnected = false;
  const client = createClient({
    url,
    socket: {
      connectTimeout: CONNECT_WITHIN_MS,
      socketTimeout: SILENCE_MS,
      // At the start somebody waits to hear what is wrong.
      reconnectStrategy: (retries) =>
        isConnected && Math.min(20 * 2 ** retries, RECONNECT_MOST_MS),
    },
    pingInterval: PING_EVERY_MS,
    disableOfflineQueue: true,
  });
  client.on("error", (error: Error) => {
    if (isConnected) log.write("warn", "redis lost", { cause: oneLine(error) });
  });
  try {
    await client.connect();
    await check(client, name);
  } catch (error) {
    client.destroy();
    if (error instanceof StoreError) throw error;
    throw unusable(name, error as Error);
  }
  isConnected = true;
  return {
    // The client's own types name every command; the port needs a few.
    port: redisPort(client as unknown as NodeRedis),
    close: () => client.destroy(),
  };
}

/** As it can be shown: without user and password. */
function nameOf(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    if (/^rediss?:$/.test(protocol) && host !== "") {
      return `REDIS_URL ${protocol}//${host}${pathname}`;
    }
  } catch {
    // Said below.
  }
  throw new StoreError(
    "foreign",
    "REDIS_URL",
    "a URL such as redis://127.0.0.1:6379",
    "something else",
  );
}

async function check(
  client: { sendCommand(command: string[]): Promise<unknown> },
  name: string,
): Promise<void> {
  const info = String(await client.sendCommand(["INFO", "server"]));
  const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? "";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new StoreError(
      "mismatch",
      name,
      `Redis ${OLDEST.join(".")} or later, or Valkey`,
      version === "" ? "something that does not say" : version,
    );
  }
  // Finds out who is full or only reads.
  await client.sendCommand(["SET", "doorbuster:probe", "1", "PX", "1000"]);
}

function unusable(name: string, error: Error): StoreError {
  const found = oneLine(error);
  const expected = /^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH)/.test(found)
    ? "a user and password that it knows, with the right to all commands"
    : /^(READONLY|OOM|MISCONF|LOADING)/.test(found)
    ? "a server that can be written"
    : "a Redis that answers";
  return new StoreError("unwritable", name, expected, found);
}

function oneLine(error: Error & { code?: string }): string {
  const text = error.message || error.code || error.name;
  return text.replaceAll(/\s+/g, " ");
}
