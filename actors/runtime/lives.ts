/**
 * The lives of a domain's actors: how one begins, how it ends in a crash, and
 * when the next one begins. Each partition has its own budget, so one sick
 * actor never takes its neighbors or the domain with it.
 *
 * A crash ends an incarnation, not the actor: its address and its mail stay,
 * only the message that crashed it is gone. The next life starts from the fold
 * of what is durable, so nothing that a thrown step did to the state survives.
 *
 * @module
 */
import type { LogLevel, Message } from "./actor.ts";
import type { Cell, Effects } from "./cell.ts";
import type { CommitQueue } from "./commit_queue.ts";
import type { Envelope } from "./envelope.ts";
import { failed, type Outcome, unknown } from "./outcome.ts";
import type { FoldTarget, Journal, Random } from "./ports.ts";
import { decideRestart } from "./supervision.ts";
import type { Waits } from "./waits.ts";

/** What a caller is told to wait when nothing better is known. */
export const RETRY_AFTER_MS = 250;

/** What the lives need of their domain. */
export interface LivesHost {
  readonly effects: Effects;
  readonly waits: Waits;
  readonly commits: CommitQueue;
  readonly journal: Journal | null;
  readonly random: Random;
  monotonicMs(): number;
  wallMs(): number;
  /** Acts after a wait. */
  after(delayMs: number, act: () => void): void;
  /** Answers an ask that left no trace, at once. */
  answer(asking: Envelope, outcome: Outcome<unknown>): void;
  /** Gives the actor the signal `recovered` and then its mail. */
  begin(cell: Cell): void;
  log(
    level: LogLevel,
    text: string,
    fields: Readonly<Record<string, unknown>>,
  ): void;
}

/** Begins, ends and begins again. See the module's text. */
export class Lives {
  readonly #host: LivesHost;

  constructor(host: LivesHost) {
    this.#host = host;
  }

  /** A folded or fresh state begins to live. */
  begin(cell: Cell): void {
    cell.incarnation++;
    cell.context.renew();
    cell.status = "running";
    this.#host.begin(cell);
  }

  /**
   * The step under way (or, without one, the actor) crashed. Its effects are
   * discarded: the asker of its message hears that nothing happened, those
   * that earlier steps took along that it may have.
   */
  crash(cell: Cell, cause: unknown): void {
    const { effects, waits } = this.#host;
    const { current, settled } = effects;
    const askers = [...settled, ...cell.askers.values()]
      .filter((asking) => asking !== current);
    effects.clear();
    this.#note(cell, current, cause);
    if (current !== null && current.ask > 0) {
      this.#host.answer(current, failed("crashed", RETRY_AFTER_MS));
    }
    for (const asking of askers) {
      this.#host.answer(asking, unknown(RETRY_AFTER_MS));
    }
    cell.askers.clear();
    waits.forget(cell);
    this.#supervise(cell);
  }

  #note(cell: Cell, current: Envelope | null, cause: unknown): void {
    const message = current === null ? null : current.content as Message;
    cell.crashes++;
    cell.lastCrash = {
      atMs: this.#host.wallMs(),
      incarnation: cell.incarnation,
      messageKind: message?.kind ?? "signal",
      cause: cause instanceof Error ? cause.message : String(cause),
    };
    if (message === null) return;
    const key = cell.spec.behavior.keyOf?.(message) ?? "";
    cell.quarantine.note(message.kind, key);
  }

  #supervise(cell: Cell): void {
    const { restart } = cell.spec;
    const nowMs = this.#host.monotonicMs();
    cell.failuresMs = cell.failuresMs
      .filter((atMs) => atMs > nowMs - restart.periodMs);
    cell.failuresMs.push(nowMs);
    const { action, delayMs } = decideRestart(
      restart,
      cell.failuresMs,
      this.#host.random.next(),
    );
    cell.status = action === "restart" ? "backing_off" : "down";
    cell.retryAtMs = nowMs + delayMs;
    this.#host.log("error", "actor crashed", {
      actor: cell.spec.address,
      ...cell.lastCrash,
      action,
      delayMs,
      restartsLeft: Math.max(0, restart.maxRestarts - cell.failuresMs.length),
    });
    this.#host.after(delayMs, () => this.#restart(cell));
  }

  /** Folds the actor anew; its neighbors run on. */
  #restart(cell: Cell): void {
    const { commits, journal } = this.#host;
    cell.status = "folding";
    try {
      cell.state = cell.spec.behavior.start(cell.spec.args);
    } catch (cause) {
      return this.crash(cell, cause);
    }
    if (!cell.spec.journaled) {
      cell.restarts++;
      return this.begin(cell);
    }
    // Its events are read back; staged ones must have become durable first.
    if (cell.staged.length > 0 || commits.isAppending) {
      return this.#host.after(1, () => this.#restart(cell));
    }
    journal!.replay(cell.spec.address, foldInto(cell), (lastSequence) => {
      if (lastSequence !== cell.sequence) {
        // The journal cannot be read now.
        return this.#host.after(RETRY_AFTER_MS, () => this.#restart(cell));
      }
      cell.restarts++;
      this.begin(cell);
    });
  }
}

/** Folds a partition's past into the fresh state of its actor. */
export function foldInto(cell: Cell): FoldTarget {
  const { behavior } = cell.spec;
  return {
    snapshot(state) {
      const fresh = cell.state as { volatile?: unknown };
      cell.state = state;
      if (fresh.volatile !== undefined) {
        (cell.state as { volatile?: unknown }).volatile = fresh.volatile;
      }
    },
    event(event) {
      cell.noteTime(event);
      behavior.apply!(cell.state, event);
    },
  };
}
