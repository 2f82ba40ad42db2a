/** Jobs go to who is free, and who submitted one is answered once. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Behavior, Ref } from "../../../actors/runtime/actor.ts";
import {
  failed,
  ok,
  type Outcome,
  rejected,
  RETRY_AFTER_MS,
  unknown,
} from "../../../actors/runtime/outcome.ts";
import { BehaviorStep } from "../../../actors/runtime/test_kit/behavior_step.ts";
import type { Asked } from "../../../actors/runtime/test_kit/recorded.ts";
import {
  type Work,
  type WorkerArgs,
  workQueue,
  type WorkQueueArgs,
} from "../../../actors/runtime/work_queue.ts";
import { Bench, spec } from "./domain_bench.ts";

interface TailorState {
  readonly args: WorkerArgs<string, string, string>;
  /** Who waits for the coat that is at work; 0: none. */
  volatile: { asker: number };
}

type TailorMessage = Work<string, string> | { kind: "finish" };

/** Sews at once, or takes as long as a coat takes, or tears what it is given. */
const tailor: Behavior<
  TailorState,
  TailorMessage,
  WorkerArgs<string, string, string>
> = {
  name: "tailor",
  start: (args) => ({ args, volatile: { asker: 0 } }),
  receive(ctx, state, message) {
    if (message.kind === "work") {
      if (message.job === "silk") throw new Error("torn");
      if (message.job === "coat") {
        state.volatile.asker = ctx.asker();
        return ctx.timer("finish", 1_000, { kind: "finish" });
      }
      ctx.reply(ok(`${message.job} in ${state.args.args}`));
    } else ctx.answer(state.volatile.asker, ok("coat"));
    ctx.tell(state.args.queue, { kind: "pull", worker: ctx.self });
  },
  signal(ctx, state, signal) {
    if (signal.kind !== "recovered") return;
    ctx.tell(state.args.queue, { kind: "pull", worker: ctx.self });
  },
};

const args: WorkQueueArgs<string> = {
  size: 0,
  capacity: 2,
  attempts: 2,
  worker: "blue",
};
const queue = workQueue(tailor);

const submit = (job: string, withinMs = 500) =>
  ({ kind: "submit", job, withinMs }) as const;
const ann = "ann" as Ref<Work<string, string>>;
const bob = "bob" as Ref<Work<string, string>>;

/** A queue by itself, and who has which job. */
class Shop extends BehaviorStep<
  ReturnType<typeof queue.start>,
  Parameters<typeof queue.receive>[2],
  WorkQueueArgs<string>
> {
  constructor(more: Partial<WorkQueueArgs<string>> = {}) {
    super(queue, { ...args, ...more }, { self: "queue" });
  }

  pull(worker: Ref<Work<string, string>>): void {
    this.tell({ kind: "pull", worker });
  }

  /** The jobs at work: `worker job`. */
  get atWork(): string[] {
    return this.asked.map((asked) => `${asked.to} ${jobOf(asked)}`);
  }

  /** The answers so far, by the number of the submit. */
  get answers(): string[] {
    return this.replies.map(({ asker, outcome }) =>
      `${asker} ${text(outcome)}`
    );
  }
}

function jobOf(asked: Asked): string {
  return (asked.message as Work<string, string>).job;
}

function text(outcome: Outcome<unknown>): string {
  if (outcome.kind === "ok") return `ok ${outcome.value}`;
  const isPlain = outcome.kind === "unknown";
  return isPlain ? outcome.kind : `${outcome.kind} ${outcome.code}`;
}

Deno.test("a job waits until a worker pulls, and the answer is the worker's", () => {
  const shop = new Shop();
  shop.send(submit("hem"));
  shop.send(submit("cuff"));
  assert.deepEqual(shop.atWork, []);
  shop.pull(ann);
  assert.deepEqual(shop.atWork, ["ann hem"]);
  assert.deepEqual(shop.asked[0]!.message, { kind: "work", job: "hem" });
  shop.answer(shop.asked[0]!, ok("done"));
  assert.deepEqual([shop.atWork, shop.answers], [[], ["1 ok done"]]);
  shop.pull(bob);
  shop.answer(shop.asked[0]!, rejected("too short"));
  assert.deepEqual(shop.answers, ["1 ok done", "2 rejected too short"]);
  assert.equal(shop.timers.size, 0);
});

Deno.test("a worker that pulled twice gets one job, the longest free the next", () => {
  const shop = new Shop();
  for (const worker of [ann, bob, ann]) shop.pull(worker);
  for (const job of ["hem", "cuff", "seam"]) shop.send(submit(job));
  assert.deepEqual(shop.atWork, ["ann hem", "bob cuff"]);
  assert.deepEqual([...shop.watching], ["ann", "bob"]);
});

