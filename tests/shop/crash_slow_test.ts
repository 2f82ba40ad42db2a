/** What `kill -9` leaves of the whole shop; `deno task crash` at full length. */
import { crashCampaign } from "./crash_campaign.ts";
import { LACKS_PROCESSES } from "./stage.ts";

// G15
Deno.test({
  name: "kill -9 in a rush of 200 buyers loses no answer, no unit and no key",
  ignore: LACKS_PROCESSES,
  async fn() {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const lines: string[] = [];
    const report = (line: string) => lines.push(line);
    try {
      await crashCampaign({ rounds: 4, buyers: 200, seed, report });
    } catch (cause) {
      const again = `deno task crash --rounds 4 --seed ${seed}`;
      throw new Error([again, ...lines].join("\n"), { cause });
    }
  },
});
