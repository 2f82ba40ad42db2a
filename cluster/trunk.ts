/**
 * One end of the way between two processes, as a synchronous state machine:
 * like a link it has no timer, socket or clock of its own. Whoever owns it
 * carries the frames that `flush` gives to the other end's `receive`, and calls
 * `tick` when it is time.
 *
 * The carrier (Redis' pub/sub) may lose, double, delay and cut. So both ends
 * count sessions, and a frame says those of both: it belongs to a session only
 * when each end means the other's present one. In a session frames are
 * numbered. One that came before is ignored, and nothing is ever sent again: a
 * number that is missing ends the session, and so do silence, a failed carrier
 * and frames that the other end does not confirm. Both ends are told, and
 * what may have been lost is for them to settle; then they say hello anew.
 *
 *     closed ── a frame that means my session ──▶ open
 *       ▲                                           │ gap, silence, failure,
 *       └───────────── my next session ◀────────────┘ the other's next session
 *
 * @module
 */

/** What travels. An empty frame is a hello, a beat, a confirmation: all one. */
export interface TrunkFrame<Item> {
  /** The process that sends; its name is of one life. */
  readonly from: string;
  readonly to: string;
  /** The sender's session, from 1. */
  readonly session: number;
  /** The receiver's session as the sender knows it; 0: it knows none. */
  readonly peerSession: number;
  /** Of this frame when it has items, else of the last one that had. */
  readonly number: number;
  /** Of the last frame with items that the sender got in this session. */
  readonly heard: number;
  /** The sender goes; nothing follows. */
  readonly isLast: boolean;
  readonly items: readonly Item[];
}

/** What became of a frame. `stale`: of another session than the present one. */
export type TrunkReceived = "taken" | "repeated" | "stale" | "broken";

/** Why a session ended. */
export type SessionEnd =
  /** A number was missing, or one was confirmed that was never sent. */
  | "gap"
  /** Nothing was heard for too long. */
  | "silence"
  /** What was sent was not confirmed for too long. */
  | "unconfirmed"
  /** The carrier did not take a frame, or may not have. */
  | "carrier-failed"
  /** The carrier took nothing for so long that too much waited. */
  | "overflow"
  /** The other end ended it, for a reason of its own. */
  | "ended-by-peer"
  /** The other end goes. */
  | "peer-left"
  /** This end goes, or takes the other for dead. */
  | "closed";

/** What the host watches; may be shared by the trunks of a process. */
export interface TrunkCounters {
  /** Frames that left, empty ones too. */
  sentFrames: number;
  /** Frames that were taken. */
  takenFrames: number;
  /** Frames that came twice, or were of another session. */
  ignoredFrames: number;
  /** Sessions that ended: on each all links between two processes are lost. */
  resets: number;
}

/** What a trunk is made of. */
export interface TrunkOptions<Item> {
  readonly process: string;
  readonly peer: string;
  /** Who is not heard, or does not confirm, for so long is gone. */
  readonly silenceMs: number;
  readonly counters: TrunkCounters;
  /**
   * A number for a session, larger than all that this process gave the peer,
   * by an earlier trunk too.
   */
  readonly nextSession: () => number;
  /** A session begins: both ends hear one another. */
  readonly opened: () => void;
  /** It is over, and what was sent in it may be lost. */
  readonly closed: (end: SessionEnd) => void;
  /** The next item, in order and once. */
  readonly arrived: (item: Item) => void;
}

/**
 * Whose leases ran out is no member any more, and cut off. A member that lives
 * is not, though it is silent for as long as starting its workers takes: 3 s on
 * a machine with 27 threads for 2 cores. So a silence lasts as many leases.
 */
export const LEASES_IN_SILENCE = 3;

/** Beats until silence: three of them may be late. */
const BEATS_IN_SILENCE = 4;

/**
 * Before a session much more often: after a cut it begins no later than the
 * next of them, which is not in nine seconds but in 140 ms.
 */
const HELLOS_IN_SILENCE = 64;

/**
 * Items that may wait for `flush`. Links send two batches and a confirmation
 * at most, and 16 domains at each end have 256 of them; the rest is room for
 * broadcasts. A carrier that takes nothing for as long is as good as broken.
 */
const MOST_WAITING = 4_096;

/** See the module. */
export class Trunk<Item> {
  readonly #options: TrunkOptions<Item>;
  #session: number;
  #peerSession = 0;
  #isOpen = false;
  #isOver = false;
  #waiting: Item[] = [];
  #sent = 0;
  #received = 0;
  #confirmed = 0;
  #owesFrame = true;
  #sentAtMs: number;
  #heardAtMs: number;
  /** Since when something that was sent is not confirmed. */
  #unconfirmedSinceMs = Infinity;

  /** One end; its first `flush` is a hello. */
  constructor(options: TrunkOptions<Item>, nowMs: number) {
    this.#options = options;
    this.#session = options.nextSession();
    this.#sentAtMs = nowMs;
    this.#heardAtMs = nowMs;
  }

