/**
 * Large answers, smaller. Only text of some kilobytes is worth the time that
 * compressing takes: lists of products and orders, pages, the API's document.
 * An order or a product stays under the bound, so the answers that a sale
 * consists of pay a comparison and nothing else.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";

/** Two packets of a network: less is not sent faster when it is smaller. */
const WORTH_CHARACTERS = 2_048;

/**
 * Compressing 8 KB takes about 50 µs, and nothing else is served meanwhile;
 * this much takes some 2 ms. What is larger is a file that browsers keep.
 */
const MOST_CHARACTERS = 262_144;

/** Half the time of gzip's own default, for texts a few percent larger. */
const LEVEL = 4;

/** True for a text whose answer depends on what encodings are accepted. */
export function isCompressible(body: string): boolean {
  return body.length >= WORTH_CHARACTERS && body.length <= MOST_CHARACTERS;
}

/**
 * Whether an Accept-Encoding field (RFC 9110) takes gzip: by name or by `*`,
 * and not with a quality of 0. Null, no field, asks for nothing.
 */
export function acceptsGzip(field: string | null): boolean {
  if (field === null) return false;
  const qualities = new Map(
    field.toLowerCase().split(",").map((part) => {
      const [name = "", ...parameters] = part.split(";");
      const quality = parameters.map((each) => each.trim())
        .find((each) => each.startsWith("q="));
      return [
        name.trim(),
        quality === undefined ? 1 : Number(quality.slice(2)),
      ];
    }),
  );
  return (qualities.get("gzip") ?? qualities.get("*") ?? 0) > 0;
}

/** The text as gzip. */
export function gzipped(body: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gzipSync(Buffer.from(body), { level: LEVEL }));
}
