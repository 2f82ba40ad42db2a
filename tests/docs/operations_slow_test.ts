/** The commands of docs/OPERATIONS.md do what it says. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { readConfig } from "../../cluster/config.ts";
import { granted } from "../permission.ts";
import { freePort } from "../proxies/proxy.ts";
import { within } from "../shop/shop_process.ts";

const ROOT = new URL("../../", import.meta.url);
const ENDS_WITHIN_MS = 120_000;

/** The blocks of a language, in a section or in all of the page. */
function blocksOf(language: string, section = ""): string[] {
  const page = Deno.readTextFileSync(new URL("docs/OPERATIONS.md", ROOT));
  const from = page.indexOf(section);
  const end = page.indexOf("\n## ", from + 1);
  const text = page.slice(from, section === "" ? undefined : end);
  const block = new RegExp("^```" + language + "\n([^]*?)^```$", "gm");
  return [...text.matchAll(block)].map((match) => match[1]!);
}

Deno.test({
  name: "the first hour of OPERATIONS works as written: a shop, a backup " +
    "beside it, and a restored shop in which every unit adds up",
  ignore: !granted("read", "write", "run", "net", "env"),
  async fn() {
    const folder = Deno.makeTempDirSync({ prefix: "doorbuster-first-hour-" });
    const [first, second] = [freePort(), freePort()];
    const written = blocksOf("sh", "## The first hour").join("\n")
      .replaceAll(/\.\/(data|backup|drill)\b/g, `${folder}/$1`)
      .replaceAll("8000", String(first)).replaceAll("8010", String(second));
    const script = `set -e
      trap 'kill -9 $(jobs -p) 2>&-' ERR
      ${written}
      pids=$(jobs -p)
      kill %1 %2
      for pid in $pids; do wait $pid; done
      echo both ended well`;
    try {
      const { code, stdout, stderr } = await within(
        ENDS_WITHIN_MS,
        "the commands to end",
        new Deno.Command("bash", {
          args: ["-c", script],
          cwd: ROOT,
          env: {
            PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}`,
            PORT: String(first),
          },
          stdin: "null",
        }).output(),
      );
      const said = new TextDecoder().decode(stdout);
      assert.equal(code, 0, said + new TextDecoder().decode(stderr));
      assert.match(said, /backup \S+ store=.* paused=[\d.]+ms$/m);
      assert.match(said, /restored \S+ store=/);
      assert.match(said, /"violations":\[\]/);
      assert.match(said, /both ended well/);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "every configuration that OPERATIONS shows is accepted",
  ignore: !granted("read"),
  fn() {
    const blocks = blocksOf("json");
    assert(blocks.length > 0);
    for (const block of blocks) {
      readConfig({ SHOP_CONFIG: "shown.json" }, () => block);
    }
  },
});
