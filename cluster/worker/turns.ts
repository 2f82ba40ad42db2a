/**
 * The turns of a thread: a domain, the links to the other domains, and when
 * each of them has its go.
 *
 * What comes in by a link is run at once, as one batch with one commit, and
 * what it leads to is sent at once. What is asked from this thread itself (by
 * HTTP requests) is gathered until the end of the macrotask. So batches follow
 * the load, since a link has at most two of them in flight
 * (docs/adr/0005-batches-follow-the-load.md has the alternatives measured), and
 * leave in two halves when they are large, so that both threads have work. They
 * travel as JSON text: messages are plain data, and V8 reads that in half the
 * time that a structured clone takes.
 *
 * @module
 */
import { Domain, type DomainOptions } from "../../actors/runtime/domain.ts";
import { Envelope } from "../../actors/runtime/envelope.ts";
import {
  failed,
  type Outcome,
  RETRY_AFTER_MS,
  unknown,
} from "../../actors/runtime/outcome.ts";
import type { Log } from "../../actors/runtime/ports.ts";
import {
  type Farewell,
  heed,
  LINK,
  noFarewell,
  TAKES_NO_MORE,
} from "../farewell.ts";
import type { GatewayHost } from "../gateways/gateway.ts";
import { type Batch, Link } from "../link.ts";
import { readBatch, writeBatch } from "./batch_text.ts";
import { hostClock } from "./host_clock.ts";

/** What a thread's turns are made of. */
export interface TurnsOptions {
  readonly domain: Pick<
    DomainOptions,
    | "name"
    | "incarnation"
    | "seed"
    | "journal"
    | "died"
    | "root"
    | "escalated"
    | "freeze"
  >;
  readonly log: Log;
  /** The domain in which an address lives. */
  readonly locate: (address: string) => string | undefined;
  /** Gateways that this thread serves, by address. */
  readonly gateways: ReadonlyMap<string, GatewayHost>;
  /** A link broke its protocol; its domain must be linked anew. */
  readonly linkBroke: (peer: string) => void;
}

/**
 * No fewer frames leave before their turn is over: they take some 10 µs to
 * make, and waking a thread that sleeps takes longer.
 */
const EARLY_FRAMES_MIN = 16;

interface Peer {
  readonly link: Link;
  readonly port: MessagePort;
  /** Frames of the last batch that came. */
  frames: number;
  /** So many leave before their turn is over. */
  earlyFrames: number;
  readonly farewell: Farewell;
}

/** One thread's domain and links. See the module's text. */
export class Turns {
  readonly domain: Domain;
  readonly #options: TurnsOptions;
  readonly #peers = new Map<string, Peer>();
  /** The peer that was sent to last in this go, and the address there. */
  #lastTo = "";
  #lastPeer: Peer | undefined;
  #posted = false;
  /** While mail is taken in a turn follows, while it runs a flush does. */
  #phase: "idle" | "receiving" | "running" = "idle";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAtMs = Infinity;
  /** When the lease of this domain ends; Infinity: it needs none. */
  #validUntilMs = Infinity;
  #refuses = false;
  #stopped = false;

