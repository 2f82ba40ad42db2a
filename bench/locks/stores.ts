/**
 * What keeps leases, each as Debian ships it: a Redis in memory, a PostgreSQL
 * and a ZooKeeper that write to disk before they answer.
 *
 * @module
 */
import { BenchmarkError } from "../benchmark.ts";
import { Child, type ChildOptions } from "../edge/child.ts";
import { freePort, REDIS } from "../edge/servers.ts";
import { needPrograms, POSTGRES, ZOOKEEPER } from "../programs.ts";

/** A server that keeps leases, on a port of this machine. */
export interface Store extends AsyncDisposable {
  readonly port: number;
}

/** Debian's user for it: it will not run as root. */
const POSTGRES_USER = "postgres";
/** It logs, as it is, nowhere. */
const LOGGER = "/usr/share/java/slf4j-simple.jar";

/** A Redis in memory, as locks need no disk. */
export async function startRedis(): Promise<Store> {
  await needPrograms(REDIS.program);
  const port = freePort();
  const { child } = await Child.start({
    ...REDIS,
    name: "redis-server",
    args: ["--port", String(port), "--bind", "127.0.0.1", "--save", ""],
  });
  return { port, [Symbol.asyncDispose]: () => child.stop() };
}

/** A PostgreSQL with its defaults, but that it trusts everybody here. */
export async function startPostgres(): Promise<Store> {
  await needPrograms(POSTGRES);
  const port = freePort();
  const folder = await Deno.makeTempDir();
  await Deno.chmod(folder, 0o777);
  const programs = newestFolder("/usr/lib/postgresql");
  const initialized = await new Deno.Command("sh", {
    args: asPostgres(`${programs}/bin/initdb`, [
      `--pgdata=${folder}/data`,
      "--username=bench",
      "--auth=trust",
    ]),
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  if (!initialized.success) {
    throw new BenchmarkError("PostgreSQL could not make its data folder");
  }
  return await startIn(folder, port, {
    name: "PostgreSQL",
    program: "sh",
    args: asPostgres(`${programs}/bin/postgres`, [
      "-D",
      `${folder}/data`,
      "-p",
      String(port),
      "-h",
      "127.0.0.1",
      "-k",
      folder,
    ]),
    ready: /(ready to accept connections)/,
  });
}

/** A single ZooKeeper with its defaults. */
export async function startZooKeeper(): Promise<Store> {
  await needPrograms(ZOOKEEPER);
  const port = freePort();
  const folder = await Deno.makeTempDir();
  const settings = [
    "tickTime=2000",
    `dataDir=${folder}/data`,
    `clientPort=${port}`,
    "clientPortAddress=127.0.0.1",
    "admin.enableServer=false",
  ];
  await Deno.writeTextFile(`${folder}/zoo.cfg`, settings.join("\n"));
  return await startIn(folder, port, {
    name: "ZooKeeper",
    program: "sh",
    args: withErrors("java", [
      "-cp",
      `${ZOOKEEPER}:${LOGGER}`,
      "org.apache.zookeeper.server.quorum.QuorumPeerMain",
      `${folder}/zoo.cfg`,
    ]),
    ready: /(binding to port)/,
  });
}

async function startIn(
  folder: string,
  port: number,
  options: ChildOptions,
): Promise<Store> {
  const { child } = await Child.start({ ...options, cwd: folder });
  return {
    port,
    async [Symbol.asyncDispose]() {
      await child.stop();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** They say on stderr that they are ready; it is waited for on stdout. */
function withErrors(program: string, args: readonly string[]): string[] {
  return ["-c", 'exec "$@" 2>&1', "sh", program, ...args];
}

function asPostgres(program: string, args: readonly string[]): string[] {
  if (Deno.uid() !== 0) return withErrors(program, args);
  return withErrors("setpriv", [
    `--reuid=${POSTGRES_USER}`,
    `--regid=${POSTGRES_USER}`,
    "--clear-groups",
    program,
    ...args,
  ]);
}

function newestFolder(path: string): string {
  const versions = [...Deno.readDirSync(path)].map(({ name }) => name);
  return `${path}/${versions.sort((a, b) => Number(b) - Number(a))[0]}`;
}
