import assert from "node:assert/strict";
import { compare } from "../../bench/benchmark.ts";
import { progressLine } from "../../bench/progress.ts";
import { table } from "../../bench/report.ts";

Deno.test("the table shows each peer with its ratio, floor, aim and how it stands", () => {
  const result = compare({
    bench: "edge",
    metric: "purchase",
    unit: "/s",
    ours: [12_000],
    peers: { bare: [24_000], redis: [10_000] },
    goals: [
      { against: "bare", floor: 0.6 },
      { against: "redis", floor: 1, aim: 1.2 },
    ],
  });
  assert.equal(
    table([result]),
    [
      "            figure  ratio  floor    aim",
      "purchase  12000 /s",
      "  bare    24000 /s   0.50  ≥ 0.6              MISSED",
      "  redis   10000 /s   1.20    ≥ 1  ≥ 1.2  aim reached",
    ].join("\n"),
  );
});

Deno.test("progress says how many steps are done, how fast, and the time left", () => {
  assert.equal(
    progressLine(10, 30, 30_000, "bare at 64"),
    "10 of 30, 20 a minute, 1 min left: bare at 64",
  );
});
