/**
 * The work that Savina's actors do between messages, and its other rules that
 * have nothing to do with actors: the same for ours and for nact.
 *
 * @module
 */
import { fraction, nextRandom } from "./pseudo_random.ts";

/** The work of fork-join. Throws what it never throws, so it cannot be left out. */
export function compute(): void {
  const sine = Math.sin(37.2);
  if (!(sine * sine > 0)) throw new Error("Cannot believe a sine");
}

/** The work of an item in the bounded buffer: a sum of logarithms. */
export function processItem(item: number, cost: number): number {
  let random = cost;
  let term = item;
  for (let left = cost * 100; left > 0; left--) {
    random = nextRandom(random);
    term += Math.log(Math.abs(fraction(random)) + 0.01);
  }
  return term;
}

/** The colors of chameneos. */
export const COLORS = ["red", "yellow", "blue"] as const;
/** One of them. */
export type Color = typeof COLORS[number];

/** The color of two who meet: their own when it is one, else the third. */
export function complement(one: Color, other: Color): Color {
  if (one === other) return one;
  if (one !== "red" && other !== "red") return "red";
  return one !== "yellow" && other !== "yellow" ? "yellow" : "blue";
}

/** A transfer between accounts. */
export interface Transfer {
  /** Number of the account that pays. */
  readonly source: number;
  /** Number of the account that receives; higher, so that none waits in a ring. */
  readonly receiver: number;
  readonly amount: number;
}

const BANK_SEED = 123_456;

/** The transfers that the teller orders. */
export function drawTransfers(
  count: number,
  accounts: number,
): readonly Transfer[] {
  let random = BANK_SEED;
  const draw = () => random = nextRandom(random);
  const sources = Math.floor(accounts / 10) * 8;
  return Array.from({ length: count }, () => {
    const source = draw() % sources;
    const distance = Math.max(1, draw() % (accounts - source));
    const amount = Math.abs(fraction(draw())) * 1000;
    return { source, receiver: source + distance, amount };
  });
}

/** What each account has: so much that amounts vanish in it. */
export function initialBalance(transfers: number, accounts: number): number {
  return Number.MAX_VALUE / (accounts * transfers);
}

/** Half a million roundings of amounts up to 1,000 stay far below it. */
const MONEY_TOLERANCE = 1e-6;

/** Throws when what all accounts gained is not what all accounts paid. */
export function verifyMoney(change: number): void {
  if (Math.abs(change) < MONEY_TOLERANCE) return;
  throw new Error(`Cannot accept transfers that make money: ${change}`);
}
