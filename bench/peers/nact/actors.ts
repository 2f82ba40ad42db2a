/**
 * The benchmarks of `deno task bench actors` as nact actors: as its manual has
 * them, and where it leaves a choice, the faster way.
 *
 * @module
 */
import {
  type ActorSystemRef,
  dispatch,
  query,
  type Ref,
  spawn,
  stop,
} from "nact";
import { residentBytes } from "../../actors/memory.ts";
import { type Ran, type Sizes, verify } from "../../actors/program.ts";
import { withSystem } from "./with_system.ts";

/** As Erlang's and ours. */
const ASK_WITHIN_MS = 5000;
/** Longer than any run. */
const WITHIN_MS = 300_000;

type Ping = { readonly kind: "ping"; readonly from: Ref<Pong> };
type Pong = { readonly kind: "start" | "pong" };

/** `n` exchanges between two actors. */
export function pingPong({ n }: Sizes): Promise<Ran> {
  return withSystem(async (system) => {
    const done = Promise.withResolvers<void>();
    let pings = 0;
    const pong = spawn(
      system,
      (state: { pings: number }, message: Ping) => {
        pings = ++state.pings;
        dispatch(message.from, { kind: "pong" });
        return state;
      },
      "pong",
      { initialState: { pings: 0 } },
    );
    const ping = spawn(
      system,
      (state: { left: number }, message: Pong, ctx) => {
        if (message.kind === "pong" && --state.left === 0) done.resolve();
        else dispatch(pong, { kind: "ping", from: ctx.self });
        return state;
      },
      "ping",
      { initialState: { left: n } },
    );
    dispatch(ping, { kind: "start" });
    await done.promise;
    verify("pings", pings, n);
    return { count: n };
  });
}

type Increment = {
  readonly kind: "increment";
  readonly value: number;
  readonly from: Ref<number>;
};

/** `n` queries, one after the other, from within an actor. */
export function askSerially({ n }: Sizes): Promise<Ran> {
  return withSystem(async (system) => {
    const server = spawn(
      system,
      (state: null, { from, value }: Increment) => {
        dispatch(from, value + 1);
        return state;
      },
      "server",
      { initialState: null },
    );
    const client = spawn(
      system,
      async (state: null, { from }: { readonly from: Ref<number> }) => {
        let value = 0;
        for (let left = n; left > 0; left--) {
          value = await query(
            server,
            (reply: Ref<number>) => ({ kind: "increment", value, from: reply }),
            ASK_WITHIN_MS,
          );
        }
        dispatch(from, value);
        return state;
      },
      "client",
      { initialState: null },
    );
    const answers = await query(
      client,
      (from: Ref<number>) => ({ from }),
      WITHIN_MS,
    );
    verify("answers", answers, n);
    return { count: n };
  });
}

type Count =
  | { readonly kind: "increment" }
  | { readonly kind: "read"; readonly from: Ref<number> };

/** One does for all, as in ours. */
const INCREMENT: Count = { kind: "increment" };

/** A backlog of `n` messages, told by one step of an actor. */
export function counting({ n }: Sizes): Promise<Ran> {
  return withSystem(async (system) => {
    const counter = spawn(
      system,
      (state: { count: number }, message: Count) => {
        if (message.kind === "increment") state.count++;
        else dispatch(message.from, state.count);
        return state;
      },
      "counter",
      { initialState: { count: 0 } },
    );
    const producer = spawn(
      system,
      (state: null, { from }: { readonly from: Ref<number> }) => {
        for (let left = n; left > 0; left--) {
          dispatch(counter, INCREMENT);
        }
        dispatch(counter, { kind: "read", from });
        return state;
      },
      "producer",
      { initialState: null },
    );
    const count = await query(
      producer,
      (from: Ref<number>) => ({ from }),
      WITHIN_MS,
    );
    verify("the count", count, n);
    return { count: n };
  });
}

/** One does for all, as in ours. */
const WORK = { kind: "work" } as const;

/** `n` actors, each of which gets one message and stops itself. */
export function spawnAndStop({ n }: Sizes): Promise<Ran> {
  return withSystem(async (system) => {
    const done = Promise.withResolvers<void>();
    let ended = 0;
    const afterStop = () => {
      if (++ended === n) done.resolve();
    };
    const properties = { initialState: null, afterStop };
    for (let id = 0; id < n; id++) {
      const child = spawn(system, work, `${id}`, properties);
      dispatch(child, WORK);
    }
    await done.promise;
    verify("ends", ended, n);
    return { count: n };
  });
}

function work(
  state: null,
  _message: { readonly kind: "work" },
  { self }: { readonly self: Ref<never> },
): null {
  stop(self);
  return state;
}

/** `n` idle actors; `bytes` is what they take. */
export function idle({ n }: Sizes): Promise<Ran> {
  return withSystem(async (system) => {
    const before = residentBytes();
    let last = spawnIdler(system, 0);
    for (let id = 1; id < n; id++) last = spawnIdler(system, id);
    const bytes = residentBytes() - before;
    const greetings = await query(
      last,
      (from: Ref<number>) => ({ from }),
      WITHIN_MS,
    );
    verify("greetings", greetings, 1);
    return { count: n, more: { bytes } };
  });
}

function spawnIdler(system: ActorSystemRef, id: number) {
  return spawn(system, greet, `${id}`, { initialState: { greetings: 0 } });
}

function greet(
  state: { greetings: number },
  { from }: { readonly from: Ref<number> },
): { greetings: number } {
  dispatch(from, ++state.greetings);
  return state;
}