Deno.test("a job beyond the capacity is refused at once, unless a worker is free", () => {
  const shop = new Shop();
  const answers = ["a", "b", "c"].map((job) => shop.send(submit(job)));
  const overloaded = failed("overloaded", RETRY_AFTER_MS);
  assert.deepEqual(answers, [undefined, undefined, overloaded]);
  const busy = new Shop({ capacity: 0 });
  assert.deepEqual(busy.send(submit("a")), overloaded);
  busy.pull(ann);
  assert.equal(busy.send(submit("a")), undefined);
  assert.deepEqual(busy.atWork, ["ann a"]);
});

Deno.test("a job that failed or came to nothing known goes to the front, for the next worker", () => {
  for (const outcome of [failed("crashed", 0), unknown(0)]) {
    const shop = new Shop();
    shop.pull(ann);
    for (const job of ["a", "b", "c"]) shop.send(submit(job));
    shop.answer(shop.asked[0]!, outcome);
    assert.deepEqual(shop.answers, []);
    assert.equal(shop.state.waiting.length, 3, "it passes the bound");
    shop.pull(bob);
    shop.answer(shop.asked[0]!, ok("done"));
    assert.deepEqual(shop.answers, ["1 ok done"]);
  }
});

Deno.test("after the last attempt the answer is unknown if any attempt was", () => {
  const crashed = failed("crashed", 7);
  const cases: [Outcome<never>[], string][] = [
    [[crashed, crashed], "1 failed crashed"],
    [[crashed, unknown(7)], "1 unknown"],
    [[unknown(7), crashed], "1 unknown"],
    [[unknown(7), rejected("torn")], "1 rejected torn"],
  ];
  for (const [outcomes, answer] of cases) {
    const shop = new Shop();
    shop.send(submit("a"));
    for (const outcome of outcomes) {
      assert.deepEqual(shop.answers, []);
      shop.pull(ann);
      shop.answer(shop.asked[0]!, outcome);
    }
    assert.deepEqual(shop.answers, [answer]);
  }
});

Deno.test("a job that is overdue is expired where no worker had it, else unknown", () => {
  const shop = new Shop();
  shop.pull(ann);
  shop.send(submit("a", 300));
  shop.send(submit("b", 200));
  shop.send(submit("c", 100));
  shop.advance(99);
  assert.deepEqual(shop.answers, []);
  shop.advance(201);
  assert.deepEqual(
    shop.answers,
    ["3 failed expired", "2 failed expired", "1 unknown"],
  );
  shop.answer(shop.asked[0]!, ok("late"));
  shop.pull(ann);
  assert.deepEqual([shop.answers.length, shop.atWork], [3, []]);
});

Deno.test("a deadline that had passed when the answer came ends nothing else", () => {
  const shop = new Shop();
  for (const job of ["a", "b"]) shop.send(submit(job));
  shop.pull(ann);
  shop.answer(shop.asked[0]!, ok("done"));
  shop.tell({ kind: "overdue", id: 1 });
  shop.pull(bob);
  assert.deepEqual([shop.answers, shop.atWork], [["1 ok done"], ["bob b"]]);
});

Deno.test("a job that waits again keeps its deadline and what may have happened", () => {
  for (
    const [outcome, answer] of [
      [unknown(0), "1 unknown"],
      [failed("crashed", 0), "1 failed expired"],
    ] as const
  ) {
    const shop = new Shop();
    shop.pull(ann);
    shop.send(submit("a", 300));
    shop.advance(200);
    shop.answer(shop.asked[0]!, outcome);
    shop.advance(100);
    assert.deepEqual(shop.answers, [answer]);
  }
});

Deno.test("a worker that has ended gets no job", () => {
  const shop = new Shop();
  for (const worker of [ann, bob]) shop.pull(worker);
  shop.signal({ kind: "down", ref: "ann", reason: { kind: "host_lost" } });
  for (const job of ["a", "b"]) shop.send(submit(job));
  assert.deepEqual(shop.atWork, ["bob a"]);
  assert.deepEqual([...shop.timers.keys()], ["job 1", "job 2"]);
});

Deno.test("a queue starts its workers, and replaces one that has ended by itself", () => {
  const shop = new Shop({ size: 2 });
  const refs = () => shop.spawned.map(({ ref }) => ref);
  assert.deepEqual(refs(), ["queue/worker-1", "queue/worker-2"]);
  const given = { queue: "queue", args: "blue" };
  assert.deepEqual(shop.spawned.map(({ child }) => child.args), [given, given]);
  const reason = { kind: "init_failed", cause: "no needle" } as const;
  shop.down("queue/worker-1", reason);
  shop.advance(99);
  assert.deepEqual(refs(), ["queue/worker-2"]);
  shop.advance(1);
  assert.deepEqual(refs(), ["queue/worker-2", "queue/worker-1"]);
  const shutdown = { kind: "shutdown" } as const;
  shop.down("queue/worker-2", shutdown);
  assert.equal(shop.timers.size, 0);
});

