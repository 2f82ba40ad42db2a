/** A path goes to the pool of its longest prefix. */
import assert from "node:assert/strict";
import { PathPools } from "../../../cluster/pool/path_pools.ts";

const POOLS = new PathPools([
  ["/", "web"],
  ["/api", "backend"],
  ["/api/v2/", "new backend"],
]);

Deno.test("row 19: the longest prefix of a path chooses the pool, in whatever order they are given", () => {
  const rows = [
    ["/x", "web"],
    ["/", "web"],
    ["/api/x", "backend"],
    ["/api", "backend"],
    ["/api/v2/x", "new backend"],
    ["/api/v2", "backend"],
  ];
  for (const [path, pool] of rows) assert.equal(POOLS.route(path!), pool);
});

Deno.test("row 19: /apiary goes to the pool of /api, as a prefix is of text, and /api/ keeps it out", () => {
  assert.equal(POOLS.route("/apiary"), "backend");
  const strict = new PathPools([["/", "web"], ["/api/", "backend"]]);
  assert.equal(strict.route("/apiary"), "web");
});

Deno.test("a path without a prefix has no pool, and prefixes that say nothing are refused", () => {
  assert.equal(new PathPools([["/api", 1]]).route("/x"), null);
  assert.throws(() => new PathPools([["api", 1]]), /begin with "\/".*"api"/);
  assert.throws(() => new PathPools([["/a", 1], ["/a", 2]]), /come once/);
});
