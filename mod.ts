/**
 * Supervised actors that can be tested. A behavior is a synchronous step over
 * plain data, so the same file runs in a live system, step by step in a unit
 * test, in virtual time, and under a seeded adversary that reorders messages
 * and takes the power away at any commit.
 *
 * A system runs actors under supervisors, which start again what crashes:
 *
 * ```ts
 * import { type Asks, type Behavior, ok } from "@doorbuster/doorbuster";
 * import { type Ref, startSystem } from "@doorbuster/doorbuster";
 *
 * type ToCounter =
 *   | ({ kind: "add"; amount: number } & Asks<number>)
 *   | { kind: "explode" };
 *
 * const counter: Behavior<{ total: number }, ToCounter> = {
 *   name: "counter",
 *   start: () => ({ total: 0 }),
 *   receive(ctx, state, message) {
 *     if (message.kind === "explode") throw new Error("on purpose");
 *     state.total += message.amount;
 *     ctx.reply(ok(state.total));
 *   },
 * };
 *
 * await using system = startSystem({
 *   children: [{
 *     name: "counters",
 *     strategy: "one_for_one",
 *     maxRestarts: 3,
 *     periodMs: 5_000,
 *     children: [{ name: "visits", behavior: counter, args: undefined }],
 *   }],
 *   log: { write: () => {} },
 * });
 *
 * const visits: Ref<ToCounter> = "visits";
 * await system.ask(visits, { kind: "add", amount: 2 }, 1_000);
 * system.tell(visits, { kind: "explode" }); // and it starts anew
 * const answer = await system.ask(visits, { kind: "add", amount: 1 }, 1_000);
 * if (answer.kind !== "ok" || answer.value !== 1) throw new Error("never");
 * ```
 *
 * A test needs no system to see what a behavior does. This one records events,
 * from which its state can be folded again:
 *
 * ```ts
 * import { type Asks, type Behavior, ok } from "@doorbuster/doorbuster";
 * import { BehaviorStep } from "@doorbuster/doorbuster";
 *
 * type Add = { kind: "add"; amount: number } & Asks<number>;
 * type Added = { kind: "added"; amount: number };
 *
 * const counter: Behavior<{ total: number }, Add, undefined, Added> = {
 *   name: "counter",
 *   start: () => ({ total: 0 }),
 *   receive(ctx, state, message) {
 *     ctx.record({ kind: "added", amount: message.amount });
 *     ctx.reply(ok(state.total));
 *   },
 *   apply: (state, event) => {
 *     state.total += event.amount;
 *   },
 * };
 *
 * const step = new BehaviorStep(counter, undefined);
 * step.send({ kind: "add", amount: 2 });
 * step.send({ kind: "add", amount: 3 });
 * step.refold(); // the state is what its events say
 * if (step.state.total !== 5) throw new Error("never");
 * ```
 *
 * Refusals and failures are data ({@linkcode Outcome}); what throws is a bug.
 * Every queue has a bound and every wait a deadline; names say their units.
 *
 * @module
 */

// What actors are: behaviors, their messages and their world.
export type {
  Answered,
  AnswerFits,
  AnswerOf,
  AnswerTo,
  AnyBehavior,
  Asker,
  AskOptions,
  Asks,
  Behavior,
  ChildSpec,
  Context,
  Delivery,
  ExitReason,
  JournalEvent,
  Lane,
  LogLevel,
  MailboxSpec,
  Message,
  Overflow,
  Ref,
  RestartType,
  Signal,
} from "./actors/runtime/actor.ts";
export {
  type Failed,
  failed,
  type FailureCode,
  type Ok,
  ok,
  type Outcome,
  type Rejected,
  rejected,
  type Unknown,
  unknown,
} from "./actors/runtime/outcome.ts";

