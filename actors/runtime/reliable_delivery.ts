/**
 * Reliable delivery over a link that may lose, delay, duplicate and reorder:
 * two synchronous state machines over plain data, one at each end. They have
 * no timer and no port: whoever owns one carries its frames to the other end
 * and gives it the time.
 *
 * A stream is one life of a sender meeting one life of a receiver. The sender
 * opens with its incarnation, the receiver answers with its own, and from then
 * on each frame names both and a sequence number from 1; a frame that names
 * another life is never delivered. Acknowledgements are cumulative, at most a
 * window of messages is under way, and after a silence the whole window is sent
 * again (go-back-N; the receiver keeps what came early). An incarnation must
 * grow with each life of its end, also over restarts of the host.
 *
 * What it guarantees, whatever the link does to single frames:
 *
 * - On the wire each message travels at least once, out of the receiver it
 *   comes exactly once and in order, while neither end loses its state.
 * - A receiver that lost its state begins a new life. The sender hears of it,
 *   hands back what it had sent and was never acknowledged (the earlier life
 *   may have had it: unknown), and goes on with what it had not sent.
 * - A sender that lost its state begins a new life and a new stream. What its
 *   earlier life had not got across is gone; whoever offered it does not know.
 * - In no case is one offer delivered twice, and once the link carries again,
 *   the sender gets on within `resendMaxMs` and two ways of a frame.
 *
 * More is impossible: an end that forgets cannot tell a repetition from news
 * (Fekete, Lynch, Mansour, Spinelli 1993). An end whose state outlives a crash,
 * saved before its frames leave, has not lost it and keeps its incarnation.
 *
 * @module
 */
import type { Message } from "./actor.ts";

/** The first frame of a sender's life, until the receiver answers it. */
export interface OpenStream {
  /** Tells the frames apart. */
  readonly kind: "open_stream";
  /** The sender's incarnation. */
  readonly sender: number;
}

/** A message under way. */
export interface Carry<M> {
  /** Tells the frames apart. */
  readonly kind: "carry";
  /** The sender's incarnation. */
  readonly sender: number;
  /** The incarnation of the receiver that alone may deliver it. */
  readonly receiver: number;
  /** Its place in the stream, from 1, without gaps. */
  readonly sequence: number;
  /** What was offered. */
  readonly message: M;
}

/** What a sender transmits. */
export type StreamFrame<M> = OpenStream | Carry<M>;

/** What a receiver transmits: where it stands. */
export interface Acknowledge {
  /** Tells the frames apart. */
  readonly kind: "acknowledge";
  /** The incarnation of the sender that it listens to. */
  readonly sender: number;
  /** The receiver's incarnation. */
  readonly receiver: number;
  /** Delivered up to and with this place of the stream; 0: nothing yet. */
  readonly sequence: number;
}

/**
 * The most messages under way, unless told: the flow-control window between
 * Pekko's producer and consumer controllers.
 */
const WINDOW = 50;
/** The most messages a sender holds, unless told: those of a mailbox. */
const CAPACITY = 1_024;
/** The first silence, unless told: the shortest one of TCP (RFC 6298, 2.4). */
const RESEND_MIN_MS = 1_000;
/** The longest silence, unless told: Pekko's `resend-interval-max`. */
const RESEND_MAX_MS = 30_000;

/** How a sender works. */
export interface ReliableSenderPolicy {
  /** Which life of the sender this is: at least 1, higher with each. */
  readonly incarnation: number;
  /** The most messages under way. Default 50. */
  readonly window?: number;
  /**
   * The most messages held, under way or not sent yet. Default 1,024, or the
   * window where that is more.
   */
  readonly capacity?: number;
  /**
   * After so long without progress the window is sent again; doubles with each
   * silence. Shorter than a way there and back it only wastes frames. Default
   * 1,000.
   */
  readonly resendMinMs?: number;
  /** The longest such wait. Default 30,000, or `resendMinMs` where that is more. */
  readonly resendMaxMs?: number;
}

/** What a sender knows, as plain data. */
export interface ReliableSenderState<M> {
  /** Which life of the sender this is. */
  readonly incarnation: number;
  /** The receiver's life; 0: not met yet. */
  receiver: number;
  /** How many messages of this stream are acknowledged. */
  acknowledged: number;
  /** What is not acknowledged, in order; the first was `acknowledged` + 1. */
  buffer: M[];
  /** How many of the buffer are under way, from the front. */
  sent: number;
  /** Silences in a row since the last progress. */
  silences: number;
  /** When the silence is over; null: nothing is under way. */
  resendAtMs: number | null;
}

