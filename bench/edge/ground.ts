/**
 * What all servers of a run have in common: catalog, settings, secret, users.
 * The settings are the shop's defaults, except that nobody is limited by rate
 * and that everybody keeps a limit per buyer (too high to be met), since shops
 * have one in a sale.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { join } from "node:path";

/** How many buyers take turns. */
const USERS = 2000;
/** Longer than any run. */
const TOKEN_SECONDS = 86_400;
/** More than a run can sell, within what a catalog may say. */
const PLENTY = 1_000_000_000;

/** The product that is sold out, and what it had. */
export const SOLD_OUT_SKU = "SOLDOUT0";
/** As many units as there are keys to repeat. */
export const SOLD_OUT_UNITS = 200;

/** See the module. */
export interface Ground {
  /** Absolute; also where journals and logs go. */
  readonly folder: string;
  readonly sessionSecret: string;
  /** Token i is of user i. */
  readonly tokens: readonly string[];
}

/** Makes a folder of its own below `parent`, and the users. */
export async function prepareGround(parent: string): Promise<Ground> {
  const folder = await Deno.makeTempDir({ dir: parent, prefix: "run-" });
  const sessionSecret = crypto.randomUUID();
  const expiresAt = Math.floor(Date.now() / 1000) + TOKEN_SECONDS;
  const tokens = Array.from(
    { length: USERS },
    (_, user) => mint(sessionSecret, `user-${user}`, expiresAt),
  );
  return { folder: await Deno.realPath(folder), sessionSecret, tokens };
}

/** A session token as a login elsewhere would mint it (HS256). */
export function mint(secret: string, user: string, expiresAt: number): string {
  const encode = (value: unknown) =>
    Buffer.from(JSON.stringify(value)).toString("base64url");
  const header = encode({ alg: "HS256", typ: "JWT" });
  const claims = { sub: user, iat: expiresAt - TOKEN_SECONDS, exp: expiresAt };
  const signed = `${header}.${encode({ ...claims, jti: `session-${user}` })}`;
  const signature = createHmac("sha256", secret).update(signed);
  return `${signed}.${signature.digest("base64url")}`;
}

/** The SKU of a product; all have the same length, so bodies have too. */
export function skuOf(product: number): string {
  return `P${String(product).padStart(7, "0")}`;
}

/** Writes a catalog of so many products, and the one that sells out. */
export async function writeCatalog(
  { folder }: Ground,
  products: number,
): Promise<string> {
  const rows = ["sku,name,priceCents,currency,units"];
  for (let product = 0; product < products; product++) {
    const sku = skuOf(product);
    rows.push(`${sku},Product ${sku},1299,GBP,${PLENTY}`);
  }
  rows.push(`${SOLD_OUT_SKU},Sold out,1299,GBP,${SOLD_OUT_UNITS}`);
  const path = join(folder, `catalog-${products}.csv`);
  await Deno.writeTextFile(path, rows.join("\n") + "\n");
  return path;
}

const UNLIMITED = { rate: "1000000/s", burst: 1_000_000 };

/** Writes a config file with a topology, as JSON that `SHOP_CONFIG` takes. */
export async function writeConfig(
  { folder }: Ground,
  name: string,
  topology: Readonly<Record<string, unknown>>,
  addressBucket: { readonly rate: string; readonly burst: number } = UNLIMITED,
): Promise<string> {
  const path = join(folder, `config-${name}.json`);
  const config = {
    topology,
    admission: { user: UNLIMITED, address: addressBucket },
    // No hold ends during a run: giving back is not what is measured.
    orders: { limitPerUser: 1_000_000, holdFor: "1d" },
  };
  await Deno.writeTextFile(path, JSON.stringify(config));
  return path;
}
