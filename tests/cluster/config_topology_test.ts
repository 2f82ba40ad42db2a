/** Maps of stock in a config: what is taken, and how a mistake is named. */
import assert from "node:assert/strict";
import { ConfigError, printConfig, readConfig } from "../../cluster/config.ts";

/** Reads a config with these ranges, of as many partitions. */
function read(ranges: unknown, inventory = 3, router: unknown = "range") {
  const partitions = { inventory };
  const file = { topology: { partitions, stock: { router, ranges } } };
  return readConfig({ SHOP_CONFIG: "shop.json" }, () => JSON.stringify(file));
}

const LOW = { to: "H", partition: 2 };
const MIDDLE = { from: "H", to: "P", partition: 0 };
const HIGH = { from: "P", partition: 1 };

Deno.test("ranges of SKUs are taken in any order, and printed as they can be read again", () => {
  const config = read([HIGH, LOW, MIDDLE]);
  assert.deepEqual(config.topology.stockRanges, {
    borders: ["", "H", "P"],
    partitions: [2, 0, 1],
  });
  const printed = printConfig(config);
  const again = readConfig({ SHOP_CONFIG: "shop.json" }, () => printed);
  assert.deepEqual(again.topology, config.topology);
  assert.equal(readConfig({}, () => "").topology.stockRanges, null);
});

/** What is wrong, and the line's part behind `topology.stock.`. */
const MISTAKES: Record<string, readonly [ranges: unknown, line: string]> = {
  "ranges that overlap": [
    [LOW, { from: "C", to: "P", partition: 0 }, HIGH],
    "ranges.1: expected a range that does not overlap ranges.0, " +
    'from "" to before "H", found {"from":"C","to":"P","partition":0}',
  ],
  "a range behind one without an end": [
    [{ partition: 2 }, MIDDLE, HIGH],
    "ranges.1: expected a range that does not overlap ranges.0, " +
    'from "" on, found {"from":"H","to":"P","partition":0}',
  ],
  "an empty range": [
    [LOW, { from: "H", to: "H", partition: 0 }, HIGH],
    'ranges.1.to: expected a SKU above "H", its from, found "H"',
  ],
  "a range that ends before it begins": [
    [LOW, { from: "P", to: "H", partition: 0 }, HIGH],
    'ranges.1.to: expected a SKU above "P", its from, found "H"',
  ],
  "a gap": [
    [LOW, { from: "J", to: "P", partition: 0 }, HIGH],
    'ranges.1.from: expected "H", as no range has the SKUs from there, where ' +
    'ranges.0 ends, found "J"',
  ],
  "no range for the lowest SKUs": [
    [{ from: "A", to: "H", partition: 2 }, MIDDLE, HIGH],
    'ranges.0.from: expected "", as no range has the SKUs below that, ' +
    'found "A"',
  ],
  "no range for the highest SKUs": [
    [LOW, MIDDLE, { ...HIGH, to: "z" }],
    "ranges.2.to: expected null, as no range has the SKUs from there on, " +
    'found "z"',
  ],
  "a partition that does not exist": [
    [LOW, MIDDLE, { ...HIGH, partition: 3 }],
    "ranges.2.partition: expected an inventory partition, from 0 to 2, found 3",
  ],
  "a partition twice": [
    [LOW, MIDDLE, { ...HIGH, partition: 0 }],
    "ranges.2.partition: expected another partition than that of ranges.1, " +
    "found 0",
  ],
  "a partition without a range": [
    [{ ...LOW, partition: 1 }, { from: "H", partition: 0 }],
    "ranges: expected 3 ranges, one for each inventory partition, " +
    'found [{"to":"H","partition":1},{"from":"H","partition":0}]',
  ],
  "no range at all": [
    [],
    "ranges: expected 3 ranges, one for each inventory partition, found []",
  ],
  "a range without a partition": [
    [LOW, MIDDLE, { from: "P" }],
    "ranges.2.partition: expected an integer from 0 to 4095, found nothing",
  ],
  "a range with another key": [
    [LOW, MIDDLE, { ...HIGH, shard: 1 }],
    "ranges.2.shard: expected one of from, to, partition, found an unknown key",
  ],
};

for (const [what, [ranges, line]] of Object.entries(MISTAKES)) {
  Deno.test(`row 56: a map of stock with ${what} is refused, and says what is allowed`, () => {
    assert.throws(
      () => read(ranges),
      new ConfigError([`shop.json: topology.stock.${line}`]),
    );
  });
}

Deno.test("row 56: an unknown router of stock is refused, and those that there are are named", () => {
  assert.throws(
    () => read([LOW, MIDDLE, HIGH], 3, "time"),
    new ConfigError([
      'shop.json: topology.stock.router: expected "hash" or "range", found "time"',
    ]),
  );
});

Deno.test("ranges that no router would use are refused", () => {
  assert.throws(
    () => read([{ partition: 0 }], 3, "hash"),
    new ConfigError([
      "shop.json: topology.stock.ranges: expected none, as the router is " +
      '"hash", found [{"partition":0}]',
    ]),
  );
});

Deno.test("every mistake of a map is named at once", () => {
  const ranges = [{ from: "A", to: "H", partition: 2 }, HIGH, {
    ...MIDDLE,
    from: "J",
  }];
  assert.throws(() => read(ranges), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.lines.length, 2);
    return true;
  });
});
