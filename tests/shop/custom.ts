/**
 * Buyers who keep buying, one purchase after the other, and write down how the
 * shop treated them: what a fault did to some and not to others.
 *
 * @module
 */
import assert from "node:assert/strict";
import { carryOut, newPurchase, type Purchase } from "./purchase.ts";
import type { Answer, Order, ShopClient } from "./shop_client.ts";

/** A crowd that buys until it is told to stop. */
export class Custom {
  readonly purchases: Purchase[] = [];
  /** Problems that the crowd was told, by their code. */
  readonly problems = new Map<string, number>();
  readonly #client: ShopClient;
  readonly #crowd: Promise<unknown>;
  #open = true;
  #awaited: { done: number; resolve: () => void } | null = null;
  #done = 0;

  /** Each user buys one basket of SKUs after the other, each under a key. */
  constructor(
    client: ShopClient,
    users: readonly string[],
    baskets: readonly (readonly string[])[],
  ) {
    assert(users.length > 0 && baskets.length > 0, "nobody buys nothing");
    this.#client = client;
    this.#crowd = Promise.all(users.map((user) => this.#buy(user, baskets)));
    // Who stops the crowd hears of it; nobody else can.
    this.#crowd.catch(() => this.#awaited?.resolve());
  }

  /** Resolves once so many more purchases are done. */
  async more(purchases: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited = { done: this.#done + purchases, resolve };
    await promise;
  }

  /** Closes the crowd; resolves when everyone has what he asked for. */
  async stop(): Promise<void> {
    this.#open = false;
    await this.#crowd;
  }

  async #buy(
    user: string,
    baskets: readonly (readonly string[])[],
  ): Promise<void> {
    for (let number = 0; this.#open; number++) {
      const basket = baskets[number % baskets.length]!;
      const purchase = newPurchase({
        user,
        key: `${user}-${number}`,
        lines: basket.map((sku) => ({ sku, quantity: 1 })),
        wish: (["pay", "keep", "cancel"] as const)[number % 3]!,
      });
      this.purchases.push(purchase);
      await carryOut(this.#client, purchase, (answer) => this.#note(answer));
      this.#done++;
      if (this.#awaited !== null && this.#done >= this.#awaited.done) {
        this.#awaited.resolve();
      }
    }
  }

  #note({ problem }: Answer<Order>): void {
    if (problem === null) return;
    // A business refusal or a mistake is no way to say that a worker is gone.
    assert(problem.retryable, JSON.stringify(problem));
    this.problems.set(
      problem.code,
      (this.problems.get(problem.code) ?? 0) + 1,
    );
  }
}
