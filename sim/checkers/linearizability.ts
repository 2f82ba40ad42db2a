/**
 * Whether a history of concurrent operations could have happened one at a
 * time, each at some moment between its call and its return.
 *
 * An actor handles one message at a time, so the order of its decisions is a
 * candidate, the witness: checking it takes one pass. Only what it rejects, and
 * a history without one (live, over HTTP), is searched: depth first over the
 * operations that may come next, as Wing and Gong (1993) do it, remembering
 * what was reached before (Lowe 2017). That takes exponential time at worst,
 * so the search has a budget of steps, and out of budget is `unknown`, never
 * fine. Split a history by SKU first: objects can be checked one by one.
 *
 * @module
 */

/** One operation of a history. Times are on any one clock. */
export interface Operation<Input, Output> {
  readonly calledAt: number;
  /** `Infinity`: it never returned, so it may have happened or not. */
  readonly returnedAt: number;
  readonly input: Input;
  /** Undefined: nobody knows. */
  readonly output: Output | undefined;
  /** Its place in the witness; operations without one are not in it. */
  readonly position?: number;
}

/** What operations do, one at a time. States are values: a step makes new. */
export interface Model<State, Input, Output> {
  readonly initial: State;
  /**
   * The state after the operation; null when it cannot end so in this state.
   * An output that is not known (undefined) is whatever the state gives.
   */
  step(state: State, input: Input, output: Output | undefined): State | null;
  /** Names a state: two states are the same when their names are. */
  nameOf(state: State): string;
}

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

/** What a check comes to. */
export type HistoryVerdict =
  | { readonly kind: "linearizable"; readonly by: "witness" | "search" }
  | {
    readonly kind: "not_linearizable";
    /** Indices of the most operations that fit, in an order in which they do. */
    readonly longest: readonly number[];
  }
  | { readonly kind: "unknown" };

/** An operation at which a witness fails. */
export interface WitnessFault {
  /** Its index in the history. */
  readonly index: number;
  readonly because:
    /** It has returned, and the witness does not have it. */
    | "missing"
    /** Two operations have one place. */
    | "repeated"
    /** The model ends otherwise. */
    | "illegal"
    /** It comes before one that had returned when it was called. */
    | "too_early";
}

/**
 * Checks by the witness, when every operation that returned has a place in it,
 * else and when that fails by search, in at most `budget` steps.
 */
export function checkHistory<State, Input, Output>(
  operations: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
  budget: number,
): HistoryVerdict {
  return checkWitness(operations, model) === null
    ? { kind: "linearizable", by: "witness" }
    : searchHistory(operations, model, budget);
}

/**
 * Replays the operations in the order of their positions: each must end as it
 * did, and none may come before one that had returned when it was called. Null
 * when all is well, which proves the history linearizable. O(n log n), O(n)
 * when the history is in the order of the witness.
 */
export function checkWitness<State, Input, Output>(
  operations: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
): WitnessFault | null {
  const order: number[] = [];
  let isSorted = true;
  let last = -Infinity;
  for (let index = 0; index < operations.length; index++) {
    const { position, returnedAt } = operations[index]!;
    if (position === undefined) {
      if (returnedAt === Infinity) continue;
      return { index, because: "missing" };
    }
    if (position < last) isSorted = false;
    last = position;
    order.push(index);
  }
  const positionOf = (index: number) => operations[index]!.position!;
  if (!isSorted) {
    order.sort((left, right) => positionOf(left) - positionOf(right));
  }
  return replay(operations, model, order) ?? findTooEarly(operations, order);
}

function replay<State, Input, Output>(
  operations: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
  order: readonly number[],
): WitnessFault | null {
  let state = model.initial;
  let last = -Infinity;
  for (const index of order) {
    const { position, input, output } = operations[index]!;
    if (position === last) return { index, because: "repeated" };
    last = position!;
    const next = model.step(state, input, output);
    if (next === null) return { index, because: "illegal" };
    state = next;
  }
  return null;
}

/** From the end: the earliest return of what comes later is all it takes. */
function findTooEarly(
  operations: readonly Operation<unknown, unknown>[],
  order: readonly number[],
): WitnessFault | null {
  let earliestReturn = Infinity;
  for (let place = order.length - 1; place >= 0; place--) {
    const index = order[place]!;
    const { calledAt, returnedAt } = operations[index]!;
    if (earliestReturn < calledAt) return { index, because: "too_early" };
    if (returnedAt < earliestReturn) earliestReturn = returnedAt;
  }
  return null;
}

