/**
 * The programs that a benchmark needs besides Deno. They come from Debian, and
 * are installed where that is allowed without asking: as root. Elsewhere the
 * benchmark says what is missing and how to get it; nothing is skipped.
 *
 * @module
 */
import { BenchmarkError } from "./benchmark.ts";

/** But for ZooKeeper they are some MB; most of the time goes to the package lists. */
const INSTALL_WITHIN_MS = 300_000;

/** No program, but what Python imports: there, where Debian puts it. */
export const SIMPY = "/usr/lib/python3/dist-packages/SimPy/Simulation.py";

/** PostgreSQL's programs are in a folder by version; this one is in PATH. */
export const POSTGRES = "pg_createcluster";

/** No program either, but what Java runs; with Java some 200 MB. */
export const ZOOKEEPER = "/usr/share/java/zookeeper.jar";

/** Program, or the path of a file → Debian package. */
const PACKAGES: Readonly<Record<string, string>> = {
  [SIMPY]: "python3-simpy",
  [POSTGRES]: "postgresql",
  [ZOOKEEPER]: "zookeeper",
  "wrk": "wrk",
  "taskset": "util-linux",
  "redis-server": "redis-server",
  "erl": "erlang-base",
  "erlc": "erlang-base",
};

/**
 * Makes sure that programs are there.
 *
 * @throws {BenchmarkError} When one is missing and may not be installed.
 */
export async function needPrograms(...programs: string[]): Promise<void> {
  if (programs.every(isThere)) return;
  const packages = new Set(
    programs.filter((program) => !isThere(program))
      .map((program) => PACKAGES[program] ?? program),
  );
  if (Deno.uid() === 0 && fileIsThere("/etc/debian_version")) {
    await aptGet("update");
    await aptGet("install", "--yes", "--no-install-recommends", ...packages);
  }
  const missing = programs.filter((program) => !isThere(program));
  if (missing.length === 0) return;
  throw new BenchmarkError(
    `${missing.join(" and ")} missing. To install: ` +
      `apt-get install ${[...packages].join(" ")}`,
  );
}

/** Whether a program, or the file at an absolute path, is installed. */
export function isThere(program: string): boolean {
  if (program.startsWith("/")) return fileIsThere(program);
  const path = (Deno.env.get("PATH") ?? "").split(":");
  return path.some((folder) => fileIsThere(`${folder}/${program}`));
}

function fileIsThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    // Not there, or not for us to see: the same to a benchmark.
    return false;
  }
}

async function aptGet(...args: readonly string[]): Promise<void> {
  // Whether it helped is seen by looking for the program again.
  await new Deno.Command("apt-get", {
    args: [...args, "--quiet", "--quiet", "-o", "DPkg::Lock::Timeout=120"],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
    signal: AbortSignal.timeout(INSTALL_WITHIN_MS),
  }).output();
}
