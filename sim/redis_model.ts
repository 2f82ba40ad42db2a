/**
 * Redis as processes of a shop see it: it runs their requests one after the
 * other, passes on what they publish, and can be paused, restarted with its
 * data or an older copy of it, made slower and cut off from one of them.
 *
 * A connection keeps order. What a client has not heard within two seconds, as
 * its connection was cut or Redis does not answer, it gives up, and nobody
 * knows whether it was run. With it the client gives its connection up and
 * makes another one, on which nothing waits for what was on its way; answers
 * and messages of the old one are lost. What is published is passed on or lost; it may be
 * doubled and reordered as the scenario's network says.
 *
 * @module
 */
import { stableHash } from "../actors/runtime/random.ts";
import type { OwnershipPort } from "../cluster/ownership_port.ts";
import type { Distribution } from "./distributions.ts";
import type { Machines } from "./machines.ts";
import type { NetworkValues } from "./network.ts";
import { OwnershipStore } from "./ownership_store.ts";
import type { Scheduler } from "./scheduler.ts";
import { Outage } from "./outage.ts";
import { Slowness } from "./slowness.ts";
import { drawUs, happens, type Streams } from "./streams.ts";

/** A process, as Redis has it. */
export interface RedisClient<Frame> {
  /** The name of its life. */
  readonly process: string;
  /** Where it runs, as `cut` calls it. */
  readonly place: string;
  /** Acts when the process can, and never once it is gone. */
  readonly take: (act: () => void) => void;
  /** Another process published something for this one. */
  readonly frame: (frame: Frame) => void;
  /** A process came, went or freed a territory. */
  readonly changed: (freed?: string) => void;
}

/** What the model needs. */
export interface RedisModelOptions {
  readonly scheduler: Scheduler;
  readonly streams: Streams;
  /** Between a process and Redis, one way. */
  readonly values: NetworkValues;
  /** Its wall clock at the start of the run, in milliseconds. */
  readonly startMs: number;
  readonly driftPerMillion: number;
  /** What it runs on. */
  readonly machines: Machines;
}

/** As the live client's socket. */
const SILENCE_US = 2_000_000;
/** A connection that is refused is refused at once. */
const REFUSED_US = 500;
/** What it does, in the trace. */
const REDIS = stableHash("redis");
/** A replica is up to so far behind when it takes over. */
const REPLICA_LAG_US = 2_000_000;

/** See the module's text. */
export class RedisModel<Frame extends { readonly to: string }> {
  /** How slow it is. */
  readonly slowness: Slowness = new Slowness();
  readonly #options: RedisModelOptions;
  readonly #store: OwnershipStore;
  readonly #clients = new Map<string, RedisClient<Frame>>();
  /** Beyond the least delay; null: never longer. */
  readonly #beyond: Distribution | null;
  /** When the newest message of a connection's way arrives. */
  readonly #arrivals = new Map<string, number>();
  /** How many connections a process has given up. */
  readonly #givenUp = new Map<string, number>();
  readonly #outage = new Outage();

