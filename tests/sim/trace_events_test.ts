/** Traces that a viewer takes as they are. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { traceEventsJson, type TraceSpan } from "../../sim/trace_events.ts";

interface TraceEvent {
  readonly ph: "X" | "i" | "M";
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly args?: { readonly name?: string };
}

interface Trace {
  readonly otherData: { readonly leftOut: number };
  readonly traceEvents: readonly TraceEvent[];
}

function traced(spans: Iterable<TraceSpan>, maxSpans?: number): Trace {
  const options = maxSpans === undefined ? {} : { maxSpans };
  return JSON.parse(traceEventsJson(spans, options));
}

/** What a viewer calls the track of an event. */
function trackOf({ traceEvents }: Trace, { pid, tid }: TraceEvent) {
  return traceEvents.find((each) =>
    each.name === "thread_name" && each.pid === pid && each.tid === tid
  )?.args?.name;
}

function slices(trace: Trace): readonly TraceEvent[] {
  return trace.traceEvents.filter(({ ph }) => ph !== "M");
}

function span(
  track: string,
  fromUs: number,
  toUs: number,
  name = "reserve",
): TraceSpan {
  return { name, track, fromUs, toUs };
}

Deno.test(
  "A span is a slice on its actor's track, in virtual microseconds, " +
    "with its arguments",
  () => {
    const trace = traced([{
      ...span("inventory[3]", 1_500, 1_900),
      arguments: { sku: "mug", quantity: 2 },
    }]);
    assert.deepEqual(slices(trace), [{
      ph: "X",
      name: "reserve",
      ts: 1_500,
      dur: 400,
      pid: 1,
      tid: 1,
      args: { sku: "mug", quantity: 2 },
    }]);
    assert.equal(trackOf(trace, slices(trace)[0]!), "inventory[3]");
  },
);

Deno.test("Actors of one kind stand together under its name", () => {
  const trace = traced([
    span("inventory[0]", 0, 1),
    span("cache[0]", 1, 2),
    span("inventory[1]", 2, 3),
    span("faults", 3, 4),
  ]);
  const [first, cache, second, faults] = slices(trace);
  assert.equal(first?.pid, second?.pid);
  assert.notEqual(first?.tid, second?.tid);
  assert.equal(new Set([first?.pid, cache?.pid, faults?.pid]).size, 3);
  const groups = trace.traceEvents
    .filter(({ name }) => name === "process_name")
    .map(({ args }) => args?.name);
  assert.deepEqual(groups, ["inventory", "cache", "faults"]);
});

Deno.test("A moment without length is an instant: a slice of 0 is not seen", () => {
  const [event] = slices(traced([span("faults", 7, 7, "flush")]));
  assert.equal(event?.ph, "i");
  assert.equal(event?.ts, 7);
});

Deno.test(
  "What would cross another slice moves to a second track; what " +
    "nests or follows stays",
  () => {
    const trace = traced([
      span("a", 0, 10, "outer"),
      span("a", 2, 6, "inner"),
      span("a", 10, 20, "next"),
      span("a", 15, 25, "crosses"),
      span("a", 25, 30, "after"),
    ]);
    const places = slices(trace).map((event) =>
      `${event.name} on ${trackOf(trace, event)}`
    );
    assert.deepEqual(places, [
      "outer on a",
      "inner on a",
      "next on a",
      "crosses on a (2)",
      "after on a",
    ]);
  },
);

Deno.test("Of two that begin together the longer encloses the other", () => {
  const trace = traced([span("a", 0, 2, "inner"), span("a", 0, 9, "outer")]);
  const tracks = slices(trace).map((event) => trackOf(trace, event));
  assert.deepEqual(tracks, ["a", "a"]);
});

const anySpan = fc.record({
  name: fc.string(),
  track: fc.constantFrom("inventory[0]", "inventory[1]", "cache[0]"),
  fromUs: fc.nat(60),
  lengthUs: fc.nat(30),
}).map(({ lengthUs, ...rest }) => ({
  ...rest,
  toUs: rest.fromUs + lengthUs,
}));

Deno.test(
  "Whatever the spans and their order: each is there once, in order " +
    "of time, and slices of a track nest",
  () => {
    fc.assert(fc.property(fc.array(anySpan), (spans) => {
      const trace = traced(spans);
      const events = slices(trace);
      assert.equal(events.length, spans.length);
      assert.deepEqual(
        events.map(({ ts }) => ts),
        spans.map(({ fromUs }) => fromUs).sort((left, right) => left - right),
      );
      const open = new Map<number, number[]>();
      for (const { tid, ts, dur = 0 } of events) {
        const ends = open.get(tid) ?? [];
        open.set(tid, ends);
        while (ends.length > 0 && ends.at(-1)! <= ts) ends.pop();
        assert(ends.every((end) => end >= ts + dur), "slices cross");
        ends.push(ts + dur);
      }
    }));
  },
);

Deno.test("Beyond the limit the latest are left out and counted", () => {
  const spans = [5, 1, 4, 2, 3].map((at) => span("a", at, at + 1));
  const trace = traced(spans, 3);
  assert.deepEqual(slices(trace).map(({ ts }) => ts), [1, 2, 3]);
  assert.equal(trace.otherData.leftOut, 2);
  assert.equal(traced(spans, 5).otherData.leftOut, 0);
});

Deno.test("A run without spans has a trace that can be opened", () => {
  assert.deepEqual(traced([]).traceEvents, []);
});

Deno.test("A span that ends before it begins, or has no time, is a bug", () => {
  for (const [from, to] of [[2, 1], [NaN, 1], [0, Infinity]] as const) {
    assert.throws(() => traceEventsJson([span("a", from, to)]), RangeError);
  }
});