  constructor(options: TurnsOptions) {
    this.#options = options;
    this.domain = new Domain({
      ...options.domain,
      clock: hostClock,
      log: options.log,
      transmit: (envelope) => this.#transmit(envelope),
      isHome: (address) => options.locate(address) === options.domain.name,
      wake: () => {
        if (this.#phase !== "receiving") this.#post();
      },
    });
  }

  /** Links this thread with another domain. */
  connect(peer: string, port: MessagePort): void {
    this.disconnect(peer);
    const link = new Link((frame) => {
      // The ask never left: it had no effect.
      this.domain.deliver(
        new Envelope(frame.from, frame.to, -frame.ask, 0, failed("expired", 0)),
      );
    });
    const linked: Peer = {
      ...{ link, port, frames: 0, earlyFrames: EARLY_FRAMES_MIN },
      farewell: noFarewell(),
    };
    if (this.#refuses) this.#say(linked, TAKES_NO_MORE);
    this.#peers.set(peer, linked);
    port.onmessage = ({ data }) => this.#receive(peer, linked, readBatch(data));
    this.domain.noteReachable((to) => this.#options.locate(to) === peer);
  }

  /**
   * Ends the link to a domain that is gone. Asks that never left fail; every
   * other one to it may have had its effect and is unknown.
   */
  disconnect(peer: string): void {
    const lost = this.#peers.get(peer);
    if (lost === undefined) return;
    this.#peers.delete(peer);
    this.#lastPeer = undefined;
    lost.port.close();
    for (const { to, from, ask } of lost.link.close()) {
      if (ask <= 0) continue;
      const outcome = failed("unavailable", 250);
      this.domain.deliver(new Envelope(from, to, -ask, 0, outcome));
    }
    const { locate } = this.#options;
    this.domain.settleLost((to) => locate(to) === peer, unknown(250));
  }

  /**
   * Lets nothing leave from that moment of the monotonic clock on: then the
   * domain ends as `lease-lost`. What it recorded until it notices is the
   * journal's to refuse.
   */
  setValidUntil(atMs: number): void {
    this.#validUntilMs = atMs;
  }

  /**
   * From now on asks that come by a link fail as `unavailable` and tells are
   * dropped, as by a domain that is gone; answers still come in. The other
   * domains are told, so that they send no more.
   */
  refuse(): void {
    this.#refuses = true;
    for (const peer of this.#peers.values()) this.#say(peer, TAKES_NO_MORE);
  }

  /** One go: run the domain, commit, send what may leave. */
  turn(): void {
    if (this.#stopped) return;
    this.#phase = "running";
    const nextMs = this.domain.run();
    this.#phase = "idle";
    const nowMs = hostClock.monotonicMs();
    if (nowMs >= this.#validUntilMs) return this.domain.loseLease();
    for (const peer of this.#peers.values()) this.#flush(peer, nowMs);
    this.#lastPeer = undefined;
    if (nextMs === 0) this.#post();
    else this.#wakeAt(nextMs);
  }

  /** Stops for good: no timer, no port, nobody who waits stays. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const { port } of this.#peers.values()) port.close();
    this.domain.close();
  }

  /**
   * Nobody here waits for an answer, all that was sent has arrived, and nothing
   * comes any more; true unless new mail is refused.
   */
  get isQuiet(): boolean {
    if (!this.#refuses) return true;
    if (this.domain.asksUnderWay > 0) return false;
    return this.#peers.values().every(({ link, farewell }) =>
      farewell.sendsNoMore && link.isQuiet
    );
  }

  /** Frames that wait for their link, over all links. */
  get waitingFrames(): number {
    let frames = 0;
    for (const { link } of this.#peers.values()) frames += link.waiting;
    return frames;
  }

  #receive(name: string, peer: Peer, batch: Batch): void {
    // A batch that was under way when the link ended.
    if (this.#peers.get(name) !== peer) return;
    const { link } = peer;
    const { delivered } = link.counters;
    const nowMs = hostClock.monotonicMs();
    if (nowMs >= this.#validUntilMs) return this.domain.loseLease();
    this.#phase = "receiving";
    const received = link.receive(
      batch,
      nowMs,
      (to, from, ask, deadlineMs, content, chain) => {
        const envelope = new Envelope(
          to,
          from,
          ask,
          deadlineMs,
          content,
          chain,
        );
        if (ask === 0 && to === LINK) return this.#heed(peer, content);
        if (ask >= 0 && this.#refuses) return this.#refuse(envelope);
        const gateway = ask < 0 ? undefined : this.#options.gateways.get(to);
        if (gateway === undefined) this.domain.deliver(envelope);
        else this.#serve(gateway, envelope);
      },
    );
    this.#phase = "idle";
    if (received === "broken") return this.#options.linkBroke(name);
    noteSize(peer, link.counters.delivered - delivered);
    // What waited for the acknowledgement need not wait for the turn.
    if (link.waiting >= peer.earlyFrames) {
      this.#flush(peer, hostClock.monotonicMs());
    }
    this.turn();
  }

  #say({ link }: Peer, word: { readonly kind: string }): void {
    // Without room it is as if the other end never answered: nobody waits for
    // that without a deadline.
    link.send(LINK, this.domain.name, 0, 0, word);
    if (this.#phase === "idle") this.#post();
  }

  #heed(peer: Peer, content: unknown): void {
    const answer = heed(peer.farewell, content);
    if (answer !== null) this.#say(peer, answer);
  }

  #refuse({ from, to, ask }: Envelope): void {
    if (ask === 0) return;
    const outcome = failed("unavailable", RETRY_AFTER_MS);
    this.#transmit(new Envelope(from, to, -ask, 0, outcome));
  }

  #transmit(envelope: Envelope): "queued" | "full" | "gone" {
    const { to, from, ask, deadlineMs, content, chain } = envelope;
    const gateway = this.#options.gateways.get(to);
    if (gateway !== undefined) return this.#serve(gateway, envelope);
    const peer = this.#peerOf(to);
    if (peer === undefined || peer.farewell.takesNoMore && ask >= 0) {
      return "gone";
    }
    const { link } = peer;
    const room = link.send(to, from, ask, deadlineMs, content, chain);
    if (this.#phase === "idle") this.#post();
    else if (link.waiting === peer.earlyFrames) {
      this.#flush(peer, hostClock.monotonicMs());
    }
    return room;
  }

  /** Looked up once a go for all that goes to one address in a row. */
  #peerOf(to: string): Peer | undefined {
    if (this.#lastPeer !== undefined && to === this.#lastTo) {
      return this.#lastPeer;
    }
    const home = this.#options.locate(to);
    const peer = home === undefined ? undefined : this.#peers.get(home);
    // In between an address may move.
    this.#lastPeer = this.#phase === "idle" ? undefined : peer;
    this.#lastTo = to;
    return peer;
  }

  #serve(gateway: GatewayHost, envelope: Envelope): "queued" {
    const { to, from, ask, deadlineMs, content } = envelope;
    const leftMs = deadlineMs - hostClock.monotonicMs();
    gateway.call(
      content as { kind: string },
      ask > 0 ? leftMs : Infinity,
      (outcome: Outcome<unknown>) => {
        if (ask <= 0) return;
        const answer = new Envelope(from, to, -ask, 0, outcome);
        // The asker lives here, or its answer goes by a link.
        if (this.#options.locate(from) === this.domain.name) {
          this.domain.deliver(answer);
        } else {
          this.#transmit(answer);
        }
      },
    );
    return "queued";
  }

  #flush({ link, port }: Peer, nowMs: number): void {
    // In the midst of a turn, whose end follows.
    if (nowMs >= this.#validUntilMs) return;
    const batch = link.flush(nowMs);
    if (batch !== null) port.postMessage(writeBatch(batch));
  }

  #post(): void {
    if (this.#posted || this.#stopped) return;
    this.#posted = true;
    setImmediate(this.#turnPosted);
  }

  readonly #turnPosted = () => {
    this.#posted = false;
    this.turn();
  };

  #wakeAt(atMs: number): void {
    if (atMs === Infinity || atMs >= this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    const delayMs = Math.max(0, atMs - hostClock.monotonicMs());
    this.#timer = setTimeout(() => {
      this.#timerAtMs = Infinity;
      this.turn();
    }, delayMs);
  }
}

/**
 * What goes round between two threads goes in two halves, one for each to work
 * on: the last two batches that came are all of it.
 */
function noteSize(peer: Peer, frames: number): void {
  // An acknowledgement alone.
  if (frames === 0) return;
  const half = Math.floor((peer.frames + frames) / 2);
  peer.earlyFrames = Math.max(EARLY_FRAMES_MIN, half);
  peer.frames = frames;
}
