/**
 * The machines that processes, Redis and the database run on, and what is done
 * there besides what actors take for messages: calls are read and answered,
 * batches written and read, appends made. Without values nothing of that takes
 * time and no core is ever wanted twice.
 *
 * @module
 */
import { Cores, Processor } from "./cores.ts";
import type { WorkCount } from "./observation.ts";

/** See the module's text. Each time is of one core, in microseconds. */
export interface MachineValues {
  /** Of each process's machine; null: one for each thread. */
  readonly cores: number | null;
  /** Everything runs on these cores, clients too. */
  readonly isShared: boolean;
  /** A call, from reading it to its answer, in the main thread. */
  readonly callUs: number;
  /** A batch between two threads, at either end, and each of its messages. */
  readonly batchUs: number;
  readonly messageUs: number;
  /** A frame between two processes, in the main thread of either. */
  readonly frameUs: number;
  /** An append in the thread that makes it, and each of its events. */
  readonly append: WorkUs;
  /** A request in Redis' one thread. */
  readonly redisUs: number;
  /** For limits that processes share, in Redis' thread: each call's part. */
  readonly limitUs: number;
  /** An append in the server's process for its connection. */
  readonly databaseAppend: WorkUs;
  /** Of the database's machine; null: one for each connection. */
  readonly databaseCores: number | null;
  /** A call at the client; it matters where all share the cores. */
  readonly clientUs: number;
}

/**
 * A thread that has a core keeps it for all that waits, as the live one: else
 * it would stand in line for each message where others want the core too.
 */
export const STEPS_PER_TURN = 2_048;

/** Work that is done once, and for each event besides. */
export interface WorkUs {
  readonly eachUs: number;
  readonly eventUs: number;
}

/** See the module's text. */
export class Machines {
  readonly values: MachineValues;
  readonly #shared: Cores | null;
  readonly #cores = new Map<string, Cores>();
  readonly #processors: { readonly who: string; readonly on: Processor }[] = [];
  readonly #redis: Processor;
  readonly #clients: Cores;
  #clientsWorkedUs = 0;
  #requests = 0;
  #appends = 0;

  constructor(values: MachineValues) {
    this.values = values;
    this.#shared = values.isShared ? new Cores(values.cores) : null;
    this.#redis = this.#processorOf("redis", 1);
    this.#clients = this.#shared ?? new Cores(null);
  }

  /** What a thread of a process that runs there runs on. */
  threadAt(place: string): Processor {
    return this.#processorOf(place, this.values.cores);
  }

  /** What a connection's process in the database runs on. */
  connection(): Processor {
    return this.#processorOf("database", this.values.databaseCores);
  }

  /** Redis takes a request; gives when it has run it. */
  redisUntil(nowUs: number, factor: number): number {
    this.#requests++;
    const workUs = Math.round(this.values.redisUs * factor);
    return this.#redis.work(nowUs, workUs);
  }

  /** The database takes an append; gives when it can be synced. */
  databaseUntil(
    connection: Processor,
    nowUs: number,
    events: number,
    factor: number,
  ): number {
    this.#appends++;
    const workUs = workOf(this.values.databaseAppend, events);
    return connection.work(nowUs, Math.round(workUs * factor));
  }

  /** A client calls: he has his own work with it, and Redis counts it. */
  called(nowUs: number): void {
    const { clientUs, limitUs } = this.values;
    this.#clients.book(nowUs, clientUs);
    this.#clientsWorkedUs += clientUs;
    this.#redis.work(nowUs, limitUs);
  }

  /** Who has done how much since the start. */
  counts(): WorkCount[] {
    const worked = new Map<string, number>();
    for (const { who, on } of this.#processors) {
      worked.set(who, (worked.get(who) ?? 0) + on.workedUs);
    }
    worked.set("clients", this.#clientsWorkedUs);
    const requests = (who: string) =>
      who === "redis" ? this.#requests : who === "database" ? this.#appends : 0;
    return Array.from(
      worked,
      ([who, workedUs]) => ({ who, workedUs, requests: requests(who) }),
    );
  }

  #processorOf(who: string, count: number | null): Processor {
    let cores = this.#shared ?? this.#cores.get(who);
    if (cores === undefined) {
      cores = new Cores(count);
      this.#cores.set(who, cores);
    }
    const on = new Processor(cores);
    this.#processors.push({ who, on });
    return on;
  }
}

/** Microseconds for so many events. */
export function workOf({ eachUs, eventUs }: WorkUs, events: number): number {
  return eachUs + events * eventUs;
}
