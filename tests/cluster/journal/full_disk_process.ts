/**
 * A process of the journal tests that runs out of room: appends until it is
 * refused, removes the ballast that it was given, if any, appends again, and
 * prints what became of each.
 *
 * @module
 */
import { openDataFolder } from "../../../cluster/journal/data_folder.ts";
import { SqliteJournal } from "../../../cluster/journal/sqlite_journal.ts";
import { append, takeOne } from "./journal_contract.ts";
import { clock, folderOptions, silent } from "./shop_folder.ts";

const [path, ballast] = Deno.args as [string, string | undefined];
const folder = await openDataFolder(path, folderOptions);
const options = { folder: path, domain: "a", clock, log: silent };
const journal = new SqliteJournal(options);
const { epoch } = await takeOne(journal, "p[0]");
const text = "x".repeat(20_000);

let firstSequence = 1;
async function next() {
  const events = [{ kind: "large", text }];
  const one = { partition: "p[0]", epoch, firstSequence, events };
  const result = await append(journal, one);
  if (result === "durable") firstSequence++;
  return result;
}

let refusal = await next();
while (refusal === "durable") refusal = await next();
const again = await next();
const durable = firstSequence - 1;
if (ballast) Deno.removeSync(ballast);
const afterwards = await next();
journal.close();
const reader = new SqliteJournal(options);
const { events } = await takeOne(reader, "p[0]");
reader.close();
folder.close();
const report = { refusal, again, durable, afterwards, found: events.length };
Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(report)));
