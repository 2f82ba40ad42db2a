/**
 * One end of a link between two domains, as a synchronous state machine. It
 * has no timer, port or thread of its own: whoever owns it carries the batches
 * that `flush` gives to the other end's `receive`, over a MessagePort, Redis
 * or a simulated network, and calls `flush` again after each turn.
 *
 * Frames wait in a bounded outbox and leave together, as one flat array. At
 * most two batches are unacknowledged at a time, which is the back-pressure
 * that a port lacks: under load batches grow instead of queueing unseen. The
 * carrier must keep order; the link notices when it does not.
 *
 * @module
 */
import type { Content } from "../actors/runtime/envelope.ts";

/**
 * What travels: `[batch, acknowledged, ...(to, from, ask, timeLeftMs, content, chain)
 * × n]`. Batches count from 1; number 0 is a bare acknowledgement.
 */
export type Batch = (string | number | Content)[];

/** A message as a link takes and hands it over. */
export interface Frame {
  readonly to: string;
  readonly from: string;
  /** 0: a tell. Positive: an ask of that id. Negative: the answer to it. */
  readonly ask: number;
  /** On this end's monotonic clock; 0: none. */
  readonly deadlineMs: number;
  readonly content: Content;
  /** See `Envelope`. */
  readonly chain: string;
}

/** Takes one frame, spread out so that nothing is allocated for it. */
export type TakeFrame = (
  to: string,
  from: string,
  ask: number,
  deadlineMs: number,
  content: Content,
  chain: string,
) => void;

/**
 * What became of a batch. `repeated`: known already, ignored. `broken`: one
 * before it is missing, or it is no batch; the link must be closed.
 */
export type Received = "delivered" | "repeated" | "broken";

/** What the host watches. */
export interface LinkCounters {
  /** Frames that left in a batch. */
  sent: number;
  /** Frames that arrived and were handed over. */
  delivered: number;
  /** Frames that never left, or left and were never acknowledged. */
  lost: number;
  /** Asks whose deadline passed before they could leave. */
  expired: number;
  /** Batches that arrived twice. */
  repeated: number;
}

/** While one batch is carried and worked on, the next one is on its way. */
const MOST_IN_FLIGHT = 2;

/**
 * Frames that may wait. 30,000 messages/s, the edge's ceiling, through a stall
 * of one heartbeat (250 ms) make 7,500; what waits longer is better refused.
 */
export const OUTBOX_FRAMES = 8_192;

/** Numbers at the head of a batch. */
export const HEAD = 2;
/** Slots of one frame. */
export const SLOTS = 6;

/** See the module. */
export class Link {
  readonly counters: LinkCounters = {
    sent: 0,
    delivered: 0,
    lost: 0,
    expired: 0,
    repeated: 0,
  };
  readonly #expired: (frame: Frame) => void;
  readonly #capacity: number;
  /** The next batch as it will leave, with deadlines instead of time left. */
  #outbox: Batch = [0, 0];
  /** Frame counts of the batches in flight, oldest first. */
  readonly #inFlight: number[] = [];
  #lastSent = 0;
  #lastReceived = 0;
  #owesAcknowledgement = false;
  #open = true;

  /**
   * @param expired Called from `flush` with each ask whose deadline passed
   * before it could leave: it had no effect.
   * @param outboxFrames The most frames that wait.
   */
  constructor(expired: (frame: Frame) => void, outboxFrames = OUTBOX_FRAMES) {
    this.#expired = expired;
    this.#capacity = HEAD + SLOTS * outboxFrames;
  }

