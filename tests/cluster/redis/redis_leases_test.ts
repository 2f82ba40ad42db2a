/** Locks over a real Redis: the contract of locks, and what Redis adds. */
// Promised: G51, G52, G53.
import { createClient } from "@redis/client";
import { RedisLeases } from "../../../cluster/redis/redis_leases.ts";
import { redisPort } from "../../../cluster/redis/redis_port.ts";
import { granted } from "../../permission.ts";
import { checkLock } from "../lock/lock_contract.ts";
import { RedisServer } from "./redis_server.ts";

const ignore = !granted("net", "run", "read", "write", "env");

async function connect(port: number) {
  const client = createClient({
    socket: { host: "127.0.0.1", port },
    disableOfflineQueue: true,
  });
  client.on("error", () => {});
  await client.connect();
  return client;
}

for (const isFair of [false, true]) {
  Deno.test({
    name: `a ${isFair ? "fair " : ""}lock over Redis keeps the contract`,
    ignore,
    async fn(test) {
      await using server = await RedisServer.start();
      const client = await connect(server.port);
      const port = redisPort(client);
      try {
        await checkLock(test, {
          open: () => new RedisLeases(port, { isFair, retryEveryMs: 60_000 }),
        });
      } finally {
        client.destroy();
      }
    },
  });
}
