/** What a supervisor decides, by OTP's rules, and which trees it refuses. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type {
  ChildSpec,
  ExitReason,
  RestartType,
} from "../../../actors/runtime/actor.ts";
import {
  checkSupervisor,
  decideExit,
  type Directive,
  isAbnormal,
  isSupervisor,
  newRestartHistory,
  type RestartPolicy,
  type Strategy,
  type SupervisorSpec,
} from "../../../actors/runtime/supervisor.ts";

const BACKOFF = { minMs: 100, maxMs: 1_000, resetAfterMs: 5_000 };
/** The draw that spreads nothing. */
const MIDDLE = 2 ** 31;
const CRASHED: ExitReason = { kind: "crashed", cause: "", messageKind: "go" };
const ALONE: RestartPolicy = {
  strategy: "one_for_one",
  maxRestarts: 1,
  periodMs: 1,
};

/** What a supervisor of three permanent children decides, exit by exit. */
function decideAll(
  policy: Partial<RestartPolicy>,
  crashesMs: readonly number[],
  random = MIDDLE,
): Directive[] {
  const whole = { ...ALONE, maxRestarts: 100, periodMs: 10_000, ...policy };
  const history = newRestartHistory();
  const exit = { child: 1, restart: "permanent", abnormal: true } as const;
  const siblings = Array<RestartType>(3).fill("permanent");
  return crashesMs.map((nowMs) =>
    decideExit(whole, history, exit, siblings, nowMs, random)
  );
}

function actionsOf(policy: Partial<RestartPolicy>, crashesMs: number[]) {
  return decideAll(policy, crashesMs).map(({ action }) => action);
}

function delaysOf(
  policy: Partial<RestartPolicy>,
  crashesMs: number[],
  random = MIDDLE,
) {
  return decideAll(policy, crashesMs, random).map((directive) =>
    "delayMs" in directive ? directive.delayMs : directive.action
  );
}

/** What becomes of the only child of a supervisor. */
function fateOf(restart: RestartType, reason: ExitReason): string {
  const exit = { child: 0, restart, abnormal: isAbnormal(reason) };
  const history = newRestartHistory();
  return decideExit(ALONE, history, exit, [restart], 0, MIDDLE).action;
}

/** Who is stopped and started when the child of that index crashes. */
function groupOf(
  strategy: Strategy,
  child: number,
  siblings: readonly RestartType[] = Array(4).fill("permanent"),
) {
  const policy = { ...ALONE, strategy };
  const exit = { child, restart: siblings[child]!, abnormal: true };
  const history = newRestartHistory();
  const directive = decideExit(policy, history, exit, siblings, 0, MIDDLE);
  assert(directive.action === "restart");
  return [directive.stop, directive.start];
}

Deno.test("a permanent child is restarted however it ends", () => {
  assert.equal(fateOf("permanent", { kind: "normal" }), "restart");
  assert.equal(fateOf("permanent", { kind: "shutdown" }), "restart");
  assert.equal(fateOf("permanent", CRASHED), "restart");
});

Deno.test("a transient child is restarted after an abnormal end only", () => {
  assert.equal(fateOf("transient", { kind: "normal" }), "forget");
  assert.equal(fateOf("transient", { kind: "shutdown" }), "forget");
  assert.equal(fateOf("transient", CRASHED), "restart");
});

Deno.test("a temporary child is never restarted", () => {
  assert.equal(fateOf("temporary", { kind: "normal" }), "forget");
  assert.equal(fateOf("temporary", { kind: "shutdown" }), "forget");
  assert.equal(fateOf("temporary", CRASHED), "forget");
});

Deno.test("every end is abnormal but normal and shutdown", () => {
  const abnormal: ExitReason[] = [
    CRASHED,
    { kind: "init_failed", cause: "" },
    { kind: "killed", why: "asked" },
    { kind: "host_lost" },
    { kind: "budget_exceeded" },
    { kind: "not_there" },
  ];
  assert(abnormal.every(isAbnormal));
  assert(!isAbnormal({ kind: "normal" }) && !isAbnormal({ kind: "shutdown" }));
});

