/**
 * What the actors must show in one thread and across two: each figure, whom it
 * is compared with, and the floor and aim of the ratio. The numbers are the project's
 * promises about the speed of its runtime; they are judged here and nowhere
 * else.
 *
 * @module
 */
import { ERLANG, NACT, PORT, PORT_ARM, TEXT_PORT_ARM } from "./arms.ts";
import type { Contest, PortContest } from "./contest.ts";
import { further, perSecond } from "./figures.ts";

/** Short enough for some iterations in a second, even of nact. */
const EXCHANGES = 200_000;
const ASKS = 100_000;
/** "A backlog of a million". */
const BACKLOG = 1_000_000;
/** As many as Savina's ForkJoin creates. */
const LIVES = 40_000;
/** "One million idle actors in under 1 GB". */
const IDLE_ACTORS = 1_000_000;
const IDLE_MEGABYTES = 1_000;

/** Beside Erlang and nact, in one thread. */
export const ACTOR_CONTESTS: readonly Contest[] = [
  {
    name: "actors.ping_pong",
    summary: "one message to and fro between two actors",
    task: "ping_pong",
    sizes: { n: EXCHANGES },
    count: ({ n }) => n,
    metrics: [{
      metric: "ping-pong: exchanges",
      unit: "/s",
      of: perSecond,
      goals: [
        { against: ERLANG, floor: 3.5, aim: 6 },
        { against: NACT, floor: 20 },
      ],
    }],
  },
  {
    name: "actors.ask",
    summary: "asks with a deadline, one after the other",
    task: "ask",
    sizes: { n: ASKS },
    count: ({ n }) => n,
    metrics: [{
      metric: "serial asks",
      unit: "/s",
      of: perSecond,
      goals: [{ against: ERLANG, floor: 4, aim: 8 }],
    }],
  },
  {
    name: "actors.counting",
    summary: "a backlog of a million messages in one mailbox",
    task: "counting",
    sizes: { n: BACKLOG },
    count: ({ n }) => n,
    metrics: [{
      metric: "counting, backlog of a million: messages",
      unit: "/s",
      of: perSecond,
      goals: [{ against: ERLANG, floor: 0.8, aim: 2 }],
    }],
  },
  {
    name: "actors.spawn",
    summary: "actors that get one message and stop",
    task: "spawn",
    sizes: { n: LIVES },
    count: ({ n }) => n,
    metrics: [{
      metric: "spawn, one message, stop: actors",
      unit: "/s",
      of: perSecond,
      goals: [{ against: NACT, floor: 6, aim: 12 }],
    }],
  },
  {
    name: "actors.idle",
    summary: "the memory of a million idle actors",
    task: "idle",
    sizes: { n: IDLE_ACTORS },
    count: ({ n }) => n,
    // Memory hardly differs, and a million of Erlang's take some seconds.
    rounds: () => 1,
    metrics: [{
      metric: "a million idle actors: memory",
      unit: "MB",
      of: (figures) => further(figures, "bytes") / 1e6,
      lowerIsBetter: true,
      goals: [{ against: null, floor: IDLE_MEGABYTES }],
    }],
  },
];

/** Enough of them to fill batches: as many as a mailbox takes. */
const ASKS_UNDER_WAY = 1_024;
const WORKER_ASKS = 50_000;
/** So many that V8 has compiled what is hot before half of them. */
const ROUND_TRIPS = 10_000;

/** Across two workers, beside two workers with a bare port between them. */
export const WORKER_CONTESTS: readonly PortContest[] = [
  {
    name: "actors.worker_ask",
    summary: "asks across two workers, many under way",
    task: "worker_ask",
    ports: [PORT_ARM],
    sizes: { n: WORKER_ASKS, actors: ASKS_UNDER_WAY },
    count: ({ n }) => n,
    metrics: [{
      metric: `asks across two workers, ${ASKS_UNDER_WAY} under way`,
      unit: "/s",
      of: perSecond,
      goals: [{ against: PORT, floor: 8 }],
    }],
  },
  {
    name: "actors.worker_round_trip",
    summary: "asks across two workers, one after the other",
    task: "worker_round_trip",
    // The second one is no peer: nothing can be said in it.
    ports: [PORT_ARM, TEXT_PORT_ARM],
    sizes: { n: ROUND_TRIPS },
    count: ({ n }) => n,
    metrics: [{
      metric: "serial asks across two workers: p50",
      unit: "µs",
      of: (figures) => further(figures, "p50Us"),
      lowerIsBetter: true,
      goals: [{ against: PORT, floor: 1.15 }],
    }],
  },
];