/** Searches for an order in at most `budget` steps of the model. */
export function searchHistory<State, Input, Output>(
  operations: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
  budget: number,
): HistoryVerdict {
  const timeline = new Timeline(operations);
  const taken: { index: number; before: State }[] = [];
  const reached = new Set<string>();
  let longest: number[] = [];
  let state = model.initial;
  let steps = 0;
  let entry = timeline.first;
  while (timeline.waiting > 0) {
    if (timeline.isCall(entry)) {
      if (++steps > budget) return { kind: "unknown" };
      const index = timeline.operationAt(entry);
      const { input, output } = operations[index]!;
      const next = model.step(state, input, output);
      if (next !== null) {
        timeline.lift(index);
        const name = `${timeline.name} ${model.nameOf(next)}`;
        if (!reached.has(name)) {
          reached.add(name);
          taken.push({ index, before: state });
          state = next;
          entry = timeline.first;
          continue;
        }
        timeline.putBack(index);
      }
      entry = timeline.after(entry);
      continue;
    }
    // A return: its operation must come before it, so a choice was wrong.
    if (taken.length > longest.length) {
      longest = taken.map(({ index }) => index);
    }
    const undone = taken.pop();
    if (undone === undefined) return { kind: "not_linearizable", longest };
    state = undone.before;
    timeline.putBack(undone.index);
    entry = timeline.after(timeline.callOf(undone.index));
  }
  return { kind: "linearizable", by: "search" };
}

/**
 * The calls and returns that are left, in order of time, as a doubly linked
 * list in arrays. At equal times calls come first: those operations overlap.
 */
class Timeline {
  /** Operations that returned and are not taken yet. */
  waiting = 0;
  /** Operation → its place in the order of calls. */
  readonly #ranks: Int32Array;
  /** Entry → operation + 1 for a call, its negative for a return; 0: end. */
  readonly #entries: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #calls: Int32Array;
  readonly #returns: Int32Array;
  /** One bit for each operation that is taken, by rank. */
  readonly #taken: Uint32Array;
  /** The highest rank taken, with those before it. */
  readonly #highest: number[] = [-1];

  constructor(operations: readonly Operation<unknown, unknown>[]) {
    const count = operations.length;
    const marks: number[] = [];
    operations.forEach(({ returnedAt }, index) => {
      marks.push(index + 1);
      if (returnedAt === Infinity) return;
      marks.push(-index - 1);
      this.waiting++;
    });
    const timeOf = (mark: number) =>
      mark > 0
        ? operations[mark - 1]!.calledAt
        : operations[-mark - 1]!.returnedAt;
    marks.sort((left, right) => timeOf(left) - timeOf(right) || right - left);
    // Entry 0 stands before the first and behind the last.
    this.#entries = new Int32Array(marks.length + 1);
    this.#next = new Int32Array(marks.length + 1);
    this.#previous = new Int32Array(marks.length + 1);
    this.#ranks = new Int32Array(count);
    this.#calls = new Int32Array(count);
    this.#returns = new Int32Array(count);
    this.#taken = new Uint32Array((count >>> 5) + 1);
    let rank = 0;
    marks.forEach((mark, place) => {
      const entry = place + 1;
      this.#entries[entry] = mark;
      this.#previous[entry] = place;
      this.#next[entry] = entry === marks.length ? 0 : entry + 1;
      if (mark < 0) this.#returns[-mark - 1] = entry;
      else {
        this.#calls[mark - 1] = entry;
        this.#ranks[mark - 1] = rank++;
      }
    });
    this.#next[0] = marks.length === 0 ? 0 : 1;
    this.#previous[0] = marks.length;
  }

  get first(): number {
    return this.#next[0]!;
  }

  isCall(entry: number): boolean {
    return this.#entries[entry]! > 0;
  }

  operationAt(entry: number): number {
    return this.#entries[entry]! - 1;
  }

  after(entry: number): number {
    return this.#next[entry]!;
  }

  callOf(operation: number): number {
    return this.#calls[operation]!;
  }

  /**
   * Names the set of operations that are taken: the first rank that is not,
   * and the bits from its word to the highest rank's. So it stays short where
   * few operations overlap.
   */
  get name(): string {
    // A return goes with its call, so what stands first is a call.
    const first = this.first === 0
      ? this.#ranks.length
      : this.#ranks[this.operationAt(this.first)]!;
    const highest = this.#highest.at(-1)!;
    let name = String(first);
    for (let word = first >>> 5; word <= highest >>> 5; word++) {
      name += `,${this.#taken[word]!.toString(36)}`;
    }
    return name;
  }

  /** Takes an operation out. */
  lift(operation: number): void {
    this.#unlink(this.#calls[operation]!);
    const back = this.#returns[operation]!;
    if (back !== 0) {
      this.#unlink(back);
      this.waiting--;
    }
    const rank = this.#ranks[operation]!;
    this.#taken[rank >>> 5]! |= 1 << (rank & 31);
    this.#highest.push(Math.max(rank, this.#highest.at(-1)!));
  }

  /** Puts the operation back that was lifted last. */
  putBack(operation: number): void {
    const back = this.#returns[operation]!;
    if (back !== 0) {
      this.#relink(back);
      this.waiting++;
    }
    this.#relink(this.#calls[operation]!);
    const rank = this.#ranks[operation]!;
    this.#taken[rank >>> 5]! &= ~(1 << (rank & 31));
    this.#highest.pop();
  }

  #unlink(entry: number): void {
    const previous = this.#previous[entry]!;
    const next = this.#next[entry]!;
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }

  #relink(entry: number): void {
    this.#next[this.#previous[entry]!] = entry;
    this.#previous[this.#next[entry]!] = entry;
  }
}
