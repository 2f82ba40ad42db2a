/** What waits for a commit leaves in order, and not before it is durable. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { JournalEvent } from "../../../actors/runtime/actor.ts";
import { CommitQueue } from "../../../actors/runtime/commit_queue.ts";
import { Envelope } from "../../../actors/runtime/envelope.ts";
import type { Append, AppendResult } from "../../../actors/runtime/ports.ts";
import { cellOf } from "./domain_bench.ts";

/** A queue over a journal that ends appends when a test says so. */
function stand() {
  const appends: { appends: readonly Append[]; end: End }[] = [];
  const left: number[] = [];
  const slept: { delayMs: number; act: () => void }[] = [];
  const ends: string[] = [];
  const time = { nowMs: 0 };
  /** The output with which the domain ends. */
  const ended = { at: 0 };
  const queue: CommitQueue = new CommitQueue({
    journal: {
      recover: () => assert.fail("nobody recovers here"),
      replay: () => assert.fail("nobody replays here"),
      append: (each, end) => appends.push({ appends: each, end }),
    },
    clock: { monotonicMs: () => time.nowMs, wallMs: () => 0 },
    leave: ({ ask }) => {
      left.push(ask);
      if (ask === ended.at) queue.end();
    },
    after: (delayMs, act) => slept.push({ delayMs, act }),
    advanced: () => {},
    died: (reason) => ends.push(reason),
    storageChanged: (isFull) => ends.push(isFull ? "full" : "room"),
  });
  const cells = [0, 1, 2].map((number) => cellOf(`counter[${number}]`, true));
  let outputs = 0;
  const release = () =>
    queue.release(new Envelope("far[0]", "a", ++outputs, 0, { kind: "out" }));
  return { queue, cells, appends, left, slept, ends, release, time, ended };
}
type End = (result: AppendResult) => void;

const EVENT: JournalEvent = { kind: "added" };

Deno.test("an output leaves at once, unless an event was staged before it", () => {
  const { queue, cells, appends, left, release } = stand();
  release();
  queue.stage(cells[0]!, [EVENT]);
  release();
  queue.commit();
  release();
  queue.stage(cells[1]!, [EVENT]);
  release();
  assert.deepEqual(left, [1]);
  appends[0]!.end("durable");
  assert.deepEqual(left, [1, 2, 3], "the fourth waits for the second batch");
  queue.commit();
  appends[1]!.end("durable");
  assert.deepEqual(left, [1, 2, 3, 4]);
});

Deno.test("G1 outputs leave in order, each behind every event staged before it", () => {
  const action = fc.constantFrom("stage", "release", "commit", "durable");
  fc.assert(
    fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
      const { queue, cells, appends, left, release } = stand();
      let staged = 0;
      let durable = 0;
      const needs: number[] = [];
      for (const [index, what] of actions.entries()) {
        if (what === "stage") {
          queue.stage(cells[index % 3]!, [EVENT, EVENT]);
          staged += 2;
        } else if (what === "release") {
          needs.push(staged);
          release();
        } else if (what === "commit") {
          queue.commit();
        } else if (appends.length > 0) {
          const { appends: each, end } = appends.shift()!;
          for (const { events } of each) durable += events.length;
          end("durable");
        }
        assert(appends.length <= 1, "one append at a time");
        const free = needs.filter((need) => need <= durable).length;
        assert.deepEqual(left, Array.from({ length: free }, (_, at) => at + 1));
      }
    }),
    { seed: 20261111, numRuns: 300 },
  );
});

Deno.test("sequences go on without gaps, batch after batch", () => {
  const { queue, cells, appends } = stand();
  queue.stage(cells[0]!, [EVENT, EVENT]);
  queue.stage(cells[1]!, [EVENT]);
  queue.commit();
  queue.stage(cells[0]!, [EVENT]);
  appends[0]!.end("durable");
  queue.commit();
  const written = appends.flatMap(({ appends }) =>
    appends.map(({ partition, firstSequence, events }) =>
      [partition, firstSequence, events.length] as const
    )
  );
  assert.deepEqual(written, [
    ["counter[0]", 1, 2],
    ["counter[1]", 1, 1],
    ["counter[0]", 3, 1],
  ]);
});

Deno.test("who waits for an actor's events waits for their batch alone", () => {
  const { queue, cells, appends } = stand();
  const acts: string[] = [];
  queue.whenDurable(cells[2]!, () => acts.push("none staged"));
  queue.stage(cells[0]!, [EVENT]);
  queue.commit();
  queue.stage(cells[1]!, [EVENT]);
  queue.whenDurable(cells[1]!, () => acts.push("second"));
  queue.whenDurable(cells[0]!, () => acts.push("first"));
  appends[0]!.end("durable");
  assert.deepEqual(acts, ["none staged", "first"]);
  queue.commit();
  appends[1]!.end("durable");
  assert.deepEqual(acts, ["none staged", "first", "second"]);
});

Deno.test("full storage is tried again with growing delay, and nothing is lost", () => {
  const { queue, cells, appends, left, slept, ends, release } = stand();
  queue.stage(cells[0]!, [EVENT]);
  release();
  queue.commit();
  for (let tries = 0; tries < 7; tries++) {
    appends.at(-1)!.end("unavailable");
    slept.at(-1)!.act();
  }
  assert.deepEqual(
    slept.map(({ delayMs }) => delayMs),
    [100, 200, 400, 800, 1_600, 2_000, 2_000],
  );
  assert(queue.isStorageFull && left.length === 0);
  appends.at(-1)!.end("durable");
  assert.deepEqual([left, ends], [[1], ["full", "room"]]);
});

Deno.test("a refused append ends the queue: nothing leaves, nothing is tried", () => {
  for (
    const [result, reason] of [
      ["fenced", "fenced"],
      ["unknown", "append-unknown"],
    ] as const
  ) {
    const { queue, cells, appends, left, ends, release } = stand();
    queue.stage(cells[0]!, [EVENT]);
    release();
    queue.commit();
    appends[0]!.end(result);
    assert.deepEqual(ends, [reason]);
    assert.deepEqual(queue.end().map(({ ask }) => ask), [1]);
    queue.stage(cells[0]!, [EVENT]);
    queue.commit();
    appends[0]!.end("durable");
    assert.equal(appends.length, 1);
    assert.deepEqual(left, []);
  }
});

Deno.test("an append is as old as its present try, and none is under way between two", () => {
  const { queue, cells, appends, slept, time } = stand();
  assert.equal(queue.appendingMs, 0);
  queue.stage(cells[0]!, [EVENT]);
  queue.commit();
  time.nowMs = 700;
  assert.equal(queue.appendingMs, 700, "the disk does not come back");
  appends[0]!.end("unavailable");
  time.nowMs = 750;
  assert.equal(queue.appendingMs, 0, "a full disk is no stalled one");
  slept[0]!.act();
  time.nowMs = 760;
  assert.equal(queue.appendingMs, 10);
  appends[1]!.end("durable");
  time.nowMs = 900;
  assert.equal(queue.appendingMs, 0);
  assert.equal(queue.commitMs, 710);
});

Deno.test("a queue that ends while an output leaves lets nothing out after it", () => {
  const { queue, cells, appends, left, release, ended } = stand();
  queue.stage(cells[0]!, [EVENT]);
  release();
  release();
  queue.commit();
  ended.at = 1;
  appends[0]!.end("durable");
  assert.deepEqual(left, [1]);
});
