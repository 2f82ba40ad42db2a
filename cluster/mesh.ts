/**
 * Which domain of this process is linked with which of another, over one trunk
 * to each other process; a synchronous state machine like the trunk. Every
 * process tells its domains to the others, and each end of a link joins it
 * under a number of its own: the link is there while both have joined, and a
 * batch says the number of the end that it is for. So a batch of a link that is
 * over is never taken for one of its successor, whichever end was quicker.
 *
 * What domains say to one another is not looked at: a batch is whatever the
 * host carries, text or an array.
 *
 * @module
 */
import type { Content } from "../actors/runtime/envelope.ts";
import type { MeshFrame, MeshItem } from "./mesh_frame.ts";
import { type SessionEnd, Trunk, type TrunkCounters } from "./trunk.ts";

/** What a mesh is made of. */
export interface MeshOptions<Batch> {
  readonly process: string;
  /** See `TrunkOptions`. */
  readonly silenceMs: number;
  /**
   * A territory lives in any process and has links with all domains; others
   * belong to their process and have none with those of another one.
   */
  readonly isTerritory: (domain: string) => boolean;
  /** A link begins; the domain has none with a peer of that name. */
  readonly connect: (domain: string, peer: string) => void;
  /** It is over: what was under way may be lost. */
  readonly disconnect: (domain: string, peer: string) => void;
  /** The next batch of a link, in order and once. */
  readonly deliver: (domain: string, peer: string, batch: Batch) => void;
  /** Somebody's broadcast, or one's own. */
  readonly heard: (topic: string, content: Content) => void;
  /** From here on the broadcasts of a process are heard; earlier ones may not. */
  readonly reset: (process: string) => void;
  /** Nothing passes between it and this process, until `reset` says so. */
  readonly lost: (process: string, end: SessionEnd) => void;
}

/** What the host watches. */
export interface MeshCounters extends TrunkCounters {
  /** Batches of links that left, and that were handed over. */
  sentBatches: number;
  deliveredBatches: number;
  /** Batches of links that were over when they came. */
  lateBatches: number;
}

/** A link that one end at least has joined; 0: it has not. */
interface Pair<Batch> {
  readonly trunk: Trunk<MeshItem<Batch>>;
  readonly domain: string;
  readonly peer: string;
  mine: number;
  theirs: number;
}

interface Neighbor<Batch> {
  readonly process: string;
  readonly trunk: Trunk<MeshItem<Batch>>;
  /** It knows that it is heard, and nothing that it says since is missing. */
  hasSpoken: boolean;
  /** The domains that run there → incarnation. */
  domains: ReadonlyMap<string, number>;
  readonly pairs: Map<string, Pair<Batch>>;
}

/** See the module. */
export class Mesh<Batch> {
  readonly counters: MeshCounters = {
    sentFrames: 0,
    takenFrames: 0,
    ignoredFrames: 0,
    resets: 0,
    sentBatches: 0,
    deliveredBatches: 0,
    lateBatches: 0,
  };
  readonly #options: MeshOptions<Batch>;
  readonly #domains = new Map<string, number>();
  readonly #claimed = new Set<string>();
  readonly #neighbors = new Map<string, Neighbor<Batch>>();
  /** The links that are there, by their ends. */
  readonly #links = new Map<string, Pair<Batch>>();
  #lastLink = 0;
  #lastSession = 0;

  /** Knows nobody and has no domain yet. */
  constructor(options: MeshOptions<Batch>) {
    this.#options = options;
  }

