/** Owners that race, are cut off and come back, over a real PostgreSQL. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { JournalEvent } from "../../../actors/runtime/actor.ts";
import type { AppendResult } from "../../../actors/runtime/ports.ts";
import type { PostgresJournal } from "../../../cluster/journal/postgres_journal.ts";
import { granted } from "../../permission.ts";
import { append, take, type Taken } from "../journal/journal_contract.ts";
import { TcpProxy } from "../lock/tcp_proxy.ts";
import { PostgresShop } from "./postgres_shop.ts";

const ignore = !granted("net", "run", "read", "write", "env", "sys");

const PARTITIONS = ["p[0]", "q[0]"];
const OWNERS = 3;

/** What one owner does; several do theirs at once. */
type Act =
  & { readonly owner: number }
  & ({ readonly kind: "take" } | {
    readonly kind: "append";
    /** The answer is lost on the way. */
    readonly isCut: boolean;
  });

const ACT: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ kind: fc.constant("take" as const), owner: fc.nat(OWNERS - 1) }),
  fc.record({
    kind: fc.constant("append" as const),
    owner: fc.nat(OWNERS - 1),
    isCut: fc.boolean(),
  }),
);

/** A process that believes to own both partitions since it last took them. */
class Owner implements AsyncDisposable {
  readonly #proxy: TcpProxy;
  readonly #journal: PostgresJournal;
  readonly #name: string;
  #believes = new Map<string, { epoch: number; lastSequence: number }>();
  #appends = 0;
  #busy: Promise<void> = Promise.resolve();
  /** What each take-over found. */
  readonly takes: Taken[] = [];
  /** How each append ended, by its name. */
  readonly ends = new Map<string, AppendResult>();

  constructor(shop: PostgresShop, name: string) {
    this.#proxy = new TcpProxy(shop.server.port);
    const { port } = shop.server;
    const url = shop.server.url.replace(`:${port}`, `:${this.#proxy.port}`);
    this.#name = name;
    this.#journal = shop.journal(name, { url });
  }

  /** Does one thing after the other. */
  do(act: Act): Promise<void> {
    return this.#busy = this.#busy.then(() =>
      act.kind === "take" ? this.#take() : this.#append(act.isCut)
    );
  }

  async #take(): Promise<void> {
    for (const taken of await take(this.#journal, ...PARTITIONS)) {
      this.#believes.set(taken.partition, { ...taken });
      this.takes.push(taken);
      assert.equal(taken.events.length, taken.lastSequence);
    }
  }

  async #append(isCut: boolean): Promise<void> {
    if (this.#believes.size === 0) return;
    const name = `${this.#name} ${this.#appends++}`;
    if (isCut) this.#proxy.weather = { kind: "cut", after: name };
    const result = await append(
      this.#journal,
      ...[...this.#believes].map(([partition, { epoch, lastSequence }]) => ({
        partition,
        epoch,
        firstSequence: lastSequence + 1,
        events: [{ kind: "noted", name }],
      })),
    );
    this.#proxy.weather = { kind: "fair" };
    this.ends.set(name, result);
    if (result === "durable") {
      for (const each of this.#believes.values()) each.lastSequence++;
    } else {
      // It is at its end, as a domain is.
      this.#believes.clear();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#busy;
    await this.#journal.close();
    await this.#proxy[Symbol.asyncDispose]();
  }
}

/** Rows of earlier owners behind what a take-over had read. */
async function lateRows(shop: PostgresShop, takes: readonly Taken[]) {
  const rows = await shop.client`
    SELECT partition, epoch::int, first_sequence::int AS at
    FROM doorbuster.events`;
  return rows.filter((row) =>
    takes.some(({ partition, epoch, lastSequence }) =>
      row.partition === partition && row.at > lastSequence && row.epoch < epoch
    )
  );
}

function namesOf(events: readonly JournalEvent[]): readonly string[] {
  return events.map((event) => (event as { name?: string }).name!);
}

// G103 G104
Deno.test({
  name: "I15 in any history of owners over PostgreSQL what was answered is " +
    "there once, what was refused never, and both partitions agree",
  ignore,
  async fn() {
    await using shop = await PostgresShop.open();
    const histories = fc.array(ACT, { minLength: 10, maxLength: 60 });
    let seen = new Set<AppendResult>();
    await fc.assert(
      fc.asyncProperty(histories, async (acts) => {
        await shop.empty();
        const owners = ["a", "b", "c"].map((name) => new Owner(shop, name));
        await Promise.all(acts.map((act) => owners[act.owner]!.do(act)));
        for (const owner of owners) await owner[Symbol.asyncDispose]();
        const [p, q] = await take(shop.journal("end"), ...PARTITIONS);
        const names = namesOf(p!.events);
        assert.deepEqual(namesOf(q!.events), names);
        assert.equal(new Set(names).size, names.length);
        const late = await lateRows(shop, owners.flatMap(({ takes }) => takes));
        assert.deepEqual(late, [], "an old owner wrote after a take-over");
        for (const { ends } of owners) {
          for (const [name, end] of ends) {
            const isThere = names.includes(name);
            if (end === "durable") assert.ok(isThere, `${name} is lost`);
            else if (end !== "unknown") assert.ok(!isThere, `${name} is there`);
          }
          seen = seen.union(new Set(ends.values()));
        }
      }),
      { numRuns: 25 },
    );
    assert.deepEqual([...seen].sort(), ["durable", "fenced", "unknown"]);
  },
});
