/**
 * What the threads of the thread tests do when they are told to.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import { measureHeap } from "../../../cluster/worker/heap.ts";
import { endIfCutOff, threadScope } from "../../../cluster/worker/thread.ts";

/** A loop without end, each hard to stop in a way of its own. */
export type Loop = "plain" | "catching" | "microtasks" | "waiting";

/** A place where an error can come from. */
export type Place =
  | "handler"
  | "timer"
  | "promise"
  | "microtask"
  | "port"
  | "unclonable"
  | "no error"
  | "exit code";

/** A way to fill the memory. */
export type Filling = "strings" | "objects" | "one array";

/** What a thread is told. */
export type Task =
  | { readonly kind: "echo"; readonly value: unknown }
  | { readonly kind: "answer"; readonly port: MessagePort }
  /** Says on the port what it is told, and posts what comes back. */
  | {
    readonly kind: "ask";
    readonly port: MessagePort;
    readonly value: unknown;
  }
  | {
    readonly kind: "loop";
    readonly loop: Loop;
    /** Counts the rounds. */
    readonly rounds: SharedArrayBuffer;
  }
  | { readonly kind: "throw"; readonly place: Place }
  | {
    readonly kind: "fill";
    readonly filling: Filling;
    /** Looks whether it was cut off before it does the next thing. */
    readonly looks: boolean;
  }
  /** Keeps a buffer of that size, and says what the heap was and is. */
  | { readonly kind: "keep"; readonly bytes: number }
  /** Waits in native code for a lock of its own, out of everybody's reach. */
  | { readonly kind: "wait"; readonly file: string; readonly forMs: number }
  | { readonly kind: "end" };

const kept: unknown[] = [];
const scope = threadScope<Task, unknown>(obey);

function obey(task: Task): void {
  switch (task.kind) {
    case "echo":
      return scope.post(task.value);
    case "answer":
      task.port.onmessage = ({ data }) => task.port.postMessage([data]);
      return;
    case "ask":
      task.port.onmessage = ({ data }) => scope.post(data);
      return task.port.postMessage(task.value);
    case "loop":
      scope.post("looping");
      return loop(task.loop, new Int32Array(task.rounds));
    case "throw":
      return throwAt(task.place);
    case "fill":
      return fill(task.filling, task.looks);
    case "keep":
      return keep(task.bytes);
    case "wait":
      return wait(task.file, task.forMs);
    case "end":
      scope.post("last words");
      return scope.end();
  }
}

function loop(kind: Loop, rounds: Int32Array): void {
  const turn = () => void Atomics.add(rounds, 0, 1);
  if (kind === "waiting") Atomics.wait(rounds, 1, 0);
  if (kind === "microtasks") {
    const again = (): void => {
      turn();
      queueMicrotask(again);
    };
    return again();
  }
  for (;;) {
    try {
      for (;;) turn();
    } catch {
      turn();
    }
  }
}

function throwAt(place: Place): void {
  const error = new Error(`at ${place},\nof two lines`);
  const fail = () => {
    throw error;
  };
  switch (place) {
    case "handler":
      return fail();
    case "timer":
      return void setTimeout(fail, 1);
    case "promise":
      return void Promise.reject(error);
    case "microtask":
      return queueMicrotask(fail);
    case "port": {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = fail;
      return port2.postMessage(null);
    }
    case "unclonable":
      return scope.post(fail);
    case "no error":
      throw Object.assign(Object.create(null), { at: place });
    case "exit code":
      Deno.exit(7);
  }
}

function fill(filling: Filling, looks: boolean): void {
  // The next thing that happens in a thread that was cut off.
  if (looks) {
    setTimeout(() => {
      endIfCutOff();
      scope.post("it went on");
    }, 0);
  }
  for (let number = 0;; number++) {
    if (filling === "strings") kept.push(`${number}`.padEnd(1_000, "x"));
    else if (filling === "objects") kept.push({ number });
    else kept.push(number);
  }
}

function keep(bytes: number): void {
  const before = measureHeap();
  kept.push(new Uint8Array(bytes));
  scope.post([before, measureHeap()]);
}

function wait(file: string, forMs: number): void {
  const holder = new DatabaseSync(file);
  const waiter = new DatabaseSync(file, { timeout: forMs });
  kept.push(holder, waiter);
  holder.exec("BEGIN EXCLUSIVE");
  scope.post("waiting");
  waiter.exec("BEGIN EXCLUSIVE");
}
