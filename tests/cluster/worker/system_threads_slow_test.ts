/** Threads of a user's system that fall silent. */
import assert from "node:assert/strict";
import { granted } from "../../permission.ts";
import { puppet } from "./puppet.ts";
import { PuppetSystem } from "./puppet_system.ts";
import { strayErrors } from "./started_thread.ts";

/** A thread loads its modules from files. */
const ignore = !granted("read");

Deno.test({
  name:
    "G48 a thread in a loop without end is replaced after `silentMs`, and " +
    "is gone with the system",
  ignore,
  async fn() {
    const stray = await strayErrors(async () => {
      await using puppets = await PuppetSystem.start({
        children: [{ name: "here", behavior: puppet, args: null }],
        workers: { silentMs: 1_000 },
      });
      await puppets.ask("here", { kind: "watch", ref: "left" });
      puppets.tell("left", { kind: "spin" });
      // Behind the message that never ends.
      const asked = puppets.system.ask("left", { kind: "where" }, 600_000);
      assert.equal((await asked).kind, "unknown");
      assert.deepEqual(await puppets.notes("here", 1), ["left host_lost"]);
      assert.equal(await puppets.replaced("worker-0"), "missed 4 heartbeats");
      await puppets.ask("left", { kind: "where" });
    });
    assert.deepEqual(stray, []);
  },
});
