/**
 * Buyers who buy one thing after another until they are sent home, wherever
 * somebody answers. Each insists with the same key until he knows.
 *
 * @module
 */
import { SeededRandom } from "../../../actors/runtime/random.ts";
import { carryOut, newPurchase, type Purchase } from "../../shop/purchase.ts";
import {
  type Answer,
  ConnectionLost,
  type Order,
  type ShopClient,
} from "../../shop/shop_client.ts";
import { pause, type Product } from "../../shop/stage.ts";

/** Who buys what, and where. */
export interface RushOptions {
  readonly buyers: number;
  readonly seed: number;
  readonly catalog: readonly Product[];
  /** Where somebody answers now. */
  readonly open: () => readonly ShopClient[];
  /** Gets every single answer; what it throws ends the rush. */
  readonly hear?: (answer: Answer<Order>) => void;
}

/** A payment that was interrupted is asked about with growing pauses. */
const PATIENCE_MS = 120_000;
/** A person looks at the next product for a moment. */
const LOOKS_MS = 200;
/** The next product of three is so many further on; see `drawLines`. */
const STRIDE = 17;

/** See the module. */
export class Rush {
  /** Under way or done. */
  readonly purchases: Purchase[] = [];
  /** Rejects as soon as a buyer found something wrong; never resolves. */
  readonly failed: Promise<never>;
  readonly #options: RushOptions;
  readonly #home: Promise<unknown>;
  #isOver = false;

  /** It begins at once. */
  constructor(options: RushOptions) {
    this.#options = options;
    this.#home = Promise.all(
      Array.from({ length: options.buyers }, (_, index) => this.#buy(index)),
    );
    this.failed = this.#home.then(() => new Promise<never>(() => {}));
    this.failed.catch(() => {});
  }

  /** How many orders there are. */
  get orders(): number {
    return this.purchases.filter(({ order }) => order !== null).length;
  }

  /** Sends all home, once they know what became of what they wanted. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#home;
  }

  async #buy(index: number): Promise<void> {
    const user = `buyer-${index}`;
    const random = new SeededRandom(this.#options.seed, user);
    for (let number = 1; !this.#isOver; number++) {
      const purchase = newPurchase({
        user,
        key: `${user}-${number}`,
        lines: drawLines(this.#options.catalog, random),
        wish: (["keep", "pay", "pay", "cancel"] as const)[random.below(4)]!,
      });
      this.purchases.push(purchase);
      await this.#insist(purchase, random);
      await pause(random.below(LOOKS_MS));
    }
  }

  /** Goes from process to process until the purchase is as it was wished. */
  async #insist(purchase: Purchase, random: SeededRandom): Promise<void> {
    const { open, hear } = this.#options;
    for (;;) {
      const clients = open();
      const client = clients[random.below(Math.max(1, clients.length))];
      try {
        if (client === undefined) await pause(50);
        else return await carryOut(client, purchase, hear, PATIENCE_MS);
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
      }
    }
  }
}

/** One line, or three of different products; the catalog has more than that. */
function drawLines(catalog: readonly Product[], random: SeededRandom) {
  const first = random.below(catalog.length);
  const count = random.chance(1, 3) ? 3 : 1;
  return Array.from({ length: count }, (_, index) => ({
    // A prime: the three are different unless it divides the catalog.
    sku: catalog[(first + index * STRIDE) % catalog.length]!.sku,
    quantity: 1 + random.below(3),
  }));
}
