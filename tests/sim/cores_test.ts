/** Cores that threads share: a queue with some servers, in order of asking. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Cores, Processor } from "../../sim/cores.ts";

const jobs = fc.array(
  fc.record({
    gapUs: fc.integer({ min: 0, max: 20 }),
    workUs: fc.integer({ min: 1, max: 50 }),
  }),
  { minLength: 1, maxLength: 60 },
);

Deno.test("work begins in the order of asking, as soon as one of the cores is free", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), jobs, (count, asked) => {
      const cores = new Cores(count);
      const ends: number[] = [];
      let nowUs = 0;
      for (const { gapUs, workUs } of asked) {
        nowUs += gapUs;
        // Of those before, all but the last ones to end must be over.
        const fromUs = ends.toSorted((a, b) => b - a)[count - 1] ?? 0;
        const endUs = cores.book(nowUs, workUs);
        assert.equal(endUs, Math.max(nowUs, fromUs) + workUs);
        ends.push(endUs);
      }
    }),
  );
});

Deno.test("a processor does one thing at a time, however many cores are free", () => {
  fc.assert(
    fc.property(jobs, (asked) => {
      const processor = new Processor(new Cores(8));
      let nowUs = 0;
      let freeUs = 0;
      for (const { gapUs, workUs } of asked) {
        nowUs += gapUs;
        freeUs = Math.max(nowUs, freeUs) + workUs;
        assert.equal(processor.work(nowUs, workUs), freeUs);
      }
      const workUs = asked.reduce((sum, each) => sum + each.workUs, 0);
      assert.equal(processor.workedUs, workUs);
    }),
  );
});

Deno.test("who has work for later leaves a core that is free until then to others", () => {
  const cores = new Cores(2);
  assert.equal(cores.book(0, 10), 10);
  // On the same core, as that one is busy until then.
  assert.equal(cores.book(10, 10), 20);
  assert.equal(cores.book(0, 15), 15);
});

Deno.test("without a number of cores nobody waits", () => {
  const cores = new Cores(null);
  for (let job = 0; job < 10; job++) assert.equal(cores.book(5, 10), 15);
});
