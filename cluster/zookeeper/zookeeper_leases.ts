/**
 * Leases in ZooKeeper. Whoever wants a lock makes an ephemeral znode with a
 * number in the folder of its name; the lowest number has the lock, and each of
 * the others watches the one before it and nobody else. So it is served in the
 * order of arrival, a release wakes one, and the loss of a session frees what
 * it held. The fencing token is the transaction that made the znode (`czxid`).
 *
 * ZooKeeper knows no time of a lease: the store that gave it removes its znode
 * when the time is over, or its session ends if that store is gone. A znode
 * that nobody wants is removed, however often it takes, as long as the session
 * lives. A store extends and frees what it gave itself, and nothing else.
 *
 * @module
 */
import type { Clock } from "../../actors/runtime/ports.ts";
import type { Timers } from "../gateways/gateway.ts";
import type {
  Extended,
  Freed,
  LeaseStore,
  Taken,
  Trouble,
  Wish,
  Woken,
} from "../lock/lease_store.ts";
import { folderName, Place } from "./place.ts";
import {
  transactionNumber,
  type ZooKeeperAnswer,
  type ZooKeeperClient,
} from "./zookeeper_port.ts";
import { ZooKeeperSession } from "./zookeeper_session.ts";

/** How leases are kept. */
export interface ZooKeeperLeasesOptions {
  /** The znode above all others; `/doorbuster-lock` unless told. */
  readonly root?: string;
  /** A command without an answer after so long is unknown; 2 s unless told. */
  readonly answerWithinMs?: number;
  /** How often waiters ask that nobody woke; 1 s unless told. */
  readonly retryEveryMs?: number;
  /** The folder of a name goes when it was not used for so long; 60 s. */
  readonly forgetAfterMs?: number;
}

/** The clock and the timers that leases are kept by. */
export interface LeaseTime {
  /** Sessions are timed by the monotonic one alone. */
  readonly clock: Clock;
  /** For proofs that a session lives, and the ends of leases. */
  readonly timers: Timers;
}

const ROOT = /^(\/[A-Za-z0-9_-]{1,200}){1,8}$/;
const ANSWER_WITHIN_MS = 2_000;
/** Watches wake waiters; this is for whoever was in between. */
const RETRY_EVERY_MS = 1_000;
const FORGET_AFTER_MS = 60_000;
/** After a session that ended at once, as with nobody there. */
const REOPEN_AFTER_MS = 100;
/** Removed by somebody else each time, as happens to a folder nobody uses. */
const FOLDER_TRIES = 3;

const GONE = { kind: "gone" } as const;
const UNAVAILABLE = { kind: "unavailable" } as const;
const UNKNOWN = { kind: "unknown" } as const;

/** See the module. */
export class ZooKeeperLeases implements LeaseStore, AsyncDisposable {
  readonly isFair = true;
  readonly answerWithinMs: number;
  readonly retryEveryMs: number;
  readonly #connect: () => ZooKeeperClient;
  readonly #time: LeaseTime;
  readonly #root: string;
  readonly #forgetAfterMs: number;
  readonly #watchers = new Set<Woken>();
  /** Those of the session, by owner. */
  readonly #places = new Map<string, Place>();
  /** Folders that were used and may be empty, and since when; oldest first. */
  readonly #idle = new Map<string, number>();
  #opening: PromiseWithResolvers<void> | null = null;
  #session: ZooKeeperSession | null = null;
  #sessions = 0;
  #isProven = false;
  #isClosed = false;
  #reopenTimer: unknown = null;

  /**
   * Keeps leases over clients that `connect` makes, one for each session, not
   * yet connected. {@linkcode ZooKeeperLeases.open} begins the first one.
   *
   * @throws {RangeError} When the root is no path of letters and digits.
   */
  constructor(
    connect: () => ZooKeeperClient,
    time: LeaseTime,
    options: ZooKeeperLeasesOptions = {},
  ) {
    const { root = "/doorbuster-lock" } = options;
    if (!ROOT.test(root)) {
      throw new RangeError(
        "Cannot keep leases below a root that is no path of letters, digits, " +
          `"_" and "-": current value is "${root}"`,
      );
    }
    this.#connect = connect;
    this.#time = time;
    this.#root = root;
    this.answerWithinMs = options.answerWithinMs ?? ANSWER_WITHIN_MS;
    this.retryEveryMs = options.retryEveryMs ?? RETRY_EVERY_MS;
    this.#forgetAfterMs = options.forgetAfterMs ?? FORGET_AFTER_MS;
  }

