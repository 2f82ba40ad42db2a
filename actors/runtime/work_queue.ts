/**
 * A pool of workers behind one queue, in which work is pulled and never pushed:
 * a job is handed only to a worker that has said that it is free, so no job
 * waits behind a slow one while somebody else has nothing to do.
 *
 * The queue starts `size` workers of its own and replaces those that end. Any
 * other actor, also of another thread or process, can work for it: whoever says
 * `pull` gets one job. A worker says it when it has recovered and whenever it
 * can take one more; saying it twice before a job comes is saying it once, so
 * one behind a link that loses may say it again at any time.
 *
 * Who submits a job is answered once: with what the worker said (ok, rejected),
 * or `overloaded` at once when nobody is free and `capacity` jobs wait, or
 * after `withinMs` with `expired` when no worker had it and `unknown` when one
 * had. A job that came back `failed` or `unknown`, as it does when its worker
 * goes down, goes to the front again, up to `attempts` times; more than one is
 * for jobs that may be done twice. The queue keeps no journal: if it crashes,
 * those who wait hear `unknown`.
 *
 * @module
 */
import type {
  Answered,
  AnswerOf,
  AnyBehavior,
  Asker,
  Asks,
  Behavior,
  Context,
  Message,
  Ref,
  Signal,
} from "./actor.ts";
import { failed, type Outcome, RETRY_AFTER_MS, unknown } from "./outcome.ts";

/**
 * A worker that ended is replaced after so long: one that cannot even start is
 * tried ten times a second, which is no load.
 */
const REPLACE_MS = 100;

/**
 * An actor has 65,536 askers and timers, and a job takes one of each: half for
 * those that wait, half for those at work.
 */
const CAPACITY_MAX = 32_768;

/** Hands in a job. The answer is what became of it. */
export interface Submit<Job, Result> extends Asks<Result> {
  /** Tells the messages of the queue apart. */
  readonly kind: "submit";
  /** What is to be done: plain data, as the workers know it. */
  readonly job: Job;
  /** The answer comes within this many milliseconds, whatever it is. */
  readonly withinMs: number;
}

/** A worker can take one more job. */
export interface Pull<Job, Result> {
  /** Tells the messages of the queue apart. */
  readonly kind: "pull";
  /** The worker. It is watched. */
  readonly worker: Ref<Work<Job, Result>>;
}

/** What a worker is asked to do. Its answer is the job's. */
export interface Work<Job, Result> extends Asks<Result> {
  /** Tells the messages of a worker apart. */
  readonly kind: "work";
  /** What was submitted. */
  readonly job: Job;
}

/** What a queue takes: `submit`, `pull`, and two of its own. */
export type WorkQueueMessage<Job = unknown, Result = unknown> =
  | Submit<Job, Result>
  | Pull<Job, Result>
  | Answered<"worked", Result, number>
  | { readonly kind: "overdue"; readonly id: number }
  | { readonly kind: "replace"; readonly name: string };

/** How a queue works. */
export interface WorkQueueArgs<Args> {
  /** How many workers it starts itself; 0: all come from elsewhere. */
  readonly size: number;
  /** The most jobs that wait for a worker; at most 32,768. */
  readonly capacity: number;
  /** How often a job is handed out at most. 1: it is never done twice. */
  readonly attempts: number;
  /** Handed to each worker that it starts. Plain data. */
  readonly worker: Args;
}

/** What a worker of the pool is started with. */
export interface WorkerArgs<Args, Job = unknown, Result = unknown> {
  /** Where it pulls. */
  readonly queue: Ref<Pull<Job, Result>>;
  /** The queue's `worker` argument. */
  readonly args: Args;
}

/** A job that is not answered yet. */
export interface PendingJob {
  /** Counts the jobs of this life of the queue, from 1. */
  readonly id: number;
  /** As it was submitted. */
  readonly job: unknown;
  /** Who is to be answered; 0: nobody. */
  readonly asker: Asker;
  /** As it was submitted. */
  readonly withinMs: number;
  /** How often it was handed out. */
  attempts: number;
  /** A worker had it, and what that led to is not known. */
  isUncertain: boolean;
}

/** What a queue knows, as plain data. Either nobody is free or no job waits. */
export interface WorkQueueState {
  /** As its `start` was given them. */
  readonly args: WorkQueueArgs<unknown>;
  /** The newest job. */
  lastId: number;
  /** The next job first. Those that came back pass the bound. */
  waiting: PendingJob[];
  /** Jobs at work, by id. */
  running: Record<number, PendingJob>;
  /** Workers that pulled, the longest wait first: each live one once. */
  free: Ref<Work<unknown, unknown>>[];
}

/** The job that a worker of these messages takes. */
export type JobOf<M extends Message> = M extends Work<infer Job, unknown> ? Job
  : never;
/** What a worker of these messages answers. */
export type ResultOf<M extends Message> = AnswerOf<M, "work">;

/**
 * A queue in front of workers of this behavior. Its `start` throws a RangeError
 * for arguments that are not integers within their bounds.
 */
export function workQueue<M extends Message, Args>(
  // deno-lint-ignore no-explicit-any -- only the worker looks into its state
  worker: Behavior<any, M, WorkerArgs<Args, JobOf<M>, ResultOf<M>>, any>,
): Behavior<
  WorkQueueState,
  WorkQueueMessage<JobOf<M>, ResultOf<M>>,
  WorkQueueArgs<Args>
