/**
 * A worker at one end of a bare port: it answers what comes, and asks when its
 * parent says so. An ask is an object with its message, an answer one with its
 * outcome, each in a `postMessage` of its own; a round trip is one short text,
 * the cheapest that a port has.
 *
 * @module
 */
import { median } from "../../benchmark.ts";
import { type Ran, type Sizes, verify } from "../program.ts";

/** What the parent says: first who the peer is, then what to do. */
export type Order =
  | { readonly kind: "connect"; readonly port: MessagePort }
  | { readonly kind: "ask" | "round_trip"; readonly sizes: Sizes };

interface Ask {
  readonly ask: number;
  readonly to: string;
  readonly message: { readonly kind: "increment"; readonly value: number };
}
interface Answer {
  readonly answer: number;
  readonly outcome: { readonly kind: "ok"; readonly value: number };
}

// The lib of documents has another type for it.
const worker = self as unknown as {
  onmessage: (event: { readonly data: Order }) => void;
  postMessage(ran: Ran): void;
};

worker.onmessage = ({ data: order }) => {
  if (order.kind !== "connect") return;
  const { port } = order;
  port.onmessage = ({ data }) => answer(port, data);
  worker.onmessage = async ({ data }) => {
    if (data.kind === "connect") return;
    const run = data.kind === "ask" ? askAll : timeRoundTrips;
    const ran = await run(port, data.sizes);
    port.onmessage = ({ data }) => answer(port, data);
    worker.postMessage(ran);
  };
};

function answer(port: MessagePort, data: Ask | string): void {
  if (typeof data === "string") return port.postMessage(data);
  const value = data.message.value + 1;
  const said: Answer = { answer: data.ask, outcome: { kind: "ok", value } };
  port.postMessage(said);
}

/** `n` asks, of which as many as there are `actors` are under way. */
function askAll(port: MessagePort, { n, actors }: Sizes): Promise<Ran> {
  const pending = new Map<number, (value: number) => void>();
  const { promise, resolve } = Promise.withResolvers<Ran>();
  let asked = 0;
  let answered = 0;
  const ask = (value: number) => {
    const id = asked++;
    pending.set(id, (next) => {
      verify("an answer", next, value + 1);
      if (++answered === n) resolve({ count: answered });
      else if (asked < n) ask(next);
    });
    const said: Ask = {
      ask: id,
      to: "server",
      message: { kind: "increment", value },
    };
    port.postMessage(said);
  };
  port.onmessage = ({ data }: { readonly data: Answer }) => {
    const settle = pending.get(data.answer);
    pending.delete(data.answer);
    settle?.(data.outcome.value);
  };
  for (let under = Math.min(actors, n); under > 0; under--) ask(0);
  return promise;
}

/** `n` round trips, one after the other; `p50Us` is the median of them. */
function timeRoundTrips(port: MessagePort, { n }: Sizes): Promise<Ran> {
  const tookMs: number[] = [];
  const { promise, resolve } = Promise.withResolvers<Ran>();
  let sentAtMs = performance.now();
  port.onmessage = () => {
    tookMs.push(performance.now() - sentAtMs);
    if (tookMs.length === n) {
      return resolve({ count: n, more: { p50Us: median(tookMs) * 1000 } });
    }
    sentAtMs = performance.now();
    port.postMessage("x");
  };
  port.postMessage("x");
  return promise;
}