  /**
   * Resolves when leases can be given. As long as ZooKeeper is not there it
   * keeps trying; until then nothing is given.
   */
  async open(): Promise<void> {
    this.#opening ??= Promise.withResolvers();
    if (this.#session === null) this.#begin();
    await this.#opening.promise;
  }

  /** Ends the session, and with it all its leases. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#time.timers.clear(this.#reopenTimer);
    await this.#session?.close();
  }

  take(wish: Wish): Promise<Taken> {
    const session = this.#connected();
    if (session === null) return Promise.resolve(UNAVAILABLE);
    const place = this.#places.get(wish.owner) ?? this.#newPlace(wish);
    return place.inTurn(() => this.#take(session, place, wish));
  }

  extend(_name: string, owner: string, ttlMs: number): Promise<Extended> {
    const place = this.#places.get(owner);
    if (place === undefined || !place.isHeld) return Promise.resolve(GONE);
    const session = this.#connected();
    if (session === null) return Promise.resolve(UNAVAILABLE);
    return place.inTurn(async () => {
      const own = await session.read(place.path);
      if (place.isUnwanted || own.kind === "missing") return GONE;
      if (own.kind !== "ok") return own;
      this.#holdFor(place, ttlMs);
      return { kind: "extended" };
    });
  }

  free(_name: string, owner: string): Promise<Freed> {
    const place = this.#places.get(owner);
    if (place === undefined) return Promise.resolve(GONE);
    const wasHeld = place.isHeld;
    return this.#remove(place).then((answer): Freed => {
      if (answer.kind === "ok" && wasHeld) {
        // The one behind it watches; nobody has to be told.
        return { kind: "freed", wanted: false };
      }
      return answer.kind === "ok" || answer.kind === "missing" ? GONE : answer;
    });
  }

  watch(woken: Woken): () => Promise<void> {
    this.#watchers.add(woken);
    return () => {
      this.#watchers.delete(woken);
      return Promise.resolve();
    };
  }

  #connected(): ZooKeeperSession | null {
    return this.#isProven && this.#session?.isConnected === true
      ? this.#session
      : null;
  }

  #begin(): void {
    this.#sessions++;
    this.#session = new ZooKeeperSession(this.#connect(), {
      ...this.#time,
      root: this.#root,
      proven: () => this.#proven(),
      ended: () => this.#ended(),
    });
  }

  #proven(): void {
    if (!this.#isProven) {
      this.#isProven = true;
      this.#opening?.resolve();
      this.#wake(null, null);
    }
    for (const place of this.#places.values()) {
      if (place.isUnwanted && !place.isBusy) this.#remove(place);
    }
    const nowMs = this.#time.clock.monotonicMs();
    for (const [folder, sinceMs] of this.#idle) {
      if (nowMs - sinceMs < this.#forgetAfterMs) break;
      this.#idle.delete(folder);
      // It stays when somebody is in it.
      this.#session?.remove(folder);
    }
  }

  #ended(): void {
    for (const place of this.#places.values()) {
      place.isUnwanted = true;
      this.#time.timers.clear(place.timer);
    }
    this.#places.clear();
    this.#isProven = false;
    if (this.#isClosed) return;
    this.#reopenTimer = this.#time.timers.set(
      () => this.#begin(),
      REOPEN_AFTER_MS,
    );
  }

  #wake(name: string | null, owner: string | null): void {
    for (const woken of this.#watchers) woken(name, owner);
  }

  #newPlace({ name, owner }: Wish): Place {
    const folder = `${this.#root}/${folderName(name)}`;
    // An owner may ask again in a later session, while a znode of the earlier
    // one still stands: that one is not his any more.
    const place = new Place(folder, `${owner}.${this.#sessions}-`, () => {
      place.before = null;
      this.#wake(name, owner);
    });
    this.#places.set(owner, place);
    this.#idle.delete(folder);
    return place;
  }

  async #take(
    session: ZooKeeperSession,
    place: Place,
    wish: Wish,
  ): Promise<Taken> {
    if (place.isUnwanted) return UNKNOWN;
    if (place.znode === null) {
      const trouble = await this.#join(session, place, wish);
      if (trouble !== null) return trouble;
    }
    while (true) {
      const [line, own] = await Promise.all([
        session.line(place.folder),
        session.read(place.path),
      ]);
      if (own.kind === "missing") {
        // Removed by hand: the session has not ended.
        this.#forget(place);
        return UNKNOWN;
      }
      if (own.kind !== "ok") return own;
      if (line.kind !== "ok") return line;
      const at = line.value.indexOf(place.znode!);
      if (at === 0) {
        // Freed meanwhile, or its session has ended.
        if (place.isUnwanted) return UNKNOWN;
        this.#holdFor(place, wish.ttlMs);
        return {
          kind: "taken",
          fence: transactionNumber(own.value.czxid),
          session,
        };
      }
      if (!wish.willWait) return this.#leave(place);
      const before = `${place.folder}/${line.value[at - 1]}`;
      const watched = await session.watch(before, place.wake);
      if (watched.kind === "missing") continue;
      if (watched.kind !== "ok") return watched;
      place.before = before;
      return this.#held();
    }
  }

  /** Makes the place's znode, unless it stands already. Null: it stands. */
  async #join(
    session: ZooKeeperSession,
    place: Place,
    { willWait }: Wish,
  ): Promise<Taken | null> {
    if (place.mayStand) {
      const trouble = await this.#find(session, place);
      if (trouble !== null) return trouble;
      if (place.znode !== null) return null;
    } else if (!willWait) {
      // Who does not wait does not stand in a line.
      const line = await session.line(place.folder);
      if (line.kind !== "ok") return line;
      if (line.value.length > 0) {
        this.#forget(place);
        return this.#held();
      }
    }
    for (let count = 0; count < FOLDER_TRIES; count++) {
      place.mayStand = true;
      const made = await session.add(`${place.folder}/${place.prefix}`);
      if (made.kind === "ok") {
        place.znode = made.value.slice(made.value.lastIndexOf("/") + 1);
        return null;
      }
      if (made.kind === "unknown") return made;
      place.mayStand = false;
      if (made.kind === "unavailable") {
        this.#forget(place);
        return made;
      }
      await session.make(place.folder);
    }
    this.#forget(place);
    return UNAVAILABLE;
  }

