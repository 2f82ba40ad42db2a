/** Domains of two processes that talk over a real Redis. */
import assert from "node:assert/strict";
import { sell, testLinked, WORKER } from "./linked_pair.ts";

testLinked(
  "an ask is answered by an actor of another process, and tells keep their order",
  async ({ a }) => {
    for (let number = 0; number < 1_000; number++) {
      a.tell("main@a", WORKER, { kind: "note", number });
      if (number % 100 === 0) await sell(a, `${number}`);
    }
    const notes = await a.ask("main@a", WORKER, { kind: "notes" });
    const value = Array.from({ length: 1_000 }, (_, number) => number);
    assert.deepEqual(notes, { kind: "ok", value });
  },
);

testLinked(
  "an ask that nobody answers is unknown at its deadline",
  async ({ a }) => {
    const ignored = await a.ask("main@a", WORKER, { kind: "ignore" }, 20);
    assert.equal(ignored.kind, "unknown");
  },
);

testLinked(
  "who is no member any more is cut off: asks to it are unknown at once",
  async ({ a }) => {
    const asked = a.ask("main@a", WORKER, { kind: "ignore" });
    await sell(a, "1");
    a.links.setMembers(["a"]);
    assert.equal((await asked).kind, "unknown");
    const next = await a.ask("main@a", WORKER, { kind: "ignore" });
    assert.deepEqual(next, {
      kind: "failed",
      code: "unavailable",
      retryAfterMs: 250,
    });
  },
);

testLinked(
  "who stops says so: asks to it are unknown at once",
  async ({ a, b }) => {
    const asked = a.ask("main@a", WORKER, { kind: "ignore" });
    await sell(a, "1");
    await b.links.stop();
    await a.linked("main@a", "worker-0", false);
    assert.equal((await asked).kind, "unknown");
  },
);

testLinked(
  "a domain that is replaced gets a fresh link, and asks to its former life are unknown",
  async ({ a, b }) => {
    const asked = a.ask("main@a", WORKER, { kind: "ignore" });
    await sell(a, "1");
    b.end("worker-0");
    assert.equal((await asked).kind, "unknown");
    b.begin("worker-0", 2);
    await a.linked("main@a", "worker-0");
    assert.equal(await sell(a, "2"), 1, "it has sold nothing in this life");
  },
);

testLinked("a territory that moves takes its links along", async ({ a, b }) => {
  b.end("worker-0");
  await a.linked("main@a", "worker-0", false);
  a.begin("worker-0", 2);
  b.begin("main@b");
  await b.linked("main@b", "worker-0");
  const sold = await b.ask("main@b", WORKER, { kind: "sell", key: "1" });
  assert.deepEqual(sold, { kind: "ok", value: 1 });
});

testLinked("over a slow connection all arrives", async ({ proxy, a }) => {
  proxy.weather = { kind: "slow", byMs: 50 };
  const sold = await Promise.all(["1", "2"].map((key) => sell(a, key)));
  assert.deepEqual(sold, [1, 2]);
  assert.equal(a.links.report().resets, 0);
});

// G87
testLinked(
  "a broadcast reaches all who are there, and here at once",
  async ({ a, b }) => {
    a.links.broadcast("prices", { kind: "changed" });
    assert.deepEqual(a.heard, [{ kind: "changed" }]);
    await b.hears(1);
    assert.deepEqual(b.heard, [{ kind: "changed" }]);
  },
);

testLinked(
  "what is no frame is counted and does no harm",
  async ({ server, a, b }) => {
    const channel = "doorbuster:{store}:process:b";
    for (const text of ["nonsense", "{}", "[1]"]) {
      await server.ask(`PUBLISH ${channel} ${text}`);
    }
    assert.equal(await sell(a, "1"), 1);
    assert.equal(b.links.report().badFrames, 3);
    assert.equal(b.links.report().resets, 0);
  },
);
