/**
 * Where a worker thread begins: it takes its plan, folds its partitions and
 * runs its turns until it is stopped or replaced.
 *
 * @module
 */
import type { Log } from "../../actors/runtime/ports.ts";
import { StoreError } from "../journal/database.ts";
import {
  type AssembledDomain,
  assembleDomain,
  type DomainParts,
  openJournal,
  partitionsOf,
} from "./assemble.ts";
import type { Order, Report, WorkerPlan } from "./control.ts";
import { measureHeap } from "./heap.ts";
import { hostClock } from "./host_clock.ts";
import { type DomainJournal, openStorage } from "./storage.ts";
import { endIfCutOff, threadScope } from "./thread.ts";

let domain: AssembledDomain | null = null;
/** Opened before the worker began; null: it was not. Never rejects. */
let prepared: Promise<DomainJournal | null> = Promise.resolve(null);
/** Until when it may run: it may be told before there is a domain. */
let validUntilMs = Infinity;
let beats: ReturnType<typeof setInterval> | undefined;
/** Milliseconds to burn at the next chance: the fault `hang`. */
let hangMs = 0;
/** What each heartbeat keeps more: the fault `leak`. */
let leakBytesPerBeat = 0;
const leaked: unknown[] = [];

const scope = threadScope<Order, Report>(obey);
const log: Log = {
  write: (level, text, fields) =>
    scope.post({ kind: "log", level, text, fields }),
};

function obey(order: Order): void {
  switch (order.kind) {
    case "prepare":
      prepared = prepare(order.plan);
      return;
    case "begin":
      return void begin(order.plan);
    case "connect":
      return domain?.turns.connect(order.peer, order.port);
    case "disconnect":
      return domain?.turns.disconnect(order.peer);
    case "crash":
      domain?.turns.domain.crash(order.address, "a fault");
      return;
    case "slow":
      domain?.turns.domain.slow(order.address, order.delayMs);
      return;
    case "hang":
      hangMs = order.forMs;
      // In the midst of its next commit, or here when nothing comes.
      setTimeout(spin, 200);
      return;
    case "leak":
      leakBytesPerBeat = order.bytesPerBeat;
      return;
    case "throw":
      throw new Error("a fault");
    case "valid_until":
      validUntilMs = order.atMs;
      return domain?.turns.setValidUntil(order.atMs);
    case "leave":
      domain?.turns.refuse();
      return stop();
    case "stop":
      return stop();
  }
}

/** Opens the journal and reads ahead; null: it cannot be opened now. */
async function prepare(
  plan: Omit<WorkerPlan, "incarnation">,
): Promise<DomainJournal | null> {
  const worker = plan.name;
  try {
    const storage = await openStorage(plan.storage);
    const journal = openJournal({ ...plan, storage, log });
    journal?.readAhead?.(partitionsOf(plan));
    log.write("info", "thread waits", { worker });
    return journal;
  } catch (error) {
    // Whoever begins tries again, and ends when that fails as well.
    const cause = String(error);
    log.write("warn", "thread waits without a journal", { worker, cause });
    return null;
  }
}

async function begin(plan: WorkerPlan): Promise<void> {
  const startedMs = hostClock.monotonicMs();
  try {
    const storage = await openStorage(plan.storage);
    const journal = await prepared;
    // Who may not run must not take its partitions over from who may.
    if (validUntilMs <= hostClock.monotonicMs()) {
      return startFailed(plan, "its lease is over");
    }
    const begun = assembleDomain({
      ...{ ...plan, storage, journal, log },
      ...outwards(plan),
    });
    begun.turns.setValidUntil(validUntilMs);
    domain = begun;
    begun.turns.domain.start((started) => {
      if (started) ready(begun, plan, startedMs);
      else startFailed(plan, "the journal cannot be reached");
    });
  } catch (cause) {
    startFailed(plan, cause);
  }
}

/** What the domain says to those outside its thread, and what stops it. */
function outwards(
  { name }: WorkerPlan,
): Pick<DomainParts, "died" | "linkBroke" | "beforeAppend"> {
  return {
    died: (reason) => scope.post({ kind: "ended", reason, detail: name }),
    linkBroke: (peer) => scope.post({ kind: "link_broke", peer }),
    beforeAppend() {
      endIfCutOff();
      spin();
    },
  };
}

function ready(
  begun: AssembledDomain,
  { heartbeatMs }: WorkerPlan,
  startedMs: number,
): void {
  const read = begun.recovery();
  const recovery = {
    partitions: read?.partitions ?? 0,
    events: read?.events ?? 0,
    recoveryMs: Math.round(hostClock.monotonicMs() - startedMs),
  };
  scope.post({ kind: "ready", recovery });
  begun.startProbes();
  beats = setInterval(() => beat(begun, heartbeatMs), heartbeatMs);
}

function startFailed({ name }: WorkerPlan, cause: unknown): void {
  const reason = cause instanceof Error ? cause.message : String(cause);
  // What a store says of itself is a whole line; the rest says where it was.
  const detail = cause instanceof StoreError
    ? reason
    : `${name} cannot start: ${reason.replaceAll(/\s+/g, " ")}`;
  scope.post({ kind: "ended", reason: "start-failed", detail });
}

/**
 * Says that the thread lives, and how it is. A disk that does not come back
 * silences it, so that the worker is replaced as if it hung.
 */
function beat(
  { turns, catalogCalls }: AssembledDomain,
  everyMs: number,
): void {
  if (turns.domain.appendingMs > everyMs) return;
  // A number takes eight bytes.
  if (leakBytesPerBeat > 0) {
    leaked.push(new Array(leakBytesPerBeat / 8).fill(0.5));
  }
  scope.post({
    kind: "beat",
    report: { ...turns.domain.report(), pool: catalogCalls?.report() ?? null },
    waitingFrames: turns.waitingFrames,
    heap: measureHeap(),
  });
}

function stop(): void {
  clearInterval(beats);
  // Whoever gave the order does not wait forever, and ends the thread then.
  if (domain === null) scope.end();
  else domain.stop(Infinity, () => scope.end());
}

/** Burns the core, as a loop without end would. */
function spin(): void {
  if (hangMs === 0) return;
  const untilMs = hostClock.monotonicMs() + hangMs;
  hangMs = 0;
  while (hostClock.monotonicMs() < untilMs);
}
