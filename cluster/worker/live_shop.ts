/**
 * The shop, alive: opens its store, starts its threads, brings a new store's
 * catalog and opening stock in, and gives the gate to whoever serves people.
 *
 * Reading `openShop` from top to bottom is reading the start-up.
 *
 * @module
 */
import type { OpenStock } from "../../actors/inventory_shard.ts";
import type { PasswordMessage } from "../../actors/accounts/password.ts";
import type { PaymentMessage } from "../../actors/payment.ts";
import type { Outcome } from "../../actors/runtime/outcome.ts";
import type { Log } from "../../actors/runtime/ports.ts";
import {
  CatalogError,
  type CatalogItem,
  parseCatalog,
} from "../catalog_file.ts";
import type { Config } from "../config.ts";
import { GatewayHost } from "../gateways/gateway.ts";
import { PasswordGateway } from "../gateways/password.ts";
import { SandboxPayment } from "../gateways/sandbox_payment.ts";
import { CatalogStore } from "../journal/catalog_store.ts";
import { openDataFolder, readOrCreateSecret } from "../journal/data_folder.ts";
import { failureOf, StoreError } from "../journal/database.ts";
import { PaymentLedger } from "../journal/payment_ledger.ts";
import { ShopGate } from "../shop_gate.ts";
import { planShop, type ShopPlan, Topology } from "../topology.ts";
import { type AssembledDomain, assembleDomain } from "./assemble.ts";
import { describeBreakers, describeShop, poolsOf } from "./describe_shop.ts";
import { injectFault } from "./faults.ts";
import { hostClock, hostTimers } from "./host_clock.ts";
import { shopLocks } from "./shop_locks.ts";
import { poolMetrics, shopMetrics } from "./shop_metrics.ts";
import { Snapshots } from "./snapshots.ts";
import { WorkerSupervisor } from "./worker_supervisor.ts";

/** A shop that runs. */
export interface LiveShop {
  readonly gate: ShopGate;
  readonly sessionSecret: string;
  readonly adminToken: string;
  /** How long the start took, and what of it was recovery. */
  readonly startedInMs: number;
  /** Finishes what is under way, flushes, lets the store go. */
  stop(): Promise<void>;
}

/** A shop that cannot start; the message is one line for a person. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** SKUs in one opening message: a step of about a millisecond. */
const OPENING_SKUS = 1_000;
/** Opening a store waits for nobody else; a slow disk may take its time. */
const OPENING_WITHIN_MS = 60_000;
/** Leaves the edge its part of the ten seconds that a stop may take. */
const STOP_WITHIN_MS = 5_000;
/** scrypt takes 60–110 ms of one core; two leave the shop its share. */
const PASSWORDS_AT_ONCE = 2;
const PASSWORDS_WAITING = 64;
const PASSWORD_WITHIN_MS = 8_000;
const PAYMENTS_WAITING = 10_000;

/**
 * Opens the shop and everything it needs.
 *
 * @param release Names the build; snapshots of another one are not used.
 * @throws {StoreError} When the data folder or a file in it cannot be used.
 * @throws {CatalogError} When a new store's catalog cannot be read.
 * @throws {StartError} When a thread or an actor does not start.
 */
export async function openShop(
  config: Config,
  log: Log,
  release: string,
): Promise<LiveShop> {
  const startedMs = hostClock.monotonicMs();
  const { dataFolder, catalogFile } = config.environment;
  // Before there is a store, so that a broken catalog leaves nothing behind.
  const products = hasCatalog(dataFolder) ? null : readCatalog(catalogFile);
  const closing: (() => void | Promise<void>)[] = [];
  const stop = async () => {
    for (const close of closing) await close();
  };
  try {
    const folder = await openDataFolder(dataFolder, {
      partitions: { ...config.topology.partitions },
      clock: hostClock,
      newStoreId: () => crypto.randomUUID(),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    });
    closing.unshift(() => folder.close());
    fillCatalog(dataFolder, () => products ?? readCatalog(catalogFile));
    const secrets = readSecrets(config);
    const plan = planShop(config, config.topology.partitions);
    const ledger = new PaymentLedger(dataFolder);
    closing.unshift(() => ledger.close());
    const threads = await startThreads(config, plan, ledger, log, release);
    closing.unshift(() => threads.stop());
    const gate = openGate(config, plan, threads);
    await openStock(dataFolder, threads.main, new Topology(plan));
    await loadRevocations(gate);
    threads.main.startProbes();
    const startedInMs = Math.round(hostClock.monotonicMs() - startedMs);
    return { gate, ...secrets, startedInMs, stop };
  } catch (error) {
    await stop();
    throw asStoreError(error, dataFolder);
  }
}

