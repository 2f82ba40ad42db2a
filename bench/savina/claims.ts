/**
 * Savina (Imam and Sarkar, AGERE 2014), the field's suite of small actor
 * programs, with its own sizes: ours beside Erlang and nact. Every program
 * checks its result. Its micro benchmarks behave much alike (Blessing et al.,
 * AGERE 2019), so there are no goals here: a ratio that falls is what to see.
 *
 * @module
 */
import { besidePeers, type Contest } from "../actors/contest.ts";
import { type Figures, further, perSecond } from "../actors/figures.ts";

interface Entry {
  /** Behind `savina.` and `savina_`. */
  readonly name: string;
  readonly summary: string;
  readonly sizes: Readonly<Record<string, number>>;
  /** The messages that its rules ask for. */
  readonly messages: number;
}

const ENTRIES: readonly Entry[] = [
  {
    name: "ping_pong",
    summary: "40,000 exchanges of three messages",
    sizes: { n: 40_000 },
    messages: 3 * 40_000,
  },
  {
    name: "counting",
    summary: "a million increments told in one step",
    sizes: { n: 1_000_000 },
    messages: 1_000_000,
  },
  {
    name: "fork_join_create",
    summary: "40,000 actors with a message each",
    sizes: { n: 40_000 },
    messages: 40_000,
  },
  {
    name: "fork_join_throughput",
    summary: "60 actors with 10,000 messages each",
    sizes: { n: 10_000, actors: 60 },
    messages: 60 * 10_000,
  },
  {
    name: "thread_ring",
    summary: "100,000 hops round a ring of 100",
    sizes: { n: 100_000, actors: 100 },
    // The last ping counts no hop, and an exit goes round.
    messages: 100_000 + 1 + 100,
  },
  {
    name: "chameneos",
    summary: "200,000 meetings among 100 at one mall",
    sizes: { n: 200_000, actors: 100 },
    messages: 4 * 200_000,
  },
  {
    name: "big",
    summary: "120 actors ping one another at random, 20,000 times each",
    sizes: { n: 20_000, actors: 120 },
    messages: 2 * 120 * 20_000,
  },
  {
    name: "bank_transaction",
    summary: "50,000 transfers among 1,000 accounts, with a stash",
    sizes: { n: 50_000, actors: 1_000 },
    messages: 4 * 50_000,
  },
  {
    name: "bounded_buffer",
    summary: "40 producers and 40 consumers with work, 1,000 items each",
    sizes: { n: 1_000, buffer: 50, producers: 40, consumers: 40, cost: 25 },
    messages: 4 * 40 * 1_000,
  },
  {
    name: "philosophers",
    summary: "20 philosophers at one arbitrator, 10,000 meals each",
    sizes: { n: 10_000, actors: 20 },
    messages: 4 * 20 * 10_000,
  },
];

const RETRIES = {
  metric: "philosophers: retries",
  unit: "",
  of: (figures: Figures) => further(figures, "retries"),
  lowerIsBetter: true,
} as const;

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
    metrics: name === "philosophers" ? [rate, RETRIES] : [rate],
  };
}

/** `deno task bench savina`: all of them. */
export const SAVINA = ENTRIES.map(contestOf).map(besidePeers);
