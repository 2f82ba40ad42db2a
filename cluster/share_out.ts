/**
 * Which process should run which territory, by who has it now and who lives.
 *
 * Loads differ by at most one. A territory whose process lives stays there as
 * long as that holds, so that a process that joins is given its share and
 * nothing else moves; one without a live process goes around the ring to the
 * first that has room. The answer is its own fixed point, and the same in all
 * processes that see the same: nobody hands on what he was just given.
 *
 * @module
 */
import type { HashRing } from "./hash_ring.ts";

/**
 * The process of each territory. At most ⌈territories / processes⌉ of them
 * move when a process joins.
 *
 * @param owners The territories in an order that is the same everywhere, each
 * with the process that has it, or null. One that is not in the ring counts as
 * null.
 * @param ring The processes to share out to.
 */
export function shareOut(
  owners: ReadonlyMap<string, string | null>,
  ring: HashRing,
): Map<string, string> {
  const kept = new Map(ring.nodes.map((process) => [process, [] as string[]]));
  const moving: string[] = [];
  for (const [territory, owner] of owners) {
    const of = owner === null ? undefined : kept.get(owner);
    (of ?? moving).push(territory);
  }
  const least = Math.floor(owners.size / ring.nodes.length);
  // So many may have one more than the least.
  let spare = owners.size % ring.nodes.length;
  // Who has most keeps one more; among equals the first by name. Stable.
  const byLoad = [...kept.values()].sort((a, b) => b.length - a.length);
  for (const territories of byLoad) {
    const hasSpare = spare > 0 && territories.length > least;
    if (hasSpare) spare--;
    moving.push(...territories.splice(least + Number(hasSpare)));
  }
  for (const territory of moving) {
    // Finds one: what processes may have is together what there is.
    ring.walk(territory, (process) => {
      const territories = kept.get(process)!;
      const room = least + Number(spare > 0) - territories.length;
      if (room <= 0) return false;
      if (territories.length === least) spare--;
      territories.push(territory);
      return true;
    });
  }
  return new Map(
    [...kept].flatMap(([process, territories]) =>
      territories.map((territory) => [territory, process])
    ),
  );
}
