/**
 * Debian's HAProxy with our file.
 *
 * @module
 */
import type { ProxyKind } from "../proxy.ts";

/** What belongs to the machine: user, socket, log, number of connections. */
const OF_THE_MACHINE =
  /^ {2}(user|group|stats socket|log \/dev\/log|maxconn) .*$/gm;

/** See the module. */
export const HAPROXY: ProxyKind = {
  name: "HAProxy",
  file: "haproxy.cfg",
  configure: (published) => published.replaceAll(OF_THE_MACHINE, ""),
  command: (config) => ["haproxy", "-db", "-q", "-f", config],
  listen: (port) => ["bind :80", `bind 127.0.0.1:${port}`],
};
