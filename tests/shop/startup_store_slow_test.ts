/**
 * A store that cannot be used is refused in one line with exit code 2, and
 * every file of it stays as it was, byte for byte: torn, foreign and newer
 * files, a store of other partition counts, facts that contradict one another.
 *
 * @module
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { granted } from "../permission.ts";
import { refusal, run } from "./serve_command.ts";
import { StartupFolder } from "./startup_folder.ts";

const ignore = !granted("read", "write", "net", "run", "env");

/** Something that is wrong with one file of a store. */
interface Damage {
  readonly name: string;
  readonly file: string;
  /** What becomes of the file's bytes. */
  readonly damage: (bytes: Uint8Array) => Uint8Array;
  /** What follows the file's name in the line. */
  readonly line: string | RegExp;
}

const foreign = () => new TextEncoder().encode("hello\n".repeat(100));

const DAMAGES: readonly Damage[] = [
  {
    name: "a journal that was cut short",
    file: "journal-worker-0.sqlite",
    damage: (bytes) => bytes.slice(0, 8_192),
    line: /^expected \d+ bytes, found 8192 bytes$/,
  },
  {
    name: "a journal of which a few bytes are left",
    file: "journal-worker-1.sqlite",
    damage: (bytes) => bytes.slice(0, 20),
    line: "expected a journal, found a file of 20 bytes",
  },
  {
    name: "an empty journal",
    file: "journal-worker-0.sqlite",
    damage: () => new Uint8Array(),
    line: "expected a journal, found a file of 0 bytes",
  },
  {
    name: "a journal with a page of noise",
    file: "journal-worker-0.sqlite",
    damage: (bytes) => bytes.fill(0x5a, 4_096, 8_192),
    line: /^expected sound pages, found .+$/,
  },
  {
    name: "a journal of a later release",
    file: "journal-worker-0.sqlite",
    damage: (bytes) => bytes.fill(99, 63, 64),
    line: "expected format 1 or older, found format 99",
  },
  {
    name: "a journal that is something else",
    file: "journal-worker-0.sqlite",
    damage: foreign,
    line: "expected a journal, found a file that is not SQLite's",
  },
  {
    name: "a catalog.sqlite that is something else",
    file: "catalog.sqlite",
    damage: foreign,
    line: "expected a catalog, found a file that is not SQLite's",
  },
  {
    name: "a payments.sqlite that is something else",
    file: "payments.sqlite",
    damage: foreign,
    line: "expected a payment ledger, found a file that is not SQLite's",
  },
  {
    name: "a store.sqlite that is something else",
    file: "store.sqlite",
    damage: foreign,
    line: "expected a store's identity, found a file that is not SQLite's",
  },
  {
    name: "a database of another program",
    file: "catalog.sqlite",
    damage: (bytes) => bytes.fill(0x41, 68, 72),
    line: "expected a catalog, " +
      'found an SQLite file with application id "AAAA"',
  },
  {
    name: "a secret that is empty",
    file: "session_secret",
    damage: () => new Uint8Array(),
    line: "expected a secret, found an empty file",
  },
];

/** One store for all; each test damages a copy. Made by the first. */
let sound: Promise<StartupFolder> | null = null;

Deno.test.afterAll(async () => (await sound)?.[Symbol.dispose]());

async function copyOfStore(): Promise<StartupFolder> {
  sound ??= (async () => {
    const folder = new StartupFolder();
    await folder.fill();
    return folder;
  })();
  return (await sound).copy();
}

for (const { name, file, damage, line } of DAMAGES) {
  // G19
  Deno.test({
    name: `serve refuses ${name} and changes nothing`,
    ignore,
    async fn() {
      using folder = await copyOfStore();
      const path = `${folder.data}/${file}`;
      Deno.writeFileSync(path, damage(Deno.readFileSync(path)));
      const before = folder.store();
      const found = refusal(await run(folder.environment));
      const lead = `Cannot use "${path}": `;
      assert.equal(found.slice(0, lead.length), lead);
      const rest = found.slice(lead.length);
      if (typeof line === "string") assert.equal(rest, line);
      else assert.match(rest, line);
      assert.deepEqual(folder.store(), before);
    },
  });
}

// G19
Deno.test({
  name: "serve refuses a store that was made with other partition counts",
  ignore,
  async fn() {
    using folder = await copyOfStore();
    const before = folder.store();
    const ran = await run({
      ...folder.environment,
      SHOP_CONFIG: folder.write(
        "shop.json",
        '{"topology": {"partitions": {"inventory": 8}}}',
      ),
    });
    assert.equal(
      refusal(ran),
      `Cannot use "${folder.data}/store.sqlite": expected accounts 4, ` +
        "inventory 8, storefront 16 partitions, found accounts 4, " +
        "inventory 16, storefront 16 partitions",
    );
    assert.deepEqual(folder.store(), before);
  },
});

// G19
Deno.test({
  name: "serve refuses a store whose stock was shared out by another map",
  ignore,
  async fn() {
    using folder = await copyOfStore();
    const before = folder.store();
    const ranges = Array.from({ length: 16 }, (_, partition) => {
      const [from, to] = [partition, partition + 1].map((at) =>
        String.fromCharCode(64 + at)
      );
      return {
        ...partition > 0 && { from },
        ...partition < 15 && { to },
        partition,
      };
    });
    const topology = { stock: { router: "range", ranges } };
    const ran = await run({
      ...folder.environment,
      SHOP_CONFIG: folder.write("shop.json", JSON.stringify({ topology })),
    });
    assert.equal(
      refusal(ran),
      `Cannot use "${folder.data}/store.sqlite": expected stock by 16 ranges ` +
        "of SKUs, found stock by hash",
    );
    assert.deepEqual(folder.store(), before);
  },
});

for (const placement of ["paired", "inline"]) {
  Deno.test({
    name: `a journal with a gap ends a start whose actors are ${placement}`,
    ignore,
    async fn() {
      using folder = await copyOfStore();
      const path = `${folder.data}/journal-worker-0.sqlite`;
      const journal = new DatabaseSync(path);
      journal.exec("UPDATE events SET first_sequence = 5 WHERE row = 1");
      journal.close();
      const config = JSON.stringify({ topology: { placement } });
      const SHOP_CONFIG = folder.write("shop.json", config);
      const ran = await run({ ...folder.environment, SHOP_CONFIG });
      assert.deepEqual([ran.code, ran.stdout], [2, ""]);
      // Other threads may have said before that they are well.
      const lines = ran.stderr.trimEnd().split("\n");
      assert.match(
        lines.pop()!,
        /^Cannot use ".+journal-worker-0\.sqlite": expected sequence 1 of /,
      );
      for (const line of lines) assert.equal(JSON.parse(line).level, "info");
    },
  });
}

Deno.test({
  name: "after a refusal the folder is free for the next start",
  ignore,
  async fn() {
    using folder = await copyOfStore();
    const path = `${folder.data}/payments.sqlite`;
    const bytes = Deno.readFileSync(path);
    Deno.writeFileSync(path, foreign());
    refusal(await run(folder.environment));
    Deno.writeFileSync(path, bytes);
    await folder.fill();
  },
});