Deno.test("one_for_one restarts the child alone", () => {
  assert.deepEqual(groupOf("one_for_one", 1), [[], [1]]);
});

Deno.test("one_for_all stops the others from the last and starts all from the first", () => {
  assert.deepEqual(groupOf("one_for_all", 1), [[3, 2, 0], [0, 1, 2, 3]]);
});

Deno.test("rest_for_one touches only those started after the child", () => {
  assert.deepEqual(groupOf("rest_for_one", 1), [[3, 2], [1, 2, 3]]);
  assert.deepEqual(groupOf("rest_for_one", 3), [[], [3]]);
});

Deno.test("a temporary sibling goes down with its group and stays down", () => {
  const siblings = [
    "temporary",
    "transient",
    "permanent",
    "temporary",
  ] as const;
  assert.deepEqual(groupOf("one_for_all", 2, siblings), [[3, 1, 0], [1, 2]]);
  assert.deepEqual(groupOf("rest_for_one", 1, siblings), [[3, 2], [1, 2]]);
});

Deno.test("as many restarts as allowed happen in a period, one more escalates", () => {
  const policy = { maxRestarts: 2, periodMs: 1_000 };
  const actions = actionsOf(policy, [0, 0, 0]);
  assert.deepEqual(actions, ["restart", "restart", "escalate"]);
});

Deno.test("a restart counts for the whole period and not a millisecond longer", () => {
  const policy = { maxRestarts: 2, periodMs: 1_000 };
  assert.equal(actionsOf(policy, [5, 900, 1_005])[2], "escalate");
  assert.equal(actionsOf(policy, [5, 900, 1_006])[2], "restart");
});

Deno.test("the period slides: a steady rate within the budget goes on for ever", () => {
  const everyMs = Array.from({ length: 50 }, (_, index) => index * 501);
  const actions = actionsOf({ maxRestarts: 2, periodMs: 1_000 }, everyMs);
  assert(actions.every((action) => action === "restart"));
});

Deno.test("without restarts allowed the first crash escalates", () => {
  assert.deepEqual(actionsOf({ maxRestarts: 0 }, [7]), ["escalate"]);
});

Deno.test("the restart of a whole group counts once", () => {
  const policy = { strategy: "one_for_all", maxRestarts: 2 } as const;
  const actions = actionsOf(policy, [0, 1, 2]);
  assert.deepEqual(actions, ["restart", "restart", "escalate"]);
});

Deno.test("children that are forgotten cost no budget", () => {
  const history = newRestartHistory();
  const policy = { ...ALONE, backoff: BACKOFF };
  const siblings: RestartType[] = ["temporary", "transient"];
  for (const child of [0, 1]) {
    const exit = { child, restart: siblings[child]!, abnormal: child === 0 };
    const directive = decideExit(policy, history, exit, siblings, 5, MIDDLE);
    assert.deepEqual(directive, { action: "forget" });
  }
  assert.deepEqual(history, newRestartHistory());
});

Deno.test("the first restart is at once, each further one later, up to a cap", () => {
  const crashesMs = [0, 10, 20, 30, 40, 50, 60];
  const delays = delaysOf({ backoff: BACKOFF }, crashesMs);
  assert.deepEqual(delays, [0, 100, 200, 400, 800, 1_000, 1_000]);
  assert.deepEqual(delaysOf({}, crashesMs), [0, 0, 0, 0, 0, 0, 0]);
});

Deno.test("failures are in a row until the reset has passed since the last", () => {
  const policy = { backoff: BACKOFF };
  assert.deepEqual(delaysOf(policy, [0, 4_999, 9_998]), [0, 100, 200]);
  assert.deepEqual(delaysOf(policy, [0, 4_999, 9_999]), [0, 100, 0]);
  assert.deepEqual(delaysOf(policy, [0, 4_999, 9_999, 9_999])[3], 100);
});

