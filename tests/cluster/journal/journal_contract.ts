/**
 * What every journal promises, whatever stores it: a table of claims, each run
 * on a fresh store. A test file of an implementation runs all of them.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { JournalEvent } from "../../../actors/runtime/actor.ts";
import type {
  Append,
  AppendResult,
  Journal,
  Recovered,
} from "../../../actors/runtime/ports.ts";

/** A fresh, empty store. */
export interface JournalStand {
  /** The journal of a commit domain of this store; the same name again too. */
  journal(domain: string): Journal;
}

/** One promise and how to see it kept. */
export interface JournalClaim {
  readonly name: string;
  readonly holds: (stand: JournalStand) => Promise<void>;
}

/** What an owner got: its epoch, and what was folded. */
export interface Taken extends Recovered {
  readonly events: readonly JournalEvent[];
}

/** Takes partitions over. */
export async function take(
  journal: Journal,
  ...partitions: string[]
): Promise<readonly Taken[]> {
  const folded = new Map<string, JournalEvent[]>();
  const into = (partition: string) => {
    const events: JournalEvent[] = [];
    folded.set(partition, events);
    return {
      snapshot: () => assert.fail("no snapshot was written"),
      event: (event: JournalEvent) => void events.push(event),
    };
  };
  const recovered = await new Promise<readonly Recovered[] | null>((resolve) =>
    journal.recover(partitions, into, resolve)
  );
  assert(recovered !== null);
  return recovered.map((each) => ({
    ...each,
    events: folded.get(each.partition) ?? [],
  }));
}

/** Takes one partition over. */
export async function takeOne(
  journal: Journal,
  partition: string,
): Promise<Taken> {
  const [taken] = await take(journal, partition);
  return taken!;
}

/** Appends events behind those that the owner has. */
export function append(
  journal: Journal,
  ...appends: Append[]
): Promise<AppendResult> {
  return new Promise((resolve) => journal.append(appends, resolve));
}

/** Events `first` to `last`, told apart by a number. */
export function counted(first: number, last: number): JournalEvent[] {
  return Array.from(
    { length: last - first + 1 },
    (_, index) => ({ kind: "counted", number: first + index }),
  );
}