/** The sending end of a link. See the module. */
export class ReliableSender<M = Message> {
  /** All it knows; an owner may save it and build the sender from it again. */
  readonly state: ReliableSenderState<M>;
  readonly #policy: Required<ReliableSenderPolicy>;

  /**
   * Builds an end that nobody has heard of, or one that goes on.
   *
   * @param state What this life of the sender left; it goes on from there and
   * as that incarnation. A new life, unless told.
   * @throws {RangeError} When the policy is not made of positive integers, with
   * `window` <= `capacity` and `resendMinMs` <= `resendMaxMs`.
   */
  constructor(policy: ReliableSenderPolicy, state?: ReliableSenderState<M>) {
    const {
      incarnation,
      window = WINDOW,
      capacity = Math.max(CAPACITY, window),
      resendMinMs = RESEND_MIN_MS,
      resendMaxMs = Math.max(RESEND_MAX_MS, resendMinMs),
    } = policy;
    checkCount("incarnation", incarnation);
    checkCount("window", window);
    checkCount("capacity", capacity, window);
    checkCount("resendMinMs", resendMinMs);
    checkCount("resendMaxMs", resendMaxMs, resendMinMs);
    this.#policy = { incarnation, window, capacity, resendMinMs, resendMaxMs };
    this.state = state ?? {
      incarnation,
      receiver: 0,
      acknowledged: 0,
      buffer: [],
      sent: 0,
      silences: 0,
      resendAtMs: null,
    };
  }

  /** Takes a message to get across; `full` had no effect: offer it later. */
  offer(message: M): "queued" | "full" {
    const { buffer } = this.state;
    if (buffer.length >= this.#policy.capacity) return "full";
    buffer.push(message);
    return "queued";
  }

  /**
   * When it has frames to transmit, if nothing comes in before, on the clock
   * that `frames` is given; 0: now. Infinity when it only waits for offers.
   */
  get nextMs(): number {
    const { state } = this;
    // The first message in the buffer of one who met nobody is worth an open.
    const isNew = state.receiver === 0
      ? state.resendAtMs === null && state.buffer.length > 0
      : state.sent < this.#sendable;
    return isNew ? 0 : state.resendAtMs ?? Infinity;
  }

  /**
   * The frames to transmit now, at most a window; none before `nextMs`.
   *
   * @param nowMs The time on any clock that never goes back.
   */
  frames(nowMs: number): StreamFrame<M>[] {
    if (nowMs < this.nextMs) return [];
    const { state } = this;
    const { incarnation: sender, receiver, resendAtMs } = state;
    const isSilent = resendAtMs !== null && nowMs >= resendAtMs;
    if (isSilent) state.silences++;
    if (isSilent || resendAtMs === null) this.#listen(nowMs);
    if (receiver === 0) return [{ kind: "open_stream", sender }];
    const from = isSilent ? 0 : state.sent;
    state.sent = this.#sendable;
    const first = state.acknowledged + 1 + from;
    return state.buffer.slice(from, state.sent).map((message, index) => (
      { kind: "carry", sender, receiver, sequence: first + index, message }
    ));
  }

  /**
   * Takes what the receiver transmitted. Returns the messages that a receiver
   * which lost its state may or may not have had, oldest first: usually none.
   * They are not held any more; to offer one again risks having it twice. Old
   * and repeated frames change nothing.
   *
   * @throws {RangeError} When more is acknowledged than was sent: an end lost
   * its state and kept its incarnation.
   */
  acknowledge(frame: Acknowledge, nowMs: number): M[] {
    const { state } = this;
    const isOld = frame.receiver < state.receiver;
    if (frame.sender !== state.incarnation || isOld) return [];
    const unknown = frame.receiver > state.receiver
      ? this.#meet(frame.receiver)
      : [];
    const progress = frame.sequence - state.acknowledged;
    if (progress > state.sent) {
      throw new RangeError(
        `Cannot take an acknowledgement as the last message sent is ` +
          `${state.acknowledged + state.sent}: current value is ` +
          `${frame.sequence}`,
      );
    }
    if (progress <= 0) return unknown;
    state.buffer.splice(0, progress);
    state.acknowledged += progress;
    state.sent -= progress;
    state.silences = 0;
    state.resendAtMs = null;
    if (state.sent > 0) this.#listen(nowMs);
    return unknown;
  }

  /** How many of the buffer may be under way. */
  get #sendable(): number {
    return Math.min(this.#policy.window, this.state.buffer.length);
  }

  /** Another life of the receiver begins another stream. */
  #meet(receiver: number): M[] {
    const { state } = this;
    const unknown = state.buffer.splice(0, state.sent);
    state.receiver = receiver;
    state.acknowledged = 0;
    state.sent = 0;
    state.silences = 0;
    state.resendAtMs = null;
    return unknown;
  }

