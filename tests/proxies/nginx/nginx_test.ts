/** Our nginx file, in Debian's nginx. */
import { LACKS_PROCESSES } from "../../shop/stage.ts";
import type { ProxyKind } from "../proxy.ts";
import { PROXY_CLAIMS } from "../proxy_contract.ts";

const NGINX: ProxyKind = {
  name: "nginx",
  file: "nginx.conf",
  // What Debian's own nginx.conf says around it, in a folder of the test's.
  configure: (published, folder) => `
    daemon off;
    pid ${folder}/pid;
    events {}
    http {
      access_log off;
      client_body_temp_path ${folder}/body;
      proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      ${published}
    }`,
  command: (config) => ["nginx", "-e", "/dev/null", "-c", config],
  listen: (port) => ["listen 80;", `listen 127.0.0.1:${port};`],
};

for (const { name, holds } of PROXY_CLAIMS) {
  Deno.test({
    name: `nginx: ${name}`,
    ignore: LACKS_PROCESSES,
    fn: () => holds(NGINX),
  });
}
