/**
 * The threads of a shop: the main one, in which the gate lives, and those that
 * a supervisor keeps alive.
 *
 * @module
 */
import type { PasswordMessage } from "../../actors/accounts/password.ts";
import type { PaymentMessage } from "../../actors/payment.ts";
import type { Log } from "../../actors/runtime/ports.ts";
import { tellDraining } from "../balance_door.ts";
import type { Config } from "../config.ts";
import { GatewayHost } from "../gateways/gateway.ts";
import { PasswordGateway } from "../gateways/password.ts";
import { type Ledger, SandboxPayment } from "../gateways/sandbox_payment.ts";
import { mainDomain, type ShopPlan } from "../topology.ts";
import { type AssembledDomain, assembleDomain } from "./assemble.ts";
import type { WorkerPlan } from "./control.ts";
import { hostClock, hostTimers } from "./host_clock.ts";
import { openStorage, type StoragePlan } from "./storage.ts";
import { WorkerSupervisor } from "./worker_supervisor.ts";

/** A shop that cannot start; the message is one line for a person. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** What the threads are made of. */
export interface ThreadsOptions {
  readonly config: Config;
  readonly plan: ShopPlan;
  readonly storage: StoragePlan;
  /** The books of the sandbox provider. */
  readonly ledger: Ledger;
  /** Gateways of the main thread besides those that every shop has. */
  readonly gateways?: readonly GatewayHost[];
  readonly log: Log;
  /** Names the build; snapshots of another one are not used. */
  readonly release: string;
}

/** The threads, all of them running. */
export interface Threads {
  readonly main: AssembledDomain;
  readonly workers: WorkerSupervisor;
  /** What the plan of every thread says. */
  readonly common: CommonPlan;
  /**
   * Calls `changed` for each thread beside the main one that is there, then
   * whenever one comes or goes.
   */
  watch(changed: (domain: string, isThere: boolean) => void): void;
  stop(): Promise<void>;
}

/** What the plans of all threads have in common. */
export type CommonPlan = Omit<WorkerPlan, "name" | "incarnation">;

/** Leaves the edge its part of the ten seconds that a stop may take. */
export const STOP_WITHIN_MS = 5_000;
/** scrypt takes 60–110 ms of one core; two leave the shop its share. */
const PASSWORDS_AT_ONCE = 2;
const PASSWORDS_WAITING = 64;
const PASSWORD_WITHIN_MS = 8_000;
const PAYMENTS_WAITING = 10_000;

/**
 * Starts the main thread's domain and the threads beside it. Of several
 * processes each starts what is its own; shop workers come and go later.
 *
 * @throws {StartError} When a thread or an actor does not start.
 */
export async function startThreads(options: ThreadsOptions): Promise<Threads> {
  const { config, plan, log } = options;
  const common = commonPlan(options);
  let changed: Parameters<Threads["watch"]>[0] = () => {};
  let startFailed: (detail: string) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    startFailed = (detail) => reject(new StartError(detail));
  });
  // Heard at the start only; later a worker that cannot start is tried again.
  failure.catch(() => {});
  const domains = plan.domains.filter(({ role }) =>
    role !== "main" && (plan.process === "" || role !== "worker")
  );
  const main = assembleDomain({
    ...common,
    name: mainDomain(plan),
    incarnation: 1,
    storage: await openStorage(options.storage),
    log,
    gateways: openGateways(options),
    // Inline, the process is the commit domain: it ends with it.
    died: (reason) => {
      throw new Error(`The journal refused this process: ${reason}`);
    },
    linkBroke: (peer) => workers.kill(peer),
  });
  const workers = new WorkerSupervisor({
    entry: entryFor(options.storage),
    self: mainDomain(plan),
    plans: domains.map(({ name }) => ({ ...common, name })),
    restart: config.topology.restart,
    heartbeat: config.topology.heartbeat,
    memoryLimitBytes: config.topology.workerMemoryLimitBytes,
    log,
    connect(peer, port) {
      main.turns.connect(peer, port);
      const { catalogCalls, turns } = main;
      if (catalogCalls !== null) {
        tellDraining(turns.domain, plan, catalogCalls, peer);
      }
      changed(peer, true);
    },
    disconnect(peer) {
      main.turns.disconnect(peer);
      changed(peer, false);
    },
    startFailed: (detail) => startFailed(detail),
  });
  const stop = async () => {
    await workers.stop(STOP_WITHIN_MS);
    await new Promise<void>((done) => main.stop(STOP_WITHIN_MS, done));
  };
  try {
    await startMain(main);
    await Promise.race([workers.start(), failure]);
  } catch (error) {
    await stop();
    throw error;
  }
  const watch: Threads["watch"] = (told) => {
    changed = told;
    for (const { name, status } of workers.statuses()) {
      if (status === "ready") told(name, true);
    }
  };
  return { main, workers, common, watch, stop };
}

function commonPlan(
  { config, plan, storage, release }: ThreadsOptions,
): CommonPlan {
  return {
    seed: crypto.getRandomValues(new Uint32Array(1))[0]!,
    storage,
    release,
    shop: plan,
    heartbeatMs: config.topology.heartbeat.everyMs,
  };
}

function entryFor({ kind }: StoragePlan): URL {
  return kind === "postgres"
    ? new URL("./postgres_entry.ts", import.meta.url)
    : new URL("./entry.ts", import.meta.url);
}

function startMain({ turns }: AssembledDomain): Promise<void> {
  return new Promise((resolve, reject) =>
    turns.domain.start((started) =>
      started
        ? resolve()
        : reject(new StartError("The journal cannot be reached"))
    )
  );
}

function openGateways(
  { config, ledger, gateways = [] }: ThreadsOptions,
): Map<string, GatewayHost> {
  const sandbox = new SandboxPayment(ledger, hostTimers);
  const passwords = new PasswordGateway();
  const shared = { clock: hostClock, timers: hostTimers };
  const payment = new GatewayHost({
    ...shared,
    address: "payment",
    concurrency: config.payment.concurrency,
    queue: PAYMENTS_WAITING,
    withinMs: config.payment.timeoutMs,
    handle: (message) => sandbox.handle(message as PaymentMessage),
  });
  const password = new GatewayHost({
    ...shared,
    address: "password",
    concurrency: PASSWORDS_AT_ONCE,
    queue: PASSWORDS_WAITING,
    withinMs: PASSWORD_WITHIN_MS,
    handle: (message) => passwords.handle(message as PasswordMessage),
  });
  return new Map(
    [payment, password, ...gateways].map((each) => [each.address, each]),
  );
}
