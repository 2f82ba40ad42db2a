/**
 * What both programs of the ring's contest have in common: the servers, the
 * keys, and what a result must look like.
 *
 * @module
 */

/** Servers of a pool. */
export const SERVERS: readonly string[] = Array.from(
  { length: 8 },
  (_, index) => `server-${index}`,
);

/** Points of a server on the ring: as many as the peer has by itself. */
export const POINTS = 160;

/**
 * More than the 5,000 answers that the peer keeps, as a shop has more clients:
 * a look-up is a look-up in the ring, for both.
 */
export const KEYS: readonly string[] = Array.from(
  { length: 100_000 },
  (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
);

/**
 * Throws when a server has less than half or more than one and a half of its
 * share: with 160 points the standard deviation is a thirteenth of it.
 */
export function verifyShares(counts: ReadonlyMap<string, number>): void {
  let total = 0;
  for (const count of counts.values()) total += count;
  for (const server of SERVERS) {
    const share = (counts.get(server) ?? 0) / total * SERVERS.length;
    if (share > 0.5 && share < 1.5) continue;
    throw new Error(
      `Cannot accept the look-ups as ${server} must have about its share: ` +
        `current value is ${share} of it`,
    );
  }
}
