/** Our HAProxy file, in Debian's HAProxy. */
import { LACKS_PROCESSES } from "../../shop/stage.ts";
import { HEALTH_CLAIM, PROXY_CLAIMS } from "../proxy_contract.ts";
import { HAPROXY } from "./haproxy.ts";

for (const { name, holds } of [...PROXY_CLAIMS, HEALTH_CLAIM]) {
  Deno.test({
    name: `HAProxy: ${name}`,
    ignore: LACKS_PROCESSES,
    fn: () => holds(HAPROXY),
  });
}
