/** What the password gateway promises. @module */
import { equal, match, notEqual, ok, rejects } from "node:assert/strict";
import { PasswordGateway } from "../../../cluster/gateways/password.ts";

/** A thousandth of the work; what is tested does not depend on it. */
const CHEAP = { N: 2 ** 5, r: 8, p: 1 };

async function hash(gateway: PasswordGateway, password: string) {
  const outcome = await gateway.handle({ kind: "hash_password", password });
  if (outcome.kind !== "ok" || !("hash" in outcome.value)) {
    throw new Error("not hashed");
  }
  return outcome.value.hash;
}

async function matches(
  gateway: PasswordGateway,
  password: string,
  hash: string | null,
) {
  const kind = "verify_password";
  const outcome = await gateway.handle({ kind, password, hash });
  return outcome.kind === "ok" && "matches" in outcome.value &&
    outcome.value.matches;
}

Deno.test("a password matches its own hash and no other does", async () => {
  const gateway = new PasswordGateway(CHEAP);
  const stored = await hash(gateway, "correct horse");
  equal(await matches(gateway, "correct horse", stored), true);
  equal(await matches(gateway, "correct horsf", stored), false);
});

Deno.test("equal passwords have different hashes", async () => {
  const gateway = new PasswordGateway(CHEAP);
  notEqual(await hash(gateway, "same"), await hash(gateway, "same"));
});

// G30
Deno.test("a hash names its cost and not the password", async () => {
  const stored = await hash(new PasswordGateway(), "correct horse");
  match(stored, /^scrypt\$32768\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
});

Deno.test("a hash of another cost still verifies", async () => {
  const stored = await hash(new PasswordGateway(CHEAP), "old");
  equal(await matches(new PasswordGateway(), "old", stored), true);
});

Deno.test("a user who does not exist never matches", async () => {
  equal(await matches(new PasswordGateway(CHEAP), "", null), false);
});

// G30: who does not exist costs a guesser as much as who does.
Deno.test("a user who does not exist is as much work as one who does", async () => {
  const gateway = new PasswordGateway({ N: 2 ** 12, r: 8, p: 1 });
  const stored = await hash(gateway, "correct horse");
  const workMs = async (compared: string | null) => {
    const startedMs = performance.now();
    for (let time = 0; time < 5; time++) {
      await matches(gateway, "a guess", compared);
    }
    return performance.now() - startedMs;
  };
  await workMs(stored);
  // Without the work it takes a thousandth; a busy machine doubles it.
  ok(await workMs(null) > await workMs(stored) / 10);
});

Deno.test("one letter typed as two code points is one password", async () => {
  const gateway = new PasswordGateway(CHEAP);
  const stored = await hash(gateway, "caf\u00e9 crème");
  equal(await matches(gateway, "cafe\u0301 crème", stored), true);
});

Deno.test("a damaged hash is an error that does not show it", async () => {
  const gateway = new PasswordGateway(CHEAP);
  for (const stored of ["", "scrypt$32$8$1$short$x", "bcrypt$1$2"]) {
    await rejects(matches(gateway, "x", stored), {
      message:
        'Cannot verify a password as its hash is not "scrypt$N$r$p$salt$hash"',
    });
  }
});
