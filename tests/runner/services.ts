/**
 * The programs that some tests need besides Deno, and where they come from.
 * They are installed where that is allowed without asking: as root on Debian.
 * Elsewhere their tests are skipped, by name.
 *
 * @module
 */

/** A Debian package that the tests of one folder need. */
export interface Service {
  readonly package: string;
  /** The program, or the file by its path, that shows that it is there. */
  readonly program: string;
  readonly folder: string;
  readonly purpose: string;
  /** Its tests wait more than they work: their files run in parallel. */
  readonly waits?: true;
}

/** Every service; one whose folder is not there is not needed. */
export const SERVICES: readonly Service[] = [
  {
    package: "chromium",
    program: "chromium",
    folder: "tests/browser",
    purpose: "the browser tests",
  },
  {
    package: "redis-server",
    program: "redis-server",
    folder: "tests/cluster/redis",
    purpose: "the tests of locks and links over Redis",
    waits: true,
  },
  {
    package: "postgresql",
    program: "pg_createcluster",
    folder: "tests/cluster/postgres",
    purpose: "the tests of locks and journals over PostgreSQL",
    waits: true,
  },
  {
    // Redis is there by then: its own tests need it before.
    package: "postgresql",
    program: "pg_createcluster",
    folder: "tests/cluster/processes",
    purpose: "the tests of a shop of several processes",
  },
  {
    package: "nginx",
    program: "nginx",
    folder: "tests/proxies/nginx",
    purpose: "the tests of our file for nginx",
  },
  {
    package: "haproxy",
    program: "haproxy",
    folder: "tests/proxies/haproxy",
    purpose: "the tests of our file for HAProxy",
  },
  {
    package: "erlang-base",
    program: "erl",
    folder: "tests/bench/erlang",
    purpose: "the tests of the Erlang programs in benchmarks",
  },
];

/** Not among them: with Java it is 200 MB, so its tests are a task. */
export const ZOOKEEPER: Service = {
  package: "zookeeper",
  program: "/usr/share/java/zookeeper.jar",
  folder: "tests/cluster/zookeeper",
  purpose: "the tests of locks over ZooKeeper",
};

const APT_GET = "/usr/bin/apt-get";
/** Chromium with what it depends on is about 120 MB: 5 minutes at 400 kB/s. */
const INSTALL_WITHIN_MS = 300_000;

/** Installs what is missing where it may; says what is there and what not. */
export async function installMissing(
  services: readonly Service[] = SERVICES,
): Promise<{ ready: readonly Service[]; missing: readonly Service[] }> {
  const needed = services.filter(({ folder }) => isThere(folder));
  const missing = needed.filter(isMissing).map((service) => service.package);
  // Without a fresh list, Debian's servers may not have the named version.
  if (missing.length > 0 && mayInstall() && await aptGet("update")) {
    await aptGet("install", "--yes", "--no-install-recommends", ...missing);
  }
  return {
    ready: needed.filter((service) => !isMissing(service)),
    missing: needed.filter(isMissing),
  };
}

function isMissing({ program }: Service): boolean {
  if (program.startsWith("/")) return !isThere(program);
  const path = (Deno.env.get("PATH") ?? "").split(":");
  return !path.some((directory) => isThere(`${directory}/${program}`));
}

function mayInstall(): boolean {
  return Deno.uid() === 0 && isThere("/etc/debian_version") &&
    isThere(APT_GET);
}

async function aptGet(...args: readonly string[]): Promise<boolean> {
  const { success } = await new Deno.Command(APT_GET, {
    // Another installation may be under way: wait for it, not for ever.
    args: [...args, "-qq", "-o", "DPkg::Lock::Timeout=120"],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
    signal: AbortSignal.timeout(INSTALL_WITHIN_MS),
  }).output();
  return success;
}

/** Whether a file or folder is there and may be seen. */
export function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    // Not there, or not for us to see: the same to a test.
    return false;
  }
}
