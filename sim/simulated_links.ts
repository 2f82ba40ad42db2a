/**
 * The links of a simulated process with the others: the live mesh and trunks,
 * carried by a simulated Redis. As live, all that leads to one process at a
 * moment leaves as one frame, and while two are being published the rest waits.
 *
 * @module
 */
import type { Content } from "../actors/runtime/envelope.ts";
import type { Clock } from "../actors/runtime/ports.ts";
import { stableHash } from "../actors/runtime/random.ts";
import type { Batch } from "../cluster/link.ts";
import { Mesh } from "../cluster/mesh.ts";
import type { MeshFrame } from "../cluster/mesh_frame.ts";
import { framesIn, Way } from "./counted_link.ts";
import type { WayCount } from "./observation.ts";
import type { RedisModel } from "./redis_model.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Streams } from "./streams.ts";
import type { Thread } from "./thread.ts";

/** A batch between two processes, and who counts what becomes of it. */
export interface Parcel {
  readonly batch: Batch;
  readonly way: Way;
  /** It was taken, or its receiver was gone. */
  isOver: boolean;
}

/** What processes say to one another. */
export type ProcessFrame = MeshFrame<Parcel>;

/** The ways between domains of different processes, over all lives. */
export class ProcessWays {
  readonly #streams: Streams;
  readonly #ways = new Map<string, Way>();

  constructor(streams: Streams) {
    this.#streams = streams;
  }

  /** The one from there to there. */
  of(from: string, to: string): Way {
    const name = `${from}⇢${to}`;
    let way = this.#ways.get(name);
    if (way === undefined) {
      way = new Way(name, this.#streams);
      this.#ways.set(name, way);
    }
    return way;
  }

  /** What became of all frames so far; those that a trunk lost stay on way. */
  counts(): WayCount[] {
    return [...this.#ways.values()].map(({ count, link }) => (
      { ...count, waiting: link?.waiting ?? 0 }
    ));
  }
}

/** What the links need of their process. */
export interface SimulatedLinksOptions {
  readonly process: string;
  readonly silenceMs: number;
  readonly scheduler: Scheduler;
  readonly clock: Clock & { momentOf(monotonicMs: number): number };
  readonly redis: RedisModel<ProcessFrame>;
  /** What its main thread takes for a frame, in microseconds. */
  readonly frameUs: number;
  /** The main thread: it relays. */
  readonly main: () => Thread;
  readonly ways: ProcessWays;
  /** Acts when the process can, and never once it is gone. */
  readonly take: (act: () => void) => void;
  /** The thread of a domain that runs here. */
  readonly threadOf: (domain: string) => Thread | null;
  /** A link of a domain with one elsewhere began or ended. */
  readonly linked: (domain: string, peer: string, isLinked: boolean) => void;
  readonly heard: (content: Content) => void;
  /** Frames that may wait for a link that is made now; as live unless told. */
  readonly outboxFrames: () => number | undefined;
}

/** While one frame is published the next one is written, as live. */
const MOST_PUBLISHING = 2;
const TERRITORY = /^worker-\d+$/;

/** See the module's text. */
export class SimulatedLinks {
  readonly #options: SimulatedLinksOptions;
  readonly #mesh: Mesh<Parcel>;
  /** Frames on their way to Redis, by the process that they are for. */
  readonly #publishing = new Map<string, number>();
  readonly #label: number;
  #isFlushPosted = false;
  #tickAtUs = Infinity;

