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
import type { BatchTime } from "./batch_time.ts";
import type { Cell, Effects } from "./cell.ts";
import type { CommitQueue } from "./commit_queue.ts";
import type { Envelope } from "./envelope.ts";
import type { Exchange } from "./exchange.ts";
import { failed, RETRY_AFTER_MS, unknown } from "./outcome.ts";
import type { FoldTarget, Journal, Random } from "./ports.ts";
import { CRASHES_MAX, decideRestart, recentFailures } from "./supervision.ts";

/** What the lives need of their domain. */
export interface LivesHost {
  readonly effects: Effects;
  readonly exchange: Exchange;
  readonly commits: CommitQueue;
  readonly journal: Journal | null;
  /** Spreads the delays of restarts. */
  readonly random: Random;
  readonly time: BatchTime;
  /** False once the domain has ended: what comes back then is of no use. */
  isRunning(): boolean;
  /** Acts after a wait. */
  after(delayMs: number, act: () => void): void;
  /** Gives actors that began to live the signal `recovered`, then their mail. */
  recovered(cells: Iterable<Cell>): void;
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

  /**
   * Folded or fresh states begin to live: first all of them, then each hears
   * that it has recovered, so that nobody asks a neighbor who is not there yet.
   */
  begin(cells: Iterable<Cell>): void {
    for (const cell of cells) {
      cell.incarnation++;
      cell.context.renew();
      cell.status = "running";
    }
    this.#host.recovered(cells);
  }

  /**
   * The step under way (or, without one, the actor) crashed. Its effects are
   * discarded: the asker of its message hears that nothing happened, those
   * that earlier steps took along that it may have.
   */
  crash(cell: Cell, cause: unknown): void {
    const { effects, exchange } = this.#host;
    const { current, settled } = effects;
    const askers = [...settled, ...cell.askers.values()]
      .filter((asking) => asking !== current);
    effects.clear();
    cell.askers.clear();
    this.#note(cell, current, cause);
    // Before anybody is answered, so that nothing new reaches the dead life.
    exchange.forget(cell);
    this.#supervise(cell);
    if (current !== null && current.ask > 0) {
      exchange.answer(current, failed("crashed", RETRY_AFTER_MS));
    }
    for (const asking of askers) {
      exchange.answer(asking, unknown(RETRY_AFTER_MS));
    }
  }

  #note(cell: Cell, current: Envelope | null, cause: unknown): void {
    const message = current === null ? null : current.content as Message;
    cell.crashes++;
    cell.lastCrash = {
      atMs: this.#host.time.wallMs,
      incarnation: cell.incarnation,
      messageKind: message?.kind ?? "signal",
      cause: cause instanceof Error ? cause.message : String(cause),
    };
    if (message === null) return;
    const key = cell.keyOf(message);
    if (cell.quarantine.note(message.kind, key) !== CRASHES_MAX) return;
    this.#host.log("error", "message quarantined", {
      actor: cell.spec.address,
      messageKind: message.kind,
      key,
    });
  }

  #supervise(cell: Cell): void {
    const { restart } = cell.spec;
    const nowMs = this.#host.time.monotonicMs;
    cell.failuresMs = recentFailures(restart, [...cell.failuresMs, nowMs]);
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
    cell.status = "folding";
    if (cell.spec.journaled) {
      // Its events are read back: staged ones must have become durable first.
      return this.#host.commits.whenDurable(cell, () => this.#replay(cell));
    }
    try {
      cell.state = cell.spec.behavior.start(cell.spec.args);
    } catch (cause) {
      return this.crash(cell, cause);
    }
    cell.restarts++;
    this.begin([cell]);
  }

  #replay(cell: Cell): void {
    const { address, behavior, args } = cell.spec;
    let broken: { cause: unknown } | null = null;
    const guarded = (act: () => void) => {
      try {
        if (broken === null) act();
      } catch (cause) {
        broken = { cause };
      }
    };
    const target = foldInto(cell);
    guarded(() => cell.state = behavior.start(args));
    this.#host.journal!.replay(address, {
      snapshot: (state, sequence) =>
        guarded(() => target.snapshot(state, sequence)),
      event: (event) => guarded(() => target.event(event)),
    }, (lastSequence) => {
      if (!this.#host.isRunning()) return;
      if (broken !== null) return this.crash(cell, broken.cause);
      if (lastSequence !== cell.sequence) return this.#readLater(cell);
      cell.restarts++;
      this.begin([cell]);
    });
  }

  /** The journal cannot be read now, or has events that are not ours. */
  #readLater(cell: Cell): void {
    const actor = cell.spec.address;
    this.#host.log("warn", "partition cannot be read", { actor });
    this.#host.after(RETRY_AFTER_MS, () => this.#restart(cell));
  }
}

/** Folds a partition's past into the fresh state of its actor. */
export function foldInto(cell: Cell): FoldTarget {
  const { behavior } = cell.spec;
  return {
    snapshot(state) {
      const fresh = cell.state as { volatile?: unknown } | null;
      cell.state = state;
      if (fresh?.volatile !== undefined) {
        (cell.state as { volatile?: unknown }).volatile = fresh.volatile;
      }
    },
    event(event) {
      cell.noteTime(event);
      behavior.apply!(cell.state, event);
    },
  };
}