/** What the disk refused, as a line about the folder; a bug stays a bug. */
function asStoreError(error: unknown, dataFolder: string): unknown {
  const { code, message } = error as { code?: unknown; message?: string };
  const isOfSystem = typeof code === "string" && /^E[A-Z0-9]+$/.test(code);
  if (!isOfSystem && failureOf(error) === "bug") return error;
  return new StoreError(
    "unwritable",
    dataFolder,
    "a folder with room that this process can write",
    String(message).replaceAll(/\s+/g, " "),
  );
}

/** Those of the environment, else those that the folder keeps. */
function readSecrets(
  { environment }: Config,
): Pick<LiveShop, "sessionSecret" | "adminToken"> {
  const { dataFolder, sessionSecret, adminToken } = environment;
  const random = () => crypto.getRandomValues(new Uint8Array(32));
  return {
    sessionSecret: sessionSecret ??
      readOrCreateSecret(dataFolder, "session_secret", random),
    adminToken: adminToken ??
      readOrCreateSecret(dataFolder, "admin_token", random),
  };
}

function loadRevocations(gate: ShopGate): Promise<void> {
  return new Promise((resolve, reject) =>
    gate.loadRevocations((outcome) =>
      outcome.kind === "ok" ? resolve() : reject(
        new StartError(`The accounts do not answer: ${reasonOf(outcome)}`),
      )
    )
  );
}

/** Whether a store has been given its catalog, or at least a file for it. */
function hasCatalog(dataFolder: string): boolean {
  try {
    Deno.statSync(`${dataFolder}/catalog.sqlite`);
    return true;
  } catch {
    // What is wrong with the folder is found when it is opened.
    return false;
  }
}

function readCatalog(file: string): readonly CatalogItem[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(file);
  } catch (error) {
    throw new CatalogError(
      `CATALOG: expected a readable file, found ${(error as Error).message}`,
    );
  }
  return parseCatalog(text, file);
}

/** A catalog is read into an empty store only. */
function fillCatalog(
  dataFolder: string,
  products: () => readonly CatalogItem[],
): void {
  const store = new CatalogStore(dataFolder);
  try {
    if (store.isEmpty) store.importProducts(products());
  } finally {
    store.close();
  }
}

interface Threads {
  readonly main: AssembledDomain;
  readonly workers: WorkerSupervisor;
  stop(): Promise<void>;
}

