/**
 * A worker at one end of a bare port: it answers what comes, and asks when its
 * parent says so. An ask is an object with its message, an answer one with its
 * outcome, each in a `postMessage` of its own. Or, to time the port alone, each
 * is one short text, the cheapest that a port has.
 *
 * @module
 */
import { median } from "../../benchmark.ts";
import { type Ran, type Sizes, verify } from "../program.ts";

/** What the parent says: first who the peer is, then what to do. */
export type Order =
  | { readonly kind: "connect"; readonly port: MessagePort }
  | { readonly kind: "ask" | Style; readonly sizes: Sizes };

/** What a round trip carries. */
export type Style = "objects" | "texts";

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
    const { kind, sizes } = data;
    const ran = kind === "ask"
      ? await askAll(port, sizes)
      : await timeRoundTrips(port, sizes, kind);
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
    port.postMessage(askOf(id, value));
  };
  port.onmessage = ({ data }: { readonly data: Answer }) => {
    const settle = pending.get(data.answer);
    pending.delete(data.answer);
    settle?.(data.outcome.value);
  };
  for (let under = Math.min(actors, n); under > 0; under--) ask(0);
  return promise;
}

function askOf(ask: number, value: number): Ask {
  return { ask, to: "server", message: { kind: "increment", value } };
}

/** `n` round trips, one after the other; `p50Us` is the median of them. */
function timeRoundTrips(
  port: MessagePort,
  { n }: Sizes,
  style: Style,
): Promise<Ran> {
  const tookMs: number[] = [];
  const { promise, resolve } = Promise.withResolvers<Ran>();
  const message = style === "texts"
    ? () => "x"
    : () => askOf(tookMs.length, tookMs.length);
  let sentAtMs = performance.now();
  port.onmessage = () => {
    const nowMs = performance.now();
    tookMs.push(nowMs - sentAtMs);
    sentAtMs = nowMs;
    if (tookMs.length < n) port.postMessage(message());
    else resolve({ count: n, more: { p50Us: median(tookMs) * 1000 } });
  };
  port.postMessage(message());
  return promise;
}
