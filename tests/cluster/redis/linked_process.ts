/**
 * What of a process the links between processes need: domains with real actors,
 * turned in this thread, and their links to other processes over a real Redis.
 *
 * @module
 */
import assert from "node:assert/strict";
import type {
  Asks,
  Behavior,
  ChildSpec,
  Ref,
} from "../../../actors/runtime/actor.ts";
import type { Content } from "../../../actors/runtime/envelope.ts";
import { ok, type Outcome } from "../../../actors/runtime/outcome.ts";
import type { RedisPort } from "../../../cluster/redis/redis_port.ts";
import { hostClock } from "../../../cluster/worker/host_clock.ts";
import { ProcessLinks } from "../../../cluster/worker/process_links.ts";
import { Turns } from "../../../cluster/worker/turns.ts";
import { within } from "../../shop/shop_process.ts";

/** What a till is asked. A sale under a key that it knows is no other sale. */
export type TillMessage =
  | ({ readonly kind: "sell"; readonly key: string } & Asks<number>)
  | { readonly kind: "note"; readonly number: number }
  | ({ readonly kind: "notes" } & Asks<readonly number[]>)
  /** It answers nobody. */
  | ({ readonly kind: "ignore" } & Asks<number>);

interface Till {
  readonly sold: Map<string, number>;
  readonly notes: number[];
}

const till: Behavior<Till, TillMessage> = {
  name: "till",
  start: () => ({ sold: new Map(), notes: [] }),
  receive(ctx, state, message) {
    switch (message.kind) {
      case "sell": {
        const known = state.sold.get(message.key);
        const number = known ?? state.sold.size + 1;
        state.sold.set(message.key, number);
        return ctx.reply(ok(number));
      }
      case "note":
        state.notes.push(message.number);
        return;
      case "notes":
        return ctx.reply(ok([...state.notes]));
      case "ignore":
        return;
    }
  },
};

/** How a process of a test is set up. */
export interface LinkedProcessOptions {
  readonly name: string;
  readonly redis: RedisPort;
  readonly silenceMs: number;
}

const WITHIN_MS = 20_000;

/** The till of a domain: `till(worker-0)` lives in `worker-0`. */
export function tillOf(domain: string): Ref<TillMessage> {
  return `till(${domain})`;
}

/** See the module. */
export class LinkedProcess implements AsyncDisposable {
  readonly links: ProcessLinks;
  /** Broadcasts that came. */
  readonly heard: Content[] = [];
  /** Processes whose broadcasts may have been missed, in order. */
  readonly resets: string[] = [];
  readonly #domains = new Map<string, Turns>();
  readonly #linked = new Set<string>();
  #noted: () => void = () => {};

  constructor({ name, redis, silenceMs }: LinkedProcessOptions) {
    this.links = new ProcessLinks({
      redis,
      storeId: "store",
      process: name,
      clock: hostClock,
      log: { write: () => {} },
      silenceMs,
      connect: (domain, peer, port) => {
        this.#domains.get(domain)!.connect(peer, port);
        this.#linked.add(`${domain} ${peer}`);
        this.#noted();
      },
      disconnect: (domain, peer) => {
        this.#domains.get(domain)?.disconnect(peer);
        this.#linked.delete(`${domain} ${peer}`);
        this.#noted();
      },
      heard: (_topic, content) => {
        this.heard.push(content);
        this.#noted();
      },
      reset: (process) => {
        this.resets.push(process);
        this.#noted();
      },
    });
  }

  /** Starts a domain with its till. */
  begin(domain: string, incarnation = 1): Turns {
    const turns = new Turns({
      domain: {
        name: domain,
        incarnation,
        seed: 1,
        journal: null,
        died: assert.fail,
      },
      log: { write: () => {} },
      locate: (address) => /^till\((.*)\)$/.exec(address)?.[1] ?? address,
      gateways: new Map(),
      linkBroke: (peer) => assert.fail(`${domain}'s link to ${peer} broke`),
    });
    const child = { name: tillOf(domain), behavior: till, args: undefined };
    // A till has no arguments, which a spec of any behavior cannot say.
    turns.domain.spawn(child as unknown as ChildSpec);
    turns.domain.start(() => {});
    this.#domains.set(domain, turns);
    this.links.addDomain(domain, incarnation);
    return turns;
  }

  /** Ends a domain as a crash does; a territory is somebody else's then. */
  end(domain: string): void {
    this.links.removeDomain(domain);
    this.links.disclaim(domain);
    this.#domains.get(domain)!.stop();
    this.#domains.delete(domain);
  }

  /** Once a domain is linked with a peer, or no longer. */
  async linked(domain: string, peer: string, isLinked = true): Promise<void> {
    await this.#until(
      `a link from ${domain} to ${peer}: ${isLinked}`,
      () => this.#linked.has(`${domain} ${peer}`) === isLinked,
    );
  }

  /** Once so many broadcasts came. */
  async hears(count: number): Promise<void> {
    await this.#until(
      `${count} broadcasts`,
      () => this.heard.length >= count,
    );
  }

  /** Once broadcasts may have been missed so many times. */
  async missed(count: number): Promise<void> {
    await this.#until(`${count} resets`, () => this.resets.length >= count);
  }

  /** What the domain hears from a till, within 20 s or as told. */
  ask(
    domain: string,
    till: Ref<TillMessage>,
    message: TillMessage,
    withinMs = WITHIN_MS,
  ): Promise<Outcome<unknown>> {
    const { promise, resolve } = Promise.withResolvers<Outcome<unknown>>();
    const turns = this.#domains.get(domain)!;
    turns.domain.ask(till, message, withinMs, resolve);
    return within(WITHIN_MS, `an answer of ${till}`, promise);
  }

  /** Tells a till. */
  tell(domain: string, till: Ref<TillMessage>, message: TillMessage): void {
    this.#domains.get(domain)!.domain.tell(till, message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.links.stop();
    for (const turns of this.#domains.values()) turns.stop();
  }

  async #until(what: string, isSo: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#noted = () => isSo() && resolve();
    this.#noted();
    await within(WITHIN_MS, what, promise);
  }
}
