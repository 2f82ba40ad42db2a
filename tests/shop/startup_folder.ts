/**
 * A folder for start-up tests: a small catalog, a data folder beside it, and
 * what can be said of its files afterwards.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { type Environment, Serving } from "./serve_command.ts";

/** Three products, so that a start has little to do. */
const CATALOG = `sku,name,priceCents,units
cup,A cup,450,100000
pan,A pan,2350,100000
jug,A jug,1700,100000
`;

/** See the module's text. It goes away with the test. */
export class StartupFolder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "doorbuster-startup-" });

  constructor() {
    this.write("catalog.csv", CATALOG);
  }

  /** Where a shop of this folder keeps its store. */
  get data(): string {
    return `${this.path}/data`;
  }

  /** The environment of a shop of this folder. */
  get environment(): Environment {
    return { DATA_DIR: this.data, CATALOG: `${this.path}/catalog.csv` };
  }

  /** Writes a file and gives its path. */
  write(name: string, content: string | Uint8Array): string {
    const path = `${this.path}/${name}`;
    const bytes = typeof content === "string"
      ? new TextEncoder().encode(content)
      : content;
    Deno.writeFileSync(path, bytes);
    return path;
  }

  /** Names of what is in the folder. */
  names(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name).sort();
  }

  /** Starts a shop here and stops it, so that a store is left. */
  async fill(): Promise<void> {
    await using shop = new Serving(this.environment);
    await shop.ready();
    await shop.stop();
  }

  /** A folder with a copy of this one's store. */
  copy(): StartupFolder {
    const copy = new StartupFolder();
    Deno.mkdirSync(copy.data, { mode: 0o700 });
    for (const { name } of Deno.readDirSync(this.data)) {
      Deno.copyFileSync(`${this.data}/${name}`, `${copy.data}/${name}`);
    }
    return copy;
  }

  /**
   * The bytes of each file of the store, as text. The lock names its last
   * holder, and SQLite keeps no facts in shared memory.
   */
  store(): Record<string, string> {
    const files = [...Deno.readDirSync(this.data)].map(({ name }) => name)
      .filter((name) => name !== "lock" && !/-(shm|wal)$/.test(name)).sort();
    return Object.fromEntries(
      files.map((name) => [
        name,
        createHash("sha256").update(Deno.readFileSync(`${this.data}/${name}`))
          .digest("hex"),
      ]),
    );
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
