/** A user's actors in worker threads: who reaches whom, and what ends what. */
import assert from "node:assert/strict";
import type { Outcome } from "../../../actors/runtime/outcome.ts";
import { failed } from "../../../actors/runtime/outcome.ts";
import { startSystemOnThreads } from "../../../cluster/worker/system.ts";
import { granted } from "../../permission.ts";
import { puppet, type ToPuppet } from "./puppet.ts";
import { PuppetSystem, WITHIN_MS } from "./puppet_system.ts";
import {
  SHOWS_THREADS,
  strayErrors,
  untilOurThreadsAre,
} from "./started_thread.ts";

/** A thread loads its modules from files. */
const ignore = !granted("read");

const HERE = { children: [{ name: "here", behavior: puppet, args: null }] };

/** What an ask along a way came back with, at its end. */
function innermost(outcome: unknown): Outcome<unknown> {
  let inner = outcome as Outcome<unknown>;
  while (inner.kind === "ok" && isOutcome(inner.value)) inner = inner.value;
  return inner;
}

function isOutcome(value: unknown): value is Outcome<unknown> {
  return typeof value === "object" && value !== null && "kind" in value;
}

Deno.test({
  name: "the main thread asks actors of workers, each in a thread of its own",
  ignore,
  async fn() {
    await using puppets = await PuppetSystem.start(HERE);
    const threads = new Set<unknown>();
    for (const ref of ["here", "left", "right"]) {
      threads.add(await puppets.ask(ref, { kind: "where" }));
    }
    assert.equal(threads.size, 3);
  },
});

Deno.test({
  name: "actors of workers ask one another, the main thread, and their own",
  ignore,
  async fn() {
    await using puppets = await PuppetSystem.start(HERE);
    for (const ref of ["here", "right"]) {
      const there = await puppets.ask(ref, { kind: "where" });
      const way = { kind: "ask_along", way: [ref], last: "where" } as const;
      const answer = innermost(await puppets.ask("left", way));
      assert.deepEqual(answer, { kind: "ok", value: there });
    }
    const kid = await puppets.ask("left", { kind: "spawn", name: "kid" });
    assert.equal(kid, "left/kid");
    assert.equal(
      await puppets.ask("left/kid", { kind: "where" }),
      await puppets.ask("left", { kind: "where" }),
    );
  },
});

Deno.test({
  name: "an address that nobody has is unavailable from every thread, at once",
  ignore,
  async fn() {
    await using puppets = await PuppetSystem.start(HERE);
    for (const nobody of ["nobody", "nobody[1]", "left/nobody", "toString"]) {
      const way = { kind: "ask_along", way: [nobody], last: "hold" } as const;
      for (const ref of ["here", "left", "right"]) {
        const end = innermost(await puppets.ask(ref, way));
        assert.deepEqual(end, failed("unavailable", 250), `${ref} ${nobody}`);
      }
    }
  },
});

Deno.test({
  name: "what one actor tells another in a different thread arrives in order",
  ignore,
  async fn() {
    await using puppets = await PuppetSystem.start(HERE);
    const count = 300;
    const senders = ["here", "left", "right"].map((from) =>
      puppets.ask(from, { kind: "tell_notes", to: "right", count })
    );
    await Promise.all(senders);
    const notes = await puppets.notes("right", 3 * count);
    const inOrder = Array.from({ length: count }, (_, index) => `${index + 1}`);
    for (const from of ["here", "left", "right"]) {
      const own = notes.filter((text) => text.startsWith(`${from} `));
      assert.deepEqual(own, inOrder.map((text) => `${from} ${text}`));
    }
  },
});

Deno.test({
  name: "G25 keyed actors are spread over the workers, and each key lives in " +
    "one place whoever asks",
  ignore,
  async fn() {
    await using puppets = await PuppetSystem.start({
      ...HERE,
      workers: {
        count: 3,
        keyed: [{ name: "cart", behavior: "puppet", liveMax: 100 }],
      },
    });
    const threads = new Set<unknown>();
    for (let key = 0; key < 24; key++) {
      const cart = `cart[${key}]`;
      const there = await puppets.ask(cart, { kind: "where" });
      threads.add(there);
      for (const ref of ["here", "left", "right"]) {
        const way = { kind: "ask_along", way: [cart], last: "where" } as const;
        const answer = innermost(await puppets.ask(ref, way));
        assert.deepEqual(answer, { kind: "ok", value: there }, cart);
      }
    }
    assert.equal(threads.size, 3);
  },
});

const MORTALS = {
  ...HERE,
  workers: {
    children: ["left", "right", "mortal"].map((name) => ({
      name,
      behavior: "puppet",
      args: null,
      restart: "temporary" as const,
      worker: name === "right" ? 1 : 0,
    })),
  },
};

