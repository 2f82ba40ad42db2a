/**
 * The limit and the habit: two workers with a bare port between them, and one
 * `postMessage` for each ask and each answer. `main.ts NAME MILLISECONDS
 * SIZE=VALUE …`, as the programs of the other arms.
 *
 * @module
 */
import { type Ran, type Run, runProgram } from "../program.ts";
import type { Order } from "./worker.ts";

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

function order(kind: "ask" | "round_trip"): Run {
  return (sizes) => {
    const { promise, resolve, reject } = Promise.withResolvers<Ran>();
    asker.onmessage = ({ data }) => resolve(data);
    asker.onerror = (error) => reject(new Error(error.message));
    asker.postMessage({ kind, sizes });
    return promise;
  };
}

await runProgram({
  worker_ask: order("ask"),
  worker_round_trip: order("round_trip"),
}, Deno.args);
asker.terminate();
answerer.terminate();