  constructor(options: SimulatedLinksOptions) {
    this.#options = options;
    this.#label = stableHash(`links ${options.process}`);
    this.#mesh = new Mesh<Parcel>({
      process: options.process,
      silenceMs: options.silenceMs,
      isTerritory: (domain) => TERRITORY.test(domain),
      connect: (domain, peer) => this.#connect(domain, peer),
      disconnect: (domain, peer) => {
        options.threadOf(domain)?.disconnect(peer);
        options.linked(domain, peer, false);
      },
      deliver: (domain, peer, parcel) => this.#deliver(domain, peer, parcel),
      heard: (_, content) => options.heard(content),
      // Stock that was not heard is published again with the next change, and
      // a cache entry's age has a bound.
      reset: () => {},
      lost: () => {},
    });
  }

  /** A domain of that name belongs here, whether it runs or not; or no more. */
  claim(name: string, isOurs: boolean): void {
    if (isOurs) this.#mesh.claim(name);
    else this.#mesh.disclaim(name);
    this.#post();
  }

  /** A domain runs here and is ready, under the fence of its lease if any. */
  addDomain(name: string, fence = 0): void {
    this.#mesh.addDomain(name, fence);
    this.#post();
  }

  /** It runs no more. */
  removeDomain(name: string): void {
    this.#mesh.removeDomain(name);
    this.#post();
  }

  /** Who lives. */
  setMembers(processes: readonly string[]): void {
    this.#mesh.setMembers(processes, this.#nowMs());
    const members = new Set(processes);
    for (const process of this.#publishing.keys()) {
      if (!members.has(process)) this.#publishing.delete(process);
    }
    this.#post();
  }

  /** To all processes, this one included. */
  broadcast(topic: string, content: Content): void {
    this.#mesh.broadcast(topic, content);
    this.#post();
  }

  /** Carries a batch of a domain here to one elsewhere. */
  carry(from: string, to: string, batch: Batch): void {
    const way = this.#options.ways.of(from, to);
    const frames = framesIn(batch);
    way.count.carried += frames;
    way.count.underWay += frames;
    this.#mesh.send(from, to, { batch, way, isOver: false });
    this.#post();
  }

  /** Takes a frame that Redis passed on. */
  receive(frame: ProcessFrame): void {
    const { frameUs, main, take } = this.#options;
    main().work(frameUs, () =>
      take(() => {
        this.#mesh.receive(frame, this.#nowMs());
        this.#post();
      }));
  }

  /** Tells the others that this process goes. */
  close(): void {
    const { redis, process } = this.#options;
    for (const frame of this.#mesh.close()) {
      redis.publish(process, frame, () => {});
    }
  }

  #connect(domain: string, peer: string): void {
    const { ways, threadOf, outboxFrames, linked } = this.#options;
    const frames = outboxFrames();
    threadOf(domain)?.connect(peer, {
      out: ways.of(domain, peer),
      into: ways.of(peer, domain),
      ...frames !== undefined && { outboxFrames: frames },
    });
    linked(domain, peer, true);
  }

  #deliver(domain: string, peer: string, parcel: Parcel): void {
    const { batch, way: { count } } = parcel;
    const frames = framesIn(batch);
    const thread = this.#options.threadOf(domain);
    const received = thread?.receive(peer, batch) ?? "broken";
    if (!parcel.isOver) count.underWay -= frames;
    parcel.isOver = true;
    const isGone = received === "broken" && !(thread?.isAlive ?? false);
    // A batch that a living link does not take came out of turn or twice: it
    // counts as arrived, and `mail.accounted` misses it among the delivered.
    if (isGone) count.lost += frames;
    else count.arrived += frames;
  }

  #nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  /** What waits leaves at the end of the turn. */
  #post(): void {
    if (this.#isFlushPosted) return;
    this.#isFlushPosted = true;
    const { scheduler, take } = this.#options;
    scheduler.at(scheduler.nowUs + 1, this.#label, () =>
      take(() => {
        this.#isFlushPosted = false;
        this.#tick();
      }));
  }

  #tick(): void {
    const { scheduler, clock, take } = this.#options;
    const nextMs = this.#mesh.tick(this.#nowMs());
    for (const { process } of this.#mesh.processes) this.#flushTo(process);
    if (nextMs === Infinity) return;
    const atUs = Math.max(scheduler.nowUs + 1, clock.momentOf(nextMs));
    // The one that is underway looks again when it comes.
    if (this.#tickAtUs <= atUs && this.#tickAtUs > scheduler.nowUs) return;
    this.#tickAtUs = atUs;
    scheduler.at(atUs, this.#label, () =>
      take(() => {
        if (this.#tickAtUs === atUs) this.#tickAtUs = Infinity;
        this.#tick();
      }));
  }

  #flushTo(process: string): void {
    const publishing = this.#publishing.get(process) ?? 0;
    if (publishing >= MOST_PUBLISHING) return;
    const frame = this.#mesh.flush(process, this.#nowMs());
    if (frame === null) return;
    this.#publishing.set(process, publishing + 1);
    const { redis, process: self, frameUs, main } = this.#options;
    main().work(frameUs, () =>
      redis.publish(self, frame, (isTaken) => {
        const left = this.#publishing.get(process);
        // Its process is gone.
        if (left === undefined) return;
        this.#publishing.set(process, left - 1);
        if (!isTaken) this.#mesh.failed(process, frame.session);
        this.#flushTo(process);
      }));
  }
}
