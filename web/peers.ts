/**
 * Who is at the other end of a connection: the client's address, whether it
 * came by https, and whether a browser sends a request from our own pages.
 * Forwarding headers count only when a configured proxy sent them; from
 * anybody else they are an attempt to be somebody else.
 *
 * @module
 */
import { BlockList, isIP } from "node:net";

/** What the HTTP server knows of a connection. */
export interface PeerInfo {
  readonly remoteAddr: { readonly hostname?: string };
}

/** A connection without an IP address (a Unix socket) counts as this one. */
const LOCAL = "127.0.0.1";

/** Reads forwarding headers of the proxies that are trusted. */
export class Peers {
  readonly #proxies: BlockList | null;

  /**
   * @param trusted IP addresses and networks such as `10.0.0.0/8`.
   * @throws {TypeError} when one is neither.
   */
  constructor(trusted: readonly string[]) {
    this.#proxies = trusted.length === 0 ? null : blockList(trusted);
  }

  /**
   * The client's address: the last one in X-Forwarded-For that is not a
   * trusted proxy, when a trusted proxy is connected; else the peer's own.
   */
  addressOf(request: Request, info: PeerInfo): string {
    const peer = info.remoteAddr.hostname ?? LOCAL;
    // Nearly always so, and then no header has to be read.
    if (!this.#isProxy(peer)) return peer;
    const hops = request.headers.get("x-forwarded-for")?.split(",") ?? [];
    let address = peer;
    while (hops.length > 0 && this.#isProxy(address)) {
      const hop = hops.pop()?.trim() ?? "";
      if (isIP(hop) === 0) break;
      address = hop;
    }
    return address;
  }

  /** True when the client's own connection is encrypted. */
  isSecure(request: Request, info: PeerInfo): boolean {
    if (request.url.startsWith("https:")) return true;
    const peer = info.remoteAddr.hostname ?? LOCAL;
    return this.#isProxy(peer) &&
      request.headers.get("x-forwarded-proto") === "https";
  }

  #isProxy(address: string): boolean {
    const family = this.#proxies === null ? 0 : isIP(address);
    if (family === 0) return false;
    return this.#proxies?.check(address, `ipv${family as 4 | 6}`) ?? false;
  }
}

/**
 * False when a browser says that another site's page sent the request. Every
 * browser says so, by Sec-Fetch-Site or at least by Origin; a request with
 * neither does not come from a page, and nobody's cookie is being misused.
 */
export function isOwnOrigin(request: Request): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin" || site === "none";
  const origin = request.headers.get("origin");
  if (origin === null) return true;
  const host = request.headers.get("host");
  return URL.canParse(origin) && new URL(origin).host === host;
}

function blockList(trusted: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of trusted) {
    const [address = "", prefix] = entry.split("/");
    const family = isIP(address);
    if (family === 0) {
      throw new TypeError(
        `Cannot trust proxy "${entry}" as it is not an IP address or network`,
      );
    }
    const type = family === 4 ? "ipv4" : "ipv6";
    if (prefix === undefined) list.addAddress(address, type);
    else list.addSubnet(address, Number(prefix), type);
  }
  return list;
}
