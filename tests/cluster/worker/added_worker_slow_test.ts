/** Real workers that come and go while the others run. */
import assert from "node:assert/strict";
import type { Outcome } from "../../../actors/runtime/outcome.ts";
import { Topology } from "../../../cluster/topology.ts";
import { hostClock } from "../../../cluster/worker/host_clock.ts";
import { Turns } from "../../../cluster/worker/turns.ts";
import { granted } from "../../permission.ts";
import { within } from "../../shop/shop_process.ts";
import { type Line, SupervisedWorker } from "./supervised_worker.ts";

const ignore = !granted("read", "write");
const WITHIN_MS = 20_000;
const HOUR_MS = 3_600_000;

/** A supervisor without workers, and a main domain that is linked with them. */
class Shop implements AsyncDisposable {
  readonly main: Turns;
  #worker: SupervisedWorker | null = null;

  private constructor() {
    const topology = () => new Topology(this.worker.plan.shop);
    this.main = new Turns({
      domain: {
        ...{ name: "main", incarnation: 1, seed: 1, journal: null },
        died: () => {},
      },
      log: { write: () => {} },
      locate: (address) => topology().locate(address),
      gateways: new Map(),
      linkBroke: assert.fail,
    });
    this.main.domain.start(() => {});
  }

  static async open(): Promise<Shop> {
    const shop = new Shop();
    shop.#worker = await SupervisedWorker.start({
      plans: [],
      connect: (peer, port) => shop.main.connect(peer, port),
      disconnect: (peer) => shop.main.disconnect(peer),
    });
    return shop;
  }

  get worker(): SupervisedWorker {
    return this.#worker!;
  }

  /** Adds the worker, and waits until it is linked. */
  async add(incarnation: number, validUntilMs = Infinity): Promise<void> {
    const { supervisor, plan } = this.worker;
    supervisor.add(plan, incarnation, validUntilMs);
    await this.worker.line(
      "the worker",
      ({ text, fields }) =>
        text === "worker ready" && fields.incarnation === incarnation,
    );
  }

  /** Asks a shard to open the stock of a product of its own. */
  open(sku: string): Promise<Outcome<unknown>> {
    const { promise, resolve } = Promise.withResolvers<Outcome<unknown>>();
    const items = [{ sku, units: 1, priceCents: 1 }];
    const message = { kind: "open_stock", items };
    this.main.domain.ask("inventory[0]", message, WITHIN_MS, resolve);
    return within(WITHIN_MS, "an answer", promise);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker[Symbol.asyncDispose]();
    this.main.stop();
  }
}

Deno.test({
  name:
    "a worker that is added at run time is linked, and one that is removed " +
    "can be added again",
  ignore,
  async fn() {
    await using shop = await Shop.open();
    const { supervisor, plan } = shop.worker;
    assert.equal(supervisor.isReady, true);
    await shop.add(1_000);
    assert.equal((await shop.open("a")).kind, "ok");
    assert.throws(() => supervisor.add(plan, 1_001), /as it is there/);
    const [status] = supervisor.statuses();
    assert.deepEqual([status?.incarnation, status?.replacements], [1_000, 0]);
    for (const withinMs of [WITHIN_MS, 0]) {
      await supervisor.remove("worker-0", withinMs);
      assert.deepEqual(supervisor.statuses(), []);
      const refused = await shop.open("b");
      assert.equal(refused.kind, "failed", "nobody is asked any more");
      await shop.add(2_000 + withinMs);
    }
    assert.equal((await shop.open("b")).kind, "ok");
    await supervisor.remove("nobody", WITHIN_MS);
  },
});

// G116
Deno.test({
  name: "a worker that was expected begins in the thread that waits for it, " +
    "and threads that nobody needs end",
  ignore,
  async fn() {
    await using shop = await Shop.open();
    const { supervisor, plan } = shop.worker;
    const unwanted = { ...plan, name: "worker-1" };
    supervisor.prepare([plan, unwanted]);
    supervisor.prepare([plan]);
    await shop.worker.line(
      "a thread that waits",
      ({ text, fields }) =>
        text === "thread waits" && fields.worker === "worker-0",
    );
    assert.deepEqual(supervisor.statuses(), []);
    assert.equal(supervisor.isReady, true);
    await shop.add(5);
    assert.equal((await shop.open("a")).kind, "ok");
    await shop.worker.line(
      "the use of it",
      ({ text }) => text === "worker begins where a thread waited",
    );
  },
});

