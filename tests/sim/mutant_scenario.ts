/**
 * The small scenario that mutants run in: few products that sell out, buyers
 * who pay, leave or cancel, two workers. Each mutant changes what it needs to
 * be provoked. It has no thresholds: whether a mutant is found is for checkers
 * to say.
 *
 * @module
 */

/** What a fault does, to whom, when, for how long and how much. */
export type Strike = readonly [
  action: string,
  target: string,
  at: string,
  lasts?: string,
  factor?: number,
];

/** What a mutant needs besides. */
export interface Changes {
  /** The checks to run, when not all. */
  readonly always?: readonly string[];
  readonly rate?: string;
  readonly catalog?: { readonly products: number; readonly stock: number };
  readonly lines?: number;
  readonly abandonPercent?: number;
  /** Clients who only read, for each ten that buy. */
  readonly readers?: number;
  readonly service?: Readonly<Record<string, unknown>>;
  readonly cache?: Readonly<Record<string, unknown>>;
  readonly admission?: Readonly<Record<string, unknown>>;
  readonly breaker?: Readonly<Record<string, unknown>>;
  readonly disk?: Readonly<Record<string, unknown>>;
  readonly network?: Readonly<Record<string, unknown>>;
  /** How long all that pends may take, when it is not to be long. */
  readonly drain?: string;
  readonly cluster?: Readonly<Record<string, unknown>>;
  readonly faults?: readonly Strike[];
  /** Clients who come once more, when the others are long gone. */
  readonly last?: { readonly at: string; readonly rate: string };
}

const RETRY = { max: 4, backoff: "50ms", jitter: "full" };

/** The scenario, as its file would say it. */
export function storm(changes: Changes): Readonly<Record<string, unknown>> {
  const { rate = "40/s", lines = 1, abandonPercent = 30, last } = changes;
  const { catalog = { products: 6, stock: 25 } } = changes;
  const { service = {}, network = {}, disk } = changes;
  return {
    schema: "doorbuster/1",
    name: "mutant",
    teaches: "A mistake in the shop is noticed by the check that is for it.",
    clock: { duration: last === undefined ? "12s" : minutes(last.at) },
    topology: { partitions: { storefront: 2, inventory: 4, accounts: 1 } },
    edge: { requestTimeout: "2s" },
    orders: { holdFor: "3s" },
    catalog: { popularity: { zipf: 0.8 }, ...catalog },
    journeys: {
      buyer: {
        weight: 7,
        steps: ["read_product", "place_order", "pay_order"],
        think: { exponential: "200ms" },
        lines: { between: [1, lines] },
        abandonPercent,
        retry: RETRY,
      },
      quitter: {
        weight: 3,
        steps: ["place_order", "cancel_order"],
        think: { exponential: "400ms" },
        lines: { between: [1, lines] },
        retry: RETRY,
      },
      reader: { weight: changes.readers ?? 1, steps: ["read_product"] },
    },
    load: [
      { phase: "rush", for: "10s", open: { rate } },
      ...last === undefined ? [] : [
        { phase: "last", at: last.at, for: "5s", open: { rate: last.rate } },
      ],
    ],
    service: {
      reserve: { lognormal: ["1ms", 0.6] },
      charge: { lognormal: ["100ms", 0.8] },
      ...service,
    },
    network: { delay: { min: "0.1ms", mean: "1ms" }, ...network },
    disk: disk ?? { sync: { lognormal: ["5ms", 1] } },
    ...changes.always && { always: changes.always },
    ...changes.cache && { cache: changes.cache },
    ...changes.cluster && { cluster: changes.cluster },
    ...changes.admission && { admission: changes.admission },
    ...changes.breaker && { breaker: changes.breaker },
    faults: (changes.faults ?? []).map(strike),
    liveness: { within: changes.drain ?? "20m" },
    drain: changes.drain ?? "40m",
  };
}

/** A minute more. */
function minutes(at: string): string {
  return `${Number.parseInt(at) + 1}m`;
}

function strike(
  [action, target, at, lasts, factor]: Strike,
  index: number,
): Readonly<Record<string, unknown>> {
  return {
    id: `f${index}`,
    do: action,
    target,
    at,
    ...lasts !== undefined && { for: lasts },
    ...factor !== undefined && { factor },
  };
}