Deno.test("delays are spread by a fifth to either side", () => {
  const policy = { backoff: BACKOFF, exceeded: "stay_down" } as const;
  const crashesMs = [0, 1];
  assert.deepEqual(delaysOf(policy, crashesMs, 0), [0, 80]);
  assert.deepEqual(delaysOf(policy, crashesMs, 2 ** 32 - 1), [0, 120]);
  const none = { ...policy, maxRestarts: 0 };
  assert.deepEqual(delaysOf(none, crashesMs, 0), [800, 800]);
  assert.deepEqual(delaysOf(none, crashesMs, 2 ** 32 - 1), [1_200, 1_200]);
});

// G20
Deno.test("one crash more than the budget keeps a group down, for now", () => {
  const policy: RestartPolicy = {
    strategy: "rest_for_one",
    maxRestarts: 1,
    periodMs: 1_500,
    backoff: BACKOFF,
    exceeded: "stay_down",
  };
  const [, second, third, fourth] = decideAll(policy, [0, 1, 1_001, 2_502]);
  const group = { stop: [2], start: [1, 2] };
  const down = { action: "stay_down", ...group, delayMs: 1_000 };
  assert.deepEqual([second, third], [down, down]);
  // The try at 1,001 counted, and is over now; the failures are in a row.
  assert.deepEqual(fourth, { action: "restart", ...group, delayMs: 400 });
});

Deno.test("staying down without a back-off escalates", () => {
  const policy = { maxRestarts: 0, exceeded: "stay_down" } as const;
  assert.deepEqual(actionsOf(policy, [0]), ["escalate"]);
});

Deno.test("an exit that does not fit its siblings is a bug", () => {
  const exit = { child: 1, restart: "permanent", abnormal: true } as const;
  for (const siblings of [["permanent"], ["permanent", "transient"]] as const) {
    assert.throws(
      () => decideExit(ALONE, newRestartHistory(), exit, siblings, 0, 0),
      /^RangeError: Cannot decide about child 1 as it must be permanent/,
    );
  }
});

/** A supervisor and all exits it has seen, oldest first. */
interface Story {
  readonly policy: RestartPolicy;
  readonly siblings: readonly RestartType[];
  readonly exits: readonly {
    readonly child: number;
    readonly abnormal: boolean;
    readonly atMs: number;
  }[];
}

/**
 * The rules once more, without memory: everything that a decision rests on is
 * found anew in the list of all exits.
 */
function modelOf({ policy, siblings, exits }: Story): Directive {
  const restarted = exits.filter(({ child, abnormal }) =>
    siblings[child] === "permanent" ||
    (siblings[child] === "transient" && abnormal)
  );
  const exit = exits.at(-1)!;
  if (restarted.at(-1) !== exit) return { action: "forget" };
  const { strategy, maxRestarts, periodMs, backoff, exceeded } = policy;
  const affected = [...siblings.keys()].filter((index) =>
    index === exit.child || strategy === "one_for_all" ||
    (strategy === "rest_for_one" && index > exit.child)
  );
  const stop = affected.filter((index) => index !== exit.child).toReversed();
  const start = affected.filter((index) => siblings[index] !== "temporary");
  const counted = restarted.filter(({ atMs }) => exit.atMs - atMs <= periodMs);
  if (counted.length > maxRestarts) {
    if (exceeded !== "stay_down" || !backoff) return { action: "escalate" };
    return { action: "stay_down", stop, start, delayMs: backoff.maxMs };
  }
  if (!backoff) return { action: "restart", stop, start, delayMs: 0 };
  const { minMs, maxMs, resetAfterMs } = backoff;
  const firstInRow = restarted.findLastIndex(({ atMs }, index) =>
    index === 0 || atMs - restarted[index - 1]!.atMs >= resetAfterMs
  );
  const n = restarted.length - firstInRow;
  const delayMs = n === 1 ? 0 : Math.min(minMs * 2 ** (n - 2), maxMs);
  return { action: "restart", stop, start, delayMs };
}

