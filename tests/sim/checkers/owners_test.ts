/** Leases of shop workers, watched: what is legal, and what is not. */
import assert from "node:assert/strict";
import { Watch } from "../../../sim/checkers.ts";
import type { Observation } from "../../../sim/observation.ts";
import { CONTEXT } from "./story.ts";

/** What happened, with its second. */
type Told = readonly [
  kind: "lease_taken" | "lease_ended" | "said" | "fault_began" | "fault_ended",
  atSeconds: number,
  fence?: number,
];

/** A second for the lease, and one more. */
const LEASE_MS = 1_000;

function judge(id: string, told: readonly Told[]) {
  const watch = new Watch([id], { ...CONTEXT, leaseForMs: LEASE_MS });
  for (const [kind, atSeconds, fence = 0] of told) {
    const atUs = atSeconds * 1_000_000;
    const of = { territory: "worker-0", process: `p${fence}`, fence };
    const seen: Observation = kind === "fault_began" || kind === "fault_ended"
      ? { kind, atUs, fault: "f", target: "redis" }
      : { kind, atUs, ...of };
    watch.observe(seen);
  }
  watch.observe({
    ...{ kind: "mail_counted", atUs: 60_000_000, isLast: true },
    ...{ ways: [], mailboxes: [] },
  });
  return watch.checkers[0]!;
}

const HANDED_OVER: readonly Told[] = [
  ["lease_taken", 1, 10],
  ["said", 2, 10],
  ["lease_ended", 3, 10],
  ["lease_taken", 4, 20],
  ["said", 5, 20],
];

Deno.test("lease.ownerAlone accepts an owner after the other, and an older one that is silent", () => {
  const checker = judge("lease.ownerAlone", HANDED_OVER);
  assert.equal(checker.violation, null);
  assert.equal(checker.checked, 4);
  const silent: readonly Told[] = [
    ["lease_taken", 1, 10],
    ["said", 2, 10],
    [
      "lease_taken",
      3,
      20,
    ],
    ["said", 4, 20],
    ["lease_ended", 9, 10],
  ];
  assert.equal(judge("lease.ownerAlone", silent).violation, null);
});

Deno.test("lease.ownerAlone accepts who speaks until the next owner does", () => {
  const told: readonly Told[] = [
    ["lease_taken", 1, 10],
    ["lease_taken", 2, 20],
    ["said", 3, 10],
    ["said", 4, 20],
  ];
  assert.equal(judge("lease.ownerAlone", told).violation, null);
});

Deno.test("lease.ownerAlone rejects what an older owner says after a newer one has spoken", () => {
  const { violation } = judge("lease.ownerAlone", [
    ...HANDED_OVER,
    ["said", 6, 10],
  ]);
  assert.equal(violation?.key, "worker-0");
  assert.match(violation!.detail, /^p10 speaks .* 10, after .* fence 20$/);
});

Deno.test("lease.ownerAlone rejects a fence that does not grow", () => {
  for (const fence of [20, 19]) {
    const told: readonly Told[] = [...HANDED_OVER, ["lease_taken", 6, fence]];
    assert.equal(judge("lease.ownerAlone", told).violation?.key, "worker-0");
  }
});

Deno.test("lease.takenSoon accepts a worker that is free for a lease and a second", () => {
  const told: readonly Told[] = [
    ["lease_taken", 1, 10],
    ["lease_ended", 2, 10],
    ["lease_taken", 4, 20],
  ];
  assert.equal(judge("lease.takenSoon", told).violation, null);
});

Deno.test("lease.takenSoon rejects a worker that is free for longer, and one that stays so", () => {
  const told: readonly Told[] = [
    ["lease_taken", 1, 10],
    ["lease_ended", 2, 10],
    ["lease_taken", 4.1, 20],
  ];
  assert.equal(judge("lease.takenSoon", told).violation?.key, "worker-0");
  const stays = told.slice(0, 2);
  assert.equal(judge("lease.takenSoon", stays).violation?.key, "worker-0");
});

Deno.test("lease.takenSoon counts from the end of the last fault", () => {
  const told: readonly Told[] = [
    ["lease_taken", 1, 10],
    ["fault_began", 2],
    ["lease_ended", 3, 10],
    ["fault_ended", 30],
  ];
  const soon: Told = ["lease_taken", 32, 20];
  assert.equal(judge("lease.takenSoon", [...told, soon]).violation, null);
  const late: Told = ["lease_taken", 32.1, 20];
  const { violation } = judge("lease.takenSoon", [...told, late]);
  assert.match(violation!.detail, /^Nobody has run worker-0 for 2100000 µs/);
});
