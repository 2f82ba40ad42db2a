/** Our HAProxy file, in Debian's HAProxy. */
import { LACKS_PROCESSES } from "../../shop/stage.ts";
import type { ProxyKind } from "../proxy.ts";
import { HEALTH_CLAIM, PROXY_CLAIMS } from "../proxy_contract.ts";

/** What belongs to the machine: user, socket, log, number of connections. */
const OF_THE_MACHINE =
  /^ {2}(user|group|stats socket|log \/dev\/log|maxconn) .*$/gm;

const HAPROXY: ProxyKind = {
  name: "HAProxy",
  file: "haproxy.cfg",
  configure: (published) => published.replaceAll(OF_THE_MACHINE, ""),
  command: (config) => ["haproxy", "-db", "-q", "-f", config],
  listen: (port) => ["bind :80", `bind 127.0.0.1:${port}`],
};

for (const { name, holds } of [...PROXY_CLAIMS, HEALTH_CLAIM]) {
  Deno.test({
    name: `HAProxy: ${name}`,
    ignore: LACKS_PROCESSES,
    fn: () => holds(HAPROXY),
  });
}
