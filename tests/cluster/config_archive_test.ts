/** Periods of archives in a config: what is taken, and how a mistake is named. */
import assert from "node:assert/strict";
import { ConfigError, printConfig, readConfig } from "../../cluster/config.ts";

function read(periods: unknown) {
  const text = JSON.stringify({ archive: { periods } });
  return readConfig({ SHOP_CONFIG: "shop.json" }, () => text);
}

const OLD = {
  name: "2025",
  from: "2025-01-01T00:00:00+01:00",
  to: "2026-01-01T00:00:00+01:00",
};
const NEW = {
  name: "2026",
  from: "2026-01-01T00:00:00+01:00",
  to: "2027-01-01T00:00:00+01:00",
};

Deno.test("periods of archives are taken in any order, gaps between them too, and printed as they can be read again", () => {
  const later = { ...NEW, from: "2026-06-30T22:00:00.001Z" };
  const config = read([later, OLD]);
  assert.deepEqual(config.archivePeriods.map(({ shard }) => shard), [
    ...["2026", "2025"],
  ]);
  const printed = printConfig(config);
  const again = readConfig({ SHOP_CONFIG: "shop.json" }, () => printed);
  assert.deepEqual(again.archivePeriods, config.archivePeriods);
  assert.deepEqual(readConfig({}, () => "").archivePeriods, []);
});

/** What is wrong, and the line's part behind `archive.`. */
const MISTAKES: Record<string, readonly [periods: unknown, line: string]> = {
  "that overlap": [
    // By the hour that lies between their offsets.
    [OLD, { ...NEW, from: "2026-01-01T00:00:00+02:00" }],
    "periods.1: expected a period that does not overlap periods.0, from " +
    "2025-01-01T00:00:00+01:00 to before 2026-01-01T00:00:00+01:00, found " +
    '{"name":"2026","from":"2026-01-01T00:00:00+02:00","to":"2...',
  ],
  "one of which is empty": [
    [OLD, { ...NEW, to: NEW.from }],
    "periods.1.to: expected a time after 2026-01-01T00:00:00+01:00, its from, " +
    'found "2026-01-01T00:00:00+01:00"',
  ],
  "of one name": [
    [OLD, { ...NEW, name: "2025" }],
    "periods.1.name: expected another name than that of periods.0, " +
    'found "2025"',
  ],
  "whose border has no offset": [
    [{ ...OLD, from: "2025-01-01T00:00:00" }],
    "periods.0.from: expected a time with an offset, such as " +
    '"2026-01-01T00:00:00+01:00", found "2025-01-01T00:00:00"',
  ],
  "whose border is finer than a millisecond": [
    [{ ...OLD, from: "2025-01-01T00:00:00.0001Z" }],
    "periods.0.from: expected a time with an offset, such as " +
    '"2026-01-01T00:00:00+01:00", found "2025-01-01T00:00:00.0001Z"',
  ],
  "whose name is none of a file": [
    [{ ...OLD, name: "../2025" }],
    "periods.0.name: expected a name of up to 32 lower-case letters, digits " +
    'and -, found "../2025"',
  ],
};

for (const [what, [periods, line]] of Object.entries(MISTAKES)) {
  Deno.test(`row 56: periods ${what} are refused, and what is allowed is said`, () => {
    assert.throws(
      () => read(periods),
      new ConfigError([`shop.json: archive.${line}`]),
    );
  });
}
