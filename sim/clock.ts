/**
 * Virtual time as the runtime takes it. The wall clock is everybody's; each
 * thread's monotonic clock may be a little too fast or too slow, as those of
 * two machines are, so that nothing may be right only because they agree.
 *
 * @module
 */
import type { Clock } from "../actors/runtime/ports.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Streams } from "./streams.ts";

/** A thread's clock, which also says when it will show a time. */
export interface ThreadClock extends Clock {
  /** The first microsecond of virtual time at which it shows that time. */
  momentOf(monotonicMs: number): number;
}

const MILLION = 1_000_000;

/**
 * A clock whose wall time is `startMs` at the start of the run, and whose
 * monotonic time is `driftPerMillion` millionths too fast (slow: below 0).
 */
export function clockOf(
  scheduler: Scheduler,
  { startMs, driftPerMillion = 0 }: {
    readonly startMs: number;
    readonly driftPerMillion?: number | undefined;
  },
): ThreadClock {
  // Facts are in whole milliseconds, as the machine gives them.
  const wallMs = () => startMs + Math.floor(scheduler.nowUs / 1_000);
  if (driftPerMillion === 0) {
    return {
      monotonicMs: () => scheduler.nowUs / 1_000,
      wallMs,
      momentOf: (monotonicMs) => Math.ceil(monotonicMs * 1_000),
    };
  }
  const shownUs = (atUs: number) =>
    atUs + Math.floor(atUs * driftPerMillion / MILLION);
  return {
    monotonicMs: () => shownUs(scheduler.nowUs) / 1_000,
    wallMs,
    momentOf(monotonicMs) {
      const targetUs = monotonicMs * 1_000;
      let atUs = Math.floor(targetUs * MILLION / (MILLION + driftPerMillion));
      // Division is not exact: a moment too early would be looked at for ever.
      while (shownUs(atUs) / 1_000 < monotonicMs) atUs++;
      return atUs;
    },
  };
}

/** The thread of the gate: its clock is what the others' are held against. */
const GATE = "main";

/** How wrong a thread's monotonic clock is: as much too fast as too slow. */
export function drawDrift(
  streams: Streams,
  thread: string,
  { driftPerMillion: most }: { readonly driftPerMillion: number },
): number {
  if (most === 0 || thread === GATE) return 0;
  return streams.of(`drift ${thread}`).below(2 * most + 1) - most;
}
