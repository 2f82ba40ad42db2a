/**
 * What a program reaches for without being given it: time, chance, timers, the
 * console, the environment. Used in the middle of an actor or a policy it makes
 * a run unrepeatable, so it stays in the few hosts that lend it to the others.
 *
 * @module
 */

/** The files that may use ambient APIs, each with its reason. */
const HOSTS: readonly { path: RegExp; because: string }[] = [
  { path: /(^|\/)main\.ts$/, because: "a process entry owns its process" },
  { path: /^cluster\/worker\//, because: "the thread host lends them out" },
  { path: /^cluster\/gateways\//, because: "a gateway waits in real time" },
  { path: /^(tests|bench)\//, because: "tests and benchmarks stand outside" },
];

/** What is banned outside hosts, as it is written, and what replaces it. */
const BANNED: ReadonlyMap<string, string> = new Map([
  ["Date.now", "take `now` from ctx, or a Clock as a parameter"],
  ["new Date()", "take `now` from ctx; `new Date(ms)` of a given ms is fine"],
  ["performance.now", "take a Clock as a parameter"],
  ["Math.random", "take a Random as a parameter; ctx.random() in an actor"],
  ["crypto.randomUUID", "derive the id from a Random, or take it as input"],
  ["crypto.getRandomValues", "take a Random as a parameter"],
  ["setTimeout", "use ctx.timer in an actor; else let the host call tick"],
  ["setInterval", "use ctx.timer in an actor; else let the host call tick"],
  ["console", "use ctx.log in an actor; else take a Log as a parameter"],
  ["Deno.env", "read it in main.ts and pass the value on"],
]);

/** Results of these differ between versions of the engine. */
const UNSTABLE_MATH: ReadonlySet<string> = new Set(
  ["exp", "log", "log10", "log1p", "log2", "pow", "sin", "cos", "tan"]
    .map((name) => `Math.${name}`),
);

/** Where a run must be the same to the byte on every machine. */
const REPEATABLE = /^(actors|sim)\//;

/**
 * What to use instead of `name` (`Date.now`, `console`, `Deno.readFile` …) in
 * the file at `path`; null where it is fine.
 */
export function insteadOf(name: string, path: string): string | null {
  if (REPEATABLE.test(path) && UNSTABLE_MATH.has(name)) {
    return "plain arithmetic or a table: V8 versions differ in this function";
  }
  if (HOSTS.some((host) => host.path.test(path))) return null;
  const root = name.split(".")[0] ?? name;
  const known = BANNED.get(name) ?? BANNED.get(root);
  if (known !== undefined) return known;
  if (root === "Deno" && path.startsWith("actors/")) {
    return "an actor acts only through ctx";
  }
  return null;
}