  constructor(options: RedisModelOptions) {
    this.#options = options;
    const { scheduler, startMs, driftPerMillion, values } = options;
    const speed = 1 + driftPerMillion / 1_000_000;
    this.#store = new OwnershipStore(() =>
      startMs + scheduler.nowUs / 1_000 * speed
    );
    this.#store.changed = (by, freed) => this.#tellOthers(by, freed);
    const meanUs = values.delayMeanUs - values.delayMinUs;
    this.#beyond = meanUs > 0 ? { kind: "exponential", meanUs } : null;
  }

  /** A process connects and subscribes. */
  join(client: RedisClient<Frame>): void {
    this.#clients.set(client.process, client);
    this.#replicateLater();
  }

  /** It is gone. */
  leave(process: string): void {
    this.#clients.delete(process);
    this.#givenUp.delete(process);
  }

  /** The leases, as a process asks for them. */
  port(process: string): OwnershipPort {
    const store = this.#store;
    return {
      beat: (beat, done) =>
        this.#request(process, () => store.beat(beat), done),
      take: (lease, done) =>
        this.#request(process, () => store.take(lease), done),
      free: (lease, done) =>
        this.#request(process, () => store.free(lease), done),
      leave: (name, done) =>
        this.#request(process, () => store.leave(name), () => done()),
    };
  }

  /** Publishes for the process that the frame is to; false: it may be lost. */
  publish(from: string, frame: Frame, done: (isTaken: boolean) => void): void {
    const pass = () => {
      this.#pass(frame);
      return true;
    };
    this.#request(from, pass, (isTaken) => done(isTaken ?? false));
  }

  // ── Faults ──────────────────────────────────────────────────────────────

  /** Answers nobody until it goes on; then all that came meanwhile. */
  pause(): void {
    this.#outage.pause();
  }

  /** Goes on. */
  resume(): void {
    this.#outage.resume();
  }

  /** Stops, with all that it had not run. */
  stop(): void {
    this.#outage.stop();
    this.#outage.forget();
  }

  /** Starts again, with what it had; `old`: with what a replica has of it. */
  restart(data: "kept" | "old" | "lost"): void {
    this.#outage.isDown = false;
    this.#store.restart(data);
    // They subscribe anew, and whatever changed meanwhile they missed.
    for (const { take, changed } of this.#clients.values()) {
      take(() => changed());
    }
  }

  /** Cuts it off from whoever runs in a place, or ends one cut. */
  cut(place: string, isCut: boolean): void {
    this.#outage.cut(place, isCut);
  }

  // ── Messages ────────────────────────────────────────────────────────────

  #request<Answer>(
    process: string,
    run: () => Answer,
    done: (answer: Answer | null) => void,
  ): void {
    const client = this.#clients.get(process);
    if (client === undefined) return;
    let isOpen = true;
    const settle = (answer: Answer | null) => {
      if (!isOpen) return;
      isOpen = false;
      client.take(() => done(answer));
    };
    const refuse = () => this.#after(REFUSED_US, process, () => settle(null));
    if (this.#outage.isDown) return refuse();
    const connection = this.#connectionOf(process);
    this.#after(SILENCE_US, process, () => {
      if (isOpen) this.#giveUpConnection(process, connection);
      settle(null);
    });
    const life = this.#outage.life;
    const send = () => {
      this.#carry(`${process}→redis`, () => {
        if (this.#isCut(process)) return;
        if (life !== this.#outage.life || this.#outage.isDown) return refuse();
        this.#inTurn(() => {
          if (life !== this.#outage.life) return refuse();
          const answer = run();
          this.#carry(`redis→${process}`, () => {
            if (life !== this.#outage.life || this.#isLost(process)) return;
            if (connection !== this.#connectionOf(process)) return;
            if (!this.#isCut(process)) settle(answer);
          });
        });
      });
    };
    if (this.#isLost(process)) return;
    send();
    // Some clients send again what was in flight when a connection was cut.
    if (this.#isDoubled(process)) send();
  }

  /** When it has done what came before, and is not paused. */
  #inTurn(act: () => void): void {
    const { scheduler, machines } = this.#options;
    const { nowUs } = scheduler;
    const atUs = machines.redisUntil(nowUs, this.slowness.factor);
    if (atUs === nowUs) return this.#outage.act(act);
    scheduler.at(atUs, REDIS, () => this.#outage.act(act));
  }

  #pass(frame: Frame): void {
    const { to } = frame;
    const client = this.#clients.get(to);
    if (client === undefined || this.#isCut(to) || this.#isLost(to)) return;
    const life = this.#outage.life;
    const connection = this.#connectionOf(to);
    const arrive = () => {
      if (life !== this.#outage.life || this.#isCut(to)) return;
      if (connection !== this.#connectionOf(to)) return;
      client.take(() => client.frame(frame));
    };
    const overtakes = this.#happens("reorder", to);
    this.#carry(`redis→${to}`, arrive, overtakes);
    if (this.#isDoubled(to)) this.#carry(`redis→${to}`, arrive);
  }

  #tellOthers(by: string, freed?: string): void {
    for (const { process, take, changed } of this.#clients.values()) {
      if (process === by || this.#isCut(process) || this.#isLost(process)) {
        continue;
      }
      const life = this.#outage.life;
      const connection = this.#connectionOf(process);
      this.#carry(`redis→${process}`, () => {
        if (life !== this.#outage.life) return;
        if (connection !== this.#connectionOf(process)) return;
        take(() => changed(freed));
      });
    }
  }

  #connectionOf(process: string): number {
    return this.#givenUp.get(process) ?? 0;
  }

  /** Once for each: what else was asked on it is given up in its own time. */
  #giveUpConnection(process: string, connection: number): void {
    if (connection !== this.#connectionOf(process)) return;
    this.#givenUp.set(process, connection + 1);
    this.#arrivals.delete(`${process}→redis`);
    this.#arrivals.delete(`redis→${process}`);
  }

  /** In order, unless it overtakes. */
  #carry(way: string, act: () => void, overtakes = false): void {
    const { scheduler, streams, values } = this.#options;
    const beyondUs = this.#beyond === null
      ? 0
      : drawUs(this.#beyond, streams.of(way));
    const delayUs = (values.delayMinUs + beyondUs) * this.slowness.factor;
    const delayedUs = scheduler.nowUs + Math.round(delayUs);
    const newestUs = this.#arrivals.get(way) ?? 0;
    const atUs = overtakes ? delayedUs : Math.max(delayedUs, newestUs);
    if (atUs > newestUs) this.#arrivals.set(way, atUs);
    scheduler.at(atUs, stableHash(way), act);
  }

  #after(delayUs: number, label: string, act: () => void): void {
    const { scheduler } = this.#options;
    scheduler.at(scheduler.nowUs + delayUs, stableHash(label), act);
  }

  #isCut(process: string): boolean {
    return this.#outage.isCut(this.#clients.get(process)?.place ?? "");
  }

  #isLost(process: string): boolean {
    return this.#happens("loss", process);
  }

  #isDoubled(process: string): boolean {
    return this.#happens("duplicate", process);
  }

  #happens(what: "loss" | "duplicate" | "reorder", process: string): boolean {
    const { streams, values } = this.#options;
    const perMillion = values[`${what}PerMillion`];
    return happens(perMillion, streams.of(`chance ${what} redis ${process}`));
  }

  /** A replica gets a copy now and then. */
  #replicateLater(): void {
    if (this.#clients.size !== 1) return;
    const lag = this.#options.streams.of("redis replica");
    const replicate = () => {
      if (!this.#outage.isDown) this.#store.save();
      this.#after(1 + lag.below(REPLICA_LAG_US), "redis replica", replicate);
    };
    replicate();
  }
}
