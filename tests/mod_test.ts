/** Who imports the library gets the library: no server, no store, no shop. */
import assert from "node:assert/strict";
import { granted } from "./permission.ts";

const ROOT = new URL("../", import.meta.url);

/** What `deno info` says of a module graph, as far as it is read here. */
interface Graph {
  readonly modules: readonly {
    readonly specifier: string;
    /** One without `code` is there for its types, and is not loaded. */
    readonly dependencies?: readonly { code?: { specifier: string } }[];
  }[];
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
  const imports = new Map(modules.map(({ specifier, dependencies = [] }) => [
    specifier,
    dependencies.flatMap(({ code }) => code?.specifier ?? []),
  ]));
  const reached = new Set([`${ROOT.href}mod.ts`]);
  // A set that grows while it is walked is walked to its end.
  for (const module of reached) {
    for (const target of imports.get(module) ?? []) reached.add(target);
  }
  return [...reached].map((module) => module.replace(ROOT.href, ""));
}

/**
 * Threads that can be stopped, names of scripts, bytes as ZooKeeper's client
 * takes them, the test kit's assertions.
 */
const BUILT_IN = [
  "node:assert/strict",
  "node:buffer",
  "node:crypto",
  "node:v8",
  "node:worker_threads",
];

const OWN = [
  /^mod\.ts$/,
  /^cluster\/(lock|redis|zookeeper)\//,
  /^cluster\/journal\/postgres_leases\.ts$/,
  /^actors\/runtime\//,
  /^cluster\/(farewell|hash_ring|link)\.ts$/,
  /^cluster\/(balancers|routers|pool\/(?!catalog))/,
  /^sim\/(simulate_actors|scheduler|event_queue|streams|distributions)\.ts$/,
  /^sim\/(thread|network|disk|clock|counted_(link|mail)|run_result)\.ts$/,
  /^sim\/(cores|slowness|thread_costs|tripwire)\.ts$/,
  /^cluster\/worker\/(?!.*shop|assemble|entry|faults|snapshots)/,
];

Deno.test({
  name:
    "the library loads no package, no server, no store and none of the shop",
  ignore: !granted("read", "run"),
  async fn() {
    const modules = await loaded();
    const strange = modules.filter((module) =>
      !BUILT_IN.includes(module) && !OWN.some((own) => own.test(module))
    );
    assert(modules.includes("cluster/worker/serve_actors.ts"));
    assert.deepEqual(strange, []);
  },
});
