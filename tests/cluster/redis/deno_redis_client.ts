/**
 * A Redis client with the documented shape and habits of deno-redis, which
 * cannot be had from npm: commands one at a time, a command whose connection
 * fails is sent again up to `maxRetryCount` times, subscribing takes the
 * connection over, errors keep their dash.
 *
 * @module
 */
import type { DenoRedis } from "../../../cluster/redis/redis_port.ts";

/** As deno-redis takes them. */
export interface DenoRedisOptions {
  readonly hostname: string;
  readonly port: number;
  /** 10 unless told. */
  readonly maxRetryCount?: number;
}

/** An answer that is an error; the message is as it came. */
class ErrorReplyError extends Error {}

/** See the module. */
export class DenoRedisClient implements DenoRedis {
  readonly #options: DenoRedisOptions;
  #connection: Deno.TcpConn | null;
  #buffer = new Uint8Array(0);
  #busy: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  private constructor(options: DenoRedisOptions, connection: Deno.TcpConn) {
    this.#options = options;
    this.#connection = connection;
  }

  /** Connects, or rejects. */
  static async connect(options: DenoRedisOptions): Promise<DenoRedisClient> {
    return new DenoRedisClient(options, await Deno.connect(options));
  }

  get isConnected(): boolean {
    return this.#connection !== null;
  }

  sendCommand(name: string, args: readonly string[] = []): Promise<unknown> {
    const answer = this.#busy.then(() => this.#try([name, ...args]));
    this.#busy = answer.catch(() => {});
    return answer;
  }

  async subscribe(channel: string) {
    await this.#write(["SUBSCRIBE", channel]);
    await this.#read();
    const receive = async function* (
      read: () => Promise<unknown>,
    ): AsyncIterableIterator<{ channel: string; message: string }> {
      while (true) {
        const [, from, message] = await read() as [string, string, string];
        yield { channel: from, message };
      }
    };
    return { receive: () => receive(() => this.#read()) };
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
    this.#connection = null;
  }

  async #try(command: readonly string[]): Promise<unknown> {
    const retries = this.#options.maxRetryCount ?? 10;
    for (let tries = 0;; tries++) {
      try {
        if (this.#connection === null && !this.#isClosed) {
          this.#connection = await Deno.connect(this.#options);
          this.#buffer = new Uint8Array(0);
        }
        await this.#write(command);
        return await this.#read();
      } catch (error) {
        if (error instanceof ErrorReplyError) throw error;
        this.#connection?.close();
        this.#connection = null;
        if (this.#isClosed || tries >= retries) throw error;
      }
    }
  }

  async #write(command: readonly string[]): Promise<void> {
    const text = command.map((part) =>
      `$${new TextEncoder().encode(part).length}\r\n${part}\r\n`
    );
    const bytes = new TextEncoder().encode(
      `*${command.length}\r\n${text.join("")}`,
    );
    for (let written = 0; written < bytes.length;) {
      written += await this.#open().write(bytes.subarray(written));
    }
  }

  async #read(): Promise<unknown> {
    const line = new TextDecoder().decode(await this.#until("\r\n"));
    const rest = line.slice(1);
    switch (line[0]) {
      case "+":
        return rest;
      case "-":
        throw new ErrorReplyError(line);
      case ":":
        return Number(rest);
      case "$": {
        if (rest === "-1") return null;
        const text = await this.#take(Number(rest));
        await this.#take(2);
        return new TextDecoder().decode(text);
      }
      default: {
        const items: unknown[] = [];
        for (let left = Number(rest); left > 0; left--) {
          items.push(await this.#read());
        }
        return items;
      }
    }
  }

  async #until(end: string): Promise<Uint8Array> {
    let found = -1;
    while ((found = this.#buffer.indexOf(end.charCodeAt(0))) < 0) {
      await this.#fill();
    }
    const line = await this.#take(found);
    await this.#take(end.length);
    return line;
  }

  async #take(length: number): Promise<Uint8Array> {
    while (this.#buffer.length < length) await this.#fill();
    const taken = this.#buffer.slice(0, length);
    this.#buffer = this.#buffer.slice(length);
    return taken;
  }

  async #fill(): Promise<void> {
    const chunk = new Uint8Array(16_384);
    const length = await this.#open().read(chunk);
    if (length === null) throw new Error("EOF");
    const both = new Uint8Array(this.#buffer.length + length);
    both.set(this.#buffer);
    both.set(chunk.subarray(0, length), this.#buffer.length);
    this.#buffer = both;
  }

  #open(): Deno.TcpConn {
    if (this.#connection === null) throw new Error("Not connected");
    return this.#connection;
  }
}