for (
  const [message, end] of [
    [{ kind: "stop" }, "normal"],
    [{ kind: "crash", text: "once" }, "crashed"],
  ] as const
) {
  Deno.test({
    name: `G41 watchers in all threads hear once that an actor ended: ${end}`,
    ignore,
    async fn() {
      await using puppets = await PuppetSystem.start(MORTALS);
      const watchers = ["here", "left", "right"];
      for (const watcher of watchers) {
        await puppets.ask(watcher, { kind: "watch", ref: "mortal" });
        // It follows the watch on the same way: the watch has arrived.
        const along = { kind: "ask_along", way: ["mortal"] } as const;
        await puppets.ask(watcher, { ...along, last: "where" });
      }
      puppets.tell("mortal", message);
      for (const watcher of watchers) {
        await puppets.notes(watcher, 1);
        // One more watch finds that it has ended already.
        await puppets.ask(watcher, { kind: "watch", ref: "mortal" });
        assert.deepEqual(await puppets.notes(watcher, 2), [
          ...[`mortal ${end}`, "mortal not_there"],
        ]);
      }
    },
  });
}

Deno.test({
  name: "G41 watchers in other threads hear that the thread of an actor is " +
    "lost, and not of a restart before",
  ignore,
  async fn() {
    await using puppets = await PuppetSystem.start(HERE);
    const watchers = ["here", "right"];
    for (const watcher of watchers) {
      await puppets.ask(watcher, { kind: "watch", ref: "left" });
    }
    puppets.tell("left", { kind: "crash", text: "once" });
    await puppets.ask("left", { kind: "where" });
    assert(puppets.system.killWorker("worker-0"));
    for (const watcher of watchers) {
      assert.deepEqual(await puppets.notes(watcher, 1), ["left host_lost"]);
    }
    assert.equal(await puppets.replaced("worker-0"), "killed by a fault");
    await puppets.ask("left", { kind: "where" });
  },
});

Deno.test({
  name: "asks under way to a killed thread are unknown, those after it fail, " +
    "and the next life answers",
  ignore,
  async fn() {
    await using puppets = await PuppetSystem.start(HERE);
    const { system } = puppets;
    const hold = { kind: "ask_along", way: ["left"], last: "hold" } as const;
    const asks = [
      system.ask("left", { kind: "hold" } as never, 600_000),
      ...["here", "right"].map((ref) =>
        system.ask(ref, hold as never, 600_000)
      ),
    ];
    // Behind those asks, on the same way.
    const where = { ...hold, last: "where" } as const;
    for (const ref of ["here", "right"]) await puppets.ask(ref, where);
    assert(system.killWorker("worker-0"));
    assert.equal(system.killWorker("worker-0"), false, "it is down");
    const late = await system.ask("left", { kind: "hold" } as never, 600_000);
    assert.equal(late.kind, "failed");
    for (const ask of asks) assert.equal(innermost(await ask).kind, "unknown");
    await puppets.replaced("worker-0");
    await puppets.ask("left", { kind: "where" });
    const [{ incarnation, replacements } = assert.fail()] = system.workers();
    assert.deepEqual([incarnation, replacements], [2, 1]);
    assert.equal(system.killWorker("worker-7"), false);
  },
});

Deno.test({
  name: "what is told to a thread that is down is a dead letter",
  ignore,
  async fn() {
    await using puppets = await PuppetSystem.start();
    assert(puppets.system.killWorker("worker-0"));
    puppets.tell("left", { kind: "note", text: "lost" });
    const [letter] = puppets.system.deadLetters();
    assert.equal(letter?.to, "left");
    assert.equal(letter?.reason, "not_there");
    await puppets.replaced("worker-0");
  },
});

Deno.test({
  name: "G48 a thread that throws is replaced, and its error reaches nobody",
  ignore,
  async fn() {
    const stray = await strayErrors(async () => {
      await using puppets = await PuppetSystem.start(HERE);
      await puppets.ask("here", { kind: "watch", ref: "left" });
      puppets.tell("left", { kind: "throw_outside" });
      assert.deepEqual(await puppets.notes("here", 1), ["left host_lost"]);
      const cause = await puppets.replaced("worker-0");
      assert.equal(cause, "Error: outside of any step");
      await puppets.ask("left", { kind: "where" });
    });
    assert.deepEqual(stray, []);
  },
});

Deno.test({
  name: "G38 above the root of a thread stands who replaces threads",
  ignore,
  async fn() {
    await using puppets = await PuppetSystem.start();
    for (let crash = 1; crash <= 4; crash++) {
      puppets.tell("left", { kind: "crash", text: `${crash}` });
    }
    const cause = await puppets.replaced("worker-0");
    assert.equal(cause, "Error: The root of worker-0 gave up");
    await puppets.ask("left", { kind: "where" });
    assert.equal(puppets.system.workers()[1]!.incarnation, 1);
  },
});

Deno.test({
  name: "G44 asks that go round through threads fail fast as a call cycle",
  ignore,
  async fn() {
    await using puppets = await PuppetSystem.start(HERE);
    const rounds = [
      ["left", "right", "left"],
      ["here", "left", "right", "here"],
      ["left", "here", "right", "here"],
    ];
    for (const [first, ...way] of rounds) {
      // Without the chain each would wait for a minute.
      const round = { kind: "ask_along", way, last: "hold" } as const;
      const end = innermost(await puppets.ask(first!, round));
      assert.deepEqual(end, failed("call-cycle", 250), `${first} ${way}`);
    }
  },
});

