/**
 * Links the domains of this process with those of the others, over Redis. A
 * domain gets a port, as for a peer in the next thread, and notices no more of
 * it: what it writes there goes by the mesh to the process of its peer, and the
 * confirmations that bound what is under way go from end to end. All that leads
 * to one process in a turn of this thread leaves as one frame, and while two
 * frames to it are being published the rest waits: so frames grow with the load
 * as batches do, and the queue of the client has a bound.
 *
 * @module
 */
import type { Content } from "../../actors/runtime/envelope.ts";
import type { Clock, Log } from "../../actors/runtime/ports.ts";
import { Mesh, type MeshCounters } from "../mesh.ts";
import type { MeshFrame } from "../mesh_frame.ts";
import { isKeptWithin } from "./host_clock.ts";
import { readFrame, writeFrame } from "../redis/frame_text.ts";
import { ProcessChannel } from "../redis/process_channel.ts";
import type { RedisPort } from "../redis/redis_port.ts";

/** What the links are made of. */
export interface ProcessLinksOptions {
  readonly redis: RedisPort;
  /** Processes of one store hear one another. */
  readonly storeId: string;
  /** Of one life, and of letters, digits and dashes. */
  readonly process: string;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * A process that is not heard for so long is cut off until it is again. Who
   * is dead is known by `setMembers` before; this is for a way that is, and
   * longer than a busy machine may hold a main thread up.
   */
  readonly silenceMs: number;
  /** Link a domain that runs here with a peer elsewhere, through the port. */
  readonly connect: (domain: string, peer: string, port: MessagePort) => void;
  /** That link is over. */
  readonly disconnect: (domain: string, peer: string) => void;
  /** A broadcast of a process, this one included. */
  readonly heard: (topic: string, content: Content) => void;
  /**
   * From here on the broadcasts of a process are heard; earlier ones may have
   * been missed.
   */
  readonly reset: (process: string) => void;
}

/** What the host watches, since the start. */
export interface ProcessLinksReport extends MeshCounters {
  /** Characters of the frames that left, and that came. */
  readonly sentCharacters: number;
  readonly receivedCharacters: number;
  /** Texts that are no frames. */
  readonly badFrames: number;
  /** Frames that Redis did not take, or not in time. */
  readonly failedFrames: number;
  /** How long Redis took to take the last one; null before the first. */
  readonly publishMs: number | null;
  /** The other processes, and whether frames pass in both directions. */
  readonly processes: readonly { process: string; isOpen: boolean }[];
}

/** While one frame is published the next one is written. */
const MOST_PUBLISHING = 2;

/** A stop has 10 s for all it does; who does not hear it notices by himself. */
const GOODBYE_WITHIN_MS = 1_000;

/** Territories have these names in every process. */
const TERRITORY = /^worker-\d+$/;

/** Frames on their way to Redis; given up as a whole, by another in its place. */
interface Way {
  publishing: number;
  sinceMs: number;
  /** Of the last frame. */
  session: number;
}

/** See the module. */
export class ProcessLinks {
  readonly #options: ProcessLinksOptions;
  readonly #mesh: Mesh<string>;
  readonly #channel: ProcessChannel;
  /** This end of the port that a domain has for a peer. */
  readonly #ports = new Map<string, MessagePort>();
  readonly #ways = new Map<string, Way>();
  #isFlushPosted = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: "new" | "running" | "stopped" = "new";
  #sentCharacters = 0;
  #receivedCharacters = 0;
  #badFrames = 0;
  #failedFrames = 0;
  #publishMs: number | null = null;

