/**
 * A real redis-server on a free port of this machine, gone with the test.
 *
 * @module
 */
import assert from "node:assert/strict";

/** Starting takes 20 ms on an idle machine. */
const READY_WITHIN_MS = 10_000;

/** See the module. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  #child: Deno.ChildProcess;
  readonly #args: readonly string[];

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
    this.#child = spawn(args);
  }

  /** Starts one and waits until it answers. */
  static async start(...options: readonly string[]): Promise<RedisServer> {
    const port = freePort();
    const server = new RedisServer(port, [
      "--port",
      String(port),
      "--bind",
      "127.0.0.1",
      "--save",
      "",
      "--appendonly",
      "no",
      // A node of a cluster writes its file somewhere.
      "--dir",
      Deno.makeTempDirSync(),
      ...options,
    ]);
    await server.#answers();
    return server;
  }

  /** Sends one inline command and gives what Redis answers, raw. */
  async ask(command: string): Promise<string> {
    using connection = await Deno.connect({ port: this.port });
    await connection.write(new TextEncoder().encode(`${command}\r\n`));
    const buffer = new Uint8Array(4096);
    const length = await connection.read(buffer) ?? 0;
    return new TextDecoder().decode(buffer.subarray(0, length)).trimEnd();
  }

  /** Starts it again, empty, once it has been killed. */
  async restart(): Promise<void> {
    this.#child = spawn(this.#args);
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

  /** Stops it in the middle of whatever it does, until `SIGCONT`. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    const folder = this.#args[this.#args.indexOf("--dir") + 1]!;
    await Deno.remove(folder, { recursive: true });
  }

  async #answers(): Promise<void> {
    const deadlineMs = performance.now() + READY_WITHIN_MS;
    while (performance.now() < deadlineMs) {
      try {
        if (await this.ask("PING") === "+PONG") return;
      } catch {
        // Not there yet: a refused connection takes no time.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    assert.fail("redis-server does not answer");
  }
}

function spawn(args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command("redis-server", {
    args: [...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

/** A port that nobody uses now. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