// Small numbers, so that events often meet exactly at an edge.
const backoffs = fc.record({
  minMs: fc.integer({ min: 1, max: 5 }),
  moreMs: fc.nat(40),
  resetAfterMs: fc.integer({ min: 1, max: 30 }),
}).map(({ minMs, moreMs, resetAfterMs }) => {
  return { minMs, maxMs: minMs + moreMs, resetAfterMs };
});
const policies: fc.Arbitrary<RestartPolicy> = fc.record({
  strategy: fc.constantFrom<Strategy[]>(
    "one_for_one",
    "one_for_all",
    "rest_for_one",
  ),
  maxRestarts: fc.nat(4),
  periodMs: fc.integer({ min: 1, max: 40 }),
  backoff: backoffs,
  exceeded: fc.constantFrom("escalate" as const, "stay_down" as const),
}, { requiredKeys: ["strategy", "maxRestarts", "periodMs"] });
const stories: fc.Arbitrary<Story> = fc.record({
  policy: policies,
  siblings: fc.array(
    fc.constantFrom<RestartType[]>("permanent", "transient", "temporary"),
    { minLength: 1, maxLength: 5 },
  ),
  steps: fc.array(
    fc.record({
      child: fc.nat(4),
      abnormal: fc.boolean(),
      gapMs: fc.nat(20),
    }),
    { minLength: 1, maxLength: 40 },
  ),
}).map(({ policy, siblings, steps }) => {
  let atMs = 0;
  const exits = steps.map(({ child, abnormal, gapMs }) => {
    atMs += gapMs;
    return { child: child % siblings.length, abnormal, atMs };
  });
  return { policy, siblings, exits };
});

/** Tells a story to the code under test; random numbers by index of exit. */
function decideStory(
  { policy, siblings, exits }: Story,
  randomAt: (index: number) => number,
): Directive[] {
  const history = newRestartHistory();
  return exits.map(({ child, abnormal, atMs }, index) => {
    const exit = { child, restart: siblings[child]!, abnormal };
    const directive = decideExit(
      policy,
      history,
      exit,
      siblings,
      atMs,
      randomAt(index),
    );
    // Bounded, and plain data all the way.
    assert(history.restartsMs.length <= policy.maxRestarts);
    assert.deepEqual(JSON.parse(JSON.stringify(history)), history);
    return directive;
  });
}

Deno.test("every directive is the one that the rules give for the whole past", () => {
  fc.assert(
    fc.property(stories, (story) => {
      const directives = decideStory(story, () => MIDDLE);
      directives.forEach((directive, index) => {
        const exits = story.exits.slice(0, index + 1);
        assert.deepEqual(directive, modelOf({ ...story, exits }));
      });
    }),
    { seed: 20261126, numRuns: 1_000 },
  );
});

Deno.test("no closed window of a period holds more restarts than allowed", () => {
  fc.assert(
    fc.property(stories, (story) => {
      const { maxRestarts, periodMs } = story.policy;
      const directives = decideStory(story, () => MIDDLE);
      const restartsMs = story.exits.map(({ atMs }) => atMs)
        .filter((_, index) => directives[index]!.action === "restart");
      restartsMs.forEach((atMs, index) => {
        const beyond = restartsMs[index + maxRestarts] ?? Infinity;
        assert(beyond - atMs > periodMs);
      });
    }),
    { seed: 20261127, numRuns: 500 },
  );
});

