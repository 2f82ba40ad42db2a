/**
 * PostgreSQL as a thread's journal sees it: a disk behind a network. What was
 * sent may be written though its sender is gone; a connection that is cut while
 * an append is under way leaves it unknown; while nobody can be reached nothing
 * is written. The fence is that of the memory journal: it looks at the owner
 * and writes in one step, as the real statement does.
 *
 * @module
 */
import type { Journal } from "../actors/runtime/ports.ts";
import { stableHash } from "../actors/runtime/random.ts";
import {
  MemoryDisk,
  MemoryJournal,
} from "../actors/runtime/test_kit/memory_journal.ts";
import type { Buggify } from "./buggify.ts";
import { observationOf, SLOW_COMMIT } from "./disk.ts";
import type { Processor } from "./cores.ts";
import type { Distribution } from "./distributions.ts";
import { type Machines, workOf } from "./machines.ts";
import type { Observation } from "./observation.ts";
import type { Scheduler } from "./scheduler.ts";
import { Outage } from "./outage.ts";
import { Slowness } from "./slowness.ts";
import { drawUs, type Streams } from "./streams.ts";
import type { Thread } from "./thread.ts";

/** What the model needs. */
export interface DatabaseModelOptions {
  readonly scheduler: Scheduler;
  readonly streams: Streams;
  /** How long a commit takes. */
  readonly sync: Distribution;
  /** How long a message takes on average, one way, in microseconds. */
  readonly delayUs: number;
  readonly observe: (observation: Observation) => void;
  readonly buggify: Buggify;
  /** What it runs on. */
  readonly machines: Machines;
}

/** A thread and its connection. */
export interface DatabaseClient {
  /** The domain. */
  readonly name: string;
  /** Where it runs, as `cut` calls it. */
  readonly process: string;
  readonly threadOf: () => Thread;
  /** Acts when the process can, and never once it is gone. */
  readonly take: (act: () => void) => void;
}

/** An append on its way. */
interface SentAppend {
  readonly client: DatabaseClient;
  /** Of the server's process for the client. */
  readonly connection: Processor;
  readonly events: number;
  /** Its thread is busy with it for so long. */
  readonly leavesInUs: number;
}

/** As the live gateway's. */
const CATALOG_WITHIN_US = 2_000_000;
/** As the live connection's. */
const ANSWER_WITHIN_US = 5_000_000;

/** See the module's text. */
export class DatabaseModel {
  readonly disk = new MemoryDisk();
  /** How slow it is. */
  readonly slowness: Slowness = new Slowness();
  readonly #options: DatabaseModelOptions;
  readonly #outage = new Outage();

  constructor(options: DatabaseModelOptions) {
    this.#options = options;
  }

