/**
 * The history of one SKU's units as its buyers see it, and its sequential
 * model: units are taken or refused, and come back.
 *
 * A history is kept only while calls are pending. When none is, whatever comes
 * later comes after all of it, so it is judged and forgotten; what stays is
 * how many units are free.
 *
 * @module
 */
import {
  type HistoryVerdict,
  type Model,
  type Operation,
  searchHistory,
} from "./linearizability.ts";

/** What happens to the units of one SKU. */
export interface UnitsInput {
  /** `give` brings units, or with a negative number takes them for good. */
  readonly kind: "take" | "give" | "read";
  /** 0 for a read. */
  readonly units: number;
}

/** How it ends: a read with the number of free units. */
export type UnitsOutput = "done" | "refused" | number;

/** The units of one SKU, one operation at a time; the state is what is free. */
export function unitsModel(
  free: number,
): Model<number, UnitsInput, UnitsOutput> {
  return {
    initial: free,
    nameOf: String,
    step(state, { kind, units }, output) {
      if (kind === "read") {
        return output === undefined || output === state ? state : null;
      }
      const after = kind === "take" ? state - units : state + units;
      if (output === "refused") return after < 0 ? state : null;
      return after < 0 ? null : after;
    },
  };
}

type UnitsOperation = {
  -readonly [Name in keyof Operation<UnitsInput, UnitsOutput>]: Operation<
    UnitsInput,
    UnitsOutput
  >[Name];
};

/** Operations kept for one stretch: some 2 MB, and more than can be searched. */
const OPERATIONS_MAX = 16_384;

/** See the module's text. */
export class UnitHistory {
  /** Calls on this SKU that have not returned. */
  pending = 0;
  /** The witness has failed for this stretch. */
  isSuspect = false;
  /** What is free where the stretch begins. */
  #free: number;
  #operations: UnitsOperation[] = [];
  /** It begins amid pending calls, so other orders than its own are possible. */
  #isPartial = false;
  /** Units taken by answers of which the log knows nothing. */
  #phantom = 0;

  constructor(free: number) {
    this.#free = free;
  }

  /** Units came or went at one moment; a hold takes, anything else gives. */
  change(at: number, kind: "take" | "give", units: number): UnitsOperation {
    return this.#add(at, at, { kind, units }, "done");
  }

  /** A call was refused. */
  refuse(calledAt: number, at: number, units: number): void {
    this.#add(calledAt, at, { kind: "take", units }, "refused");
  }

  /** A call was told that it has units which no event took. */
  takeUnlogged(calledAt: number, at: number, units: number): void {
    this.#add(calledAt, at, { kind: "take", units }, "done");
    this.#phantom += units;
  }

  /**
   * Judges and forgets the stretch, where no call is pending or where it has
   * become too long; null: it goes on, or the witness stands for it.
   */
  judge(budget: number): HistoryVerdict | null {
    const isQuiet = this.pending === 0;
    if (!isQuiet && this.#operations.length < OPERATIONS_MAX) return null;
    // Where the log misses units, its order says nothing any more.
    const isDoubted = this.isSuspect || this.#phantom > 0;
    let verdict: HistoryVerdict | null = null;
    if (isDoubted) {
      verdict = isQuiet
        ? searchHistory(this.#operations, unitsModel(this.#free), budget)
        : { kind: "unknown" };
      if (verdict.kind === "not_linearizable" && this.#isPartial) {
        verdict = { kind: "unknown" };
      }
    }
    for (const { input: { kind, units }, output } of this.#operations) {
      if (output === "refused") continue;
      this.#free += kind === "take" ? -units : units;
    }
    this.#operations = [];
    this.isSuspect = false;
    this.#isPartial = !isQuiet;
    return verdict;
  }

  #add(
    calledAt: number,
    returnedAt: number,
    input: UnitsInput,
    output: UnitsOutput,
  ): UnitsOperation {
    const operation = { calledAt, returnedAt, input, output };
    this.#operations.push(operation);
    return operation;
  }
}
