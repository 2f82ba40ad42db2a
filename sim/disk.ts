/**
 * A disk that takes its time: an append is durable when its sync is over, and
 * what a thread had not synced when its power went was never written. The
 * fence is that of the memory journal, which has the rules of the real one.
 *
 * @module
 */
import type { AnyBehavior, JournalEvent } from "../actors/runtime/actor.ts";
import type { Append, AppendResult, Journal } from "../actors/runtime/ports.ts";
import { stableHash } from "../actors/runtime/random.ts";
import {
  type MemoryDisk,
  MemoryJournal,
} from "../actors/runtime/test_kit/memory_journal.ts";
import type { Buggify } from "./buggify.ts";
import type { Observation } from "./observation.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Thread } from "./thread.ts";

/** What a journal on a simulated disk needs. */
export interface DiskOptions {
  readonly disk: MemoryDisk;
  readonly scheduler: Scheduler;
  /** Microseconds of the next sync. */
  readonly syncUs: () => number;
  /** The thread that writes. */
  readonly threadOf: () => Thread;
  readonly observe: (observation: Observation) => void;
  /** Takes rare paths on purpose; nobody does unless told. */
  readonly buggify?: Buggify;
}

/** What a sync that is slow on purpose takes, times what it would. */
export const SLOW_COMMIT = 100;

/** The journal of a domain's life, on a disk that all lives share. */
export function journalOn(name: string, options: DiskOptions): Journal {
  const { disk, scheduler, syncUs, threadOf, observe, buggify } = options;
  const label = stableHash(`disk ${name}`);
  let isForgotten = false;
  const inner = new MemoryJournal(disk, (commit) => {
    const factor = buggify?.fires("disk.slow_commit") ? SLOW_COMMIT : 1;
    scheduler.at(scheduler.nowUs + syncUs() * factor, label, () => {
      // What a thread had not written when its power went is gone.
      if (!threadOf().isAlive) return;
      isForgotten = buggify?.fires("disk.answer_lost") ?? false;
      if (buggify?.fires("disk.full")) inner.refuseWith = "unavailable";
      if (buggify?.fires("disk.write_lost")) inner.refuseWith = "unknown";
      commit();
      inner.refuseWith = null;
    });
  });
  return {
    recover: (partitions, into, done) => inner.recover(partitions, into, done),
    replay: (partition, into, done) => inner.replay(partition, into, done),
    append: (appends, done) =>
      inner.append(appends, (result) => {
        for (const append of appends) {
          const observation = observationOf(append, result, scheduler.nowUs);
          if (observation !== null) observe(observation);
        }
        done(isForgotten ? "unknown" : result);
        threadOf().poke();
      }),
  };
}

/** What became of an append, as it is seen; null: nothing that is. */
export function observationOf(
  { partition: actor, epoch, firstSequence, events }: Append,
  result: AppendResult,
  atUs: number,
): Observation | null {
  if (result === "fenced") return { kind: "fenced", atUs, actor, epoch };
  if (result !== "durable") return null;
  const lastSequence = firstSequence + events.length - 1;
  return { kind: "durable", atUs, actor, epoch, firstSequence, lastSequence };
}

/**
 * The state that events make, as a recovery would; the error, which no state
 * equals, when one of them does not fit what went before.
 */
export function foldAnew(
  behavior: AnyBehavior,
  args: unknown,
  events: readonly JournalEvent[],
): unknown {
  const state = behavior.start(args);
  try {
    for (const event of events) behavior.apply!(state, event);
  } catch (error) {
    return error;
  }
  return state;
}
