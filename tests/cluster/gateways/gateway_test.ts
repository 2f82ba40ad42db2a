/**
 * What a gateway promises its callers: an outcome, once, in time, that never
 * calls unknown what was not begun or failed what was.
 *
 * @module
 */
import { deepEqual, equal, throws } from "node:assert/strict";
import type { Message } from "../../../actors/runtime/actor.ts";
import type { Outcome } from "../../../actors/runtime/outcome.ts";
import { failed, ok, unknown } from "../../../actors/runtime/outcome.ts";
import type { GatewayOptions } from "../../../cluster/gateways/gateway.ts";
import { GatewayHost } from "../../../cluster/gateways/gateway.ts";
import { ManualTime } from "./manual_time.ts";

type Handled = PromiseWithResolvers<Outcome<unknown>>;

/** A gateway whose handlers end when the test says so. */
class Bench {
  readonly time = new ManualTime();
  readonly started: string[] = [];
  readonly handled: Handled[] = [];
  readonly outcomes: string[] = [];
  readonly errors: unknown[] = [];
  readonly host: GatewayHost;

  constructor(options: Partial<GatewayOptions<Message>> = {}) {
    this.host = new GatewayHost({
      address: "payment",
      concurrency: 2,
      queue: 2,
      withinMs: 1_000,
      clock: this.time,
      timers: this.time,
      handle: ({ kind }) => {
        this.started.push(kind);
        const handled: Handled = Promise.withResolvers();
        this.handled.push(handled);
        return handled.promise;
      },
      onError: (error) => void this.errors.push(error),
      ...options,
    });
  }

  call(kind: string, timeLeftMs = 10_000): void {
    this.host.call({ kind }, timeLeftMs, (outcome) => {
      const code = "code" in outcome ? outcome.code : outcome.kind;
      this.outcomes.push(`${kind}: ${code}`);
    });
  }

  /** Ends a handler and lets the host see it. */
  async end(index: number): Promise<void> {
    this.handled[index]?.resolve(ok(null));
    await turn();
  }
}

/** Promise callbacks that are due run before this one. */
function turn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  queueMicrotask(() => queueMicrotask(() => queueMicrotask(resolve)));
  return promise;
}

Deno.test("a call beyond the cap waits until a handler ends", async () => {
  const bench = new Bench();
  for (const kind of ["a", "b", "c", "d"]) bench.call(kind);
  deepEqual(bench.started, ["a", "b"]);
  await bench.end(1);
  deepEqual(bench.started, ["a", "b", "c"]);
  deepEqual(bench.outcomes, ["b: ok"]);
  equal(bench.host.running, 2);
  equal(bench.host.waiting, 1);
});

Deno.test("a call beyond the queue is overloaded at once", () => {
  const bench = new Bench();
  for (const kind of ["a", "b", "c", "d", "e"]) bench.call(kind);
  deepEqual(bench.outcomes, ["e: overloaded"]);
});

Deno.test("a call that was begun is unknown at its deadline", () => {
  const bench = new Bench();
  bench.call("a");
  bench.time.advance(999);
  deepEqual(bench.outcomes, []);
  bench.time.advance(1);
  deepEqual(bench.outcomes, ["a: unknown"]);
});

Deno.test("a call that was never begun is expired at its deadline", () => {
  const bench = new Bench({ concurrency: 1 });
  bench.call("a");
  bench.call("b", 300);
  bench.time.advance(300);
  deepEqual(bench.outcomes, ["b: expired"]);
  equal(bench.host.waiting, 0);
});

Deno.test("the caller's time left counts when it is shorter", () => {
  const bench = new Bench();
  bench.call("a", 40);
  bench.call("late", 0);
  bench.time.advance(40);
  deepEqual(bench.outcomes, ["late: expired", "a: unknown"]);
  deepEqual(bench.started, ["a"]);
});

Deno.test("a handler that ends after its deadline settles nothing", async () => {
  const bench = new Bench();
  bench.call("a");
  bench.time.advance(1_000);
  await bench.end(0);
  deepEqual(bench.outcomes, ["a: unknown"]);
});

Deno.test("a call settled as unknown keeps its place until it ends", async () => {
  const bench = new Bench({ concurrency: 1 });
  bench.call("a", 100);
  bench.call("b");
  bench.time.advance(100);
  deepEqual(bench.started, ["a"]);
  await bench.end(0);
  deepEqual(bench.started, ["a", "b"]);
});

Deno.test("an outcome in time leaves no timer behind", async () => {
  const bench = new Bench();
  bench.call("a");
  await bench.end(0);
  equal(bench.time.pending, 0);
});

Deno.test("a call whose timer is late is not begun", async () => {
  const bench = new Bench({ concurrency: 1 });
  bench.call("a");
  bench.call("b", 100);
  bench.call("c");
  bench.time.jump(500);
  await bench.end(0);
  deepEqual(bench.outcomes, ["a: ok", "b: expired"]);
  deepEqual(bench.started, ["a", "c"]);
});

Deno.test("a handler that throws is unknown, and its error is heard", async () => {
  const error = new Error("broken");
  for (const handle of [() => Promise.reject(error), throwing(error)]) {
    const bench = new Bench({ handle });
    const outcomes: Outcome<unknown>[] = [];
    bench.host.call({ kind: "a" }, 100, (outcome) => outcomes.push(outcome));
    await turn();
    deepEqual(outcomes, [unknown(1_000)]);
    deepEqual(bench.errors, [error]);
    equal(bench.host.running, 0);
  }
});

function throwing(error: Error): () => never {
  return () => {
    throw error;
  };
}

Deno.test("a handler that knows at once answers before call returns", () => {
  const bench = new Bench({ handle: () => ok(1), queue: 0, concurrency: 1 });
  for (let call = 0; call < 1_000; call++) bench.call("a");
  equal(bench.outcomes.filter((outcome) => outcome === "a: ok").length, 1_000);
});

Deno.test("a long queue of calls that end at once needs no deep stack", async () => {
  const first: Handled = Promise.withResolvers();
  const handle = ({ kind }: Message) => kind === "a" ? first.promise : ok(1);
  const bench = new Bench({ handle, queue: 20_000, concurrency: 1 });
  bench.call("a");
  for (let call = 0; call < 20_000; call++) bench.call("b");
  first.resolve(failed("unavailable", 0));
  await turn();
  equal(bench.outcomes.length, 20_001);
  equal(bench.host.running, 0);
});

Deno.test("a gateway without room for a call cannot be set up", () => {
  throws(() => new Bench({ concurrency: 0 }), RangeError);
  throws(() => new Bench({ queue: -1 }), RangeError);
  throws(() => new Bench({ withinMs: 0.5 }), RangeError);
});
