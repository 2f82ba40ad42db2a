/** Domains of two processes that talk over Redis, and its bad moments. */
import assert from "node:assert/strict";
import { OUTBOX_FRAMES } from "../../../cluster/link.ts";
import { CLIENT_KINDS, FORGETFUL } from "./clients.ts";
import { sell, SHORT_MS, testLinked, WORKER } from "./linked_pair.ts";

for (const kind of CLIENT_KINDS) {
  testLinked(
    `with ${kind.name} a cut in the middle of an ask makes it unknown at ` +
      "worst, and asking again under its key has one effect",
    async ({ proxy, a }) => {
      for (let sales = 1; sales <= 3; sales++) {
        proxy.weather = { kind: "cut", after: "PUBLISH" };
        assert.equal(await sell(a, `${sales}`), sales);
      }
      assert.equal(await sell(a, "1"), 1);
    },
    { kind, silenceMs: 2_000 },
  );

  testLinked(
    `with ${kind.name} a lost subscription is made anew`,
    async ({ server, a }) => {
      for (let sales = 1; sales <= 2; sales++) {
        await server.ask("CLIENT KILL TYPE pubsub");
        assert.equal(await sell(a, `${sales}`), sales);
      }
    },
    { kind, silenceMs: SHORT_MS },
  );
}

// G88
testLinked(
  "what a frozen connection held back for longer than the silence has no effect",
  async ({ proxy, a, b }) => {
    proxy.weather = { kind: "frozen" };
    const asked = a.ask("main@a", WORKER, { kind: "sell", key: "late" });
    assert.equal((await asked).kind, "unknown");
    await b.linked("worker-0", "main@a", false);
    proxy.weather = { kind: "fair" };
    await a.linked("main@a", "worker-0");
    assert.equal(await sell(a, "1"), 1);
  },
  { silenceMs: SHORT_MS },
);

testLinked(
  "while Redis takes nothing a bounded number of asks wait, and the next fail",
  async ({ proxy, a }) => {
    proxy.weather = { kind: "frozen" };
    const asks = Array.from(
      { length: 3 * OUTBOX_FRAMES },
      () => a.ask("main@a", WORKER, { kind: "ignore" }),
    );
    const outcomes = await Promise.all(asks);
    const overloaded = outcomes.filter((outcome) =>
      outcome.kind === "failed" && outcome.code === "overloaded"
    );
    assert.equal(overloaded.length, 2 * OUTBOX_FRAMES);
  },
  { silenceMs: SHORT_MS },
);

testLinked(
  "a Redis that lost its power, and all it knew, is used again",
  async ({ server, a }) => {
    await server.kill();
    await a.linked("main@a", "worker-0", false);
    await server.restart();
    await a.linked("main@a", "worker-0");
    assert.equal(await sell(a, "1"), 1);
  },
  { silenceMs: SHORT_MS },
);

// G87
testLinked(
  "after a cut a process is told that broadcasts may be missing, and hears the next",
  async ({ proxy, a, b }) => {
    proxy.weather = { kind: "cut", after: "PUBLISH" };
    a.links.broadcast("prices", { kind: "changed" });
    await b.missed(2);
    const before = b.heard.length;
    a.links.broadcast("prices", { kind: "again" });
    await b.hears(before + 1);
    assert.deepEqual(b.heard.at(-1), { kind: "again" });
  },
  { silenceMs: 2_000 },
);

testLinked(
  "a client that never answers after a cut is given further frames after the silence",
  async ({ proxy, a }) => {
    for (let sales = 1; sales <= 3; sales++) {
      proxy.weather = { kind: "cut", after: "PUBLISH" };
      assert.equal(await sell(a, `${sales}`), sales);
    }
  },
  { kind: FORGETFUL, silenceMs: SHORT_MS },
);
