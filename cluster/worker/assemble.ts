/**
 * Puts a domain of the shop together in the thread that calls: its actors by
 * the plan, its journal, the catalog store where the plan wants one. Worker
 * threads are made this way, and the main thread when everything is inline.
 *
 * @module
 */
import { behaviors, kindOf } from "../../actors/registry.ts";
import type { DomainEnd, Journal, Log } from "../../actors/runtime/ports.ts";
import { guardCallees } from "../breakers.ts";
import type { GatewayHost } from "../gateways/gateway.ts";
import { snapshotOrigin } from "../journal/snapshot_file.ts";
import type { PoolCalls } from "../pool/pool_calls.ts";
import { type ShopPlan, Topology } from "../topology.ts";
import { openCatalogGateways } from "./catalog_gateways.ts";
import { hostClock, hostTimers } from "./host_clock.ts";
import type { DomainJournal, Storage } from "./storage.ts";
import { Turns } from "./turns.ts";

/**
 * Messages in each lane of a mailbox: as many as the outbox of a link, so
 * that one full batch of each of two links finds room.
 */
const MAILBOX_MESSAGES = 16_384;

/** What to put together. */
export interface DomainParts {
  readonly name: string;
  readonly incarnation: number;
  readonly seed: number;
  readonly storage: Storage;
  readonly release: string;
  readonly shop: ShopPlan;
  readonly log: Log;
  /** Of the actors, when it was opened before; see `openJournal`. */
  readonly journal?: DomainJournal | null;
  /** Gateways that the thread brings along. */
  readonly gateways?: ReadonlyMap<string, GatewayHost>;
  readonly died: (reason: DomainEnd) => void;
  readonly linkBroke: (peer: string) => void;
  /** Called before each append; a place for faults. */
  readonly beforeAppend?: () => void;
}

/** A domain that is ready to start. */
export interface AssembledDomain {
  readonly turns: Turns;
  /** What the recovery read; null without a journal or before the start. */
  readonly recovery: () => { events: number; partitions: number } | null;
  /** Calls to the catalog's readers; null where nobody makes any. */
  readonly catalogCalls: PoolCalls | null;
  /** Begins to look how the readers are; to be called when all run. */
  readonly startProbes: () => void;
  /**
   * Lets everybody finish their step, and closes all files when what they
   * recorded is on disk, or `withinMs` later; then calls `done`. When the turns
   * refuse new mail, all that was answered has arrived as well.
   */
  readonly stop: (withinMs: number, done: () => void) => void;
}

/** See the module's text. Throws `StoreError` when a file cannot be used. */
export function assembleDomain(parts: DomainParts): AssembledDomain {
  const { name, shop } = parts;
  const actors = shop.actors.filter(({ domain }) => domain === name);
  const journal = parts.journal ?? openJournal(parts);
  const catalog = openCatalogGateways({
    ...parts,
    timers: hostTimers,
    domain: () => turns.domain,
  });
  const gateways = new Map(parts.gateways);
  for (const gateway of catalog.gateways) {
    gateways.set(gateway.address, gateway);
  }
  const topology = new Topology(shop);
  const turns: Turns = new Turns({
    domain: {
      name,
      incarnation: parts.incarnation,
      seed: parts.seed,
      journal: journal && withFault(journal, parts.beforeAppend),
      died: parts.died,
    },
    log: parts.log,
    locate: (address) => topology.locate(address),
    gateways,
    linkBroke: parts.linkBroke,
  });
  for (const { address, args, journaled, supervision } of actors) {
    turns.domain.add({
      address,
      behavior: behaviors[kindOf(address)],
      args,
      journaled,
      restart: supervision,
      mailboxCapacity: MAILBOX_MESSAGES,
    });
  }
  guardCallees(turns.domain, shop);
  return {
    turns,
    recovery: () => journal?.lastRecovery ?? null,
    catalogCalls: catalog.calls,
    startProbes: catalog.startProbes,
    stop(withinMs, done) {
      const endMs = hostClock.monotonicMs() + withinMs;
      turns.domain.stop();
      const close = () => {
        turns.turn();
        const isDone = turns.domain.isIdle && turns.isQuiet;
        if (!isDone && hostClock.monotonicMs() < endMs) {
          // About as long as a disk takes for a sync.
          return void setTimeout(close, 1);
        }
        turns.stop();
        Promise.all([journal?.close(), catalog.close()]).then(() => done());
      };
      close();
    },
  };
}

/** The partitions of a domain. */
export function partitionsOf(
  { shop, name }: Pick<DomainParts, "shop" | "name">,
): string[] {
  return shop.actors
    .filter(({ domain, journaled }) => journaled && domain === name)
    .map(({ address }) => address);
}

/** The journal of a domain; null where nobody has one. */
export function openJournal(
  parts: Pick<DomainParts, "name" | "shop" | "storage" | "release" | "log">,
): DomainJournal | null {
  if (partitionsOf(parts).length === 0) return null;
  const args = new Map(
    parts.shop.actors.map((actor) => [actor.address, actor.args]),
  );
  return parts.storage.openJournal({
    domain: parts.name,
    clock: hostClock,
    log: parts.log,
    snapshotOriginOf: (partition) =>
      snapshotOrigin(
        parts.release,
        behaviors[kindOf(partition)].name,
        args.get(partition),
      ),
  });
}

function withFault(journal: Journal, before?: () => void): Journal {
  if (before === undefined) return journal;
  return {
    recover: (partitions, into, done) =>
      journal.recover(partitions, into, done),
    replay: (partition, into, done) => journal.replay(partition, into, done),
    append(appends, done) {
      before();
      journal.append(appends, done);
    },
  };
}
