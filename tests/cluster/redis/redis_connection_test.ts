/**
 * What a person is told who names a Redis that cannot carry a shop.
 *
 * @module
 */
import assert from "node:assert/strict";
import { StoreError } from "../../../cluster/journal/database.ts";
import { connectRedis } from "../../../cluster/redis/redis_connection.ts";
import { granted } from "../../permission.ts";
import { RedisServer } from "./redis_server.ts";

const quiet = { write: () => {} };

/** The line that a start with this URL ends in. */
async function lineFor(url: string): Promise<string> {
  try {
    const { close } = await connectRedis(url, quiet);
    close();
  } catch (error) {
    if (error instanceof StoreError) return error.message;
    throw error;
  }
  return "connected";
}

/** A server that was told a few things before anybody came. */
async function serverWith(...commands: string[]): Promise<RedisServer> {
  const server = await RedisServer.start();
  for (const command of commands) await server.ask(command);
  return server;
}

interface Case {
  readonly what: string;
  /** What the server is told first. */
  readonly told: readonly string[];
  readonly url: (port: number) => string;
  readonly line: RegExp;
}

const CASES: readonly Case[] = [
  {
    what: "a server that can carry a shop",
    told: [],
    url: (port) => `redis://127.0.0.1:${port}`,
    line: /^connected$/,
  },
  {
    what: "another kind of URL",
    told: [],
    url: (port) => `http://secret@127.0.0.1:${port}`,
    line: /^Cannot use "REDIS_URL": expected a URL such as redis:/,
  },
  {
    what: "no URL",
    told: [],
    url: () => "localhost",
    line: /^Cannot use "REDIS_URL": expected a URL such as redis:/,
  },
  {
    what: "a port that nobody listens on",
    told: [],
    url: () => "redis://127.0.0.1:1",
    line: /expected a Redis that answers, found .*refused/i,
  },
  {
    what: "a missing password",
    told: ["CONFIG SET requirepass right"],
    url: (port) => `redis://127.0.0.1:${port}`,
    line: /expected a user and password that it knows.*found NOAUTH/,
  },
  {
    what: "a wrong password, which is not shown",
    told: ["CONFIG SET requirepass right"],
    url: (port) => `redis://:wrong@127.0.0.1:${port}`,
    line: /^(?!.*wrong@).*expected a user and password.*found WRONGPASS/,
  },
  {
    what: "a replica that may only be read",
    told: ["REPLICAOF 127.0.0.1 1", "CONFIG SET replica-serve-stale-data yes"],
    url: (port) => `redis://127.0.0.1:${port}`,
    line: /expected a server that can be written, found READONLY/,
  },
  {
    what: "a server that is full",
    told: ["CONFIG SET maxmemory 1"],
    url: (port) => `redis://127.0.0.1:${port}`,
    line: /expected a server that can be written, found OOM/,
  },
];

for (const { what, told, url, line } of CASES) {
  Deno.test({
    name: `G112 a start names in one line what is wrong with Redis: ${what}`,
    ignore: !granted("net", "run", "read", "write", "env", "sys"),
    async fn() {
      await using server = await serverWith(...told);
      const found = await lineFor(url(server.port));
      assert.match(found, line);
      assert.ok(!found.includes("\n"));
    },
  });
}