/** The claims. */
export const journalContract: readonly JournalClaim[] = [
  {
    name: "a partition without a past is recovered empty",
    async holds(stand) {
      const [first, second] = await take(stand.journal("a"), "p[0]", "p[1]");
      assert.equal(first?.lastSequence, 0);
      assert.equal(second?.lastSequence, 0);
      assert.deepEqual(first.events, []);
    },
  },
  {
    name: "events come back as they were and in order",
    async holds(stand) {
      const { epoch } = await takeOne(stand.journal("a"), "p[0]");
      const odd = {
        kind: "odd",
        text: 'quote " \\ \u0000 \u2028 ü 🛒',
        number: Number.MIN_SAFE_INTEGER,
        nested: [{ list: [], nothing: null, yes: true }],
        ["__proto__"]: "a key like any other",
      };
      const batches = [[odd, ...counted(2, 3)], counted(4, 4), counted(5, 300)];
      let firstSequence = 1;
      const journal = stand.journal("a");
      const again = await takeOne(journal, "p[0]");
      for (const events of batches) {
        const one = {
          partition: "p[0]",
          epoch: again.epoch,
          firstSequence,
          events,
        };
        assert.equal(await append(journal, one), "durable");
        firstSequence += events.length;
      }
      const taken = await takeOne(stand.journal("a"), "p[0]");
      assert.deepEqual(taken.events, batches.flat());
      assert.equal(taken.lastSequence, 300);
      assert(taken.epoch > again.epoch && again.epoch > epoch);
    },
  },
  {
    name: "partitions share a commit and never an event",
    async holds(stand) {
      const journal = stand.journal("a");
      const [p, q] = await take(journal, "p[0]", "q[0]");
      const result = await append(
        journal,
        { ...first(p!), events: counted(1, 2) },
        { ...first(q!), events: counted(10, 10) },
      );
      assert.equal(result, "durable");
      const [again, other] = await take(journal, "p[0]", "q[0]");
      assert.deepEqual(again?.events, counted(1, 2));
      assert.deepEqual(other?.events, counted(10, 10));
    },
  },
  {
    name: "an earlier owner is refused and nothing of it is written",
    async holds(stand) {
      const old = stand.journal("a");
      const before = await takeOne(old, "p[0]");
      const owner = stand.journal("b");
      const after = await takeOne(owner, "p[0]");
      assert(after.epoch > before.epoch);
      const late = { ...first(before), events: counted(1, 1) };
      assert.equal(await append(old, late), "fenced");
      const own = { ...first(after), events: counted(2, 2) };
      assert.equal(await append(owner, own), "durable");
      assert.equal(await append(old, late), "fenced");
      const last = await takeOne(stand.journal("c"), "p[0]");
      assert.deepEqual(last.events, counted(2, 2));
    },
  },
  {
    name: "an earlier owner is refused where the new one has the same domain",
    async holds(stand) {
      const old = stand.journal("a");
      const before = await takeOne(old, "p[0]");
      const owner = stand.journal("a");
      const after = await takeOne(owner, "p[0]");
      const late = { ...first(before), events: counted(1, 1) };
      assert.equal(await append(old, late), "fenced");
      const own = { ...first(after), events: counted(2, 2) };
      assert.equal(await append(owner, own), "durable");
    },
  },
  {
    name: "one refused partition keeps the whole commit out",
    async holds(stand) {
      const old = stand.journal("a");
      const [lost, kept] = await take(old, "p[0]", "q[0]");
      await takeOne(stand.journal("b"), "p[0]");
      const result = await append(
        old,
        { ...first(kept!), events: counted(1, 1) },
        { ...first(lost!), events: counted(1, 1) },
      );
      assert.equal(result, "fenced");
      const after = await takeOne(stand.journal("b"), "q[0]");
      assert.deepEqual(after.events, []);
    },
  },
  {
    name: "a neighbor's take-over leaves an owner alone",
    async holds(stand) {
      const journal = stand.journal("a");
      const mine = await takeOne(journal, "p[0]");
      await takeOne(stand.journal("b"), "q[0]");
      const own = { ...first(mine), events: counted(1, 1) };
      assert.equal(await append(journal, own), "durable");
    },
  },
  {
    name: "who never took a partition over cannot write it",
    async holds(stand) {
      const { epoch } = await takeOne(stand.journal("a"), "p[0]");
      const stranger = { ...first({ partition: "p[0]", epoch }), events: [] };
      assert.equal(await append(stand.journal("b"), stranger), "fenced");
    },
  },
  {
    name: "a partition keeps its order while it moves to and fro",
    async holds(stand) {
      const domains = ["a", "b", "a", "c", "b", "a"];
      for (const [index, domain] of domains.entries()) {
        const journal = stand.journal(domain);
        const taken = await takeOne(journal, "p[0]");
        assert.deepEqual(taken.events, counted(1, index));
        const next = {
          partition: "p[0]",
          epoch: taken.epoch,
          firstSequence: index + 1,
          events: counted(index + 1, index + 1),
        };
        assert.equal(await append(journal, next), "durable");
      }
    },
  },
  {
    name: "two partitions that cross keep their orders",
    async holds(stand) {
      const a = stand.journal("a");
      const b = stand.journal("b");
      for (let round = 0; round < 3; round++) {
        for (const [left, right] of [[a, b], [b, a]] as const) {
          await appendNext(left, "p[0]");
          await appendNext(right, "q[0]");
        }
      }
      const [p, q] = await take(stand.journal("c"), "p[0]", "q[0]");
      assert.deepEqual(p?.events, counted(1, 6));
      assert.deepEqual(q?.events, counted(1, 6));
    },
  },
  {
    name: "a replay gives the past again and the owner writes on",
    async holds(stand) {
      const journal = stand.journal("a");
      const taken = await takeOne(journal, "p[0]");
      await append(journal, { ...first(taken), events: counted(1, 2) });
      const events: JournalEvent[] = [];
      const last = await new Promise((resolve) =>
        journal.replay("p[0]", {
          snapshot: () => assert.fail("no snapshot was written"),
          event: (event) => void events.push(event),
        }, resolve)
      );
      assert.equal(last, 2);
      assert.deepEqual(events, counted(1, 2));
      const next = { ...first(taken), firstSequence: 3, events: counted(3, 3) };
      assert.equal(await append(journal, next), "durable");
    },
  },
  {
    name: "events that do not follow the newest one are a bug, not an append",
    async holds(stand) {
      const journal = stand.journal("a");
      const { epoch } = await takeOne(journal, "p[0]");
      const next = { partition: "p[0]", epoch, events: counted(1, 1) };
      for (const firstSequence of [0, 2]) {
        const wrong = { ...next, firstSequence };
        await assert.rejects(append(journal, wrong), RangeError);
      }
      const right = { ...next, firstSequence: 1 };
      assert.equal(await append(journal, right), "durable");
      assert.equal((await takeOne(journal, "p[0]")).lastSequence, 1);
    },
  },
  {
    name: "a commit that was rolled back does not move the sequence",
    async holds(stand) {
      const journal = stand.journal("a");
      const { epoch } = await takeOne(journal, "p[0]");
      const own = { partition: "p[0]", epoch, firstSequence: 1 };
      const result = await append(
        journal,
        { ...own, events: counted(1, 1) },
        { ...own, partition: "q[0]", events: counted(1, 1) },
      );
      assert.equal(result, "fenced");
      const again = { ...own, events: counted(1, 1) };
      assert.equal(await append(journal, again), "durable");
    },
  },
  {
    name: "appends are answered in the order of the calls",
    async holds(stand) {
      const journal = stand.journal("a");
      const { epoch } = await takeOne(journal, "p[0]");
      const own = { partition: "p[0]", epoch };
      const answered: number[] = [];
      const appends = Array.from({ length: 20 }, (_, index) =>
        append(journal, {
          ...own,
          firstSequence: index + 1,
          events: counted(index + 1, index + 1),
        }).then((result) => {
          assert.equal(result, "durable");
          answered.push(index);
        }));
      await Promise.all(appends);
      assert.deepEqual(answered, Array.from(appends.keys()));
      const { events } = await takeOne(stand.journal("b"), "p[0]");
      assert.deepEqual(events, counted(1, 20));
    },
  },
];

/** The first append of a new owner without a past. */
function first(owner: { partition: string; epoch: number }) {
  const { partition, epoch } = owner;
  return { partition, epoch, firstSequence: 1 };
}

/** Takes a partition over and appends the number that comes next. */
async function appendNext(journal: Journal, partition: string) {
  const { epoch, lastSequence } = await takeOne(journal, partition);
  const firstSequence = lastSequence + 1;
  const events = counted(firstSequence, firstSequence);
  const next = { partition, epoch, firstSequence, events };
  assert.equal(await append(journal, next), "durable");
}