  /** Whether what is sent now has a chance to arrive. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The session that a failure of the carrier is told of. */
  get session(): number {
    return this.#session;
  }

  /** Takes an item for the next frame; outside a session it is dropped. */
  send(item: Item): void {
    if (!this.#isOpen) return;
    this.#waiting.push(item);
    if (this.#waiting.length > MOST_WAITING) this.#reset("overflow");
  }

  /** The frame to carry now: all that waits, or what is owed; else null. */
  flush(nowMs: number): TrunkFrame<Item> | null {
    if (this.#isOver) return null;
    if (this.#waiting.length > 0) {
      this.#sent++;
      if (this.#unconfirmedSinceMs === Infinity) {
        this.#unconfirmedSinceMs = nowMs;
      }
    } else if (!this.#owesFrame) return null;
    const items = this.#waiting;
    this.#waiting = [];
    this.#owesFrame = false;
    this.#sentAtMs = nowMs;
    this.#options.counters.sentFrames++;
    return this.#frame(items, false);
  }

  /** Takes a frame of the other end and hands over its items. */
  receive(frame: TrunkFrame<Item>, nowMs: number): TrunkReceived {
    // What comes after a silence is of the time before it.
    this.#endInSilence(nowMs);
    const received = this.#isOver ? "stale" : this.#take(frame, nowMs);
    const { counters } = this.#options;
    if (received === "taken") counters.takenFrames++;
    else counters.ignoredFrames++;
    return received;
  }

  /** A frame of that session may not have arrived: the carrier failed. */
  failed(session: number): void {
    if (session === this.#session) this.#reset("carrier-failed");
  }

  /** Does what is due; gives when it must be called again. */
  tick(nowMs: number): number {
    if (this.#isOver) return Infinity;
    this.#endInSilence(nowMs);
    const beatAtMs = this.#sentAtMs + this.#options.silenceMs /
        (this.#isOpen ? BEATS_IN_SILENCE : HELLOS_IN_SILENCE);
    if (beatAtMs <= nowMs) this.#owesFrame = true;
    return Math.min(
      this.#owesFrame ? Infinity : beatAtMs,
      this.#isOpen ? this.#silentAtMs() : Infinity,
    );
  }

  /** Ends it for good. Gives the frame that says so. */
  close(): TrunkFrame<Item> {
    const last = this.#frame([], true);
    this.#isOver = true;
    this.#reset("closed");
    return last;
  }

  #take(frame: TrunkFrame<Item>, nowMs: number): TrunkReceived {
    const { session, peerSession, number, heard, items } = frame;
    if (session < this.#peerSession) return "stale";
    if (session > this.#peerSession) this.#meet(session);
    if (peerSession !== this.#session) return "stale";
    this.#heardAtMs = nowMs;
    if (frame.isLast) {
      this.#reset("peer-left");
      return "taken";
    }
    this.#open();
    const expected = this.#received + (items.length > 0 ? 1 : 0);
    if (number > expected || heard > this.#sent) {
      this.#reset("gap");
      return "broken";
    }
    this.#confirm(heard, nowMs);
    if (number < expected) return "repeated";
    this.#received = number;
    for (const item of items) {
      this.#options.arrived(item);
      // The item was none, or something else went wrong on the way.
      if (this.#session !== peerSession || !this.#isOpen) return "broken";
    }
    return "taken";
  }

  /** The other end has begun a session that was not known here. */
  #meet(session: number): void {
    this.#reset("ended-by-peer");
    this.#peerSession = session;
    // It opens when it hears that I know it.
    this.#owesFrame = true;
  }

  #open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#options.opened();
  }

  #confirm(heard: number, nowMs: number): void {
    if (heard <= this.#confirmed) return;
    this.#confirmed = heard;
    this.#unconfirmedSinceMs = heard === this.#sent ? Infinity : nowMs;
  }

  #silentAtMs(): number {
    const sinceMs = Math.min(this.#heardAtMs, this.#unconfirmedSinceMs);
    return sinceMs + this.#options.silenceMs;
  }

  #endInSilence(nowMs: number): void {
    if (!this.#isOpen || nowMs < this.#silentAtMs()) return;
    const isHeard = nowMs < this.#heardAtMs + this.#options.silenceMs;
    this.#reset(isHeard ? "unconfirmed" : "silence");
  }

  /** Nothing of the session is sent or taken any more. */
  #reset(end: SessionEnd): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#session = this.#options.nextSession();
    this.#waiting = [];
    this.#sent = 0;
    this.#received = 0;
    this.#confirmed = 0;
    this.#unconfirmedSinceMs = Infinity;
    this.#owesFrame = true;
    this.#options.counters.resets++;
    this.#options.closed(end);
  }

  #frame(items: readonly Item[], isLast: boolean): TrunkFrame<Item> {
    return {
      from: this.#options.process,
      to: this.#options.peer,
      session: this.#session,
      peerSession: this.#peerSession,
      number: this.#sent,
      heard: this.#received,
      isLast,
      items,
    };
  }
}
