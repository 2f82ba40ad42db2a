/**
 * What the edge must show: each figure of ours, whom it is compared with, and
 * the floor and aim of the ratio at each number of connections. The numbers
 * are the project's promises about speed; they are judged here and nowhere
 * else.
 *
 * @module
 */
import { compare, type Goal, type Result } from "../benchmark.ts";
import type { Sample, Samples } from "./lanes.ts";

/** What `deno task bench` calls it. */
export const EDGE_NAME = "edge.sale";

/** The lanes of the edge benchmark, by the name that tables show. */
export const LANES = {
  barePost: "bare Hono POST",
  bareGet: "bare Hono GET",
  bareFields: "bare Hono GET with the shop's header fields",
  everysec: "Hono + Redis everysec",
  always: "Hono + Redis always",
  oneWorker: "purchase, one shop worker",
  split: "purchase, storefront and shard apart",
  inline: "purchase, all in one thread",
  standard: "purchase, default topology",
  soldOut: "sold out, one shop worker",
  product: "product, one cache node",
  hot: "one hot product, from the edge's memory",
  limited: "limited, one address over its rate",
} as const;

/** Connections: one for latency, the others for throughput. */
export const CONNECTIONS = [1, 64, 256] as const;
type Connections = typeof CONNECTIONS[number];

type Bounds = readonly [floor: number, aim?: number];

interface Claim {
  readonly lane: string;
  readonly figure: keyof typeof FIGURES;
  /** Peers, each with bounds where the project has some. */
  readonly against: Readonly<
    Record<string, Partial<Record<Connections, Bounds>>>
  >;
}

const FIGURES = {
  rate: {
    unit: "/s",
    lowerIsBetter: false,
    of: (sample: Sample) => sample.perSecond,
  },
  p50: { unit: "ms", lowerIsBetter: true, of: (s: Sample) => s.p50Ms },
  p99: { unit: "ms", lowerIsBetter: true, of: (s: Sample) => s.p99Ms },
  cpu: { unit: "µs", lowerIsBetter: true, of: (s: Sample) => s.cpuUs },
  memory: {
    unit: "MB",
    lowerIsBetter: true,
    of: (sample: Sample) => sample.memoryBytes / 2 ** 20,
  },
} as const;

const NO_BOUNDS = {};
const ALL_PEERS = {
  [LANES.barePost]: NO_BOUNDS,
  [LANES.everysec]: NO_BOUNDS,
  [LANES.always]: NO_BOUNDS,
};

const CLAIMS: readonly Claim[] = [
  {
    lane: LANES.oneWorker,
    figure: "rate",
    against: {
      [LANES.barePost]: { 64: [0.45, 0.6], 256: [0.6, 0.8] },
      [LANES.everysec]: { 64: [0.85, 1.05], 256: [1, 1.2] },
      [LANES.always]: { 64: [1.2, 1.6], 256: [1, 1.3] },
    },
  },
  {
    lane: LANES.split,
    figure: "rate",
    against: { ...ALL_PEERS, [LANES.barePost]: { 64: [0.3], 256: [0.45] } },
  },
  { lane: LANES.inline, figure: "rate", against: ALL_PEERS },
  { lane: LANES.standard, figure: "rate", against: ALL_PEERS },
  {
    lane: LANES.soldOut,
    figure: "rate",
    against: { [LANES.oneWorker]: { 64: [1.3, 1.7], 256: [1.3, 1.7] } },
  },
  {
    lane: LANES.product,
    figure: "rate",
    against: {
      [LANES.bareGet]: { 64: [0.7, 0.85], 256: [0.7, 0.85] },
      [LANES.bareFields]: NO_BOUNDS,
    },
  },
  {
    lane: LANES.hot,
    figure: "rate",
    against: {
      [LANES.bareGet]: { 64: [0.9], 256: [0.9] },
      [LANES.bareFields]: NO_BOUNDS,
    },
  },
  {
    lane: LANES.limited,
    figure: "rate",
    against: {
      [LANES.bareGet]: { 64: [0.8], 256: [0.8] },
      [LANES.bareFields]: NO_BOUNDS,
    },
  },
  {
    lane: LANES.oneWorker,
    figure: "p50",
    against: { ...ALL_PEERS, [LANES.barePost]: { 1: [5] } },
  },
  { lane: LANES.inline, figure: "p50", against: ALL_PEERS },
  {
    lane: LANES.product,
    figure: "p50",
    against: { [LANES.bareGet]: { 1: [5] } },
  },
  { lane: LANES.oneWorker, figure: "p99", against: ALL_PEERS },
  { lane: LANES.standard, figure: "p99", against: ALL_PEERS },
  { lane: LANES.oneWorker, figure: "cpu", against: ALL_PEERS },
  { lane: LANES.split, figure: "cpu", against: ALL_PEERS },
  { lane: LANES.inline, figure: "cpu", against: ALL_PEERS },
  { lane: LANES.standard, figure: "cpu", against: ALL_PEERS },
  {
    lane: LANES.soldOut,
    figure: "cpu",
    against: { [LANES.oneWorker]: NO_BOUNDS },
  },
  {
    lane: LANES.product,
    figure: "cpu",
    against: { [LANES.bareGet]: NO_BOUNDS },
  },
  { lane: LANES.oneWorker, figure: "memory", against: ALL_PEERS },
  { lane: LANES.standard, figure: "memory", against: ALL_PEERS },
];

/** The results of one number of connections. */
export function judgeEdge(
  connections: Connections,
  samples: Samples,
): Result[] {
  return CLAIMS.map(({ lane, figure, against }) => {
    const { unit, lowerIsBetter, of } = FIGURES[figure];
    const figuresOf = (name: string) => (samples.get(name) ?? []).map(of);
    return compare({
      bench: EDGE_NAME,
      metric: `${lane}: ${figure} at ${connections}`,
      unit,
      lowerIsBetter,
      ours: figuresOf(lane),
      peers: Object.fromEntries(
        Object.keys(against).map((peer) => [peer, figuresOf(peer)]),
      ),
      goals: Object.entries(against).flatMap(([peer, bounds]) =>
        goal(peer, bounds[connections])
      ),
    });
  });
}

function goal(against: string, bounds: Bounds | undefined): Goal[] {
  if (bounds === undefined) return [];
  const [floor, aim] = bounds;
  return [aim === undefined ? { against, floor } : { against, floor, aim }];
}