> {
  const employ = (ctx: QueueContext, state: WorkQueueState, name: string) => {
    const args = { queue: ctx.self, args: state.args.worker };
    ctx.spawn({ name, behavior: worker as AnyBehavior, args });
  };
  const queue: Behavior<
    WorkQueueState,
    WorkQueueMessage,
    WorkQueueArgs<Args>
  > = {
    name: `${worker.name} queue`,
    // A free worker and a finished job make room: they go before new jobs.
    urgent: new Set(["pull", "worked", "overdue", "replace"]),
    start,
    receive(ctx, state, message) {
      switch (message.kind) {
        case "submit":
          return submit(ctx, state, message);
        case "pull":
          return pull(ctx, state, message.worker);
        case "worked":
          return worked(ctx, state, message.about, message.outcome);
        case "overdue":
          return overdue(ctx, state, message.id);
        case "replace":
          return employ(ctx, state, message.name);
      }
    },
    signal(ctx, state, signal) {
      if (signal.kind === "recovered") {
        for (let number = 1; number <= state.args.size; number++) {
          employ(ctx, state, `worker-${number}`);
        }
      } else if (signal.kind === "down") {
        dismiss(ctx, state, signal);
      } else if (signal.kind === "stopping") {
        for (const job of state.waiting.splice(0)) {
          giveUp(ctx, job, "unavailable");
        }
      }
    },
  };
  return queue as ReturnType<typeof workQueue<M, Args>>;
}

type QueueContext = Context<WorkQueueMessage, never>;

function start(args: WorkQueueArgs<unknown>): WorkQueueState {
  checkBounds("size", args.size, 0, CAPACITY_MAX);
  checkBounds("capacity", args.capacity, 0, CAPACITY_MAX);
  checkBounds("attempts", args.attempts, 1, Number.MAX_SAFE_INTEGER);
  return { args, lastId: 0, waiting: [], running: {}, free: [] };
}

function submit(
  ctx: QueueContext,
  state: WorkQueueState,
  { job, withinMs }: Submit<unknown, unknown>,
): void {
  const { waiting, free, args } = state;
  if (free.length === 0 && waiting.length >= args.capacity) {
    return ctx.reply(failed("overloaded", RETRY_AFTER_MS));
  }
  const id = ++state.lastId;
  const asker = ctx.asker();
  waiting.push({ id, job, asker, withinMs, attempts: 0, isUncertain: false });
  ctx.timer(`job ${id}`, withinMs, { kind: "overdue", id });
  handOut(ctx, state);
}

function pull(
  ctx: QueueContext,
  state: WorkQueueState,
  worker: Ref<Work<unknown, unknown>>,
): void {
  ctx.watch(worker as Ref);
  if (!state.free.includes(worker)) state.free.push(worker);
  handOut(ctx, state);
}

/** Every job handed out is an ask, which always ends: so does each attempt. */
function handOut(ctx: QueueContext, state: WorkQueueState): void {
  const { waiting, running, free } = state;
  while (waiting.length > 0 && free.length > 0) {
    const pending = waiting.shift()!;
    const { id, job, withinMs } = pending;
    pending.attempts++;
    running[id] = pending;
    ctx.ask(free.shift()!, { kind: "work", job }, {
      as: "worked",
      withinMs,
      about: id,
    });
  }
}

function worked(
  ctx: QueueContext,
  state: WorkQueueState,
  id: number,
  outcome: Outcome<unknown>,
): void {
  const pending = state.running[id];
  // It was overdue, and its asker knows.
  if (pending === undefined) return;
  delete state.running[id];
  if (outcome.kind === "ok" || outcome.kind === "rejected") {
    return settle(ctx, pending, outcome);
  }
  if (outcome.kind === "unknown") pending.isUncertain = true;
  if (pending.attempts < state.args.attempts) {
    state.waiting.unshift(pending);
    return handOut(ctx, state);
  }
  // What one attempt may have done, the failure of the next does not undo.
  settle(ctx, pending, pending.isUncertain ? unknown(RETRY_AFTER_MS) : outcome);
}

function overdue(ctx: QueueContext, state: WorkQueueState, id: number): void {
  const { waiting, running } = state;
  const atWork = running[id];
  if (atWork !== undefined) {
    delete running[id];
    return settle(ctx, atWork, unknown(RETRY_AFTER_MS));
  }
  const index = waiting.findIndex((pending) => pending.id === id);
  if (index < 0) return;
  const [pending] = waiting.splice(index, 1);
  giveUp(ctx, pending!, "expired");
}

/** Ends a job that no worker has now. */
function giveUp(
  ctx: QueueContext,
  pending: PendingJob,
  code: "expired" | "unavailable",
): void {
  const outcome = pending.isUncertain
    ? unknown(RETRY_AFTER_MS)
    : failed(code, RETRY_AFTER_MS);
  settle(ctx, pending, outcome);
}

/** The one place where an asker is answered; the job is in no list any more. */
function settle(
  ctx: QueueContext,
  { id, asker }: PendingJob,
  outcome: Outcome<unknown>,
): void {
  ctx.cancelTimer(`job ${id}`);
  ctx.answer(asker, outcome);
}

/** A worker has ended: it is free no more. What it had comes back by itself. */
function dismiss(
  ctx: QueueContext,
  state: WorkQueueState,
  { ref, reason }: Extract<Signal, { kind: "down" }>,
): void {
  state.free = state.free.filter((worker) => worker !== ref);
  const home = `${ctx.self}/`;
  // Only a queue that is being stopped has its workers shut down.
  if (!ref.startsWith(home) || reason.kind === "shutdown") return;
  const name = ref.slice(home.length);
  ctx.timer(`replace ${name}`, REPLACE_MS, { kind: "replace", name });
}

function checkBounds(
  name: string,
  value: number,
  least: number,
  most: number,
): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new RangeError(
    `Cannot queue work as ${name} must be an integer from ${least} to ` +
      `${most}: current value is ${value}`,
  );
}