  /** Finds out whether a znode whose answer was lost stands after all. */
  async #find(
    session: ZooKeeperSession,
    place: Place,
  ): Promise<Trouble | null> {
    const proof = await session.prove();
    if (proof.kind === "missing") return UNAVAILABLE;
    if (proof.kind !== "ok") return proof;
    const line = await session.line(place.folder);
    if (line.kind !== "ok") return line;
    place.znode = line.value.find((each) => each.startsWith(place.prefix)) ??
      null;
    place.mayStand = place.znode !== null;
    return null;
  }

  #leave(place: Place): Taken {
    this.#remove(place);
    return this.#held();
  }

  #held(): Taken {
    // When it ends is known to nobody but its holder.
    return { kind: "held", leftMs: this.retryEveryMs };
  }

  #holdFor(place: Place, ttlMs: number): void {
    const { timers } = this.#time;
    timers.clear(place.timer);
    place.isHeld = true;
    place.timer = timers.set(() => this.#remove(place), ttlMs);
  }

  /**
   * Removes the place's znode, at once or, when that fails, each time that the
   * session is shown to live.
   */
  #remove(place: Place): Promise<ZooKeeperAnswer<unknown>> {
    this.#time.timers.clear(place.timer);
    place.isHeld = false;
    place.isUnwanted = true;
    return place.inTurn(async () => {
      const session = this.#connected();
      if (session === null) return UNAVAILABLE;
      if (place.znode === null && place.mayStand) {
        const trouble = await this.#find(session, place);
        if (trouble !== null) return trouble;
      }
      const answer: ZooKeeperAnswer<unknown> = place.znode === null
        ? { kind: "missing" }
        : await session.remove(place.path);
      if (answer.kind === "ok" || answer.kind === "missing") {
        if (place.before !== null) session.unwatch(place.before, place.wake);
        this.#forget(place);
      }
      return answer;
    });
  }

  #forget(place: Place): void {
    const owner = place.prefix.slice(0, place.prefix.lastIndexOf("."));
    if (this.#places.get(owner) === place) this.#places.delete(owner);
    this.#idle.delete(place.folder);
    this.#idle.set(place.folder, this.#time.clock.monotonicMs());
  }
}
