/**
 * Leases in several stores that know nothing of each other: whoever has more
 * than half of them has the lock, so it outlives the loss of less than half.
 * An answer is given as soon as enough stores have answered; one that hangs
 * holds nobody up.
 *
 * The token is the largest that a majority gave, and is written back to a
 * majority before it is used: the next holder's majority shares a store with
 * it, and that store gives more. A store that restarts without what it knew
 * may vote twice; the lock then has two holders, as any lease may have, and
 * their tokens differ by the clocks of the stores.
 *
 * @module
 */
import type {
  Extended,
  Freed,
  LeaseStore,
  Taken,
  Wish,
  Woken,
} from "./lease_store.ts";

/** One of several stores. */
export interface QuorumMember extends LeaseStore {
  /** Makes the token of the owner's lease at least `fence`. */
  raise(wish: Wish, fence: number): Promise<Extended>;
}

/** See the module. */
export class QuorumLeases implements LeaseStore {
  readonly isFair = false;
  readonly answerWithinMs: number;
  readonly retryEveryMs: number;
  readonly #stores: readonly QuorumMember[];
  readonly #majority: number;

  /**
   * Three stores bear the loss of one, five that of two.
   *
   * @throws {RangeError} Without a store, or with a fair one: a line that each
   * store keeps for itself is none.
   */
  constructor(stores: readonly QuorumMember[]) {
    if (stores.length === 0 || stores.some(({ isFair }) => isFair)) {
      throw new RangeError(
        "Cannot make a quorum as it needs stores and none of them fair: " +
          `current value is ${stores.length} stores`,
      );
    }
    this.#stores = stores;
    this.#majority = Math.floor(stores.length / 2) + 1;
    const most = (of: (store: QuorumMember) => number) =>
      Math.max(...stores.map(of));
    this.answerWithinMs = most((store) => store.answerWithinMs);
    this.retryEveryMs = most((store) => store.retryEveryMs);
  }

  async take(wish: Wish): Promise<Taken> {
    const answers = await this.#ask(
      (store) => store.take(wish),
      ({ kind }) => kind === "taken",
    );
    const fences = answers.flatMap((answer) =>
      answer.kind === "taken" ? answer.fence : []
    );
    if (fences.length >= this.#majority) {
      const fence = Math.max(...fences);
      const raised = await this.#ask(
        (store) => store.raise(wish, fence),
        ({ kind }) => kind === "extended",
      );
      const count = raised.filter(({ kind }) => kind === "extended").length;
      if (count >= this.#majority) return { kind: "taken", fence };
    }
    // What was won here is in the way of others.
    this.free(wish.name, wish.owner);
    const inTheWay = answers.flatMap((answer) =>
      answer.kind === "held" ? answer.leftMs : []
    );
    return inTheWay.length > 0
      ? { kind: "held", leftMs: Math.min(...inTheWay) }
      : troubleOf(answers);
  }

  async extend(name: string, owner: string, ttlMs: number): Promise<Extended> {
    const answers = await this.#ask(
      (store) => store.extend(name, owner, ttlMs),
      ({ kind }) => kind === "extended",
    );
    const isIn = this.#isMajority(answers, "extended");
    if (isIn) return { kind: "extended" };
    return this.#cannotBe(answers, "gone")
      ? { kind: "gone" }
      : troubleOf(answers);
  }

  async free(name: string, owner: string): Promise<Freed> {
    const answers = await this.#ask(
      (store) => store.free(name, owner),
      ({ kind }) => kind === "freed",
    );
    if (this.#isMajority(answers, "freed")) {
      const wanted = answers.some((each) =>
        each.kind === "freed" && each.wanted
      );
      return { kind: "freed", wanted };
    }
    return this.#cannotBe(answers, "gone")
      ? { kind: "gone" }
      : troubleOf(answers);
  }

  watch(woken: Woken): () => Promise<void> {
    const stops = this.#stores.map((store) => store.watch?.(woken));
    return async () => {
      await Promise.all(stops.map((stop) => stop?.()));
    };
  }

  #isMajority(answers: readonly { kind: string }[], kind: string): boolean {
    return answers.filter((each) => each.kind === kind).length >=
      this.#majority;
  }

  /** So many said no that a majority of yes is out of reach. */
  #cannotBe(answers: readonly { kind: string }[], no: string): boolean {
    const left = this.#stores.length -
      answers.filter((each) => each.kind === no).length;
    return left < this.#majority;
  }

  /** Asks all, and waits until a majority says yes or none can any more. */
  #ask<Answer>(
    ask: (store: QuorumMember) => Promise<Answer>,
    isYes: (answer: Answer) => boolean,
  ): Promise<readonly Answer[]> {
    const most = this.#stores.length;
    return new Promise((resolve, reject) => {
      const answers: Answer[] = [];
      let yes = 0;
      for (const store of this.#stores) {
        ask(store).then((answer) => {
          answers.push(answer);
          if (isYes(answer)) yes++;
          const no = answers.length - yes;
          const isDecided = yes >= this.#majority ||
            most - no < this.#majority;
          if (isDecided) resolve([...answers]);
        }, reject);
      }
    });
  }
}

/** Unknown as soon as one is: it may have been the one that counted. */
function troubleOf(
  answers: readonly { kind: string }[],
): { kind: "unavailable" | "unknown" } {
  const isUnknown = answers.some(({ kind }) => kind !== "unavailable");
  return { kind: isUnknown ? "unknown" : "unavailable" };
}