Deno.test("a directive stops from the last, starts from the first, and leaves the others alone", () => {
  fc.assert(
    fc.property(stories, (story) => {
      const { policy: { strategy }, siblings, exits } = story;
      decideStory(story, () => MIDDLE).forEach((directive, index) => {
        if (!("stop" in directive)) return;
        const { stop, start } = directive;
        const { child } = exits[index]!;
        const first = strategy === "one_for_all" ? 0 : child;
        assert(
          [...stop, ...start].every((each) =>
            each >= first && (each === child || strategy !== "one_for_one")
          ),
        );
        assert(stop.every((each, at) => at === 0 || each < stop[at - 1]!));
        assert(start.every((each, at) => at === 0 || each > start[at - 1]!));
        assert(start.includes(child) && !stop.includes(child));
        // Nobody is started who is up, and only temporary ones are lost.
        assert(start.every((each) => each === child || stop.includes(each)));
        assert(
          stop.every((each) =>
            start.includes(each) === (siblings[each] !== "temporary")
          ),
        );
      });
    }),
    { seed: 20261128, numRuns: 500 },
  );
});

Deno.test("chance changes nothing but delays, and those by a fifth at most", () => {
  const draws = fc.array(fc.nat(2 ** 32 - 1), { minLength: 40, maxLength: 40 });
  fc.assert(
    fc.property(stories, draws, (story, random) => {
      const exact = decideStory(story, () => MIDDLE);
      const spread = decideStory(story, (index) => random[index]!);
      spread.forEach((directive, index) => {
        const { delayMs = 0 } = { ...exact[index] } as { delayMs?: number };
        if (!("delayMs" in directive)) {
          return assert.deepEqual(directive, exact[index]);
        }
        assert.deepEqual({ ...directive, delayMs }, exact[index]);
        assert(Number.isInteger(directive.delayMs));
        // Half a millisecond is the rounding.
        const offMs = Math.abs(directive.delayMs - delayMs);
        assert(offMs <= delayMs / 5 + 0.5);
      });
    }),
    { seed: 20261129, numRuns: 500 },
  );
});

const actor: ChildSpec = {
  name: "inventory[0]",
  behavior: { name: "counter", start: () => 0, receive() {} },
  args: null,
};
const shards: SupervisorSpec = { ...ALONE, name: "shards", children: [actor] };
const shop: SupervisorSpec = {
  ...ALONE,
  name: "shop",
  children: [{ ...actor, name: "front-end_1.b" }, shards],
};

/** What is said about a shop whose supervisor `shards` is changed so. */
function refusalOf(change: object): string {
  return saidOf({ ...shop, children: [{ ...shards, ...change }] });
}

/** What is said about a shop whose only actor is changed so. */
function actorRefusalOf(change: object): string {
  return refusalOf({ children: [{ ...actor, ...change }] });
}

function saidOf(spec: SupervisorSpec): string {
  try {
    checkSupervisor(spec);
    return "fine";
  } catch (error) {
    return `${error}`;
  }
}

Deno.test("a tree of supervisors and actors may run", () => {
  assert.deepEqual(shop.children.map(isSupervisor), [false, true]);
  assert.equal(saidOf(shop), "fine");
  const mailbox = { capacity: 1, stashCapacity: 0, overflow: "drop_oldest" };
  const child = { shutdownMs: 0, idleAfterMs: 1, restart: "transient" };
  assert.equal(actorRefusalOf({ ...child, mailbox }), "fine");
  const backoff = { minMs: 1, maxMs: 1, resetAfterMs: 2 };
  const down = { maxRestarts: 0, periodMs: 0.1, exceeded: "stay_down" };
  assert.equal(refusalOf({ ...down, backoff, children: [] }), "fine");
});

Deno.test("a refusal names the path, the rule and the value", () => {
  assert.equal(
    refusalOf({ maxRestarts: -1 }),
    "RangeError: Cannot supervise shop/shards as maxRestarts must be " +
      "an integer >= 0: current value is -1",
  );
  assert.equal(
    actorRefusalOf({ restart: "sometimes" }),
    "TypeError: Cannot supervise shop/shards/inventory[0] as restart must be " +
      'permanent or transient or temporary: current value is "sometimes"',
  );
});