  /** Says and hears nothing before `start`. */
  constructor(options: ProcessLinksOptions) {
    this.#options = options;
    const { process, silenceMs, log } = options;
    this.#mesh = new Mesh<string>({
      process,
      silenceMs,
      isTerritory: (domain) => TERRITORY.test(domain),
      connect: (domain, peer) => this.#connect(domain, peer),
      disconnect: (domain, peer) => this.#disconnect(domain, peer),
      deliver: (domain, peer, text) =>
        this.#ports.get(keyOf(domain, peer))?.postMessage(text),
      heard: options.heard,
      reset: (peer) => {
        log.write("info", "process linked", { process: peer });
        options.reset(peer);
      },
      lost: (peer, cause) =>
        log.write("warn", "process no longer linked", { process: peer, cause }),
    });
    this.#channel = new ProcessChannel({
      ...options,
      heard: (text) => this.#receive(text),
    });
  }

  /**
   * Subscribes. Resolves when Redis has confirmed it, or has not for as long
   * as a silence lasts: it is tried again then, by itself.
   */
  async start(): Promise<void> {
    const { clock, silenceMs } = this.#options;
    this.#state = "running";
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#channel.subscribe(clock.monotonicMs(), resolve);
    this.#tick();
    await isKeptWithin(promise, silenceMs);
  }

  /**
   * Tells the others, ends all links and hears nothing any more. A Redis that
   * hangs holds it up for a second.
   */
  async stop(): Promise<void> {
    const wasRunning = this.#state === "running";
    this.#state = "stopped";
    clearTimeout(this.#timer);
    const last = this.#mesh.close();
    if (!wasRunning) return;
    const told = Promise.all(last.map((frame) => this.#publish(frame)));
    await isKeptWithin(told, GOODBYE_WITHIN_MS);
    await this.#channel.close();
  }

  /**
   * A territory is this process's, and whoever runs here will be linked with it
   * here: links with one of that name elsewhere are over. To be called before
   * its worker starts.
   */
  claim(name: string): void {
    this.#mesh.claim(name);
    this.#post();
  }

  /**
   * A territory is somebody else's. To be called when nobody is linked with it
   * here any more: if it runs elsewhere links with it begin at once.
   */
  disclaim(name: string): void {
    this.#mesh.disclaim(name);
    this.#post();
  }

  /**
   * A domain runs here and is ready. As long as a process has not noticed that
   * it lost the lease of a territory, two of them name it, and the others link
   * the one whose incarnation is larger: so it should be the lease's fence.
   */
  addDomain(name: string, incarnation = 0): void {
    this.#mesh.addDomain(name, incarnation);
    this.#post();
  }

  /** It does not run now: its links are over, here at once. */
  removeDomain(name: string): void {
    this.#mesh.removeDomain(name);
    this.#post();
  }

  /** Who lives. Who is not named is cut off at once. */
  setMembers(processes: readonly string[]): void {
    this.#mesh.setMembers(processes, this.#options.clock.monotonicMs());
    const members = new Set(processes);
    for (const process of this.#ways.keys()) {
      if (!members.has(process)) this.#ways.delete(process);
    }
    this.#post();
  }

  /**
   * To every process that is heard now, and to this one before it returns. Who
   * does not get it is told by `reset` once it hears again.
   */
  broadcast(topic: string, content: Content): void {
    this.#mesh.broadcast(topic, content);
    this.#post();
  }

  /** What the host watches. */
  report(): ProcessLinksReport {
    return {
      ...this.#mesh.counters,
      sentCharacters: this.#sentCharacters,
      receivedCharacters: this.#receivedCharacters,
      badFrames: this.#badFrames,
      failedFrames: this.#failedFrames,
      publishMs: this.#publishMs,
      processes: this.#mesh.processes,
    };
  }

  #connect(domain: string, peer: string): void {
    const { port1, port2 } = new MessageChannel();
    const key = keyOf(domain, peer);
    this.#ports.set(key, port1);
    port1.onmessage = ({ data }) => {
      // It may have waited while this link ended and another one began.
      if (this.#ports.get(key) !== port1) return;
      this.#mesh.send(domain, peer, data);
      this.#post();
    };
    this.#options.connect(domain, peer, port2);
  }

  #disconnect(domain: string, peer: string): void {
    const key = keyOf(domain, peer);
    const port = this.#ports.get(key);
    this.#ports.delete(key);
    // It may hand over what waited in it.
    port?.close();
    this.#options.disconnect(domain, peer);
  }

  #receive(text: string): void {
    if (this.#state !== "running") return;
    this.#receivedCharacters += text.length;
    const frame = readFrame(text);
    // Its number will be missed.
    if (frame === null) this.#badFrames++;
    else this.#mesh.receive(frame, this.#options.clock.monotonicMs());
    this.#post();
  }

  /** What waits leaves at the end of the turn. */
  #post(): void {
    if (this.#isFlushPosted || this.#state !== "running") return;
    this.#isFlushPosted = true;
    setImmediate(() => {
      this.#isFlushPosted = false;
      this.#flush();
    });
  }

  #flush(): void {
    for (const { process } of this.#mesh.processes) this.#flushTo(process);
  }

  #flushTo(process: string): void {
    const way = this.#ways.get(process) ??
      { publishing: 0, sinceMs: 0, session: 0 };
    if (this.#state !== "running" || way.publishing >= MOST_PUBLISHING) return;
    const nowMs = this.#options.clock.monotonicMs();
    const frame = this.#mesh.flush(process, nowMs);
    if (frame === null) return;
    if (way.publishing++ === 0) way.sinceMs = nowMs;
    way.session = frame.session;
    this.#ways.set(process, way);
    void this.#publish(frame).then((isTaken) => {
      // Given up before, or its process is gone.
      if (this.#ways.get(process) !== way) return;
      way.publishing--;
      way.sinceMs = this.#options.clock.monotonicMs();
      if (!isTaken) {
        this.#failedFrames++;
        this.#mesh.failed(process, frame.session);
      }
      this.#flushTo(process);
    });
  }

  async #publish(frame: MeshFrame<string>): Promise<boolean> {
    const { clock } = this.#options;
    const text = writeFrame(frame);
    const fromMs = clock.monotonicMs();
    this.#sentCharacters += text.length;
    const isTaken = await this.#channel.publish(frame.to, text);
    this.#publishMs = clock.monotonicMs() - fromMs;
    return isTaken;
  }

  #tick(): void {
    const { clock } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#giveUp(nowMs);
    const nextMs = Math.min(this.#channel.tick(nowMs), this.#mesh.tick(nowMs));
    this.#flush();
    const delayMs = Math.max(1, nextMs - clock.monotonicMs());
    this.#timer = setTimeout(() => this.#tick(), delayMs);
  }

  /** What Redis has not taken for as long as a silence lasts is lost. */
  #giveUp(nowMs: number): void {
    const { silenceMs } = this.#options;
    for (const [process, { publishing, sinceMs, session }] of this.#ways) {
      if (publishing === 0 || nowMs - sinceMs < silenceMs) continue;
      this.#ways.delete(process);
      this.#failedFrames += publishing;
      this.#mesh.failed(process, session);
    }
  }
}

function keyOf(domain: string, peer: string): string {
  return `${domain} ${peer}`;
}
