/**
 * What actors did, as a trace that Perfetto and Chrome's tracing page open: a
 * track for each actor, a slice for each message it handled, in virtual time.
 * Chrome's JSON format, whose slices of one track must nest: one that would
 * cross another moves to a second track of the same name.
 *
 * @module
 */

/** Something that took time, or (with `toUs` = `fromUs`) a moment. */
export interface TraceSpan {
  /** Such as the kind of the message. */
  readonly name: string;
  /** Who did it, such as `inventory[3]`; what is before `[` groups tracks. */
  readonly track: string;
  /** Virtual microseconds since the start; the end is not before it. */
  readonly fromUs: number;
  readonly toUs: number;
  /** Shown when the slice is chosen; anything that JSON can hold. */
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/** About 150 bytes each: 300,000 make 45 MB, and viewers slow down at 50. */
const MAX_SPANS = 300_000;

/** Options of `traceEventsJson`. */
export interface TraceOptions {
  /** At most so many spans, the earliest; `MAX_SPANS` unless told. */
  readonly maxSpans?: number;
  /** Spans that were not even kept; counted with what is left out here. */
  readonly leftOut?: number;
}

/**
 * The trace as JSON. Spans may come in any order. What is beyond the limit is
 * left out, and `otherData.leftOut` counts it.
 *
 * @throws RangeError when a span's times are not finite or end before they
 * begin: a viewer would drop it silently.
 */
export function traceEventsJson(
  spans: Iterable<TraceSpan>,
  { maxSpans = MAX_SPANS, leftOut = 0 }: TraceOptions = {},
): string {
  const all = [...spans];
  for (const span of all) assertTimes(span);
  // The longer first: it encloses the others that begin with it.
  all.sort((left, right) =>
    left.fromUs - right.fromUs || right.toUs - left.toUs
  );
  const kept = all.slice(0, maxSpans);
  const tracks = new Tracks();
  const slices = kept.map((span) => JSON.stringify(slice(span, tracks)));
  const lines = [
    ...tracks.names().map((each) => JSON.stringify(each)),
    ...slices,
  ];
  const otherData = {
    clock: "virtual",
    leftOut: leftOut + all.length - kept.length,
  };
  return `{"displayTimeUnit":"ms","otherData":${JSON.stringify(otherData)},` +
    `"traceEvents":[\n${lines.join(",\n")}\n]}\n`;
}

/** Collects the steps of a run, up to `MAX_SPANS`, and counts the others. */
export class Trace {
  readonly #spans: TraceSpan[] = [];
  #leftOut = 0;

  /** Takes a step: `inventory[3]` handled `reserve` from one time to another. */
  readonly add = (
    actor: string,
    kind: string,
    fromUs: number,
    toUs: number,
  ): void => {
    if (this.#spans.length === MAX_SPANS) this.#leftOut += 1;
    else this.#spans.push({ name: kind, track: actor, fromUs, toUs });
  };

  /** All of it, as `traceEventsJson` writes it. */
  json(): string {
    return traceEventsJson(this.#spans, { leftOut: this.#leftOut });
  }
}

function assertTimes({ name, fromUs, toUs }: TraceSpan): void {
  if (Number.isFinite(fromUs) && Number.isFinite(toUs) && toUs >= fromUs) {
    return;
  }
  throw new RangeError(
    `Cannot trace "${name}" as a span must not end before it begins: ` +
      `current value is ${fromUs} to ${toUs}`,
  );
}

function slice(span: TraceSpan, tracks: Tracks) {
  const { name, fromUs, toUs } = span;
  const place = tracks.place(span);
  const about = span.arguments === undefined ? {} : { args: span.arguments };
  return toUs === fromUs
    ? { ph: "i", s: "t", name, ts: fromUs, ...place, ...about }
    : { ph: "X", name, ts: fromUs, dur: toUs - fromUs, ...place, ...about };
}

interface Place {
  readonly pid: number;
  readonly tid: number;
}

/** A track in the viewer, and the ends of the slices that are open on it. */
interface Track extends Place {
  readonly name: string;
  readonly openUntilUs: number[];
}

/** Gives out tracks, in the order in which they first appear. */
class Tracks {
  readonly #groups = new Map<string, number>();
  readonly #byName = new Map<string, Track[]>();
  readonly #all: Track[] = [];

  /** Where a span goes; spans must come in order of their beginning. */
  place(span: TraceSpan): Place {
    const twins = this.#byName.get(span.track) ?? [];
    this.#byName.set(span.track, twins);
    let track = twins.find((each) => fits(each, span));
    if (track === undefined) {
      track = this.#open(span.track, twins.length + 1);
      twins.push(track);
    }
    track.openUntilUs.push(span.toUs);
    return { pid: track.pid, tid: track.tid };
  }

  #open(name: string, number: number): Track {
    const group = name.replace(/\[.*$/, "");
    const pid = this.#groups.get(group) ?? this.#groups.size + 1;
    this.#groups.set(group, pid);
    const track = {
      pid,
      tid: this.#all.length + 1,
      name: number === 1 ? name : `${name} (${number})`,
      openUntilUs: [],
    };
    this.#all.push(track);
    return track;
  }

  /** What the viewer writes beside groups and tracks. */
  names(): readonly unknown[] {
    return [
      ...[...this.#groups].map(([name, pid]) => (
        { ph: "M", name: "process_name", pid, args: { name } }
      )),
      ...this.#all.map(({ name, pid, tid }) => (
        { ph: "M", name: "thread_name", pid, tid, args: { name } }
      )),
    ];
  }
}

/** Whether a span nests in what is open on a track; closes what has ended. */
function fits({ openUntilUs }: Track, { fromUs, toUs }: TraceSpan): boolean {
  while ((openUntilUs.at(-1) ?? Infinity) <= fromUs) openUntilUs.pop();
  return toUs <= (openUntilUs.at(-1) ?? Infinity);
}
