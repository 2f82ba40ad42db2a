/**
 * What properties about trees draw: supervisors with their actors, what the
 * host does to them, and what each message makes its receiver do.
 *
 * @module
 */
import fc from "fast-check";
import type {
  AnyBehavior,
  ChildSpec,
  Overflow,
  RestartType,
} from "../../../actors/runtime/actor.ts";
import type {
  RestartPolicy,
  Strategy,
  SupervisorSpec,
} from "../../../actors/runtime/supervisor.ts";
import type { Grown } from "./trees_bench.ts";

/** What a message makes its receiver do. */
export interface Deed {
  readonly wants: readonly Want[];
  readonly ending: "return" | "throw" | "stash";
  /** When its asker is answered, if there is one. */
  readonly answers: "now" | "later" | "never";
}

/** Something that a step wants. `to` picks among the addresses. */
export type Want =
  | { readonly want: "tell" | "ask"; readonly to: number; readonly deed: Deed }
  | { readonly want: "timer"; readonly to: number; readonly afterMs: number }
  | { readonly want: "spawn"; readonly to: number; readonly spec: Drawn }
  | {
    readonly want:
      | "stop"
      | "stop_child"
      | "kill_child"
      | "watch"
      | "unwatch"
      | "unstash";
    readonly to: number;
  };

/** The part of a child's spec that is drawn. */
export type Drawn = Required<
  Pick<ChildSpec, "restart" | "shutdownMs" | "mailbox">
>;

/** Something that the host does. */
export interface Move {
  /** So long the world runs before; null: not at all. */
  readonly afterMs: number | null;
  readonly does: "tell" | "ask" | "crash" | "slow";
  readonly to: number;
  readonly deed: Deed;
}

const to = fc.nat(20);
const ending = fc.constantFrom<Deed["ending"]>(
  ...["return", "return", "return", "return", "stash", "throw"] as const,
);
const answers = fc.constantFrom<Deed["answers"]>("now", "later", "never");
const plain = fc.record({ wants: fc.constant([]), ending, answers });

const drawn: fc.Arbitrary<Drawn> = fc.record({
  restart: fc.constantFrom<RestartType>("permanent", "transient", "temporary"),
  shutdownMs: fc.constantFrom(0, 50, 5_000),
  mailbox: fc.record({
    capacity: fc.integer({ min: 1, max: 4 }),
    stashCapacity: fc.nat(2),
    overflow: fc.constantFrom<Overflow>(
      ...["reject", "drop_newest", "drop_oldest", "backpressure"] as const,
    ),
  }),
});

const want: fc.Arbitrary<Want> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      want: fc.constantFrom("tell" as const, "ask" as const),
      to,
      deed: plain,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      want: fc.constant("timer" as const),
      to,
      afterMs: fc.nat(100),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      want: fc.constant("spawn" as const),
      to,
      spec: drawn,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      want: fc.constantFrom<Exclude<Want["want"], "timer" | "spawn">>(
        ...["stop", "stop_child", "kill_child"] as const,
        ...["watch", "unwatch", "unstash"] as const,
      ) as fc.Arbitrary<"stop">,
      to,
    }),
  },
);

/** What the host does, one after the other. */
export const moves: fc.Arbitrary<Move[]> = fc.array(
  fc.record({
    afterMs: fc.constantFrom(null, null, 0, 8, 40, 200),
    does: fc.constantFrom<Move["does"]>(
      ...["tell", "tell", "tell", "tell", "ask", "ask"] as const,
      ...["crash", "slow"] as const,
    ),
    to,
    deed: fc.record({
      wants: fc.array(want, { maxLength: 4 }),
      ending,
      answers,
    }),
  }),
  { maxLength: 50, size: "max" },
);

const policy: fc.Arbitrary<RestartPolicy> = fc.record({
  strategy: fc.constantFrom<Strategy>(
    ...["one_for_one", "one_for_all", "rest_for_one"] as const,
  ),
  maxRestarts: fc.nat(4),
  periodMs: fc.constantFrom(40, 1_000),
}).chain((policy) => {
  const backoff = { minMs: 16, maxMs: 64, resetAfterMs: 500 };
  const exceeded = "stay_down" as const;
  return fc.constantFrom(policy, { ...policy, backoff, exceeded });
});

/** Supervisors, each of some actors and, may be, of one more supervisor. */
export const forests: fc.Arbitrary<SupervisorSpec[]> = fc.array(
  fc.record({
    policy,
    actors: fc.array(drawn, { minLength: 1, maxLength: 3 }),
    inner: fc.option(fc.tuple(policy, fc.array(drawn, { maxLength: 2 }))),
  }),
  { minLength: 1, maxLength: 3 },
).map((trees) =>
  trees.map(({ policy, actors, inner }, index) => {
    const name = `top-${index}`;
    const children: Grown[] = actors.map(specBelow(name));
    if (inner !== null) {
      const [policy, actors] = inner;
      const below = { name: `${name}-inner`, ...policy };
      const grandchildren = actors.map(specBelow(below.name));
      children.splice(1, 0, { ...below, children: grandchildren });
    }
    return { name, ...policy, children };
  })
);

function specBelow(name: string) {
  return (drawn: Drawn, index: number): ChildSpec => ({
    name: `${name}.${index}`,
    // The world puts its own in this place.
    behavior: {} as AnyBehavior,
    args: undefined,
    ...drawn,
  });
}