  /** The journal of a life of a domain. */
  journalOf(client: DatabaseClient): Journal {
    const { scheduler, observe, buggify } = this.#options;
    const { name, threadOf, take } = client;
    const label = stableHash(`database ${name}`);
    const after = (delayUs: number, act: () => void) =>
      scheduler.at(scheduler.nowUs + delayUs, label, act);
    let send: (commit: () => void) => void = () => {};
    const inner = new MemoryJournal(this.disk, (commit) => send(commit));
    const { delayUs, machines } = this.#options;
    const connection = machines.connection();
    return {
      recover: (partitions, into, done) =>
        after(delayUs, () => {
          this.#outage.act(() => {
            if (!threadOf().isAlive) return;
            if (!this.#reaches(client)) return done(null);
            done(recoverFrom(inner, partitions, into));
          });
        }),
      replay: (partition, into, done) => inner.replay(partition, into, done),
      append: (appends, done) => {
        let isOpen = true;
        const answer = (result: Parameters<typeof done>[0]) =>
          take(() => {
            if (!isOpen || !threadOf().isAlive) return;
            isOpen = false;
            done(result);
            threadOf().poke();
          });
        if (!this.#reaches(client)) {
          return void after(delayUs, () => answer("unavailable"));
        }
        after(ANSWER_WITHIN_US, () => answer("unknown"));
        const life = this.#outage.life;
        const count = appends.reduce(
          (sum, each) => sum + each.events.length,
          0,
        );
        const workUs = workOf(machines.values.append, count);
        const sent: SentAppend = {
          ...{ client, connection, events: count },
          leavesInUs: workUs === 0
            ? 0
            : threadOf().occupy(workUs) - scheduler.nowUs,
        };
        send = (commit) => {
          this.#commit(sent, life, after, answer, () => {
            if (buggify.fires("disk.full")) inner.refuseWith = "unavailable";
            if (buggify.fires("disk.write_lost")) inner.refuseWith = "unknown";
            commit();
            inner.refuseWith = null;
          });
        };
        inner.append(appends, (result) => {
          const isForgotten = buggify.fires("disk.answer_lost");
          for (const append of appends) {
            const seen = observationOf(append, result, scheduler.nowUs);
            if (seen !== null) observe(seen);
          }
          // Who sent it hears of it if the way back is there.
          after(delayUs, () => {
            if (life !== this.#outage.life || this.#isCut(client)) return;
            answer(isForgotten ? "unknown" : result);
          });
        });
      },
    };
  }

  /**
   * Lets a process read the catalog: acts when the server takes it, or says
   * that it is lost, as nobody can be reached or answers in time.
   */
  readCatalog(process: string, act: () => void, lost: () => void): void {
    const { scheduler, delayUs } = this.#options;
    const label = stableHash(`catalog ${process}`);
    let isWaiting = true;
    const end = (settle: () => void) => {
      if (isWaiting) settle();
      isWaiting = false;
    };
    const loseIn = (waitUs: number) =>
      scheduler.at(scheduler.nowUs + waitUs, label, () => end(lost));
    if (this.#outage.isDown || this.#outage.isCut(process)) {
      return void loseIn(delayUs);
    }
    const life = this.#outage.life;
    if (this.#outage.isPaused) loseIn(CATALOG_WITHIN_US);
    this.#outage.act(() => end(life === this.#outage.life ? act : lost));
  }

  // ── Faults ──────────────────────────────────────────────────────────────

  /** Answers nobody until it goes on; then all that came meanwhile. */
  pause(): void {
    this.#outage.pause();
  }

  /** Goes on. */
  resume(): void {
    this.#outage.resume();
  }

  /** Stops: whatever it had not committed was never there. */
  stop(): void {
    this.#outage.stop();
    this.resume();
  }

  /** Starts again, with all that it had committed. */
  restart(): void {
    this.#outage.isDown = false;
  }

  /** Cuts it off from a process, or ends one cut. */
  cut(process: string, isCut: boolean): void {
    this.#outage.cut(process, isCut);
  }

  /** Sends an append, writes it when its sync is over. */
  #commit(
    { client, connection, events, leavesInUs }: SentAppend,
    life: number,
    after: (delayUs: number, act: () => void) => void,
    answer: (result: "unknown") => void,
    write: () => void,
  ): void {
    const { delayUs, sync, streams, buggify } = this.#options;
    const { scheduler, machines } = this.#options;
    const isGone = () => life !== this.#outage.life;
    const factor = buggify.fires("disk.slow_commit") ? SLOW_COMMIT : 1;
    const drawnUs = drawUs(sync, streams.of(`disk ${client.name}`));
    const syncUs = Math.round(drawnUs * factor * this.slowness.factor);
    after(leavesInUs + delayUs, () => {
      if (this.#isCut(client)) return;
      this.#outage.act(() => {
        if (isGone()) return answer("unknown");
        const { nowUs } = scheduler;
        const { factor } = this.slowness;
        const ranUs = machines.databaseUntil(connection, nowUs, events, factor);
        after(ranUs - nowUs + syncUs, () => {
          if (isGone()) answer("unknown");
          else this.#outage.act(() => isGone() ? answer("unknown") : write());
        });
      });
    });
  }

  #isCut({ process }: DatabaseClient): boolean {
    return this.#outage.isCut(process);
  }

  #reaches(client: DatabaseClient): boolean {
    return !this.#outage.isDown && !this.#isCut(client);
  }
}

type Recover = Parameters<Journal["recover"]>;

/** Null when the events do not make a state: it does not start, as live. */
function recoverFrom(
  journal: MemoryJournal,
  partitions: Recover[0],
  into: Recover[1],
): Parameters<Recover[2]>[0] {
  let recovered: Parameters<Recover[2]>[0] = null;
  try {
    journal.recover(partitions, into, (read) => recovered = read);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
  return recovered;
}
