/**
 * The system of the contests across workers: two threads, and the actors that
 * stay in them from iteration to iteration. The only file of these contests
 * that knows the host.
 *
 * @module
 */
import type {
  MailboxSpec,
  Message,
  Ref,
} from "../../../actors/runtime/actor.ts";
import { startSystemOnThreads } from "../../../cluster/worker/system.ts";
import { askOf, type AskSystem } from "../ours/with_system.ts";
import type { NurseryMessage } from "./nursery.ts";

/** Numbers of the workers. */
const WORKERS = [0, 1] as const;

const NURSERIES: readonly Ref<NurseryMessage>[] = WORKERS.map((worker) =>
  `nursery-${worker}`
);

/**
 * Actors of the first worker, by the names of their behaviors. All mail of a
 * run may wait for one of them.
 */
const LEADERS = ["caller", "ping", "sink", "teller"] as const;
const LEADER_MAILBOX: MailboxSpec = { capacity: 65_536 };

/** What is raised, and where. */
export interface Raising {
  readonly worker: typeof WORKERS[number];
  readonly behavior: string;
  /** One for each of them. */
  readonly args: readonly unknown[];
  readonly mailbox?: MailboxSpec;
}

/** Two workers, as a run sees them. */
export interface Crew {
  readonly ask: AskSystem;
  /** Starts actors in a worker. */
  raise<T extends Message>(raising: Raising): Promise<readonly Ref<T>[]>;
}

/** Starts the workers, lets them be used, and stops them. */
export async function withCrew(
  use: (crew: Crew) => Promise<void>,
): Promise<void> {
  await using system = await startSystemOnThreads({
    workers: {
      entry: new URL("./entry.ts", import.meta.url),
      count: WORKERS.length,
      children: [
        ...LEADERS.map((name) => ({
          name,
          behavior: name,
          args: undefined,
          worker: 0,
          mailbox: LEADER_MAILBOX,
        })),
        { name: "server", behavior: "server", args: undefined, worker: 1 },
        ...WORKERS.map((worker) => ({
          name: NURSERIES[worker]!,
          behavior: "nursery",
          args: undefined,
          worker,
        })),
      ],
    },
  });
  const ask = askOf(system);
  await use({
    ask,
    async raise<T extends Message>(raising: Raising) {
      const { worker, behavior, args, mailbox = {} } = raising;
      const wanted = { behavior, args, mailbox };
      const nursery = NURSERIES[worker]!;
      const raised = await ask(nursery, { kind: "raise", ...wanted });
      return raised as readonly Ref<T>[];
    },
  });
}

/** Starts one actor for each of `args`, by turns in each worker. */
export async function raiseByTurns<T extends Message>(
  crew: Crew,
  raising: Omit<Raising, "worker">,
): Promise<readonly Ref<T>[]> {
  const shares = await Promise.all(WORKERS.map((worker) =>
    crew.raise<T>({
      ...raising,
      worker,
      args: raising.args.filter((_, id) => id % WORKERS.length === worker),
    })
  ));
  return raising.args.map((_, id) =>
    shares[id % WORKERS.length]![Math.floor(id / WORKERS.length)]!
  );
}
