/** Two threads' turns in one thread, with a real port between them. */
import assert from "node:assert/strict";
import type {
  Asks,
  Behavior,
  ChildSpec,
  Ref,
} from "../../../actors/runtime/actor.ts";
import { ok } from "../../../actors/runtime/outcome.ts";
import { GatewayHost } from "../../../cluster/gateways/gateway.ts";
import { readBatch } from "../../../cluster/worker/batch_text.ts";
import { hostClock } from "../../../cluster/worker/host_clock.ts";
import { Turns } from "../../../cluster/worker/turns.ts";
import { within } from "../../shop/shop_process.ts";

type TellerMessage = { readonly kind: "tell_all"; readonly count: number };
type ListenerMessage =
  | { readonly kind: "note" }
  | ({ readonly kind: "count" } & Asks<number>);

const TELLER: Ref<TellerMessage> = "teller";
const LISTENER: Ref<ListenerMessage> = "listener";
/** Served by the other thread, and slow. */
const GATEWAY = "gateway";

const teller: Behavior<null, TellerMessage> = {
  name: "teller",
  start: () => null,
  receive(ctx, _state, { count }) {
    for (let left = count; left > 0; left--) {
      ctx.tell(LISTENER, { kind: "note" });
    }
  },
};

const listener: Behavior<{ notes: number }, ListenerMessage> = {
  name: "listener",
  start: () => ({ notes: 0 }),
  receive(ctx, state, message) {
    if (message.kind === "note") state.notes++;
    else ctx.reply(ok(state.notes));
  },
};

/**
 * A thread of that name; the teller lives in `here`, the listener `there`, or
 * where `home` says.
 */
function open(
  name: "here" | "there",
  home = () => "there",
  died: (reason: string) => void = () => {},
): Turns {
  const turns = new Turns({
    domain: {
      name,
      incarnation: 1,
      seed: 1,
      journal: null,
      died,
    },
    log: { write: () => {} },
    locate: (address) => {
      if (address === LISTENER) return home();
      return [GATEWAY, "there"].includes(address) ? "there" : "here";
    },
    gateways: new Map(name === "there" ? [[GATEWAY, gateway()]] : []),
    linkBroke: assert.fail,
  });
  const behavior = name === "here" ? teller : listener;
  const child = { name: behavior.name, behavior, args: undefined };
  // Two behaviors of different messages; each gets its own only.
  turns.domain.spawn(child as unknown as ChildSpec);
  turns.domain.start(() => {});
  return turns;
}

function tellAll(turns: Turns, count: number): void {
  const message: TellerMessage = { kind: "tell_all", count };
  turns.domain.tell(TELLER, message);
}

/** Answers in a macrotask of its own. */
function gateway(): GatewayHost {
  return new GatewayHost({
    address: GATEWAY,
    concurrency: 1,
    queue: 1,
    withinMs: 60_000,
    clock: hostClock,
    timers: {
      set: setTimeout,
      clear: (timer) => clearTimeout(timer as number),
    },
    handle: () => new Promise((resolve) => setTimeout(resolve, 0, ok("late"))),
  });
}

/** What comes soon, or the test fails. */
function soon(
  begin: (done: (value: unknown) => void) => void,
): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  begin(resolve);
  return within(20_000, "an answer", promise);
}

/** The next texts of a port that was not listened to before. */
async function texts(port: MessagePort, count: number): Promise<string[]> {
  const texts: string[] = [];
  await soon((done) =>
    port.onmessage = ({ data }) => {
      texts.push(data);
      if (texts.length === count) done(null);
    }
  );
  return texts;
}

function frames(text: string): number {
  return (readBatch(text).length - 2) / 6;
}

Deno.test("what a turn leads to leaves before it is over, once it is enough", async () => {
  for (
    const [count, batches] of [[15, [15]], [16, [16]], [20, [16, 4]]] as const
  ) {
    const { port1, port2 } = new MessageChannel();
    const here = open("here");
    here.connect("there", port1);
    tellAll(here, count);
    const sent = await texts(port2, batches.length);
    assert.deepEqual(sent.map(frames), batches);
    here.stop();
    port2.close();
  }
});

Deno.test("a large batch is answered in halves", async () => {
  const near = new MessageChannel();
  const far = new MessageChannel();
  const here = open("here");
  const there = open("there");
  here.connect("there", near.port1);
  there.connect("here", far.port1);
  for (let count = 0; count < 100; count++) {
    here.domain.ask(LISTENER, { kind: "count" }, 60_000, () => {});
  }
  const [asks] = await texts(near.port2, 1);
  assert.equal(frames(asks!), 100);
  far.port2.postMessage(asks);
  const answers = await texts(far.port2, 2);
  assert.deepEqual(answers.map(frames), [50, 50]);
  here.stop();
  there.stop();
  for (const { port2 } of [near, far]) port2.close();
});

Deno.test("what the host tells leaves without its doing anything", async () => {
  const { port1, port2 } = new MessageChannel();
  const here = open("here");
  here.connect("there", port1);
  tellAll(here, 5);
  assert.deepEqual((await texts(port2, 1)).map(frames), [5]);
  here.stop();
  port2.close();
});

