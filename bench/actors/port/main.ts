/**
 * The habit and the limit: two workers with a bare port between them, and one
 * `postMessage` for each ask and each answer. `main.ts objects|texts NAME
 * MILLISECONDS SIZE=VALUE …`: what round trips carry, and then as the programs
 * of the other arms.
 *
 * @module
 */
import { type Ran, type Run, runProgram } from "../program.ts";
import type { Order, Style } from "./worker.ts";

const { port1, port2 } = new MessageChannel();
const asker = connect(port1);
const answerer = connect(port2);

function connect(port: MessagePort): Worker {
  const url = new URL("./worker.ts", import.meta.url);
  const worker = new Worker(url, { type: "module" });
  const order: Order = { kind: "connect", port };
  worker.postMessage(order, [port]);
  return worker;
}

function order(kind: "ask" | Style): Run {
  return (sizes) => {
    const { promise, resolve, reject } = Promise.withResolvers<Ran>();
    asker.onmessage = ({ data }) => resolve(data);
    asker.onerror = (error) => reject(new Error(error.message));
    asker.postMessage({ kind, sizes });
    return promise;
  };
}

const [style = "", ...task] = Deno.args;
await runProgram({
  worker_ask: order("ask"),
  worker_round_trip: order(style === "texts" ? "texts" : "objects"),
}, task);
asker.terminate();
answerer.terminate();
