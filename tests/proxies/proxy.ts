/**
 * A real proxy before servers of a test: the program that Debian has, with the
 * file that we publish, on free ports. It is gone with the test.
 *
 * @module
 */
import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

/** What differs between one proxy and another. */
export interface ProxyKind {
  readonly name: string;
  /** The published file, in `docs/proxies`. */
  readonly file: string;
  /** The whole configuration, given the published file with its ports. */
  readonly configure: (published: string, folder: string) => string;
  readonly command: (configFile: string) => readonly string[];
  /** The line of the published file that says where to listen. */
  readonly listen: (port: number) => readonly [published: string, free: string];
}

/** The published ports, and to which ones they lead here. */
export interface Servers {
  readonly pages: readonly [port: number, port: number];
  readonly api: readonly [port: number, port: number];
}

const READY_WITHIN_MS = 10_000;

/** See the module. */
export class Proxy implements AsyncDisposable {
  readonly url: string;
  readonly #folder = Deno.makeTempDirSync({ prefix: "doorbuster-proxy-" });
  readonly #child: Deno.ChildProcess;
  #isStopped = false;

  private constructor(kind: ProxyKind, port: number, published: string) {
    this.url = `http://127.0.0.1:${port}`;
    const path = `${this.#folder}/config`;
    const text = kind.configure(published, this.#folder);
    Deno.writeTextFileSync(path, text);
    const [program, ...args] = kind.command(path);
    this.#child = new Deno.Command(program!, {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "inherit",
    }).spawn();
  }

  /**
   * Starts one and waits until it listens. `change` makes the published file
   * another one.
   */
  static async start(
    kind: ProxyKind,
    servers: Servers,
    change: (published: string) => string = (published) => published,
  ): Promise<Proxy> {
    const port = freePort();
    const file = new URL(`docs/proxies/${kind.file}`, ROOT);
    const published = change(Deno.readTextFileSync(file));
    const [listen, here] = kind.listen(port);
    assert(published.includes(listen), `${kind.file} says "${listen}"`);
    const proxy = new Proxy(
      kind,
      port,
      leadTo(servers, published.replace(listen, here)),
    );
    await listens(port);
    return proxy;
  }

  /** Ends it: whoever is connected hears so. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#child.kill("SIGTERM");
    await this.#child.status;
    await Deno.remove(this.#folder, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Pages come first in nginx' file as in HAProxy's, each with two servers. */
function leadTo({ pages, api }: Servers, published: string): string {
  const ports = [...pages, ...api];
  const text = published.replaceAll(
    /127\.0\.0\.1:800[12]/g,
    () => `127.0.0.1:${ports.shift()}`,
  );
  assert.deepEqual(ports, [], "the published file has four servers");
  return text;
}

async function listens(port: number): Promise<void> {
  const deadlineMs = performance.now() + READY_WITHIN_MS;
  while (performance.now() < deadlineMs) {
    try {
      (await Deno.connect({ port })).close();
      return;
    } catch {
      // Not there yet: a refused connection takes no time.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  assert.fail("the proxy does not listen");
}

/** A port that nobody uses now. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
