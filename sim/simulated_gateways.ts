/**
 * The gateways of a simulated shop: models that answer after their time, can be
 * made slower, and whose payment provider may lose an answer on purpose.
 *
 * @module
 */
import { stableHash } from "../actors/runtime/random.ts";
import type { StockPublished } from "../actors/cache_node.ts";
import { ok, RETRY_AFTER_MS, unknown } from "../actors/runtime/outcome.ts";
import type { Domain } from "../actors/runtime/domain.ts";
import { catalogPool } from "../cluster/pool/catalog_pool.ts";
import type { PoolCalls } from "../cluster/pool/pool_calls.ts";
import type { ShopPlan } from "../cluster/topology.ts";
import type { Buggify } from "./buggify.ts";
import { clockOf } from "./clock.ts";
import {
  modelOf,
  type PaymentBooks,
  poolModel,
  type SimulatedProduct,
} from "./models.ts";
import type { Observation } from "./observation.ts";
import type { Scenario } from "./scenario_values.ts";
import type { Scheduler } from "./scheduler.ts";
import type { ServiceTimes } from "./service_times.ts";
import { Slowness } from "./slowness.ts";
import type { GatewayModel } from "./thread_options.ts";

/** What the gateways need. */
export interface SimulatedGatewaysOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly scheduler: Scheduler;
  readonly products: ReadonlyMap<string, SimulatedProduct>;
  readonly observe: (observation: Observation) => void;
  readonly service: ServiceTimes;
  readonly buggify: Buggify;
  /** The domain of that name as it lives now. */
  readonly domainOf: (name: string) => Domain;
  /** What the provider knows, where several processes have the same one. */
  readonly books?: PaymentBooks;
  /** Where the catalog can be out of reach: acts, or says that it is. */
  readonly readCatalog?: (act: () => void, lost: () => void) => void;
  /** Of several processes: tells all of them. */
  readonly tellAll?: (stock: StockPublished) => void;
}

/** See the module's text. */
export class SimulatedGateways {
  readonly #options: SimulatedGatewaysOptions;
  /** By address. */
  readonly #slowness = new Map<string, Slowness>();

  constructor(options: SimulatedGatewaysOptions) {
    this.#options = options;
  }

  /** How slow a gateway is. */
  slownessOf(address: string): Slowness {
    let slowness = this.#slowness.get(address);
    if (slowness === undefined) {
      slowness = new Slowness();
      this.#slowness.set(address, slowness);
    }
    return slowness;
  }

  /** The models of the gateways that a domain serves, by address. */
  of(plan: ShopPlan, domain: string): Map<string, GatewayModel> {
    const { scenario, scheduler, products, observe } = this.#options;
    const options = {
      products,
      observe,
      books: this.#options.books,
      currency: scenario.config.orders.currency,
      nowUs: () => scheduler.nowUs,
      later: (gateway: string, kind: string, act: () => void) => {
        const takesUs = this.#options.service.drawUs(gateway, kind, 0) *
          this.slownessOf(gateway).factor;
        const atUs = scheduler.nowUs + Math.round(takesUs);
        scheduler.at(atUs, stableHash(gateway), act);
      },
    };
    return new Map(
      plan.gateways.filter((gateway) => gateway.domain === domain)
        .map(({ address, kind }) => {
          if (kind === "catalog_pool") {
            return [address, poolModel(this.catalogPool(plan, domain))];
          }
          if (kind === "stock_board") return [address, this.#board()];
          const model = modelOf(kind, address, options);
          if (kind === "payment") return [address, this.#forgetful(model)];
          return [address, kind === "catalog" ? this.#reached(model) : model];
        }),
    );
  }

  /** The live pool; only that nobody probes, as a probe never ends a run. */
  catalogPool(plan: ShopPlan, domain: string): PoolCalls {
    const { scenario, scheduler, seed, domainOf } = this.#options;
    const { startMs } = scenario.clock;
    return catalogPool({
      plan,
      domain,
      seed,
      clock: clockOf(scheduler, { startMs }),
      ask: (to, message, withinMs, done) =>
        domainOf(domain).ask(to, message, withinMs, done),
    });
  }

  #board(): GatewayModel {
    return (message, answer) => {
      // Nothing else is sent to its address.
      this.#options.tellAll?.(message as StockPublished);
      answer(ok(null));
    };
  }

  /** A catalog that is read where it can be reached. */
  #reached(model: GatewayModel): GatewayModel {
    const { readCatalog } = this.#options;
    if (readCatalog === undefined) return model;
    return (message, answer) =>
      readCatalog(
        () => model(message, answer),
        () => answer(unknown(RETRY_AFTER_MS)),
      );
  }

  /** A provider that does what it was asked, and whose answer may be lost. */
  #forgetful(model: GatewayModel): GatewayModel {
    return (message, answer) =>
      model(message, (outcome) => {
        if (!this.#options.buggify.fires("payment.no_answer")) answer(outcome);
      });
  }
}