// Where they run, who starts them again, what is known of them.
export {
  startSystem,
  startSystemOnThreads,
  System,
  type SystemOptions,
  type ThreadedSystemOptions,
} from "./cluster/worker/system.ts";
export type { SystemSpec } from "./actors/runtime/system_spec.ts";
export type {
  BackoffSpec,
  RestartPolicy,
  Strategy,
  SupervisorSpec,
} from "./actors/runtime/supervisor.ts";
export type { KeyedSpec } from "./actors/runtime/keyed.ts";
export type {
  ActorReport,
  BreakerStatus,
  TreeNode,
} from "./actors/runtime/domain_report.ts";
export type { CellStatus, Crash } from "./actors/runtime/cell.ts";
export type {
  DeadLetter,
  DeadLetterReason,
} from "./actors/runtime/dead_letters.ts";

// In worker threads: what a worker's file calls, and what is known of them.
export {
  type ActorRegistry,
  serveActors,
} from "./cluster/worker/serve_actors.ts";
export type {
  WorkersSpec,
  WorkerStatus,
} from "./cluster/worker/actor_workers.ts";
export type { WorkerChild, WorkerKeyed } from "./cluster/worker/placement.ts";

// What all of them can take, or lend to others.
export type { Clock, Log, Random } from "./actors/runtime/ports.ts";
export { SeededRandom, stableHash } from "./actors/runtime/random.ts";

// What many systems need: breakers, pools of workers, reliable links.
export {
  type BreakerChanged,
  type BreakerOptions,
  type BreakerPolicy,
  type BreakerReport,
  type BreakerState,
  CircuitBreaker,
  DEFAULT_BREAKER_POLICY,
} from "./actors/runtime/circuit_breaker.ts";
export {
  type JobOf,
  type PendingJob,
  type Pull,
  type ResultOf,
  type Submit,
  type Work,
  type WorkerArgs,
  workQueue,
  type WorkQueueArgs,
  type WorkQueueMessage,
  type WorkQueueState,
} from "./actors/runtime/work_queue.ts";
export {
  type Acknowledge,
  type Carry,
  type OpenStream,
  type Received,
  ReliableReceiver,
  type ReliableReceiverPolicy,
  type ReliableReceiverState,
  ReliableSender,
  type ReliableSenderPolicy,
  type ReliableSenderState,
  type StreamFrame,
} from "./actors/runtime/reliable_delivery.ts";

// Sharing calls out: balancers, pools with health, retry budgets, shard maps.
export type { Balancer, Member } from "./cluster/balancers/balancer.ts";
export type { ConsistentHashOptions } from "./cluster/balancers/consistent_hash.ts";
export {
  BALANCER_NAMES,
  type BalancerName,
  type BalancerOptions,
  createBalancer,
} from "./cluster/balancers/policies.ts";
export { HashRing } from "./cluster/hash_ring.ts";
export {
  AdaptiveThrottle,
  type ThrottlePolicy,
  throttleProbability,
} from "./cluster/pool/adaptive_throttle.ts";
export type { HealthPolicy, MemberState } from "./cluster/pool/health.ts";
export { PathPools } from "./cluster/pool/path_pools.ts";
export {
  type MemberReport,
  Pool,
  type PoolOptions,
  type PoolReport,
} from "./cluster/pool/pool.ts";
export {
  type CallEnded,
  PoolCalls,
  type PoolCallsOptions,
  type PoolCallsReport,
} from "./cluster/pool/pool_calls.ts";
export {
  RetryBudget,
  type RetryBudgetPolicy,
} from "./cluster/pool/retry_budget.ts";
export { HashRouter } from "./cluster/routers/hash_router.ts";
export {
  RangeRouter,
  type ShardRange,
} from "./cluster/routers/range_router.ts";
export type { Router } from "./cluster/routers/router.ts";
export { type Route, Routes } from "./cluster/routers/routes.ts";
export { type ShardPeriod, TimeRouter } from "./cluster/routers/time_router.ts";

