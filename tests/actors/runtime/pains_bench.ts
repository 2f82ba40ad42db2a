/**
 * A stage for short plays: domains under one virtual clock, wired to one
 * another by hand, with all their log lines kept. An actor of another domain
 * than `main` has that domain and a dot before its name: `far.server`.
 *
 * @module
 */
import assert from "node:assert/strict";
import type {
  AnyBehavior,
  ChildSpec,
  Delivery,
  Message,
} from "../../../actors/runtime/actor.ts";
import { Domain, type DomainOptions } from "../../../actors/runtime/domain.ts";
import type { Envelope } from "../../../actors/runtime/envelope.ts";
import { type Outcome, unknown } from "../../../actors/runtime/outcome.ts";

/** A context, where the play and not the compiler knows the protocol. */
export type AnyContext = Parameters<AnyBehavior["receive"]>[0];

/** What one message makes an actor do. */
export type Act = (
  ctx: AnyContext,
  message: Parameters<AnyBehavior["receive"]>[2],
  state: Parameters<AnyBehavior["receive"]>[1],
) => void;

/** An actor that does what the play says; a kind without an act is a bug. */
export function acting(
  acts: Readonly<Record<string, Act>>,
  more: Partial<AnyBehavior> = {},
): AnyBehavior {
  return {
    name: "acting",
    start: () => ({}),
    receive: (ctx, state, message) => acts[message.kind]!(ctx, message, state),
    ...more,
  };
}

/** An actor below a supervisor, a parent or the root. */
export function child(
  name: string,
  behavior: AnyBehavior,
  more: Partial<ChildSpec> = {},
): ChildSpec {
  return { name, behavior, args: undefined, ...more };
}

/** A line of a log. */
export interface Line {
  readonly level: string;
  readonly text: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** An ask, and when it ended. */
export interface Played {
  outcome: Outcome<unknown> | null;
  endedAtMs: number;
}

/** Builds a domain before it starts. */
type Cast = (domain: Domain) => void;

/** See the module's text. */
export class Stage {
  /** A bound of the waits' buckets, so that a wait of 0 is over at once. */
  nowMs = 1_000_000;
  readonly lines: Line[] = [];
  /** How often a domain was run. */
  runs = 0;
  readonly #domains = new Map<string, Domain>();
  /** Of all domains, the lost ones too. */
  readonly #names: ReadonlySet<string>;
  #underWay: Envelope[] = [];

  constructor(
    casts: Cast | Readonly<Record<string, Cast>>,
    options: Partial<DomainOptions> = {},
  ) {
    const all = typeof casts === "function" ? { main: casts } : casts;
    this.#names = new Set(Object.keys(all));
    for (const [name, cast] of Object.entries(all)) {
      const domain = new Domain({
        name,
        incarnation: 1,
        seed: 1,
        clock: { monotonicMs: () => this.nowMs, wallMs: () => this.nowMs },
        log: {
          write: (level, text, fields) =>
            this.lines.push({ level, text, fields }),
        },
        journal: null,
        transmit: (envelope) => this.#transmit(envelope),
        wake: () => {},
        died: () => {},
        freeze: true,
        ...options,
      });
      cast(domain);
      this.#domains.set(name, domain);
    }
    for (const domain of this.#domains.values()) domain.start(() => {});
    this.run();
  }

  get domain(): Domain {
    return this.domainOf("main");
  }

  domainOf(name: string): Domain {
    return this.#domains.get(name)!;
  }

  /**
   * Lets time pass, from one thing that is due to the next, and runs all there
   * is to run. Returns when somebody wants to run again.
   */
  run(advanceMs = 0): number {
    const endMs = this.nowMs + advanceMs;
    for (let turn = 0; turn < 100_000; turn++) {
      this.runs += this.#domains.size;
      const nextMs = Math.min(
        ...[...this.#domains.values()].map((domain) => domain.run()),
      );
      if (this.#deliver() || nextMs <= this.nowMs) continue;
      if (nextMs > endMs) {
        this.nowMs = endMs;
        return nextMs;
      }
      this.nowMs = nextMs;
    }
    throw new Error("Somebody runs in circles");
  }

  /** Asks from outside, and makes sure that the ask ends once. */
  ask(to: string, message: Message, withinMs = 60_000): Played {
    const played: Played = { outcome: null, endedAtMs: 0 };
    this.domain.ask(to, message, withinMs, (outcome) => {
      assert.equal(played.outcome, null, "an ask settles once");
      played.outcome = outcome;
      played.endedAtMs = this.nowMs;
    });
    return played;
  }

  tell(to: string, ...messages: readonly Message[]): void {
    for (const message of messages) this.#home(to)!.tell(to, message);
  }

  /** A thread or process is gone, with what was on its way to it. */
  lose(name: string): void {
    this.#domains.delete(name);
    const isLost = (to: string) => this.#homeOf(to) === name;
    this.#underWay = this.#underWay.filter(({ to }) => !isLost(to));
    for (const domain of this.#domains.values()) {
      domain.settleLost(isLost, unknown(250));
    }
  }

  /** What is known of an actor; undefined once it has ended. */
  actor(address: string) {
    const { actors } = this.#home(address)!.report();
    return actors.find((actor) => actor.address === address);
  }

  /** The fields of the lines with that text. */
  linesOf(text: string): Line["fields"][] {
    return this.lines.filter((line) => line.text === text)
      .map(({ fields }) => fields);
  }

  #home(address: string): Domain | undefined {
    return this.#domains.get(this.#homeOf(address));
  }

  #homeOf(address: string): string {
    if (this.#names.has(address)) return address;
    const dot = address.indexOf(".");
    return dot < 0 ? "main" : address.slice(0, dot);
  }

  #transmit(envelope: Envelope): Delivery {
    if (this.#home(envelope.to) === undefined) return "gone";
    // An address of the domain that sends it was nobody's there.
    const [from, to] = [envelope.from, envelope.to];
    if (this.#homeOf(from) === this.#homeOf(to)) return "gone";
    this.#underWay.push(envelope);
    return "queued";
  }

  #deliver(): boolean {
    const arrived = this.#underWay.splice(0);
    for (const envelope of arrived) this.#home(envelope.to)!.deliver(envelope);
    return arrived.length > 0;
  }
}
