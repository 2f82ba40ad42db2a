/**
 * A link that counts for the simulator what becomes of its frames, beside the
 * link's own counters, so that the two can be held against each other; and the
 * count of one way between two threads, over all the links that it had.
 *
 * @module
 */
import { type SeededRandom, stableHash } from "../actors/runtime/random.ts";
import type { Content } from "../actors/runtime/envelope.ts";
import { type Farewell, noFarewell } from "../cluster/farewell.ts";
import {
  type Batch,
  type Frame,
  Link,
  OUTBOX_FRAMES,
  type Received,
  type TakeFrame,
} from "../cluster/link.ts";
import type { WayCount } from "./observation.ts";
import type { Streams } from "./streams.ts";

/**
 * A way between two threads, over all the links that it had: what is drawn for
 * it, where it is, and what became of what went by it.
 */
export class Way {
  readonly label: number;
  readonly losses: SeededRandom;
  readonly doublings: SeededRandom;
  readonly delays: SeededRandom;
  /** Which batches are put into another order, and into which. */
  readonly mixes: SeededRandom;
  /** When its newest batch arrives: order is kept. */
  arrivesUs = 0;
  /** How many cuts last now: it is open when none does. */
  cuts = 0;
  readonly count: WayCount;
  /** The link at its beginning; null: there is none now. */
  link: CountedLink | null = null;

  constructor(way: string, streams: Streams) {
    this.label = stableHash(way);
    this.losses = streams.of(`chance loss ${way}`);
    this.doublings = streams.of(`chance doubled ${way}`);
    this.delays = streams.of(way);
    this.mixes = streams.of(`chance reordered ${way}`);
    this.count = {
      ...{ way, offered: 0, expired: 0, unsent: 0, waiting: 0, carried: 0 },
      ...{ underWay: 0, lost: 0, arrived: 0, delivered: 0, deepest: 0 },
      bound: 0,
    };
  }
}

/** Frames in a batch: two numbers, then six slots for each (`Batch`). */
export function framesIn(batch: Batch): number {
  return (batch.length - 2) / 6;
}

/** The ends of a line: what goes out by it, and what comes in. */
export interface Line {
  readonly out: Way;
  readonly into: Way;
  /** Frames that may wait; the link's own bound unless told. */
  readonly outboxFrames?: number;
}

/** See the module's text. */
export class CountedLink extends Link {
  readonly farewell: Farewell = noFarewell();
  readonly #line: Line;

  constructor(line: Line, expired: (frame: Frame) => void) {
    const { out, outboxFrames = OUTBOX_FRAMES } = line;
    super((frame) => {
      out.count.expired++;
      expired(frame);
    }, outboxFrames);
    this.#line = line;
    out.link = this;
    out.count.bound = Math.max(out.count.bound, outboxFrames);
  }

  override send(
    to: string,
    from: string,
    ask: number,
    deadlineMs: number,
    content: Content,
    chain = "",
  ): "queued" | "full" {
    const room = super.send(to, from, ask, deadlineMs, content, chain);
    if (room === "queued") this.#line.out.count.offered++;
    return room;
  }

  override flush(nowMs: number): Batch | null {
    const { count } = this.#line.out;
    if (this.waiting > count.deepest) count.deepest = this.waiting;
    return super.flush(nowMs);
  }

  override receive(batch: Batch, nowMs: number, take: TakeFrame): Received {
    const before = this.counters.delivered;
    const received = super.receive(batch, nowMs, take);
    this.#line.into.count.delivered += this.counters.delivered - before;
    return received;
  }

  override close(): Frame[] {
    const unsent = super.close();
    const { out } = this.#line;
    out.count.unsent += unsent.length;
    if (out.link === this) out.link = null;
    return unsent;
  }
}
