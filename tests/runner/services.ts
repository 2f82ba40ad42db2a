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
  /** The program that shows that the package is there. */
  readonly program: string;
  readonly folder: string;
  readonly purpose: string;
}

/** Folders that are not there need nothing. */
const SERVICES: readonly Service[] = [
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
  },
];

/** Chromium with what it depends on is about 120 MB: 5 minutes at 400 kB/s. */
const INSTALL_WITHIN_MS = 300_000;

/** Installs what is missing where it may; returns what is missing still. */
export async function missingServices(): Promise<readonly Service[]> {
  const missing = SERVICES.filter(isMissing);
  if (missing.length === 0 || !mayInstall()) return missing;
  const packages = missing.map((service) => service.package);
  // Without a fresh list, Debian's servers may not have the named version.
  if (await aptGet("update")) {
    await aptGet("install", "--yes", "--no-install-recommends", ...packages);
  }
  return missing.filter(isMissing);
}

function isMissing({ folder, program }: Service): boolean {
  if (!isThere(folder)) return false;
  const path = (Deno.env.get("PATH") ?? "").split(":");
  return !path.some((directory) => isThere(`${directory}/${program}`));
}

function mayInstall(): boolean {
  return Deno.uid() === 0 && isThere("/etc/debian_version");
}

async function aptGet(...args: readonly string[]): Promise<boolean> {
  const { success } = await new Deno.Command("apt-get", {
    args: [...args, "--quiet", "--quiet"],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
    signal: AbortSignal.timeout(INSTALL_WITHIN_MS),
  }).output();
  return success;
}

function isThere(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    // Not there, or not for us to see: the same to a test.
    return false;
  }
}
