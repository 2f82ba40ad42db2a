/**
 * What a running shop holds so that nobody else does: its data folder by a
 * file lock, and each journaled partition by an epoch. Of several processes
 * each has leases of shop workers instead of a folder (`shop_member.ts`).
 *
 * @module
 */
import type { DomainReport } from "../../actors/runtime/domain_report.ts";
import type { HeldLock } from "../gate.ts";
import type { ShopPlan } from "../topology.ts";
import type { WorkerStatus } from "./worker_supervisor.ts";

/** The data folder, then the partitions. */
export function shopLocks(
  dataFolder: string,
  plan: ShopPlan,
  main: DomainReport,
  workers: readonly WorkerStatus[],
): HeldLock[] {
  return [
    {
      name: dataFolder,
      kind: "file",
      state: "held",
      owner: `process ${Deno.pid}`,
      fence: null,
      leftMs: null,
    },
    ...epochsOf(plan, main, workers),
  ];
}

/**
 * The partitions in the plan's order. One whose worker is not ready, or that
 * has not been taken over, is waited for; the epochs of workers are those of
 * their last heartbeat.
 */
export function epochsOf(
  plan: ShopPlan,
  main: DomainReport,
  workers: readonly WorkerStatus[],
): HeldLock[] {
  const reports = [
    main,
    ...workers.filter(({ status }) => status === "ready")
      .map(({ report }) => report),
  ];
  const epochs = new Map(
    reports.flatMap((report) => report?.actors ?? [])
      .map(({ address, epoch }) => [address, epoch]),
  );
  return plan.actors.filter(({ journaled }) => journaled)
    .map(({ address, domain }): HeldLock => {
      const epoch = epochs.get(address) ?? 0;
      return {
        name: address,
        kind: "epoch",
        state: epoch === 0 ? "waiting" : "held",
        owner: domain,
        fence: epoch === 0 ? null : epoch,
        leftMs: null,
      };
    });
}
