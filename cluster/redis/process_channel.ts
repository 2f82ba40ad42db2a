/**
 * The channel of a process: what others publish there reaches it, on a
 * connection that subscribes. Redis keeps nothing for who is not connected, and
 * some clients say nothing when a subscription is lost. So the process hears
 * itself: when neither its own beat nor anybody else came for too long, it
 * subscribes anew.
 *
 * @module
 */
import type { RedisPort } from "./redis_port.ts";

/** What a channel is made of. */
export interface ProcessChannelOptions {
  readonly redis: RedisPort;
  readonly storeId: string;
  readonly process: string;
  /** After so long without a sound the subscription is made anew. */
  readonly silenceMs: number;
  /** Takes what others published, in order. */
  readonly heard: (text: string) => void;
}

/** Own beats until silence: three of them may be late. */
const BEATS_IN_SILENCE = 4;

/** What a process says to itself. */
const BEAT = "";

/** See the module. */
export class ProcessChannel {
  readonly #options: ProcessChannelOptions;
  readonly #beatMs: number;
  #unsubscribe: (() => Promise<void>) | null = null;
  #life = 0;
  #heardAtMs = 0;
  #beatAtMs = 0;
  #hasHeard = false;
  #isBeating = false;

  /** Hears nothing before `subscribe`. */
  constructor(options: ProcessChannelOptions) {
    this.#options = options;
    this.#beatMs = options.silenceMs / BEATS_IN_SILENCE;
  }

  /** Subscribes; `ready` is called when Redis has confirmed it. */
  subscribe(nowMs: number, ready: () => void = () => {}): void {
    const { redis, process, heard } = this.#options;
    // The former one may wake up, and would say everything a second time.
    void this.#unsubscribe?.().catch(() => {});
    const life = ++this.#life;
    this.#heardAtMs = nowMs;
    this.#beatAtMs = nowMs;
    this.#unsubscribe = redis.subscribe(
      this.#nameOf(process),
      (text) => {
        if (life !== this.#life) return;
        this.#hasHeard = true;
        if (text !== BEAT) heard(text);
      },
      ready,
    );
  }

  /**
   * Publishes in the channel of a process; false when it may not have arrived.
   * A client that sends a command again makes it arrive twice.
   */
  async publish(process: string, text: string): Promise<boolean> {
    const { redis } = this.#options;
    const channel = this.#nameOf(process);
    return (await redis.send(["PUBLISH", channel, text])).kind === "ok";
  }

  /** Does what is due; gives when it must be called again. */
  tick(nowMs: number): number {
    if (this.#hasHeard) this.#heardAtMs = nowMs;
    this.#hasHeard = false;
    if (nowMs - this.#heardAtMs >= this.#options.silenceMs) {
      this.subscribe(nowMs);
    }
    if (nowMs >= this.#beatAtMs) {
      this.#beatAtMs = nowMs + this.#beatMs;
      this.#beat();
    }
    return this.#beatAtMs;
  }

  /** Hears nothing any more; ends its connection. */
  async close(): Promise<void> {
    this.#life++;
    await this.#unsubscribe?.().catch(() => {});
    this.#unsubscribe = null;
  }

  /** One at a time, as a Redis that hangs answers none of them. */
  #beat(): void {
    if (this.#isBeating) return;
    this.#isBeating = true;
    void this.publish(this.#options.process, BEAT)
      .then(() => this.#isBeating = false);
  }

  #nameOf(process: string): string {
    return `doorbuster:{${this.#options.storeId}}:process:${process}`;
  }
}
