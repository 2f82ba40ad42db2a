/**
 * How often a cache hits under each eviction policy: reads of 10,000 products by
 * Zipf's law, even and with scans and changing favorites, a loop, and the order
 * lines of a real shop. Every read that misses puts its product in. What is
 * read is drawn once and is the same for all policies.
 *
 * @module
 */
import {
  createMap,
  EVICTION_NAMES,
  type EvictionName,
  put,
  touch,
} from "../../actors/cache/bounded_map.ts";
import { SeededRandom } from "../../actors/runtime/random.ts";
import { Zipf } from "../zipf.ts";

/** The share of reads that each policy answers, from 0 to 1. */
export interface CacheHits {
  /** What is read. */
  readonly reads: string;
  /** Products that the cache has room for. */
  readonly entries: number;
  readonly hitRatios: Readonly<Record<EvictionName, number>>;
}

/** What is read, as numbers of products. */
interface Reads {
  readonly name: string;
  readonly items: Uint32Array;
  /** Reads that fill the cache and are not counted. */
  readonly warmUp: number;
  readonly sizes: readonly number[];
}

const PRODUCTS = 10_000;
const READS = 600_000;
/** 1, 5 and 10 % of the products. */
const SIZES = [100, 500, 1_000];
/** After so many reads a scan of so many products that nobody has read. */
const SCAN_EVERY = 50_000;
const SCAN = 5_000;
/** After so many reads favorites move so far, by a prime: none comes back. */
const MOVE_EVERY = 100_000;
const MOVE = 1_777;
/** More than the largest cache has room for. */
const LOOP = 1_500;
/** About 1, 3, 5 and 10 % of the 2,943 products ever ordered. */
const ORDER_SIZES = [30, 100, 150, 300];

/**
 * Plays all reads on all policies.
 *
 * @param ordered The SKU of each order line, in order.
 * @param step Hears which reads are played next.
 */
export function compareCaches(
  ordered: readonly string[],
  step: (what: string) => void,
): CacheHits[] {
  const draws = [
    () => zipfReads("Zipf 0.8", 0.8),
    () => zipfReads("Zipf 1.0", 1),
    () => zipfReads("Zipf 1.22", 1.22),
    scannedReads,
    movingReads,
    loopReads,
    () => orderReads(ordered),
  ];
  return draws.flatMap((draw) => {
    const reads = draw();
    step(reads.name);
    return reads.sizes.map((entries) => ({
      reads: reads.name,
      entries,
      hitRatios: ratiosOf(reads, entries),
    }));
  });
}

function ratiosOf(reads: Reads, entries: number): CacheHits["hitRatios"] {
  const ratios = EVICTION_NAMES.map((policy) =>
    [policy, play(reads, entries, policy)] as const
  );
  return Object.fromEntries(ratios) as Record<EvictionName, number>;
}

function play(reads: Reads, entries: number, policy: EvictionName): number {
  const { items, warmUp } = reads;
  const keys: string[] = [];
  const map = createMap<true>({ entries, policy });
  let hits = 0;
  items.forEach((item, read) => {
    const key = keys[item] ??= `SKU-${item}`;
    if (touch(map, key) === null) put(map, key, true);
    else if (read >= warmUp) hits++;
  });
  return hits / (items.length - warmUp);
}

/** Reads of all products, warm after a tenth. */
function warm(name: string, items: Uint32Array): Reads {
  return { name, items, warmUp: items.length / 10, sizes: SIZES };
}

function zipfReads(name: string, exponent: number): Reads {
  const zipf = new Zipf(PRODUCTS, exponent);
  const random = new SeededRandom(1, "reads");
  return warm(
    name,
    Uint32Array.from({ length: READS }, () => zipf.sample(random)),
  );
}

/** Somebody goes through the catalog, past all that was ever read. */
function scannedReads(): Reads {
  const zipf = new Zipf(PRODUCTS, 1);
  const random = new SeededRandom(2, "reads");
  let scanned = PRODUCTS;
  const items = Uint32Array.from({ length: READS }, (_, read) => {
    const isScan = read % (SCAN_EVERY + SCAN) >= SCAN_EVERY;
    return isScan ? scanned++ : zipf.sample(random);
  });
  return warm("Zipf 1.0, and scans", items);
}

function movingReads(): Reads {
  const zipf = new Zipf(PRODUCTS, 1);
  const random = new SeededRandom(3, "reads");
  const items = Uint32Array.from({ length: READS }, (_, read) => {
    const shift = Math.floor(read / MOVE_EVERY) * MOVE;
    return (zipf.sample(random) + shift) % PRODUCTS;
  });
  return warm("Zipf 1.0, favorites move", items);
}

function loopReads(): Reads {
  const items = Uint32Array.from({ length: 200_000 }, (_, read) => read % LOOP);
  return warm("a loop over 1,500", items);
}

/** Cold: a year is too short to warm up in. */
function orderReads(ordered: readonly string[]): Reads {
  const numbers = new Map<string, number>();
  const items = Uint32Array.from(ordered, (sku) => {
    const number = numbers.get(sku) ?? numbers.size;
    numbers.set(sku, number);
    return number;
  });
  return { name: "real order lines", items, warmUp: 0, sizes: ORDER_SIZES };
}
