/**
 * Who may import what. Imports point down, `web → cluster → actors →
 * actors/runtime`, and each outside library has one doorman: the folder that
 * alone knows it. Both are tables; everything else here reads them.
 *
 * @module
 */

/** Why an import is refused, and what to do instead. */
export interface Refusal {
  readonly because: string;
  readonly instead: string;
}

/** Layers from the most special to the most general; the first match decides. */
const LAYERS: readonly { layer: string; mayImport: readonly string[] }[] = [
  { layer: "actors/runtime/", mayImport: ["actors/runtime/"] },
  { layer: "actors/", mayImport: ["actors/"] },
  { layer: "cluster/", mayImport: ["cluster/", "actors/"] },
  { layer: "sim/", mayImport: ["sim/", "cluster/", "actors/"] },
  { layer: "web/", mayImport: ["web/", "cluster/", "actors/"] },
  { layer: "mod.ts", mayImport: ["sim/", "cluster/", "actors/"] },
  {
    layer: "bench/",
    mayImport: ["bench/", "mod.ts", "sim/", "web/", "cluster/", "actors/"],
  },
];

/**
 * Doormen: which paths may import a package, a built-in that is more than
 * plain computing, or use the global `Worker`. A trailing slash means all
 * below. `tests/` and `bench/` may import everything, to test and to compare.
 */
const DOORMEN: ReadonlyMap<string, readonly string[]> = new Map([
  ["hono", ["web/"]],
  ["@hono/zod-openapi", ["web/"]],
  ["swagger-ui-dist", ["web/"]],
  // Where outside data enters: HTTP, the config, the catalog file, scenarios,
  // frames of other processes, journals of other versions.
  ["zod", [
    "web/",
    "sim/",
    "cluster/config.ts",
    "cluster/config_archive.ts",
    "cluster/config_limits.ts",
    "cluster/config_rules.ts",
    "cluster/config_topology.ts",
    "cluster/catalog_file.ts",
    "cluster/journal/",
    "cluster/redis/",
  ]],
  ["node:sqlite", ["cluster/journal/"]],
  ["postgres", ["cluster/journal/"]],
  ["@redis/client", ["cluster/redis/"]],
  ["Worker", ["cluster/worker/"]],
  ["node:worker_threads", ["cluster/worker/thread.ts"]],
  ["fast-check", []],
  ["ioredis", []],
  ["node-zookeeper-client", []],
  ["redlock", []],
  ["playwright-core", []],
]);

/** A broken invariant throws: the only thing that actors take from outside. */
const FOR_ACTORS = "node:assert/strict";

/** Exempt from the doormen. */
const WORKSHOPS = ["tests/", "bench/"];

/**
 * Judges one import: `from` is a path in the repository, `specifier` what
 * stands in its import. Null when nothing is to be said.
 */
export function judgeImport(from: string, specifier: string): Refusal | null {
  return specifier.startsWith(".")
    ? judgeOwn(from, resolve(from, specifier))
    : judgeOutside(from, specifier);
}

/** Judges the use of an outside library (or of `Worker`) by a file. */
export function judgeOutside(from: string, specifier: string): Refusal | null {
  if (WORKSHOPS.some((folder) => from.startsWith(folder))) return null;
  if (from.startsWith("actors/")) {
    if (specifier === FOR_ACTORS) return null;
    return {
      because: `actors/ knows nothing outside itself, but uses ${specifier}`,
      instead: "put what waits or parses behind a gateway in cluster/gateways/",
    };
  }
  const name = packageName(specifier);
  const doormen = DOORMEN.get(name);
  if (doormen === undefined) {
    if (name.startsWith("node:")) return null;
    return {
      because: `the package ${name} has no doorman`,
      instead: "choose the one folder that knows it, in tests/tidy/layers.ts",
    };
  }
  if (doormen.some((path) => covers(path, from))) return null;
  const where = doormen.join(", ") || "tests/ and bench/";
  return {
    because: `only ${where} may use ${name}`,
    instead: `call what ${where} offers, or move the code there`,
  };
}

/** The path that a relative specifier in `from` means. */
export function resolve(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

function judgeOwn(from: string, target: string): Refusal | null {
  const rule = LAYERS.find(({ layer }) => covers(layer, from));
  if (rule === undefined) return null;
  if (rule.mayImport.some((path) => covers(path, target))) return null;
  return {
    because: `${rule.layer} may not import ${target}`,
    instead: `imports point down; ${rule.layer} may import ` +
      rule.mayImport.join(", "),
  };
}

function covers(pattern: string, path: string): boolean {
  return pattern.endsWith("/") ? path.startsWith(pattern) : path === pattern;
}

function packageName(specifier: string): string {
  const parts = specifier.replace(/^npm:/, "").split("/");
  const name = specifier.includes("@") && parts[0]?.startsWith("@")
    ? parts.slice(0, 2).join("/")
    : parts[0] ?? specifier;
  // npm:hono@4 is hono; the leading @ of a scope is no version.
  return name.replace(/(?<=.)@.*/, "");
}