Deno.test("names must be there, well made and the only ones in the tree", () => {
  const made = /^(Type|Range)Error: .* as name must be of letters/s;
  for (const name of [undefined, null, 7, "", "a b", "a/b", "ä", "a\n"]) {
    assert.match(actorRefusalOf({ name }), made);
    assert.match(refusalOf({ name }), made);
  }
  const only = /^TypeError: .* shop\/shards\/shop as name must be .* only one/;
  assert.match(actorRefusalOf({ name: "shop" }), only);
  const twins = /^TypeError: .* shop\/shards\/inventory\[0\] .* only one/;
  assert.match(refusalOf({ children: [actor, actor] }), twins);
});

Deno.test("a supervisor's numbers and words must make sense", () => {
  for (const maxRestarts of [-1, 0.5, NaN, Infinity]) {
    assert.match(refusalOf({ maxRestarts }), /^RangeError: .* as maxRestarts/);
  }
  for (const periodMs of [0, -1, NaN, Infinity]) {
    assert.match(refusalOf({ periodMs }), /^RangeError: .* as periodMs/);
  }
  for (
    const [field, value] of [
      ["maxRestarts", undefined],
      ["periodMs", "5s"],
      ["strategy", "all"],
      ["exceeded", "give_up"],
      ["children", {}],
    ] as const
  ) {
    const refusal = new RegExp(`^TypeError: .* as ${field} must be`);
    assert.match(refusalOf({ [field]: value }), refusal);
  }
  const down = refusalOf({ exceeded: "stay_down" });
  assert.match(down, /^TypeError: .* as backoff must say/);
});

Deno.test("a back-off must grow, and outlast its longest delay", () => {
  const said = (change: object) =>
    refusalOf({ backoff: { ...BACKOFF, ...change } });
  assert.equal(said({}), "fine");
  assert.match(said({ minMs: 0.9 }), /^RangeError: .* as backoff\.minMs/);
  assert.match(said({ maxMs: 99 }), /^RangeError: .* as backoff\.maxMs/);
  assert.match(said({ maxMs: Infinity }), /^RangeError: .* as backoff\.maxMs/);
  assert.equal(said({ maxMs: 100 }), "fine");
  const reset = /^RangeError: .* as backoff\.resetAfterMs .* >= 1201: .* 1200/;
  assert.match(said({ resetAfterMs: 1_200 }), reset);
  assert.equal(said({ resetAfterMs: 1_201 }), "fine");
});

Deno.test("an actor's numbers and words must make sense", () => {
  const said = actorRefusalOf;
  for (const shutdownMs of [-1, NaN, Infinity]) {
    assert.match(said({ shutdownMs }), /^RangeError: .* as shutdownMs/);
  }
  assert.match(said({ idleAfterMs: 0 }), /^RangeError: .* as idleAfterMs/);
  for (const capacity of [0, 1.5, NaN]) {
    const refusal = /^RangeError: .* as mailbox\.capacity/;
    assert.match(said({ mailbox: { capacity } }), refusal);
  }
  const stash = { mailbox: { stashCapacity: -1 } };
  assert.match(said(stash), /^RangeError: .* as mailbox\.stashCapacity/);
  const overflow = { mailbox: { overflow: "block" } };
  assert.match(said(overflow), /^TypeError: .* as mailbox\.overflow/);
  for (const part of ["start", "receive"]) {
    const behavior = { ...actor.behavior, [part]: undefined };
    assert.match(said({ behavior }), /^TypeError: .* as behavior must have/);
  }
});

Deno.test("a tree has at most 16 levels", () => {
  /** As many supervisors above one another, and an actor below. */
  const deep = (supervisors: number) => {
    let tree: SupervisorSpec = { ...shards, name: "level1" };
    for (let level = 2; level <= supervisors; level++) {
      tree = { ...ALONE, name: `level${level}`, children: [tree] };
    }
    return saidOf(tree);
  };
  assert.equal(deep(15), "fine");
  assert.match(deep(16), /^RangeError: .* as level must be <= 16: .* is 17$/);
});