Deno.test("what the host does as an answer comes in is done as well", async () => {
  const { port1, port2 } = new MessageChannel();
  const here = open("here");
  const there = open("there");
  here.connect("there", port1);
  there.connect("here", port2);
  const count = (done: (outcome: unknown) => void) =>
    here.domain.ask(LISTENER, { kind: "count" }, 60_000, done);
  const counted = await soon((done) =>
    count(() => {
      tellAll(here, 3);
      // The notes leave with the first question, or before the second.
      count(() => count(done));
    })
  );
  assert.deepEqual(counted, { kind: "ok", value: 3 });
  here.stop();
  there.stop();
});

Deno.test("what a gateway answers later leaves without other mail", async () => {
  const { port1, port2 } = new MessageChannel();
  const here = open("here");
  const there = open("there");
  here.connect("there", port1);
  there.connect("here", port2);
  const paid = await soon((done) =>
    here.domain.ask(GATEWAY, { kind: "pay" }, 60_000, done)
  );
  assert.deepEqual(paid, { kind: "ok", value: "late" });
  here.stop();
  there.stop();
});

Deno.test("mail goes where its address lives now, also when that has moved", async () => {
  let home = "there";
  const here = open("here", () => home);
  const old = new MessageChannel();
  const young = new MessageChannel();
  here.connect("there", old.port1);
  here.connect("elsewhere", young.port1);
  tellAll(here, 3);
  assert.deepEqual((await texts(old.port2, 1)).map(frames), [3]);
  home = "elsewhere";
  tellAll(here, 4);
  assert.deepEqual((await texts(young.port2, 1)).map(frames), [4]);
  here.stop();
  for (const { port2 } of [old, young]) port2.close();
});

// G113
for (const count of [5, 100]) {
  Deno.test(`none of ${count} frames leaves when the lease is over, and the domain ends once`, async () => {
    const { port1, port2 } = new MessageChannel();
    const ends: string[] = [];
    const here = open("here", undefined, (reason) => ends.push(reason));
    here.connect("there", port1);
    here.setValidUntil(hostClock.monotonicMs());
    tellAll(here, count);
    here.turn();
    here.turn();
    assert.deepEqual(ends, ["lease-lost"]);
    port1.postMessage("[0,0]");
    assert.deepEqual((await texts(port2, 1)).map(frames), [0]);
    here.stop();
    port2.close();
  });
}

Deno.test("all leaves until the lease is over, and again when it is longer", async () => {
  const { port1, port2 } = new MessageChannel();
  const here = open("here", undefined, assert.fail);
  here.connect("there", port1);
  for (const minutes of [1, 2]) {
    here.setValidUntil(hostClock.monotonicMs() + minutes * 60_000);
    tellAll(here, 5);
    here.turn();
  }
  assert.deepEqual((await texts(port2, 2)).map(frames), [5, 5]);
  here.stop();
  port2.close();
});

/** Waits until it is so. */
function until(isIt: () => boolean): Promise<unknown> {
  return soon((done) => {
    const look = () => isIt() ? done(null) : setTimeout(look, 0);
    look();
  });
}

Deno.test("mail that comes when the lease is over is not run", async () => {
  const near = new MessageChannel();
  const far = new MessageChannel();
  const ends: string[] = [];
  const here = open("here");
  const there = open("there", undefined, (reason) => ends.push(reason));
  here.connect("there", near.port1);
  there.connect("here", far.port1);
  const notes = () =>
    (there.domain.stateOf(LISTENER) as { notes: number }).notes;
  for (const count of [3, 4]) {
    tellAll(here, count);
    here.turn();
  }
  const [first, second] = await texts(near.port2, 2);
  far.port2.postMessage(first);
  await until(() => notes() === 3);
  there.setValidUntil(hostClock.monotonicMs());
  far.port2.postMessage(second);
  await until(() => ends.length > 0);
  assert.deepEqual(ends, ["lease-lost"]);
  assert.equal(notes(), 3);
  here.stop();
  there.stop();
  for (const { port2 } of [near, far]) port2.close();
});

// G115
Deno.test("who refuses new mail answers what came before, and is quiet when that has arrived", async () => {
  const { port1, port2 } = new MessageChannel();
  const here = open("here");
  const there = open("there");
  here.connect("there", port1);
  there.connect("here", port2);
  const ask = (to: string) =>
    soon((done) => here.domain.ask(to, { kind: "count" }, 60_000, done));
  const paid = ask(GATEWAY);
  assert.deepEqual(await ask(LISTENER), { kind: "ok", value: 0 });
  assert.equal(there.isQuiet, true, "it refuses nothing yet");
  // Sent before it can have heard of anything.
  const late = ask(LISTENER);
  here.turn();
  there.refuse();
  here.refuse();
  assert.equal(here.isQuiet, false, "it waits for an answer");
  assert.equal(there.isQuiet, false, "more may come");
  tellAll(here, 3);
  assert.deepEqual(await late, {
    ...{ kind: "failed", code: "unavailable", retryAfterMs: 250 },
  });
  assert.deepEqual(await ask(LISTENER), {
    ...{ kind: "failed", code: "unavailable", retryAfterMs: 250 },
  });
  assert.deepEqual(await paid, { kind: "ok", value: "late" });
  assert.deepEqual(there.domain.stateOf(LISTENER), { notes: 0 });
  await until(() => there.isQuiet && here.isQuiet);
  // Nobody asks it any more, whether it is there or not.
  there.stop();
  assert.equal((await ask(LISTENER) as { kind: string }).kind, "failed");
  here.stop();
});