  #listen(nowMs: number): void {
    const { resendMinMs, resendMaxMs } = this.#policy;
    // 2^30 ms are twelve days: no policy waits longer than that.
    const grownMs = resendMinMs * 2 ** Math.min(this.state.silences, 30);
    this.state.resendAtMs = nowMs + Math.min(grownMs, resendMaxMs);
  }
}

/** How a receiver works. */
export interface ReliableReceiverPolicy {
  /** Which life of the receiver this is: at least 1, higher with each. */
  readonly incarnation: number;
  /**
   * How far ahead of what is delivered a message may come and be kept; one that
   * comes earlier is sent again. Default 50.
   */
  readonly window?: number;
}

/** What a receiver knows, as plain data. */
export interface ReliableReceiverState<M> {
  /** Which life of the receiver this is. */
  readonly incarnation: number;
  /** The sender's life; 0: none heard yet. */
  sender: number;
  /** How many messages of this stream are delivered. */
  delivered: number;
  /** What came early, by its sequence number. */
  early: Record<number, M>;
}

/** What a frame leads to. */
export interface Received<M> {
  /** What is deliverable now, in order. */
  readonly messages: M[];
  /**
   * To be transmitted once the messages are dealt with. The newest says all
   * that the earlier ones say.
   */
  readonly acknowledgement: Acknowledge;
}

/** The receiving end of a link: listens to one sender. See the module. */
export class ReliableReceiver<M = Message> {
  /** All it knows; an owner may save it and build the receiver again. */
  readonly state: ReliableReceiverState<M>;
  readonly #window: number;

  /**
   * Builds an end that has heard of nobody, or one that goes on.
   *
   * @param state What this life of the receiver left; it goes on from there
   * and as that incarnation. A new life, unless told.
   * @throws {RangeError} When the policy is not made of positive integers.
   */
  constructor(
    policy: ReliableReceiverPolicy,
    state?: ReliableReceiverState<M>,
  ) {
    const { incarnation, window = WINDOW } = policy;
    checkCount("incarnation", incarnation);
    checkCount("window", window);
    this.#window = window;
    this.state = state ??
      { incarnation, sender: 0, delivered: 0, early: {} };
  }

  /**
   * Takes what the sender transmitted. A frame that is old, repeated, too early
   * or meant for another life delivers nothing, and is answered all the same:
   * that is how the sender finds out.
   */
  receive(frame: StreamFrame<M>): Received<M> {
    const { state } = this;
    if (frame.sender > state.sender) {
      state.sender = frame.sender;
      state.delivered = 0;
      state.early = {};
    }
    const isOurs = frame.kind === "carry" && frame.sender === state.sender &&
      frame.receiver === state.incarnation;
    const messages = isOurs ? this.#take(frame) : [];
    return {
      messages,
      acknowledgement: {
        kind: "acknowledge",
        sender: state.sender,
        receiver: state.incarnation,
        sequence: state.delivered,
      },
    };
  }

  #take({ sequence, message }: Carry<M>): M[] {
    const { state } = this;
    const ahead = sequence - state.delivered;
    if (ahead < 1 || ahead > this.#window) return [];
    state.early[sequence] = message;
    const messages: M[] = [];
    for (let next = state.delivered + 1; next in state.early; next++) {
      messages.push(state.early[next]!);
      delete state.early[next];
      state.delivered = next;
    }
    return messages;
  }
}

function checkCount(name: string, value: number, least = 1): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RangeError(
    `Cannot use "${name}" as it must be an integer >= ${least}: ` +
      `current value is ${value}`,
  );
}