Deno.test("a queue that stops lets go of who waits: nothing was done", () => {
  const shop = new Shop();
  shop.pull(ann);
  for (const job of ["a", "b"]) shop.send(submit(job));
  shop.signal({ kind: "stopping" });
  assert.deepEqual(shop.answers, ["2 failed unavailable"]);
});

Deno.test("a job that nobody waits for is done as well", () => {
  const shop = new Shop();
  shop.tell(submit("a"));
  shop.pull(ann);
  shop.answer(shop.asked[0]!, ok("done"));
  assert.deepEqual([shop.answers, shop.timers.size], [[], 0]);
});

Deno.test("numbers that no queue can have are refused", () => {
  const wrong: Partial<WorkQueueArgs<string>>[] = [
    { size: -1 },
    { size: 1.5 },
    { capacity: -1 },
    { capacity: 32_769 },
    { attempts: 0 },
  ];
  for (const each of wrong) {
    assert.throws(() => queue.start({ ...args, ...each }), RangeError);
  }
  queue.start({ ...args, capacity: 32_768, attempts: 1 });
});

type Action =
  | { readonly submit: number }
  | { readonly pull: number }
  | { readonly answer: number; readonly outcome: Outcome<unknown> }
  | { readonly down: number }
  | { readonly pass: number };

const actions = fc.array(
  fc.oneof<fc.Arbitrary<Action>[]>(
    fc.record({ submit: fc.integer({ min: 1, max: 400 }) }),
    fc.record({ pull: fc.nat(3) }),
    fc.record({
      answer: fc.nat(3),
      outcome: fc.constantFrom<Outcome<unknown>>(
        ok("done"),
        rejected("torn"),
        failed("crashed", 0),
        unknown(0),
      ),
    }),
    fc.record({ down: fc.nat(3) }),
    fc.record({ pass: fc.integer({ min: 1, max: 200 }) }),
  ),
  { maxLength: 80 },
);

