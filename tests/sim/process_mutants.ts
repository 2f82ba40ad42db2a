/**
 * Mistakes that a shop of several processes must not have: with fences, leases,
 * hand-over and frames. As `mutants.ts`; what only a real server can show is
 * found by its own tests.
 *
 * @module
 */
import { type Changes, storm, type Strike } from "./mutant_scenario.ts";
import type { ByScenario, Mutant } from "./mutants.ts";

const DISK = "actors/runtime/test_kit/memory_journal.ts";
const STORE = "sim/ownership_store.ts";

/** Three processes, and what strikes them. */
function seen(check: string, changes: Changes): ByScenario {
  const { network, ...rest } = changes;
  const shared = {
    drain: "1m",
    cluster: { leaseFor: "1s", shopWorkers: 4 },
    network: { processes: 3, ...network },
  };
  return { check, seeds: "1..2", scenario: storm({ ...shared, ...rest }) };
}

/** The simulated database does not look at sequences, as it would notice. */
const ANY_SEQUENCE = {
  file: DISK,
  find: "if (firstSequence !== expected) {",
  replace: "if (epoch < 0) {",
};
const NO_EPOCH = {
  file: DISK,
  find: `if (this.epochs.get(partition) !== epoch) return "fenced";`,
  replace: "",
};

/** Appends take longer than replacing who sent them. */
const LATE_APPENDS: Changes = {
  disk: { sync: "700ms" },
  faults: [
    ["crash", "worker[*]", "3s"],
    ["crash", "worker[*]", "5s"],
    ["hang", "process[1]", "7s", "3s"],
  ],
};

/** See the module's text. */
export const PROCESS_MUTANTS: readonly Mutant[] = [
  {
    name: "no fence check",
    edits: [NO_EPOCH, ANY_SEQUENCE],
    found: seen("journal.fenced", LATE_APPENDS),
  },
  {
    // The owner is looked up as the statement begins, and not held until it is
    // done: what it writes lands after the next owner has read.
    name: "fence by a sub-select",
    edits: [NO_EPOCH, ANY_SEQUENCE, {
      file: DISK,
      find: "const isOwned = copies.every(({ partition }) => " +
        "this.#owned.has(partition));",
      replace: "const isOwned = copies.every(({ partition, epoch }) => " +
        "this.#disk.epochs.get(partition) === epoch);",
    }],
    found: seen("journal.fenced", LATE_APPENDS),
  },
  {
    // Counted where data can be lost, with nothing else to go by.
    name: "fence from a counter in Redis",
    edits: [{
      file: STORE,
      find: "const fence = Math.max(Math.floor(nowMs * 1_000), " +
        "(last ?? 0) + 1);",
      replace: "const fence = (last ?? 0) + 1;",
    }],
    found: seen("lease.ownerAlone", {
      faults: [
        ["crash", "process[0]", "2s", "1s"],
        ["crash", "process[1]", "5s", "4s"],
        ["lose_disk_cache", "redis", "5500ms"],
        ["crash", "process[2]", "6s", "4s"],
        ["lose_disk_cache", "redis", "9s"],
        ["crash", "process[0]", "9500ms", "1s"],
      ],
    }),
  },
  {
    name: "SETNX, and EXPIRE later",
    edits: [{
      file: STORE,
      find: "const untilMs = expires ? this.#nowMs() + leaseForMs : Infinity;",
      replace: "const untilMs = expires ? Infinity : 0;",
    }],
    // A process falls again just after it has taken something, before a beat.
    found: seen("lease.takenSoon", {
      faults: [0, 50, 80, 110, 140, 170].flatMap((afterMs, index): Strike[] => {
        const backMs = 3_000 * (index + 1);
        const again = `${backMs + afterMs}ms`;
        return [
          ["crash", "process[1]", `${backMs - 1_500}ms`, "1500ms"],
          ["crash", "process[1]", again, "500ms"],
        ];
      }).slice(1),
      last: { at: "1m", rate: "5/s" },
    }),
  },
  {
    name: "DEL without a look at the owner",
    edits: [{
      file: STORE,
      find:
        'if (!isHis && this.#mistake !== "frees for anybody") return false;',
      replace: "if (!isHis && this.#mistake === null) { /* anybody's */ }",
    }],
    // One contract for this model and for Redis' own scripts.
    found: {
      test: "tests/cluster/ownership_store_test.ts",
      name: "a territory is freed by its holder only",
    },
  },
  {
    // It is freed for the next owner while the last one still answers.
    name: "ring change without hand-off, in the shop",
    edits: [{
      file: "cluster/claim.ts",
      find: "    release(this.territory, () =>",
      replace: "    this.#stopped(nowMs);\n    release(this.territory, () =>",
    }],
    // Mail stops coming at once, so that some seeds end before it shows.
    found: {
      ...seen("lease.ownerAlone", {
        rate: "50/s",
        catalog: { products: 50, stock: 1_000 },
        service: { place_order: { lognormal: ["30ms", 1] } },
        faults: [
          ["crash", "process[1]", "2s", "1500ms"],
          ["crash", "process[2]", "6s", "1500ms"],
        ],
      }),
      seeds: "1..4",
    },
  },
  {
    name: "mail for a worker that takes no more",
    edits: [{
      file: "cluster/farewell.ts",
      find: "  farewell.takesNoMore = true;",
      replace: "  farewell.takesNoMore = false;",
    }],
    found: {
      test: "tests/sim/processes_slow_test.ts",
      name: "a process that leaves answers what it was asked, hands over " +
        "without waiting for a lease, and comes back",
    },
  },
  {
    name: "frame that is taken twice",
    edits: [{
      file: "cluster/trunk.ts",
      find: 'if (number < expected) return "repeated";',
      replace: "",
    }],
    found: seen("mail.accounted", { network: { duplicatePercent: 20 } }),
  },
];
