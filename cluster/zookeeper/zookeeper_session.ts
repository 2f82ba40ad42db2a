/**
 * One session with ZooKeeper, from its first connection to its end, over as
 * many connections as it takes. Its ephemeral znodes end with it, so whoever
 * counts on one must know in time that the session may be over.
 *
 * The client does not: it sends pings and misses no answer. So here every
 * quarter of the session's timeout something is written, and each answer shows
 * that the session lived when it was sent. A write, as a follower that is cut
 * off from its leader still answers reads, while the leader lets the session
 * expire. From then on it lives for three quarters of the timeout: a leader
 * hears of its followers' sessions every half tick, and a timeout is two ticks
 * at least unless somebody has configured less.
 *
 * A connection over which nothing came for a quarter is dropped, so that the
 * client tries another, perhaps to another server. A session that went longer
 * without an answer is given up, also when it turns out to live.
 *
 * @module
 */
import type { Clock } from "../../actors/runtime/ports.ts";
import type { Timers } from "../gateways/gateway.ts";
import { validUntil } from "../lock/lease.ts";
import type { LeaseSession } from "../lock/lease_store.ts";
import { placesInOrder } from "./place.ts";
import {
  answerOf,
  EPHEMERAL_SEQUENTIAL,
  NOTHING,
  PERSISTENT,
  wasThere,
  type ZooKeeperAnswer,
  type ZooKeeperClient,
  type ZooKeeperDone,
  type ZooKeeperStat,
} from "./zookeeper_port.ts";

/** What a session needs of its host, and tells it. */
export interface SessionHost {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Below it are the znodes; it is made when it is not there. */
  readonly root: string;
  /** Called each time the session has been shown to live. */
  readonly proven: () => void;
  /** Called once, when it is over or given up. */
  readonly ended: () => void;
}

const PROOFS_PER_TIMEOUT = 4;
const SURE_SHARE = 3 / 4;
/** For the server to answer that the session is closed. */
const CLOSE_WITHIN_MS = 1_000;

/** See the module. */
export class ZooKeeperSession implements LeaseSession {
  readonly #client: ZooKeeperClient;
  readonly #host: SessionHost;
  /** Those who wait for an answer: a client that is closed forgets them. */
  readonly #pending = new Set<() => void>();
  /** By the path that is watched: the client adds up its watchers. */
  readonly #watches = new Map<string, Set<() => void>>();
  readonly #disconnected = Promise.withResolvers<void>();
  #sureUntilMs = 0;
  #giveUpAtMs: number;
  #isOver = false;
  #isAnswered = true;
  #timer: unknown = null;

  /**
   * Connects the client, which must be new.
   *
   * @throws {RangeError} When the client would send a command again by itself:
   * then two znodes may stand for one, and nobody knows of the first.
   */
  constructor(client: ZooKeeperClient, host: SessionHost) {
    const { retries } = client.options;
    if (retries > 0) {
      throw new RangeError(
        "Cannot keep leases through a client that sends commands again: its " +
          `option retries must be 0: current value is ${retries}`,
      );
    }
    this.#client = client;
    this.#host = host;
    this.#giveUpAtMs = host.clock.monotonicMs() + client.getSessionTimeout();
    client.on("state", () => this.#changed());
    client.connect();
    this.#arm();
  }

  get sureUntilMs(): number {
    return this.#isOver ? 0 : this.#sureUntilMs;
  }

  /** Commands would be sent now. */
  get isConnected(): boolean {
    return !this.#isOver && this.#client.getState().name === "SYNC_CONNECTED";
  }

  /** Makes a znode for good; one that is there is as well. */
  make(path: string): Promise<ZooKeeperAnswer<unknown>> {
    return this.#ask((client, done: ZooKeeperDone<unknown>) =>
      client.create(
        path,
        PERSISTENT,
        (error) => done(wasThere(error) ? null : error, null),
      )
    );
  }