// G116
Deno.test({
  name:
    "workers that are added before a thread waits for them wait for none, " +
    "and no thread is started in vain",
  ignore,
  async fn() {
    await using shop = await Shop.open();
    const { supervisor, plan } = shop.worker;
    const plans = Array.from({ length: 6 }, (_, number) => (
      { ...plan, name: `worker-${number}` }
    ));
    supervisor.prepare(plans);
    for (const plan of plans) supervisor.add(plan, 1);
    await shop.worker.line("one", ({ text }) => text === "worker ready");
    // What has its lease is not expected any more.
    supervisor.prepare([]);
    for (const { name } of plans) {
      await shop.worker.line(
        name,
        ({ text, fields }) => text === "worker ready" && fields.worker === name,
      );
    }
    const isSpare = ({ text }: Line) => text === "thread waits";
    assert.deepEqual(shop.worker.lines.filter(isSpare), []);
  },
});

// G116
Deno.test({
  name:
    "a thread that cannot open its journal waits without one, and a worker " +
    "that begins there opens it",
  ignore,
  async fn() {
    await using shop = await Shop.open();
    const { supervisor, plan } = shop.worker;
    const storage = { kind: "folder", path: "/nowhere/at/all" } as const;
    supervisor.prepare([{ ...plan, storage }]);
    const { fields } = await shop.worker.line(
      "a thread that waits",
      ({ text }) => text === "thread waits without a journal",
    );
    assert.match(String(fields.cause), /nowhere/);
    await shop.add(5);
    assert.equal((await shop.open("a")).kind, "ok");
    const isUse = ({ text }: Line) =>
      text === "worker begins where a thread waited";
    assert(shop.worker.lines.some(isUse));
  },
});

// G115
Deno.test({
  name: "a worker that leaves answers all that came before, and what comes " +
    "then had no effect",
  ignore,
  async fn() {
    await using shop = await Shop.open();
    await shop.add(1);
    const before = Array.from({ length: 500 }, (_, at) => shop.open(`a${at}`));
    // All of them have left, and few are answered.
    assert.equal((await before[0]!).kind, "ok");
    const removed = shop.worker.supervisor.remove("worker-0", WITHIN_MS);
    const after = Array.from({ length: 500 }, (_, at) => shop.open(`b${at}`));
    await removed;
    const kinds = async (asks: readonly Promise<Outcome<unknown>>[]) =>
      new Set((await Promise.all(asks)).map(({ kind }) => kind));
    assert.deepEqual(await kinds(before), new Set(["ok"]));
    const later = await kinds(after);
    later.delete("ok");
    assert.deepEqual(later, new Set(["failed"]));
  },
});

// G115
Deno.test({
  name: "a worker that leaves waits for no peer that is gone",
  ignore,
  async fn() {
    await using shop = await Shop.open();
    await shop.add(1);
    const { supervisor } = shop.worker;
    // Nobody is at its other end.
    const { port1, port2 } = new MessageChannel();
    const peer = "worker-9";
    supervisor.order("worker-0", { kind: "connect", peer, port: port1 });
    const fromMs = hostClock.monotonicMs();
    const removed = supervisor.remove("worker-0", WITHIN_MS);
    assert(supervisor.order("worker-0", { kind: "disconnect", peer }));
    await removed;
    assert(hostClock.monotonicMs() - fromMs < WITHIN_MS / 2);
    port2.close();
  },
});

// G113
Deno.test({
  name: "a worker whose lease is over says nothing more, and does not come " +
    "back before it has one",
  ignore,
  async fn() {
    await using shop = await Shop.open();
    const { supervisor } = shop.worker;
    await shop.add(7, hostClock.monotonicMs() + HOUR_MS);
    assert.equal((await shop.open("a")).kind, "ok");
    supervisor.setValidUntil("worker-0", hostClock.monotonicMs());
    // The order takes another way than what is asked.
    let last = await shop.open("b");
    while (last.kind === "ok") last = await shop.open("b");
    assert.equal(last.kind, "unknown", "it may have been done");
    assert.equal((await shop.worker.cause()).cause, "lease-lost: worker-0");
    const refused = await shop.open("c");
    assert.equal(refused.kind, "failed");
    assert.equal(supervisor.statuses()[0]!.status, "down");
    supervisor.setValidUntil("worker-0", hostClock.monotonicMs() + HOUR_MS);
    await shop.worker.line(
      "its next life",
      ({ text, fields }) => text === "worker ready" && fields.incarnation === 8,
    );
    assert.equal((await shop.open("c")).kind, "ok");
  },
});

Deno.test({
  name: "an added worker that cannot start is tried again, and ends nothing",
  ignore,
  async fn() {
    await using shop = await Shop.open();
    const { supervisor, plan } = shop.worker;
    const storage = { kind: "folder", path: "/nowhere/at/all" } as const;
    supervisor.add({ ...plan, storage }, 1);
    for (const incarnation of [1, 2]) {
      await shop.worker.line(
        "a fall",
        ({ text, fields }) =>
          text === "worker fell" && fields.incarnation === incarnation,
      );
    }
    await supervisor.remove("worker-0", WITHIN_MS);
    assert.equal(supervisor.isReady, true);
  },
});