// Locks with fencing tokens, over whatever keeps their leases.
export { openLock, openZooKeeperLeases } from "./cluster/worker/host_lock.ts";
export type {
  Acquired,
  AcquireOptions,
  Lease,
  Lock,
  LockReport,
} from "./cluster/lock.ts";
export type {
  Extended,
  Freed,
  LeaseSession,
  LeaseStore,
  Taken,
  Trouble,
  Wish,
  Woken,
} from "./cluster/lock/lease_store.ts";
export { LeasedLock, type LockHost } from "./cluster/lock/leased_lock.ts";
export { MemoryLeases } from "./cluster/lock/memory_leases.ts";
export {
  QuorumLeases,
  type QuorumMember,
} from "./cluster/lock/quorum_leases.ts";
export {
  type PostgresClient,
  PostgresLeases,
  type PostgresLeasesOptions,
} from "./cluster/journal/postgres_leases.ts";
export {
  RedisLeases,
  type RedisLeasesOptions,
} from "./cluster/redis/redis_leases.ts";
export {
  type DenoRedis,
  type IoRedis,
  type NodeRedis,
  type RedisAnswer,
  type RedisClient,
  type RedisPort,
  redisPort,
  type RedisPortOptions,
  type RedisScript,
} from "./cluster/redis/redis_port.ts";
export {
  type LeaseTime,
  ZooKeeperLeases,
  type ZooKeeperLeasesOptions,
} from "./cluster/zookeeper/zookeeper_leases.ts";
export type {
  ZooKeeperClient,
  ZooKeeperDone,
  ZooKeeperStat,
} from "./cluster/zookeeper/zookeeper_port.ts";
export type { Timers } from "./cluster/gateways/gateway.ts";

// The test kit: one step, virtual time, probes, an adversary.
export {
  BehaviorStep,
  type StepOptions,
} from "./actors/runtime/test_kit/behavior_step.ts";
export {
  ManualSystem,
  type ManualSystemOptions,
} from "./actors/runtime/test_kit/manual_system.ts";
export { Probe } from "./actors/runtime/test_kit/probe.ts";
export type {
  Asked,
  Logged,
  Replied,
  RunningTimer,
  Sent,
  Spawned,
  Stashed,
} from "./actors/runtime/test_kit/recorded.ts";
export {
  type Awaited,
  type CrashPoint,
  type SteppedDomain,
  type SteppedGateway,
  SteppingHost,
  type SteppingOptions,
} from "./actors/runtime/test_kit/stepping_host.ts";

// For a host of one's own: a commit domain, its ports, a journal in memory.
export { Domain, type DomainOptions } from "./actors/runtime/domain.ts";
export type { ActorSpec } from "./actors/runtime/cell.ts";
export type { RestartSpec } from "./actors/runtime/supervision.ts";
export { DeadLetters } from "./actors/runtime/dead_letters.ts";
export type { DomainReport } from "./actors/runtime/domain_report.ts";
export { type Content, Envelope } from "./actors/runtime/envelope.ts";
export {
  MemoryDisk,
  MemoryJournal,
} from "./actors/runtime/test_kit/memory_journal.ts";
export type {
  Append,
  AppendResult,
  DomainEnd,
  DomainObserver,
  FoldTarget,
  Journal,
  MailCounts,
  Recovered,
} from "./actors/runtime/ports.ts";

// A simulator: threads, links and a disk in virtual time, watched by checkers.
export {
  simulateActors,
  type Simulation,
  type SimulationResult,
  type SimulationSpec,
} from "./sim/simulate_actors.ts";
export type { NetworkValues } from "./sim/network.ts";
export type {
  Checker,
  MailboxCount,
  Observation,
  Violation,
  WayCount,
  WorkCount,
} from "./sim/observation.ts";
export { AmbientAccess } from "./sim/tripwire.ts";
export type { CheckResult } from "./sim/run_result.ts";
export type { Distribution } from "./sim/distributions.ts";