  /** Makes a znode that ends with the session; gives its name. */
  async add(prefix: string): Promise<ZooKeeperAnswer<string>> {
    const made = await this.#ask((client, done: ZooKeeperDone<string>) =>
      client.create(prefix, EPHEMERAL_SEQUENTIAL, done)
    );
    return made.kind === "ok"
      ? { kind: "ok", value: made.value.slice(made.value.lastIndexOf("/") + 1) }
      : made;
  }

  /** Removes a znode; one with others below it is refused. */
  remove(path: string): Promise<ZooKeeperAnswer<unknown>> {
    return this.#ask((client, done: ZooKeeperDone<unknown>) =>
      client.remove(path, done)
    );
  }

  /** Who stands in a folder, the oldest first. */
  async line(
    folder: string,
  ): Promise<Exclude<ZooKeeperAnswer<string[]>, { kind: "missing" }>> {
    const answer = await this.#ask((
      client,
      done: ZooKeeperDone<readonly string[]>,
    ) => client.getChildren(folder, done));
    if (answer.kind === "missing") return { kind: "ok", value: [] };
    return answer.kind === "ok"
      ? { kind: "ok", value: placesInOrder(answer.value) }
      : answer;
  }

  /** What is known of a znode. */
  async read(path: string): Promise<ZooKeeperAnswer<ZooKeeperStat>> {
    const answer = await this.#ask(
      (client, done: ZooKeeperDone<ZooKeeperStat | null>) =>
        client.exists(path, done),
    );
    if (answer.kind !== "ok") return answer;
    const { value } = answer;
    return value === null ? { kind: "missing" } : { kind: "ok", value };
  }

  /**
   * Calls `heard` once when the znode is gone, or gives `missing`. When heard
   * has a watch on it already, nothing is asked.
   */
  async watch(
    path: string,
    heard: () => void,
  ): Promise<ZooKeeperAnswer<unknown>> {
    const watching = this.#watches.get(path);
    if (watching !== undefined) {
      watching.add(heard);
      return { kind: "ok", value: null };
    }
    const all = new Set([heard]);
    const answer = await this.#ask((client, done: ZooKeeperDone<unknown>) =>
      client.getData(path, () => {
        this.#watches.delete(path);
        for (const each of all) each();
      }, done)
    );
    if (answer.kind === "ok") this.#watches.set(path, all);
    return answer;
  }

  /** Takes back what `watch` was given. */
  unwatch(path: string, heard: () => void): void {
    this.#watches.get(path)?.delete(heard);
  }

  /**
   * Shows that the session lives, by a write. Whatever the session sent before
   * has been run, or never will be, when this is answered.
   */
  async prove(): Promise<ZooKeeperAnswer<unknown>> {
    const { clock, root, proven } = this.#host;
    const sentAtMs = clock.monotonicMs();
    this.#isAnswered = false;
    let answer = await this.#write();
    if (answer.kind === "missing") {
      await this.#makeRoot(root);
      answer = await this.#write();
    }
    if (answer.kind !== "ok" || this.#isOver) return answer;
    this.#isAnswered = true;
    const isLate = this.#sureUntilMs > 0 &&
      clock.monotonicMs() >= this.#sureUntilMs;
    if (isLate) {
      this.#end();
      return { kind: "unknown" };
    }
    const sureForMs = this.#client.getSessionTimeout() * SURE_SHARE;
    this.#sureUntilMs = Math.max(
      this.#sureUntilMs,
      validUntil(sentAtMs, sureForMs),
    );
    this.#giveUpAtMs = this.#sureUntilMs;
    proven();
    return answer;
  }

  /** Ends the session; resolves when its connection is closed. */
  async close(): Promise<void> {
    this.#end();
    await this.#disconnected.promise;
  }

  /** Sends a command in the order of asking; never rejects. */
  #ask<Value>(
    send: (client: ZooKeeperClient, done: ZooKeeperDone<Value>) => void,
  ): Promise<ZooKeeperAnswer<Value>> {
    if (!this.isConnected) return Promise.resolve({ kind: "unavailable" });
    return new Promise((resolve) => {
      const lost = () => resolve({ kind: "unknown" });
      this.#pending.add(lost);
      send(this.#client, (error, value) => {
        this.#pending.delete(lost);
        resolve(answerOf(error, value));
      });
    });
  }

  #write(): Promise<ZooKeeperAnswer<unknown>> {
    return this.#ask((client, done) =>
      client.setData(this.#host.root, NOTHING, done)
    );
  }

  async #makeRoot(root: string): Promise<void> {
    const parts = root.split("/").slice(1);
    for (let depth = 1; depth <= parts.length; depth++) {
      await this.make(`/${parts.slice(0, depth).join("/")}`);
    }
  }

  #changed(): void {
    const { name } = this.#client.getState();
    if (this.#isOver) {
      if (name === "DISCONNECTED") this.#disconnected.resolve();
    } else if (name === "EXPIRED" || name === "AUTH_FAILED") this.#end();
    else if (name === "SYNC_CONNECTED") this.prove();
  }

  #arm(): void {
    const everyMs = this.#client.getSessionTimeout() / PROOFS_PER_TIMEOUT;
    this.#timer = this.#host.timers.set(() => {
      if (this.#host.clock.monotonicMs() >= this.#giveUpAtMs) {
        this.#end();
        return;
      }
      if (!this.#isAnswered) this.#hangUp();
      this.prove();
      this.#arm();
    }, everyMs);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { timers, ended } = this.#host;
    timers.clear(this.#timer);
    for (const lost of this.#pending) lost();
    this.#pending.clear();
    if (this.#client.getState().name === "SYNC_CONNECTED") {
      this.#client.close();
      const timer = timers.set(() => this.#drop(), CLOSE_WITHIN_MS);
      this.#disconnected.promise.then(() => timers.clear(timer));
    } else this.#drop();
    ended();
  }

  /** Without a connection there is nobody to say good-bye to. */
  #drop(): void {
    this.#client.close();
    this.#hangUp();
    this.#disconnected.resolve();
  }

  #hangUp(): void {
    // For an error, the client also stops the timer of its connecting.
    this.#client.connectionManager.socket?.destroy(new Error("No answer"));
  }
}
