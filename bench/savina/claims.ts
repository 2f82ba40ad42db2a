/**
 * Savina (Imam and Sarkar, AGERE 2014), the field's suite of small actor
 * programs, with its own sizes: ours beside Erlang and nact. Every program
 * checks its result. Its micro benchmarks behave much alike (Blessing et al.,
 * AGERE 2019), so there are no goals here: a ratio that falls is what to see.
 *
 * @module
 */
import type { Contest } from "../actors/contest.ts";
import { type Figures, further, perSecond } from "../actors/figures.ts";
import type { GivenSizes, Sizes } from "../actors/program.ts";

interface Entry {
  /** Behind `savina.` and `savina_`. */
  readonly name: string;
  readonly summary: string;
  readonly sizes: GivenSizes;
  /** The messages that its rules ask for. */
  readonly messages: (sizes: Sizes) => number;
}

const ENTRIES: readonly Entry[] = [
  {
    name: "ping_pong",
    summary: "40,000 exchanges of three messages",
    sizes: { n: 40_000 },
    messages: ({ n }) => 3 * n,
  },
  {
    name: "counting",
    summary: "a million increments told in one step",
    sizes: { n: 1_000_000 },
    messages: ({ n }) => n,
  },
  {
    name: "fork_join_create",
    summary: "40,000 actors with a message each",
    sizes: { n: 40_000 },
    messages: ({ n }) => n,
  },
  {
    name: "fork_join_throughput",
    summary: "60 actors with 10,000 messages each",
    sizes: { n: 10_000, actors: 60 },
    messages: ({ n, actors }) => actors * n,
  },
  {
    name: "thread_ring",
    summary: "100,000 hops round a ring of 100",
    sizes: { n: 100_000, actors: 100 },
    // The last ping counts no hop, and an exit goes round.
    messages: ({ n, actors }) => n + 1 + actors,
  },
  {
    name: "chameneos",
    summary: "200,000 meetings among 100 at one mall",
    sizes: { n: 200_000, actors: 100 },
    messages: ({ n }) => 4 * n,
  },
  {
    name: "big",
    summary: "120 actors ping one another at random, 20,000 times each",
    sizes: { n: 20_000, actors: 120 },
    messages: ({ n, actors }) => 2 * actors * n,
  },
  {
    name: "bank_transaction",
    summary: "50,000 transfers among 1,000 accounts, with a stash",
    sizes: { n: 50_000, actors: 1_000 },
    messages: ({ n }) => 4 * n,
  },
  {
    name: "bounded_buffer",
    summary: "40 producers and 40 consumers with work, 1,000 items each",
    sizes: { n: 1_000, buffer: 50, producers: 40, consumers: 40, cost: 25 },
    messages: ({ n, producers }) => 4 * producers * n,
  },
  {
    name: "philosophers",
    summary: "20 philosophers at one arbitrator, 10,000 meals each",
    sizes: { n: 10_000, actors: 20 },
    messages: ({ n, actors }) => 4 * actors * n,
  },
];

const RETRIES = {
  metric: "philosophers: retries",
  unit: "",
  of: (figures: Figures) => further(figures, "retries"),
  lowerIsBetter: true,
} as const;

/** Smaller than in one thread, where a message must wake the other thread. */
const WORKER_ENTRIES: readonly Entry[] = [
  {
    name: "ping_pong",
    summary: "5,000 exchanges of three messages across two workers",
    sizes: { n: 5_000 },
    messages: ({ n }) => 3 * n,
  },
  {
    name: "big",
    summary: "120 actors of two workers ping one another, 1,000 times each",
    sizes: { n: 1_000, actors: 120 },
    messages: ({ n, actors }) => 2 * actors * n,
  },
  {
    name: "bank_transaction",
    summary: "50,000 transfers among 1,000 accounts in two workers",
    sizes: { n: 50_000, actors: 1_000 },
    messages: ({ n }) => 4 * n,
  },
];

/** Nothing here is judged, and thirteen contests take their time. */
function aThird(rounds: number): number {
  return Math.ceil(rounds / 3);
}

function contestOf({ name, summary, sizes, messages }: Entry): Contest {
  const rate = {
    metric: `${name.replaceAll("_", " ")}: messages`,
    unit: "/s",
    of: perSecond,
  };
  return {
    name: `savina.${name}`,
    summary,
    task: `savina_${name}`,
    sizes,
    count: messages,
    rounds: aThird,
    metrics: name === "philosophers" ? [rate, RETRIES] : [rate],
  };
}

function workerContestOf(entry: Entry): Contest {
  const contest = contestOf(entry);
  const [rate] = contest.metrics;
  const metric = `${entry.name.replaceAll("_", " ")}, two workers: messages`;
  const name = `${contest.name}_on_workers`;
  return { ...contest, name, metrics: [{ ...rate!, metric }] };
}

/** Beside Erlang and nact, in one thread. */
export const SAVINA_CONTESTS = ENTRIES.map(contestOf);

/** Beside Erlang with one scheduler and with two, across two workers. */
export const SAVINA_WORKER_CONTESTS = WORKER_ENTRIES.map(workerContestOf);
