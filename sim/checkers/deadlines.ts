/**
 * `unpaid.endsOnTime`: a hold that nobody paid for ends at its deadline, not
 * before it and at most a second after it; an order does not expire early, and
 * none is paid after it was cancelled or has expired.
 *
 * A shard that is down, hung, cut off or behind with its mail cannot end
 * anything. What is late then is measured from when all is well again, and a
 * while longer, since a backlog has to be worked off.
 *
 * @module
 */
import type { InventoryEvent } from "../../actors/inventory_shard.ts";
import type { StorefrontEvent } from "../../actors/storefront.ts";
import type { Observation } from "../observation.ts";
import { Inspection, type Recorded } from "./inspection.ts";
import type { RunView } from "./run_view.ts";

/** A sweep comes within 100 ms (G7); ten times that under full load. */
const LATE_MS = 1_000;
/** What piled up in a disturbance is worked off by then. */
const CALM_AFTER_MS = 5_000;
/** So many messages at one actor: more than come in a moment. */
const BACKLOG = 8;
/** A shard's timer looks again after this long at the latest. */
const LONGEST_TIMER_MS = 60_000;

/** See the module's text. */
export class UnpaidEndsOnTime extends Inspection {
  readonly id = "unpaid.endsOnTime";
  override readonly sees = [
    ...["recorded", "decided", "mail_counted", "rare_path_taken"] as const,
    ...["worker_lost", "worker_started", "fault_began", "fault_ended"] as const,
  ];
  readonly #view: RunView;
  readonly #lateMs: number;
  /** Faults under way, and workers that are down. */
  readonly #troubles = new Set<string>();
  #calmSinceUs = 0;

  constructor(view: RunView) {
    super();
    this.#view = view;
    const { driftPerMillion = 0 } = view.context;
    this.#lateMs = LATE_MS + LONGEST_TIMER_MS * driftPerMillion / 1_000_000;
  }

  observe(observation: Observation): void {
    this.#view.observe(observation);
    this.#noteTrouble(observation);
    for (const { event } of this.#view.lost) {
      const { kind, orderId } = event as StorefrontEvent;
      if (ENDS.has(kind)) this.#view.orders.of(orderId).end = null;
    }
    const { recorded } = this.#view;
    if (recorded === null) return;
    this.#checkHold(recorded);
    this.#checkOrder(recorded);
  }

  #noteTrouble(seen: Observation): void {
    switch (seen.kind) {
      case "fault_began":
        this.#troubles.add(`${seen.fault} ${seen.target}`);
        return;
      case "fault_ended":
        this.#troubles.delete(`${seen.fault} ${seen.target}`);
        break;
      case "worker_lost":
        this.#troubles.add(seen.worker);
        return;
      case "worker_started":
        this.#troubles.delete(seen.worker);
        break;
      case "rare_path_taken":
        break;
      case "mail_counted":
        if (seen.mailboxes.some(({ depth }) => depth > BACKLOG)) break;
        return;
      default:
        return;
    }
    this.#calmSinceUs = seen.atUs;
  }

  #checkHold({ atUs, actor, event }: Recorded): void {
    const fact = event as InventoryEvent;
    if (fact.kind !== "hold_released") return;
    const hold = this.#view.stock.holdOf(actor, fact.holdId);
    if (hold === undefined) return;
    this.checked++;
    const { holdId, atMs } = fact;
    // A pin that was lost in a crash makes nothing early.
    if (fact.why === "expired" && atMs < hold.held.untilMs) {
      const detail = `Hold ${holdId} ended ${
        hold.held.untilMs - atMs
      } ms early`;
      this.report(atUs, holdId, detail);
    }
    const dueMs = Math.max(hold.held.untilMs, hold.pinnedUntilMs);
    // Who asks for it may release it later, and does not have to.
    const lateMs = atMs - Math.max(dueMs, this.#calmSinceMs(atUs, atMs));
    if (this.#troubles.size > 0 || lateMs <= this.#lateMs) return;
    const detail = `Hold ${holdId} ended ${lateMs} ms after its deadline`;
    this.report(atUs, holdId, detail);
  }

  /** When all had been well for long enough, as wall time. */
  #calmSinceMs(atUs: number, atMs: number): number {
    return atMs - (atUs - this.#calmSinceUs) / 1_000 + CALM_AFTER_MS;
  }

  #checkOrder({ atUs, event }: Recorded): void {
    const { kind, orderId, atMs } = event as StorefrontEvent;
    if (!ENDS.has(kind)) return;
    const order = this.#view.orders.of(orderId);
    this.checked++;
    // It was placed, and that is on disk, long before.
    const untilMs = order.placed?.reservedUntilMs ?? -Infinity;
    if (kind === "order_expired" && atMs < untilMs) {
      const detail = `Order ${orderId} expired ${untilMs - atMs} ms early`;
      this.report(atUs, orderId, detail);
    }
    if (kind === "order_paid" && order.end !== null) {
      const detail = `Order ${orderId} is paid after "${order.end}"`;
      this.report(atUs, orderId, detail);
    }
    order.end = kind;
  }
}

/** What ends an order, each for good. */
const ENDS: ReadonlySet<string> = new Set(
  ["order_paid", "order_cancelled", "order_expired"],
);
