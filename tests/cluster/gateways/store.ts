/**
 * A new data folder for a test of what stands in it.
 *
 * @module
 */
import { openDataFolder } from "../../../cluster/journal/data_folder.ts";
import { ManualTime } from "./manual_time.ts";

/** Runs `body` on a data folder that is removed afterwards. */
export async function withDataFolder(
  body: (folder: string) => void | Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    const folder = await openDataFolder(path, {
      partitions: { storefront: 1, inventory: 1, accounts: 1 },
      stockRanges: null,
      clock: new ManualTime(),
      newStoreId: () => "test",
      sleep: () => Promise.resolve(),
    });
    try {
      await body(path);
    } finally {
      folder.close();
    }
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}
