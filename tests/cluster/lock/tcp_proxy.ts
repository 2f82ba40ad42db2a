/**
 * A TCP proxy on this machine that cuts, delays and freezes connections: the
 * network as it is when it is not well.
 *
 * @module
 */

/** What happens to answers from now on. */
export type Weather =
  | { readonly kind: "fair" }
  /**
   * The next request with this word is delivered, its answer is not: the
   * connection is cut instead. Then it is fair again.
   */
  | { readonly kind: "cut"; readonly after: string }
  /** Nothing passes in either direction; connections stay open. */
  | { readonly kind: "frozen" }
  /** Each answer arrives so much later. */
  | { readonly kind: "slow"; readonly byMs: number };

/** The request of a connection whose answer is kept from it. */
interface LastRequest {
  isOnItsWay: boolean;
  readonly delivered: PromiseWithResolvers<void>;
}

/** Chunks that may be on their way, as in the buffers of a network: 4 MB. */
const MOST_UNDER_WAY = 256;

/** See the module. */
export class TcpProxy implements AsyncDisposable {
  /** Where clients connect to. */
  readonly port: number;
  readonly #target: number;
  readonly #listener: Deno.TcpListener;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #work: Promise<void>[] = [];
  #weather: Weather = { kind: "fair" };
  #changed = Promise.withResolvers<void>();
  #timers = new Set<ReturnType<typeof setTimeout>>();

  /** In front of a server on this machine. */
  constructor(target: number) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#work.push(this.#accept());
  }

  /** Changes what happens from now on; what was held back then passes. */
  set weather(weather: Weather) {
    this.#weather = weather;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) close(connection);
    this.weather = { kind: "fair" };
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#work);
  }

  async #accept(): Promise<void> {
    try {
      for await (const client of this.#listener) {
        this.#open.add(client);
        this.#work.push(this.#serve(client));
      }
    } catch {
      // Closed by the test.
    }
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    try {
      const server = await Deno.connect({ port: this.#target });
      this.#open.add(server);
      const last = {
        isOnItsWay: false,
        delivered: Promise.withResolvers<void>(),
      };
      await Promise.all([
        this.#requests(client, server, last),
        this.#answers(client, server, last),
      ]);
    } catch {
      // The server is down: then nobody can connect.
      close(client);
    }
  }

  async #requests(
    client: Deno.TcpConn,
    server: Deno.TcpConn,
    last: LastRequest,
  ): Promise<void> {
    await this.#carry(client, server, async (bytes) => {
      while (this.#weather.kind === "frozen") await this.#changed.promise;
      if (this.#weather.kind === "cut") {
        const request = new TextDecoder().decode(bytes);
        if (request.includes(this.#weather.after)) {
          this.#weather = { kind: "fair" };
          last.isOnItsWay = true;
        }
      }
      return true;
    }, () => {
      if (last.isOnItsWay) last.delivered.resolve();
    });
  }

  async #answers(
    client: Deno.TcpConn,
    server: Deno.TcpConn,
    last: LastRequest,
  ): Promise<void> {
    await this.#carry(server, client, async (_, readAtMs) => {
      while (this.#weather.kind === "frozen") await this.#changed.promise;
      const weather = this.#weather;
      if (weather.kind === "slow") {
        await this.#delay(readAtMs + weather.byMs - performance.now());
      }
      if (!last.isOnItsWay) return true;
      // The answer to an earlier request may come before it is delivered.
      await last.delivered.promise;
      return false;
    });
  }

  /** What is read while something is held back comes after it, as late. */
  async #carry(
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    mayPass: (bytes: Uint8Array, readAtMs: number) => Promise<boolean>,
    passed: () => void = () => {},
  ): Promise<void> {
    let underWay = 0;
    let last = Promise.resolve();
    const pass = async (bytes: Uint8Array, readAtMs: number) => {
      if (!await mayPass(bytes, readAtMs)) throw new Error("not passed");
      await to.write(bytes);
      passed();
      underWay--;
    };
    try {
      while (true) {
        const buffer = new Uint8Array(16_384);
        const length = await from.read(buffer);
        if (length === null) break;
        const bytes = buffer.subarray(0, length);
        const readAtMs = performance.now();
        underWay++;
        last = last.then(() => pass(bytes, readAtMs));
        last.catch(() => close(from));
        if (underWay === MOST_UNDER_WAY) await last;
      }
      await last;
    } catch {
      // Cut by an end, or by the test.
    }
    passed();
    close(from);
    close(to);
  }

  #delay(byMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, byMs);
      this.#timers.add(timer);
    });
  }
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // Closed already.
  }
}