  /** The other processes, and whether frames pass in both directions. */
  get processes(): { process: string; isOpen: boolean }[] {
    return [...this.#neighbors].map(([process, { trunk }]) => ({
      process,
      isOpen: trunk.isOpen,
    }));
  }

  /**
   * Who lives. Links to who does not are over at once; his frames are ignored
   * until he is named again, so a name must not come back for another life.
   */
  setMembers(processes: readonly string[], nowMs: number): void {
    const members = new Set(processes);
    members.delete(this.#options.process);
    for (const [process, { trunk }] of this.#neighbors) {
      if (members.has(process)) continue;
      this.#neighbors.delete(process);
      trunk.close();
    }
    for (const process of members) {
      if (!this.#neighbors.has(process)) this.#meet(process, nowMs);
    }
    this.#review();
  }

  /**
   * A domain of that name belongs here from now on, whether it runs or not, and
   * the host links others with it: links with one of that name elsewhere are
   * over.
   */
  claim(name: string): void {
    this.#claimed.add(name);
    this.#review();
  }

  /** It belongs elsewhere, and nobody here is linked with it any more. */
  disclaim(name: string): void {
    if (this.#claimed.delete(name)) this.#review();
  }

  /**
   * A domain that belongs here runs and takes links. Of a territory that two processes name
   * the later incarnation counts.
   */
  addDomain(name: string, incarnation: number): void {
    this.#claimed.add(name);
    this.#domains.set(name, incarnation);
    this.#announce();
  }

  /** It runs no more: its links are over. */
  removeDomain(name: string): void {
    if (this.#domains.delete(name)) this.#announce();
  }

  /** Puts a batch on its way; dropped when the link is over. */
  send(domain: string, peer: string, batch: Batch): void {
    const pair = this.#links.get(keyOf(domain, peer));
    if (pair === undefined) return;
    this.counters.sentBatches++;
    pair.trunk.send({
      kind: "batch",
      from: domain,
      to: peer,
      link: pair.theirs,
      batch,
    });
  }

  /** To every process that is heard now, and to this one at once. */
  broadcast(topic: string, content: Content): void {
    for (const { trunk } of this.#neighbors.values()) {
      trunk.send({ kind: "broadcast", topic, content });
    }
    this.#options.heard(topic, content);
  }

  /** The frame to carry to a process now, or null. */
  flush(process: string, nowMs: number): MeshFrame<Batch> | null {
    return this.#neighbors.get(process)?.trunk.flush(nowMs) ?? null;
  }

  /** Takes a frame; that of a stranger is ignored. */
  receive(frame: MeshFrame<Batch>, nowMs: number): void {
    const neighbor = this.#neighbors.get(frame.from);
    if (neighbor === undefined || frame.to !== this.#options.process) {
      this.counters.ignoredFrames++;
    } else neighbor.trunk.receive(frame, nowMs);
  }

  /** A frame of that session may not have reached a process. */
  failed(process: string, session: number): void {
    this.#neighbors.get(process)?.trunk.failed(session);
  }

  /** Does what is due; gives when it must be called again. */
  tick(nowMs: number): number {
    let nextMs = Infinity;
    for (const { trunk } of this.#neighbors.values()) {
      nextMs = Math.min(nextMs, trunk.tick(nowMs));
    }
    return nextMs;
  }

  /** Ends all links; gives the frames that tell the others. */
  close(): MeshFrame<Batch>[] {
    const neighbors = [...this.#neighbors.values()];
    this.#neighbors.clear();
    return neighbors.map(({ trunk }) => trunk.close());
  }

  #meet(process: string, nowMs: number): void {
    const neighbor: Neighbor<Batch> = {
      trunk: new Trunk<MeshItem<Batch>>({
        process: this.#options.process,
        peer: process,
        silenceMs: this.#options.silenceMs,
        counters: this.counters,
        nextSession: () => ++this.#lastSession,
        opened: () => this.#tellDomains(neighbor),
        closed: (end) => this.#forget(neighbor, end),
        arrived: (item) => this.#take(neighbor, item),
      }, nowMs),
      process,
      hasSpoken: false,
      domains: new Map(),
      pairs: new Map(),
    };
    this.#neighbors.set(process, neighbor);
  }

  #take(neighbor: Neighbor<Batch>, item: MeshItem<Batch>): void {
    switch (item.kind) {
      case "domains":
        neighbor.domains = new Map(
          item.domains.map(({ name, incarnation }) => [name, incarnation]),
        );
        if (!neighbor.hasSpoken) {
          // Of a session it is the first item.
          neighbor.hasSpoken = true;
          this.#options.reset(neighbor.process);
        }
        return this.#review();
      case "join":
        return this.#joined(neighbor, item.to, item.from, item.link);
      case "part":
        return this.#parted(neighbor, item.to, item.from);
      case "batch": {
        const { from, to, link, batch } = item;
        const pair = neighbor.pairs.get(keyOf(to, from));
        // It came behind the other end's join, so its number needs no look.
        if (pair?.mine !== link) return void this.counters.lateBatches++;
        this.counters.deliveredBatches++;
        return this.#options.deliver(to, from, batch);
      }
      case "broadcast":
        return this.#options.heard(item.topic, item.content);
    }
  }

  #announce(): void {
    // First, so that the others part by themselves and join anew.
    for (const neighbor of this.#neighbors.values()) {
      this.#tellDomains(neighbor);
    }
    this.#review();
  }

  #tellDomains({ trunk }: Neighbor<Batch>): void {
    const domains = Array.from(
      this.#domains,
      ([name, incarnation]) => ({ name, incarnation }),
    );
    trunk.send({ kind: "domains", domains });
  }

  /** Parts and joins as the domains here and there want it now. */
  #review(): void {
    // First, as a domain has one peer of a name.
    for (const neighbor of this.#neighbors.values()) {
      for (const pair of neighbor.pairs.values()) {
        if (!this.#wants(neighbor, pair.domain, pair.peer)) {
          this.#part(neighbor, pair);
        }
      }
    }
    for (const neighbor of this.#neighbors.values()) {
      for (const peer of neighbor.domains.keys()) {
        for (const domain of this.#domains.keys()) {
          if (this.#wants(neighbor, domain, peer)) {
            this.#join(pairOf(neighbor, domain, peer));
          }
        }
      }
    }
  }

  #wants(neighbor: Neighbor<Batch>, domain: string, peer: string): boolean {
    const { isTerritory } = this.#options;
    return this.#domains.has(domain) && !this.#claimed.has(peer) &&
      (isTerritory(domain) || isTerritory(peer)) &&
      this.#homeOf(peer) === neighbor;
  }

  /** Who has the latest incarnation: his lease is the newest. */
  #homeOf(domain: string): Neighbor<Batch> | undefined {
    let home: Neighbor<Batch> | undefined;
    let latest = -Infinity;
    for (const neighbor of this.#neighbors.values()) {
      const incarnation = neighbor.domains.get(domain) ?? -Infinity;
      if (incarnation <= latest) continue;
      home = neighbor;
      latest = incarnation;
    }
    return home;
  }

  #join(pair: Pair<Batch>): void {
    if (pair.mine !== 0) return;
    pair.mine = ++this.#lastLink;
    // First, since what is sent may end the session and all its links.
    if (isLive(pair)) this.#connect(pair);
    const { trunk, domain, peer, mine } = pair;
    trunk.send({ kind: "join", from: domain, to: peer, link: mine });
  }

  #part(neighbor: Neighbor<Batch>, pair: Pair<Batch>): void {
    if (pair.mine === 0) return;
    // The other end joins anew when it hears of it, if it wants to.
    this.#clear(neighbor, pair);
    const { domain, peer } = pair;
    neighbor.trunk.send({ kind: "part", from: domain, to: peer });
  }

  #joined(
    neighbor: Neighbor<Batch>,
    domain: string,
    peer: string,
    link: number,
  ): void {
    // Who joins a domain that is gone hears of that, and joins anew.
    if (!this.#domains.has(domain) || !neighbor.domains.has(peer)) return;
    const pair = pairOf(neighbor, domain, peer);
    if (isLive(pair)) this.#disconnect(pair);
    pair.theirs = link;
    if (isLive(pair)) this.#connect(pair);
  }

  #parted(neighbor: Neighbor<Batch>, domain: string, peer: string): void {
    const pair = neighbor.pairs.get(keyOf(domain, peer));
    if (pair === undefined) return;
    if (!isLive(pair)) {
      pair.theirs = 0;
      return;
    }
    this.#clear(neighbor, pair);
    if (!this.#wants(neighbor, domain, peer)) return;
    this.#join(pairOf(neighbor, domain, peer));
  }

  /** Forgets what both ends said of a link. */
  #clear({ pairs }: Neighbor<Batch>, pair: Pair<Batch>): void {
    pairs.delete(keyOf(pair.domain, pair.peer));
    if (isLive(pair)) this.#disconnect(pair);
  }

  #connect(pair: Pair<Batch>): void {
    const { domain, peer } = pair;
    this.#links.set(keyOf(domain, peer), pair);
    this.#options.connect(domain, peer);
  }

  #disconnect({ domain, peer }: Pair<Batch>): void {
    this.#links.delete(keyOf(domain, peer));
    this.#options.disconnect(domain, peer);
  }

  /** The session with a process is over, and with it all that it said. */
  #forget(neighbor: Neighbor<Batch>, end: SessionEnd): void {
    if (neighbor.hasSpoken) this.#options.lost(neighbor.process, end);
    neighbor.hasSpoken = false;
    neighbor.domains = new Map();
    for (const pair of neighbor.pairs.values()) this.#clear(neighbor, pair);
  }
}

function isLive({ mine, theirs }: { mine: number; theirs: number }): boolean {
  return mine !== 0 && theirs !== 0;
}

function keyOf(domain: string, peer: string): string {
  return `${domain} ${peer}`;
}

function pairOf<Batch>(
  { trunk, pairs }: Neighbor<Batch>,
  domain: string,
  peer: string,
): Pair<Batch> {
  const key = keyOf(domain, peer);
  const pair = pairs.get(key) ?? { trunk, domain, peer, mine: 0, theirs: 0 };
  pairs.set(key, pair);
  return pair;
}
