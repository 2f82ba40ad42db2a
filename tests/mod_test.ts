/** Who imports the library gets the library: no server, no store, no shop. */
import assert from "node:assert/strict";
import { granted } from "./permission.ts";

const ROOT = new URL("../", import.meta.url);

/** What `deno info` says of a module graph, as far as it is read here. */
interface Graph {
  readonly modules: readonly { readonly specifier: string }[];
}

/** The modules that an import of `mod.ts` loads, from the root on. */
async function loaded(): Promise<string[]> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "mod.ts"],
    cwd: ROOT,
  });
  const { stdout, success } = await command.output();
  assert(success, "deno info runs");
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as Graph;
  return modules.map(({ specifier }) => specifier.replace(ROOT.href, ""));
}

Deno.test({
  name:
    "the library loads no package, no server, no store and none of the shop",
  ignore: !granted("read", "run"),
  async fn() {
    const modules = await loaded();
    const own = /^(mod\.ts$|actors\/runtime\/|cluster\/(?!journal|redis))/;
    const strange = modules.filter((name) =>
      !own.test(name) && name !== "node:assert/strict"
    );
    assert(modules.includes("cluster/worker/system.ts"));
    assert.deepEqual(strange, []);
  },
});
