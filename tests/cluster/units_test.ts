/**
 * Values with units: what is read, and what is not.
 *
 * @module
 */
import assert from "node:assert/strict";
import { parseDuration, parseRate, parseSize } from "../../cluster/units.ts";

Deno.test("parseDuration() reads whole milliseconds and nothing else", () => {
  const read = ["250ms", "30s", "1.5s", "15m", "0.3m", "24h", "7d", "0s"];
  assert.deepEqual(
    read.map(parseDuration),
    [250, 30_000, 1_500, 900_000, 18_000, 86_400_000, 604_800_000, 0],
  );
  const refused = ["30", "s", "-1s", "1 s", "1e3s", "0.5ms", "1w", "", " 1s"];
  assert.ok(refused.every((text) => parseDuration(text) === null));
});

Deno.test("parseRate() reads events per second or per window", () => {
  const read = ["200/s", "100/10s", "30/m", "3600/h", "0/s"];
  assert.deepEqual(read.map(parseRate), [200, 10, 0.5, 1, 0]);
  const refused = ["200", "200/", "/s", "1/0s", "1.5/s", "-1/s", "200/day"];
  assert.ok(refused.every((text) => parseRate(text) === null));
});

Deno.test("parseSize() reads bytes in steps of 1,024", () => {
  const read = ["0B", "512B", "64KB", "64MB", "2GB"];
  assert.deepEqual(
    read.map(parseSize),
    [0, 512, 65_536, 67_108_864, 2_147_483_648],
  );
  const refused = ["64", "64kb", "1.5MB", "-1B", "64 MB", "1TB"];
  assert.ok(refused.every((text) => parseSize(text) === null));
});
