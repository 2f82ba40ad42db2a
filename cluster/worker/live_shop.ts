/**
 * The shop, alive: opens its store, starts its threads, brings a new store's
 * catalog and opening stock in, and gives the gate to whoever serves people.
 *
 * Reading `openShop` from top to bottom is reading the start-up of a shop of
 * one process; `live_cluster.ts` has that of several.
 *
 * @module
 */
import type { Log } from "../../actors/runtime/ports.ts";
import type { CatalogItem } from "../catalog_file.ts";
import type { Config } from "../config.ts";
import { CatalogStore } from "../journal/catalog_store.ts";
import { openDataFolder, readOrCreateSecret } from "../journal/data_folder.ts";
import { failureOf, StoreError } from "../journal/database.ts";
import { PaymentLedger } from "../journal/payment_ledger.ts";
import type { ShopGate } from "../shop_gate.ts";
import { planShop, Topology } from "../topology.ts";
import { hostClock } from "./host_clock.ts";
import { loadRevocations, openGate } from "./open_gate.ts";
import { openStock, readCatalog } from "./opening.ts";
import { shopLocks } from "./shop_locks.ts";
import { keepSnapshots } from "./snapshots.ts";
import { startThreads } from "./threads.ts";

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
      stockRanges: config.topology.stockRanges,
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
    const storage = { kind: "folder", path: dataFolder } as const;
    const threads = await startThreads({
      ...{ config, plan, storage, ledger, log, release },
    });
    closing.unshift(() => threads.stop());
    closing.unshift(
      keepSnapshots({ storage, release, shop: plan, threads, log }),
    );
    const { main, workers } = threads;
    const gate = openGate(config, plan, threads, {
      locks: () =>
        shopLocks(
          dataFolder,
          plan,
          main.turns.domain.report(),
          workers.statuses(),
        ),
    });
    const catalog = new CatalogStore(dataFolder);
    try {
      if (!catalog.isOpened) await openStock(catalog, main, new Topology(plan));
    } finally {
      catalog.close();
    }
    await loadRevocations(gate);
    main.startProbes();
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
