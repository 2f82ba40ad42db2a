/**
 * A real PostgreSQL on a free port of this machine, with Debian's programs in
 * a folder of its own, gone with the test. It will not run as root, so there
 * it runs as Debian's user for it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { freePort } from "../redis/redis_server.ts";

const INSTALLED = "/usr/lib/postgresql";

/** See the module. */
export class PostgresServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #programs: string;

  private constructor(port: number, folder: string, programs: string) {
    this.port = port;
    this.#folder = folder;
    this.#programs = programs;
  }

  /** Starts one and waits until it answers. */
  static async start(): Promise<PostgresServer> {
    const folder = await Deno.makeTempDir();
    await Deno.chmod(folder, 0o777);
    const versions = [...Deno.readDirSync(INSTALLED)].map(({ name }) => name);
    const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
    const programs = `${INSTALLED}/${newest}/bin`;
    const server = new PostgresServer(freePort(), folder, programs);
    await server.#run("initdb", [
      `--pgdata=${folder}/data`,
      "--username=tester",
      "--auth=trust",
      "--no-sync",
    ]);
    await server.startAgain();
    return server;
  }

  /** Where a client connects to, as the owner of everything. */
  get url(): string {
    return `postgres://tester@127.0.0.1:${this.port}/postgres`;
  }

  /** Starts it after `kill`, with what it had on disk. */
  async startAgain(): Promise<void> {
    const options = `-p ${this.port} -h 127.0.0.1 -k ${this.#folder} -F`;
    await this.#control("-w", "-o", options, "start");
  }

  /** Has clients named by `user` give a password from now on. */
  async demandPassword(user: string): Promise<void> {
    const path = `${this.#folder}/data/pg_hba.conf`;
    const rules = await Deno.readTextFile(path);
    const rule = `host all ${user} 127.0.0.1/32 scram-sha-256\n`;
    await Deno.writeTextFile(path, rule + rules);
    await this.#control("reload");
  }

  /** Stops it as its operator would: whoever is connected is told. */
  async stop(): Promise<void> {
    await this.#control("-m", "fast", "stop");
  }

  /** Stops it at once, as a crash would. */
  async kill(): Promise<void> {
    await this.#control("-m", "immediate", "stop");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill().catch(() => {});
    await Deno.remove(this.#folder, { recursive: true });
  }

  #control(...args: readonly string[]): Promise<void> {
    const log = `${this.#folder}/log`;
    return this.#run("pg_ctl", [
      "-s",
      "-D",
      `${this.#folder}/data`,
      "-l",
      log,
      ...args,
    ]);
  }

  async #run(program: string, args: readonly string[]): Promise<void> {
    const path = `${this.#programs}/${program}`;
    const [name, ...before] = Deno.uid() === 0
      ? ["runuser", "-u", "postgres", "--", path]
      : [path];
    const { success } = await new Deno.Command(name!, {
      args: [...before, ...args],
      cwd: this.#folder,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    assert.ok(success, `${program} ${args.join(" ")}`);
  }
}