Deno.test({
  name: "G45 a breaker of the spec stands in every thread, and is open while " +
    "the thread of its actor is lost",
  ignore,
  async fn() {
    await using puppets = await PuppetSystem.start({ breakers: { left: {} } });
    assert(puppets.system.killWorker("worker-0"));
    await puppets.replaced("worker-0");
    for (const domain of ["system", "worker-1"]) {
      await puppets.line(
        `the breaker in ${domain}`,
        ({ text, fields }) =>
          text === "breaker changed" && fields.domain === domain &&
          fields.to === "half_open",
      );
    }
    const changes = puppets.lines.filter(({ text }) =>
      text === "breaker changed"
    ).map(({ fields }) => `${fields.domain} ${fields.from} ${fields.to}`);
    assert.deepEqual(changes.sort(), [
      "system closed open",
      "system open half_open",
      "worker-1 closed open",
      "worker-1 open half_open",
    ]);
    // Who lost the thread has said so.
    const levels = puppets.lines.filter(({ text }) =>
      text === "breaker changed"
    ).map(({ level }) => level);
    assert.deepEqual(new Set(levels), new Set(["debug"]));
  },
});

Deno.test({
  name: "messages are plain and frozen in every thread, where the spec says so",
  ignore,
  async fn() {
    for (const freeze of [false, true]) {
      await using puppets = await PuppetSystem.start({ ...HERE, freeze });
      for (const ref of ["here", "left"]) {
        const deface: ToPuppet = { kind: "deface", text: "clean" };
        const outcome = await puppets.system.ask(ref, deface, WITHIN_MS);
        assert.equal(outcome.kind, freeze ? "failed" : "ok", ref);
      }
      const strange = { kind: "note", text: new Date(0) } as never;
      if (freeze) assert.throws(() => puppets.tell("left", strange), TypeError);
    }
  },
});

Deno.test({
  name: "G39 stop lets workers handle what they were told, and answers arrive",
  ignore,
  async fn() {
    await using puppets = await PuppetSystem.start(HERE);
    const { system } = puppets;
    const asked = puppets.notes("right", 100);
    for (let text = 1; text <= 100; text++) {
      puppets.tell("right", { kind: "note", text: `${text}` });
    }
    const held = system.ask("left", { kind: "hold" } as never, 600_000);
    await system.stop();
    assert.equal((await asked).length, 100);
    assert.equal((await held).kind, "unknown");
    const late = await system.ask("left", { kind: "where" } as never, 600_000);
    assert.deepEqual(late, failed("unavailable", 250));
    assert(system.workers().every(({ incarnation }) => incarnation === 1));
  },
});

const FILES: readonly (readonly [string, string, RegExp])[] = [
  [
    "that does not serve a behavior of the spec",
    "./puppet_entry.ts",
    /^worker-0 cannot start: the behavior "toString" is not served: its file serves puppet$/,
  ],
  [
    "that is not there",
    "./nobody_wrote_this.ts",
    /^worker-0 cannot start: TypeError: Module not found "file:.*"\.$/,
  ],
  [
    "that never calls serveActors",
    "./puppet.ts",
    /^Not all workers are ready after 500 ms: does file:.*\/puppet\.ts call serveActors\?$/,
  ],
];

for (const [what, file, message] of FILES) {
  Deno.test({
    name: `a worker file ${what} is one clear error, and nothing stays`,
    ignore,
    async fn() {
      const stray = await strayErrors(async () => {
        const start = startSystemOnThreads({
          ...HERE,
          workers: {
            entry: new URL(file, import.meta.url),
            startWithinMs: file === "./puppet.ts" ? 500 : WITHIN_MS,
            children: [{ name: "a", behavior: "toString", args: null }],
          },
        });
        await assert.rejects(start, { name: "Error", message });
      });
      assert.deepEqual(stray, []);
      if (SHOWS_THREADS) await untilOurThreadsAre(0);
    },
  });
}

Deno.test({
  name: "a name that lives in a worker, or was never free, is refused here",
  ignore,
  async fn() {
    const workers = {
      entry: new URL("./puppet_entry.ts", import.meta.url),
      children: [{ name: "here", behavior: "puppet", args: null }],
      keyed: [{ name: "cart", behavior: "puppet", liveMax: 1 }],
    };
    const cart = { name: "cart", behavior: puppet, liveMax: 1 };
    for (const spec of [HERE, { keyed: [cart] }, { name: "worker-0" }]) {
      const start = startSystemOnThreads({ ...spec, workers });
      await assert.rejects(start, TypeError);
    }
    for (const count of [0, 1.5]) {
      const start = startSystemOnThreads({ workers: { ...workers, count } });
      await assert.rejects(start, RangeError);
    }
    await using puppets = await PuppetSystem.start();
    const left = { name: "left", behavior: puppet, args: null };
    assert.throws(() => puppets.system.spawn(left), TypeError);
  },
});