Deno.test("whatever comes, each job is answered once, handed out by pulls alone and no more than it may", () => {
  const settings = fc.record({
    capacity: fc.nat(4),
    attempts: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(settings, actions, (setting, actions) => {
      const shop = new Shop(setting);
      const model = new Model(shop, setting.attempts);
      for (const action of actions) {
        model.act(action);
        model.check(setting.capacity);
      }
      shop.advance(400);
      const answered = shop.replies.map(({ asker }) => asker);
      assert.equal(answered.length, new Set(answered).size, "answered twice");
      assert.equal(answered.length, model.submitted, "nobody waits on");
      const { waiting, running } = shop.state;
      assert.deepEqual([waiting, running], [[], {}]);
    }),
    { seed: 20261111, numRuns: 400 },
  );
});

/** What a queue's neighbors see of it. */
class Model {
  submitted = 0;
  /** Workers that pulled and got nothing since. */
  readonly free = new Set<string>();
  /** How often each job was handed out. */
  readonly handedOut = new Map<string, number>();
  #seen = new Set<Asked>();
  #back = 0;
  readonly #shop: Shop;
  readonly #attempts: number;

  constructor(shop: Shop, attempts: number) {
    this.#shop = shop;
    this.#attempts = attempts;
  }

  act(action: Action): void {
    const shop = this.#shop;
    if ("submit" in action) {
      shop.send(submit(`${++this.submitted}`, action.submit));
    } else if ("pull" in action) {
      const worker = `w${action.pull}` as Ref<Work<string, string>>;
      this.free.add(worker);
      shop.pull(worker);
    } else if ("answer" in action) {
      const asked = shop.asked[action.answer];
      if (asked === undefined) return;
      const { kind } = action.outcome;
      if (kind === "failed" || kind === "unknown") this.#back++;
      shop.answer(asked, action.outcome);
    } else if ("down" in action) {
      const ref = `w${action.down}`;
      this.free.delete(ref);
      shop.signal({ kind: "down", ref, reason: { kind: "host_lost" } });
    } else shop.advance(action.pass);
  }

  check(capacity: number): void {
    const { state, asked } = this.#shop;
    for (const each of asked) if (!this.#seen.has(each)) this.#note(each);
    assert(state.free.length === 0 || state.waiting.length === 0);
    assert.deepEqual(new Set(state.free), this.free);
    assert(state.waiting.length <= capacity + this.#back, "unbounded");
  }

  #note(asked: Asked): void {
    this.#seen.add(asked);
    assert(this.free.delete(asked.to), `${asked.to} did not pull`);
    const job = jobOf(asked);
    const times = (this.handedOut.get(job) ?? 0) + 1;
    assert(times <= this.#attempts, `${job} handed out ${times} times`);
    this.handedOut.set(job, times);
  }
}

/** The same queue in a domain, with tailors of its own. */
function tailors(more: Partial<WorkQueueArgs<string>> = {}) {
  const given = { ...args, size: 2, ...more };
  const place = { ...spec("queue[0]", queue, false), args: given };
  const bench = new Bench({ actors: [{ ...place, mailboxCapacity: 8 }] });
  const ask = (job: string) => bench.ask("queue[0]", submit(job, 5_000), 9_000);
  const alive = () =>
    bench.domain.report().actors
      .filter(({ status }) => status === "running")
      .map(({ address }) => address);
  return { bench, ask, alive };
}

Deno.test("in a domain, a flood of jobs does not keep a worker from pulling", () => {
  const { bench, ask } = tailors({ capacity: 8 });
  // The tailors have not run yet, and the mailbox is full.
  const hems = Array.from({ length: 9 }, () => ask("hem"));
  bench.run();
  const answers = hems.map(({ outcome }) => text(outcome!));
  assert.equal(answers.pop(), "failed overloaded");
  assert.deepEqual(new Set(answers), new Set(["ok hem in blue"]));
});

Deno.test("in a domain, two tailors do two coats at a time", () => {
  const { bench, ask } = tailors();
  bench.run();
  const coats = ["coat", "coat", "coat", "coat"].map(ask);
  const refused = ask("coat");
  bench.run();
  assert.deepEqual(refused.outcome, failed("overloaded", RETRY_AFTER_MS));
  const done = () => coats.filter(({ outcome }) => outcome?.kind === "ok");
  bench.run(1_010);
  assert.equal(done().length, 2);
  bench.run(1_010);
  assert.equal(done().length, 4);
  const hem = ask("hem");
  bench.run();
  assert.deepEqual(hem.outcome, ok("hem in blue"));
});

Deno.test("in a domain, a job that crashes its workers is given up, and they are replaced", () => {
  const { bench, ask, alive } = tailors();
  const torn = ask("silk");
  bench.run();
  assert.equal(text(torn.outcome!), "failed crashed");
  assert.deepEqual(alive(), ["queue[0]"]);
  const waiting = ask("hem");
  bench.run(50);
  assert.equal(waiting.outcome, null);
  bench.run(60);
  assert.deepEqual(waiting.outcome, ok("hem in blue"));
  assert.equal(alive().length, 3);
  // Ever so often: it costs workers, never the queue.
  for (let round = 0; round < 20; round++) {
    ask("silk");
    bench.run();
    bench.run(110);
  }
  const last = ask("hem");
  bench.run();
  assert.deepEqual(last.outcome, ok("hem in blue"));
});

Deno.test("in a domain, the job of a worker that goes down is done by another", () => {
  const { bench, ask } = tailors();
  const coat = ask("coat");
  bench.run(500);
  bench.domain.crash("queue[0]/worker-1", "test");
  bench.run();
  bench.run(510);
  assert.equal(coat.outcome, null, "the first would be ready now");
  bench.run(500);
  assert.deepEqual(coat.outcome, ok("coat"));
});

Deno.test("in a domain, a queue that crashes says unknown and begins anew", () => {
  const { bench, ask, alive } = tailors({ size: 1 });
  const coats = ["coat", "coat"].map(ask);
  bench.run(10);
  bench.domain.crash("queue[0]", "test");
  bench.run(10);
  assert.deepEqual(
    coats.map(({ outcome }) => outcome?.kind),
    ["unknown", "unknown"],
  );
  const hem = ask("hem");
  bench.run();
  assert.deepEqual(hem.outcome, ok("hem in blue"));
  assert.deepEqual(alive(), ["queue[0]", "queue[0]/worker-1"]);
});

Deno.test("in a domain, a queue that is stopped ends, and everybody is answered", () => {
  const { bench, ask } = tailors();
  bench.run();
  const coats = ["coat", "coat", "hem"].map(ask);
  bench.run();
  let isDone = false;
  bench.domain.shutDown(() => isDone = true);
  for (let round = 0; round < 10; round++) bench.run(10);
  assert(isDone);
  assert.deepEqual(
    coats.map(({ outcome }) => text(outcome!)),
    ["unknown", "unknown", "failed unavailable"],
  );
});
