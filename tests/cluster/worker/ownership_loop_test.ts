/** When an ownership is called, and on which clock. */
import assert from "node:assert/strict";
import { Ownership } from "../../../cluster/ownership.ts";
import type { BeatAnswer } from "../../../cluster/ownership_port.ts";
import { OwnershipLoop } from "../../../cluster/worker/ownership_loop.ts";
import { ManualTime } from "../gateways/manual_time.ts";

const LEASE_MS = 3_000;

/** All is free, and given. */
const FREE: BeatAnswer = {
  ...{ processes: ["p"], sharers: ["p"], settlesInMs: 0, owners: new Map() },
};

Deno.test("a lease ends in its time, also when the wall clock is set back, and the loop ends when it is stopped", () => {
  const time = new ManualTime();
  let setBackMs = 0;
  const clock = {
    monotonicMs: () => time.monotonicMs(),
    wallMs: () => time.wallMs() - setBackMs,
  };
  const loop = new OwnershipLoop(clock, time);
  const happened: string[] = [];
  let isAway = false;
  const ownership = new Ownership({
    ...{ process: "p", territories: ["worker-0"], virtualNodes: 8 },
    ...{ leaseForMs: LEASE_MS, wake: loop.wake },
    port: {
      beat: (_, done) => isAway ? undefined : done(FREE),
      take: (_, done) => done({ kind: "taken", fence: 1 }),
      free: () => {},
      leave: () => {},
    },
    acquire: () => happened.push("acquire"),
    extend: () => {},
    release: () => {},
    lost: () => happened.push("lost"),
    members: () => {},
    expect: () => {},
  });
  loop.start(ownership);
  assert.deepEqual(happened, ["acquire"]);
  isAway = true;
  setBackMs = 3_600_000;
  // A timer may be late, and is set anew each time.
  for (let passed = 0; passed < LEASE_MS; passed += 10) time.advance(10);
  assert.deepEqual(happened, ["acquire", "lost"]);
  assert.equal(time.pending, 1);
  loop.stop();
  loop.wake();
  assert.equal(time.pending, 0);
});