  /** Frames that wait for `flush`. */
  get waiting(): number {
    return (this.#outbox.length - HEAD) / SLOTS;
  }

  /** Nothing waits, and all that left has arrived. */
  get isQuiet(): boolean {
    return this.waiting === 0 && this.#inFlight.length === 0;
  }

  /** Puts a frame in the outbox; `full` when it has no room or is closed. */
  send(
    to: string,
    from: string,
    ask: number,
    deadlineMs: number,
    content: Content,
    chain = "",
  ): "queued" | "full" {
    if (!this.#open || this.#outbox.length >= this.#capacity) return "full";
    this.#outbox.push(to, from, ask, deadlineMs, content, chain);
    return "queued";
  }

  /**
   * The next batch to carry: all that waits, when fewer than two batches are
   * unacknowledged; else an acknowledgement, when one is owed; else null.
   */
  flush(nowMs: number): Batch | null {
    if (!this.#open) return null;
    if (this.#inFlight.length < MOST_IN_FLIGHT && this.waiting > 0) {
      const batch = this.#outbox;
      this.#outbox = [0, 0];
      this.#stampTimeLeft(batch, nowMs);
      if (batch.length > HEAD) return this.#launch(batch);
    }
    if (!this.#owesAcknowledgement) return null;
    this.#owesAcknowledgement = false;
    return [0, this.#lastReceived];
  }

  /**
   * Takes a batch of the other end and hands over its frames in order, with
   * deadlines on this end's clock.
   */
  receive(batch: Batch, nowMs: number, deliver: TakeFrame): Received {
    const [number, acknowledged] = batch as [number, number];
    if (!this.#open || !isBatch(batch)) return "broken";
    if (acknowledged > this.#lastSent || number > this.#lastReceived + 1) {
      return "broken";
    }
    while (this.#lastSent - this.#inFlight.length < acknowledged) {
      this.#inFlight.shift();
    }
    if (number === 0) return "delivered";
    this.#owesAcknowledgement = true;
    if (number <= this.#lastReceived) {
      this.counters.repeated++;
      return "repeated";
    }
    this.#lastReceived = number;
    this.#handOver(batch, nowMs, deliver);
    return "delivered";
  }

  /**
   * Ends the link. Gives the frames that never left: their asks had no effect
   * and fail as `unavailable`. Every other ask still waiting for an answer may
   * have been delivered and settles as `unknown`. A second call gives nothing.
   */
  close(): Frame[] {
    if (!this.#open) return [];
    this.#open = false;
    const unsent: Frame[] = [];
    for (let at = HEAD; at < this.#outbox.length; at += SLOTS) {
      unsent.push(frameAt(this.#outbox, at));
    }
    this.counters.lost += unsent.length;
    for (const frames of this.#inFlight) this.counters.lost += frames;
    this.#outbox = [0, 0];
    this.#inFlight.length = 0;
    return unsent;
  }

  #launch(batch: Batch): Batch {
    const frames = (batch.length - HEAD) / SLOTS;
    batch[0] = ++this.#lastSent;
    batch[1] = this.#lastReceived;
    this.#owesAcknowledgement = false;
    this.#inFlight.push(frames);
    this.counters.sent += frames;
    return batch;
  }

  /**
   * Replaces deadlines by the time left at this moment, since the other end
   * may have another clock, and closes the gaps of asks that expired.
   */
  #stampTimeLeft(batch: Batch, nowMs: number): void {
    let kept = HEAD;
    for (let at = HEAD; at < batch.length; at += SLOTS) {
      const deadlineMs = batch[at + 3] as number;
      if (
        deadlineMs !== 0 && deadlineMs <= nowMs && Number(batch[at + 2]) > 0
      ) {
        this.counters.expired++;
        this.#expired(frameAt(batch, at));
        continue;
      }
      if (kept !== at) batch.copyWithin(kept, at, at + SLOTS);
      // Rounded up, and never 0, which would say that there is no deadline.
      batch[kept + 3] = deadlineMs === 0
        ? 0
        : Math.max(1, Math.ceil(deadlineMs - nowMs));
      kept += SLOTS;
    }
    batch.length = kept;
  }

  #handOver(batch: Batch, nowMs: number, deliver: TakeFrame): void {
    for (let at = HEAD; at < batch.length; at += SLOTS) {
      const timeLeftMs = batch[at + 3] as number;
      this.counters.delivered++;
      deliver(
        batch[at] as string,
        batch[at + 1] as string,
        batch[at + 2] as number,
        timeLeftMs === 0 ? 0 : nowMs + timeLeftMs,
        batch[at + 4] as Content,
        batch[at + 5] as string,
      );
    }
  }
}

/** Whether the head and the length are those of a batch. */
export function isBatch(batch: Batch): boolean {
  const [number, acknowledged] = batch;
  if (!isCount(number) || !isCount(acknowledged)) return false;
  return number === 0
    ? batch.length === HEAD
    : (batch.length - HEAD) % SLOTS === 0;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The casts state the layout that `send` wrote. */
function frameAt(batch: Batch, at: number): Frame {
  return {
    to: batch[at] as string,
    from: batch[at + 1] as string,
    ask: batch[at + 2] as number,
    deadlineMs: batch[at + 3] as number,
    content: batch[at + 4] as Content,
    chain: batch[at + 5] as string,
  };
}
