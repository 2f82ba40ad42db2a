/**
 * The section `machines` of a scenario: what several processes run on, and what
 * hosts and servers do besides what actors take for messages. `machines.ts` is
 * the model; a scenario that uses it says where its times come from.
 *
 * @module
 */
import { z } from "zod";
import { parseUs } from "./duration.ts";
import type { MachineValues } from "./machines.ts";
import { duration, integer, section } from "./scenario_words.ts";

/** What takes a core longer than this at a time is a pause, not work. */
const work = () => duration("0s", "100ms").default("0s");
const append = section({
  each: work().describe("An append of any size."),
  event: work().describe("Each of its events besides."),
}).prefault({});

/** As many as a large machine has. */
const cores = integer(1, 1_024).optional();

/** See the module's text. */
export const machines = section({
  cores: cores.describe(
    "Of the machine of each process; without it each thread has its own.",
  ),
  shared: z.boolean({ error: "true or false" }).default(false).describe(
    "All processes, Redis, the database and clients run on these cores.",
  ),
  call: work().describe("A call, in the main thread of the process."),
  batch: work().describe("A batch between two threads, at either end."),
  message: work().describe("Each of its messages besides."),
  frame: work().describe(
    "A frame between two processes, in the main thread of either.",
  ),
  append: append.describe("An append to the journal, in the shop worker."),
  client: work().describe("A call, at its client; where cores are shared."),
  redis: section({
    request: work().describe("A request in the one thread of Redis."),
    limits: work().describe("Each call's part of counting limits together."),
  }).prefault({}),
  database: section({
    cores: cores.describe("Without it each connection has its own."),
    append: append.describe("An append in the server, before its sync."),
  }).prefault({}),
});

/** Its values, in microseconds. */
export function settleMachines(file: z.output<typeof machines>): MachineValues {
  // The schema let them pass, so they are durations.
  const us = (duration: string) => parseUs(duration)!;
  const workOf = ({ each, event }: { each: string; event: string }) => (
    { eachUs: us(each), eventUs: us(event) }
  );
  return {
    cores: file.cores ?? null,
    isShared: file.shared,
    callUs: us(file.call),
    batchUs: us(file.batch),
    messageUs: us(file.message),
    frameUs: us(file.frame),
    append: workOf(file.append),
    clientUs: us(file.client),
    redisUs: us(file.redis.request),
    limitUs: us(file.redis.limits),
    databaseCores: file.database.cores ?? null,
    databaseAppend: workOf(file.database.append),
  };
}

/** Nothing takes time, and nobody waits for a core. */
export function isAtEase(values: MachineValues): boolean {
  const atEase = settleMachines(machines.parse({}));
  return JSON.stringify(values) === JSON.stringify(atEase);
}
