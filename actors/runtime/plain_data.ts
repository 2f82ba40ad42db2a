/**
 * What a message, an event or an answer may consist of, so that every link and
 * every journal carries it alike: plain objects, arrays, strings, booleans,
 * null and safe integers. Hosts of tests and simulations freeze it on top, so
 * that a behavior which writes into one crashes there and not in production.
 *
 * @module
 */

/**
 * Freezes a message or event all the way down. Throws a TypeError when it
 * holds what a link could not carry: anything but plain objects, arrays,
 * strings, booleans, null and safe integers (an absent member is fine).
 */
export function freezePlain<Value>(value: Value): Value {
  if (value === null || value === undefined) return value;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (Number.isSafeInteger(value)) return value;
  if (!isPlain(value)) {
    throw new TypeError(
      `Cannot carry a ${typeof value} that is not plain data: ` +
        `current value is ${String(value)}`,
    );
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      freezePlain(value[index]);
    }
  } else {
    // As `Object.values`, since nothing is inherited, but without its list.
    for (const name in value) freezePlain(value[name]);
  }
  return Object.freeze(value);
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype ||
    prototype === null;
}
