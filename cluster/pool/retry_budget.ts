/**
 * A retry budget: retries may add a fixed share to the load and no more.
 *
 * Each first try pays a share of a retry in, each retry takes a whole one out.
 * What is saved up has a cap, or an hour of calm would pay for a storm. So in
 * any stretch of time there are at most `reserveRetries` plus the share of its
 * first tries. Without a budget, three tries on each of five layers make 243
 * calls of one.
 *
 * @module
 */

/** How much retries may add. */
export interface RetryBudgetPolicy {
  /** Retries for each million first tries. */
  readonly budgetPerMillion: number;
  /** Retries that are saved up at most, and at the start. */
  readonly reserveRetries: number;
}

/** A retry, in the millionths that are counted. */
const RETRY = 1_000_000;

/** See the module. */
export class RetryBudget {
  readonly #policy: RetryBudgetPolicy;
  #millionths: number;

  /** Begins with its reserve. */
  constructor(policy: RetryBudgetPolicy) {
    this.#policy = policy;
    this.#millionths = policy.reserveRetries * RETRY;
  }

  /** A first try is made. */
  noteFirstTry(): void {
    const { budgetPerMillion, reserveRetries } = this.#policy;
    this.#millionths = Math.min(
      this.#millionths + budgetPerMillion,
      reserveRetries * RETRY,
    );
  }

  /** Takes a retry out and says true, or says false. */
  tryRetry(): boolean {
    if (this.#millionths < RETRY) return false;
    this.#millionths -= RETRY;
    return true;
  }
}