async function startThreads(
  config: Config,
  plan: ShopPlan,
  ledger: PaymentLedger,
  log: Log,
  release: string,
): Promise<Threads> {
  const { dataFolder } = config.environment;
  const common = {
    seed: crypto.getRandomValues(new Uint32Array(1))[0]!,
    dataFolder,
    release,
    shop: plan,
  };
  let startFailed: (detail: string) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    startFailed = (detail) => reject(new StartError(detail));
  });
  // Heard at the start only; later a worker that cannot start is tried again.
  failure.catch(() => {});
  const main = assembleDomain({
    ...common,
    name: "main",
    incarnation: 1,
    log,
    gateways: openGateways(config, ledger),
    // Inline, the process is the commit domain: it ends with it.
    died: (reason) => {
      throw new Error(`The journal refused this process: ${reason}`);
    },
    linkBroke: (peer) => workers.kill(peer),
  });
  const workers = new WorkerSupervisor({
    entry: new URL("./entry.ts", import.meta.url),
    plans: plan.domains.filter(({ role }) => role !== "main")
      .map(({ name }) => ({
        ...common,
        name,
        heartbeatMs: config.topology.heartbeat.everyMs,
      })),
    restart: config.topology.restart,
    heartbeat: config.topology.heartbeat,
    memoryLimitBytes: config.topology.workerMemoryLimitBytes,
    log,
    connect: (peer, port) => main.turns.connect(peer, port),
    disconnect: (peer) => main.turns.disconnect(peer),
    startFailed: (detail) => startFailed(detail),
  });
  const stop = async () => {
    snapshots.stop();
    await workers.stop(STOP_WITHIN_MS);
    await new Promise<void>((done) => main.stop(STOP_WITHIN_MS, done));
  };
  const snapshots = new Snapshots({ ...common, workers, main, log });
  try {
    await new Promise<void>((resolve, reject) =>
      main.turns.domain.start((started) =>
        started
          ? resolve()
          : reject(new StartError("The journal cannot be reached"))
      )
    );
    await Promise.race([workers.start(), failure]);
  } catch (error) {
    await stop();
    throw error;
  }
  snapshots.start();
  return { main, workers, stop };
}

function openGateways(
  config: Config,
  ledger: PaymentLedger,
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
  return new Map([["payment", payment], ["password", password]]);
}

function openGate(config: Config, plan: ShopPlan, threads: Threads): ShopGate {
  const { main, workers } = threads;
  const readers = new Set(
    plan.domains.filter(({ role }) => role === "reader")
      .map(({ name }) => name),
  );
  return new ShopGate({
    domain: main.turns.domain,
    topology: new Topology(plan),
    clock: hostClock,
    admission: config.admission,
    catalog: main.catalogCalls!,
    near: config.cache.near,
    withinMs: config.edge.requestTimeoutMs,
    describe: () => describeShop(config, plan, threads),
    breakers: () => describeBreakers(config, threads),
    locks: () =>
      shopLocks(
        config.environment.dataFolder,
        plan,
        main.turns.domain.report(),
        workers.statuses(),
      ),
    injectFault: (fault) => injectFault(fault, plan, threads),
    metrics: () => [
      ...shopMetrics(main.turns, workers.statuses()),
      ...poolMetrics(poolsOf(threads)),
    ],
    // A reader that is away has others in its place.
    isReady: () =>
      workers.statuses().every(({ name, status }) =>
        status === "ready" || readers.has(name)
      ),
  });
}

/** Tells each shard the opening stock of its SKUs; known ones stay. */
async function openStock(
  dataFolder: string,
  main: AssembledDomain,
  topology: Topology,
): Promise<void> {
  const store = new CatalogStore(dataFolder);
  try {
    if (store.isOpened) return;
    const asks: Promise<void>[] = [];
    for (const chunk of store.openingStock(OPENING_SKUS * 16)) {
      const byShard = Map.groupBy(
        chunk,
        ({ sku }) => topology.inventoryOf(sku),
      );
      for (const [shard, items] of byShard) {
        asks.push(askToOpen(main, shard, { kind: "open_stock", items }));
      }
      // A chunk at a time: mailboxes and links are bounded.
      await Promise.all(asks.splice(0));
    }
    store.markOpened();
  } finally {
    store.close();
  }
}

function askToOpen(
  main: AssembledDomain,
  shard: string,
  message: OpenStock,
): Promise<void> {
  return new Promise((resolve, reject) =>
    main.turns.domain.ask(
      shard,
      message,
      OPENING_WITHIN_MS,
      (outcome: Outcome<unknown>) =>
        outcome.kind === "ok" ? resolve() : reject(
          new StartError(`${shard} does not open: ${reasonOf(outcome)}`),
        ),
    )
  );
}

function reasonOf(outcome: Exclude<Outcome<unknown>, { kind: "ok" }>): string {
  return outcome.kind === "unknown" ? "no answer" : outcome.code;
}
