/**
 * A real ZooKeeper on a free port of this machine, with Debian's jars and a
 * folder of its own, gone with the test. A tick of a tenth of a second lets
 * sessions be as short as a test can wait for.
 *
 * @module
 */
import assert from "node:assert/strict";
import zookeeper from "node-zookeeper-client";
import type { ZooKeeperClient } from "../../../cluster/zookeeper/zookeeper_port.ts";
import { freePort } from "../redis/redis_server.ts";

/** Starting takes half a second on an idle machine. */
const READY_WITHIN_MS = 30_000;
/** Any session of a test has ended by then. */
const SEEN_WITHIN_MS = 30_000;
const ASK_WITHIN_MS = 500;
const JARS = "/usr/share/java/zookeeper.jar";

/** See the module. */
export class ZooKeeperServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  #child: Deno.ChildProcess;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.#folder = folder;
    this.#child = spawn(folder);
  }

  /** Starts one and waits until it answers. */
  static async start(): Promise<ZooKeeperServer> {
    const folder = await Deno.makeTempDir();
    const port = freePort();
    const settings = [
      "tickTime=100",
      "maxSessionTimeout=60000",
      `dataDir=${folder}/data`,
      `clientPort=${port}`,
      "clientPortAddress=127.0.0.1",
      "maxClientCnxns=0",
      "admin.enableServer=false",
      "4lw.commands.whitelist=*",
      // Nobody turns the power off in the middle of a test.
      "forceSync=no",
    ];
    await Deno.writeTextFile(`${folder}/zoo.cfg`, settings.join("\n"));
    const server = new ZooKeeperServer(port, folder);
    await server.#answers();
    return server;
  }

  /** Sends one of its commands of four letters and gives the answer. */
  async ask(command: string): Promise<string> {
    const connection = await Deno.connect({ port: this.port });
    // One that comes while the server starts may never be answered.
    const deadline = setTimeout(() => close(connection), ASK_WITHIN_MS);
    try {
      // A port on which nobody listens yet may be connected to itself.
      assert.notEqual(connection.localAddr.port, this.port);
      await connection.write(new TextEncoder().encode(command));
      const buffer = new Uint8Array(16_384);
      let answer = "";
      let length: number | null;
      while ((length = await connection.read(buffer)) !== null) {
        answer += new TextDecoder().decode(buffer.subarray(0, length));
      }
      return answer;
    } finally {
      clearTimeout(deadline);
      close(connection);
    }
  }

  /** Starts it again, with what it knew, once it has been killed. */
  async restart(): Promise<void> {
    this.#child = spawn(this.#folder);
    await this.#answers();
  }

  /** Takes the power away, if it has any. */
  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // Killed before.
    }
    await this.#child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #answers(): Promise<void> {
    const deadlineMs = performance.now() + READY_WITHIN_MS;
    while (performance.now() < deadlineMs) {
      try {
        if (await this.ask("ruok") === "imok") return;
      } catch {
        // Not there yet: a refused connection takes no time.
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.fail("ZooKeeper does not answer");
  }
}

/** A client of a server, or of a proxy in front of it, not connected. */
export function zooKeeperClient(
  port: number,
  sessionTimeout: number,
): ZooKeeperClient {
  return zookeeper.createClient(`127.0.0.1:${port}`, {
    sessionTimeout,
    spinDelay: 10,
  });
}

/** Looks at znodes past all locks. */
export class Onlooker implements AsyncDisposable {
  readonly #client: ZooKeeperClient;

  private constructor(client: ZooKeeperClient) {
    this.#client = client;
  }

  /** Connects to a server. */
  static async at(port: number): Promise<Onlooker> {
    const client = zooKeeperClient(port, 10_000);
    const onlooker = new Onlooker(client);
    await onlooker.#until("SYNC_CONNECTED", () => client.connect());
    return onlooker;
  }

  /** The names of znodes below a path; none when it is not there. */
  children(path: string): Promise<readonly string[]> {
    return new Promise((resolve) =>
      this.#client.getChildren(
        path,
        (error, names) => resolve(error === null ? names : []),
      )
    );
  }

  /** Resolves when so many are below a path; fails when that takes long. */
  async waitForChildren(path: string, count: number): Promise<void> {
    const deadlineMs = performance.now() + SEEN_WITHIN_MS;
    while (true) {
      const names = await this.children(path);
      if (names.length === count) return;
      assert.ok(performance.now() < deadlineMs, `${count}, not ${names}`);
      // Asking without a pause would keep all timers of this process waiting.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Removes a znode, as an operator may. */
  remove(path: string): Promise<void> {
    return new Promise((resolve) => this.#client.remove(path, () => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#client.getState().name === "SYNC_CONNECTED") {
      await this.#until("DISCONNECTED", () => this.#client.close());
    } else {
      this.#client.close();
      this.#client.connectionManager.socket?.destroy(new Error("Closed"));
    }
  }

  #until(state: string, begin: () => void): Promise<void> {
    const reached = Promise.withResolvers<void>();
    this.#client.on("state", () => {
      if (this.#client.getState().name === state) reached.resolve();
    });
    begin();
    return reached.promise;
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // Closed already.
  }
}

function spawn(folder: string): Deno.ChildProcess {
  return new Deno.Command("java", {
    args: [
      "-Xmx128m",
      "-XX:+UseSerialGC",
      "-XX:TieredStopAtLevel=1",
      "-cp",
      JARS,
      "org.apache.zookeeper.server.quorum.QuorumPeerMain",
      `${folder}/zoo.cfg`,
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}
