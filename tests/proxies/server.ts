/**
 * A server behind a proxy that a test can bend: it says who it is, and answers
 * as it is told, or takes a request and hangs up.
 *
 * @module
 */

/** What it makes of a request; null: it hangs up without an answer. */
export type Answer = (request: string) => string | null;

/** Raw sockets: `Deno.serve` never leaves a request without an answer. */
export class RawServer implements AsyncDisposable {
  readonly port: number;
  /** The first lines of what it was asked, health checks left out. */
  readonly asked: string[] = [];
  isReady = true;
  readonly #listener: Deno.TcpListener;
  readonly #answer: Answer;
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #work: Promise<void>;

  constructor(answer: Answer, port = 0) {
    this.#answer = answer;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.port = this.#listener.addr.port;
    this.#work = this.#accept();
  }

  /** Refuses everybody from now on. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) close(connection);
    await this.#work;
  }

  async #accept(): Promise<void> {
    const serving: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      this.#connections.add(connection);
      serving.push(this.#serve(connection));
    }
    await Promise.all(serving);
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      // A request of a test is small: it comes in one piece.
      for (;;) {
        const length = await connection.read(buffer);
        if (length === null) break;
        const request = new TextDecoder().decode(buffer.subarray(0, length));
        const answer = this.#answerTo(request);
        if (answer === null) break;
        await connection.write(new TextEncoder().encode(answer));
      }
    } catch {
      // Closed by the proxy or by the test.
    }
    close(connection);
    this.#connections.delete(connection);
  }

  #answerTo(request: string): string | null {
    if (request.includes(" /health/ready ")) {
      return response(this.isReady ? "200 OK" : "503 Not Ready", "health");
    }
    this.asked.push(request.split("\r\n")[0]!);
    return this.#answer(request);
  }
}

/** The text of a response. */
export function response(
  status: string,
  body: string,
  ...headers: readonly string[]
): string {
  const lines = [
    `HTTP/1.1 ${status}`,
    `Content-Length: ${body.length}`,
    ...headers,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // The other side was quicker.
  }
}
