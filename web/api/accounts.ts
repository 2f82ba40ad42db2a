/**
 * Users and sessions over HTTP. Whether a name exists is never told by a
 * sign-in: the accounts answer the same for a wrong name and a wrong password,
 * in the same time.
 *
 * @module
 */
import { type Call, PERSONAL } from "../call.ts";
import type { Operation, Route } from "../routes.ts";
import * as schemas from "../schemas.ts";

const REGISTER: Operation = {
  id: "register",
  tag: "accounts",
  summary: "Register a user",
  body: schemas.newUser,
  answers: { 201: { text: "The new user", schema: schemas.user } },
  problems: ["username-taken"],
};

const SIGN_IN: Operation = {
  id: "signIn",
  tag: "accounts",
  summary: "Start a session",
  body: schemas.credentials,
  answers: {
    201: { text: "A token, also set as a cookie", schema: schemas.session },
  },
  problems: ["invalid-credentials"],
};

const SIGN_OUT: Operation = {
  id: "signOut",
  tag: "accounts",
  summary: "Revoke the session of this request",
  answers: { 204: { text: "The token is not valid any more" } },
  problems: [],
};

interface User {
  readonly id: string;
  readonly username: string;
}

async function register(call: Call): Promise<Response> {
  const body = await call.json(schemas.newUser);
  if (body.problem !== undefined) return call.problem(body.problem);
  const { username, password } = body.value;
  return call.ask(
    (done) => call.services.gate.register(username, password, done),
    (user: User) =>
      call.sendJson(201, { id: user.id, username: user.username }),
  );
}

async function signIn(call: Call): Promise<Response> {
  const body = await call.json(schemas.credentials);
  if (body.problem !== undefined) return call.problem(body.problem);
  const { username, password } = body.value;
  return call.ask(
    (done) => call.services.gate.signIn(username, password, done),
    ({ userId }: { userId: string }) => {
      const { token, expiresAtMs } = call.services.sessions.mint(userId);
      const expiresAt = new Date(expiresAtMs).toISOString();
      const headers = { "set-cookie": call.cookie(token) };
      return call.sendJson(201, { token, expiresAt }, headers);
    },
  );
}

function signOut(call: Call): Response | Promise<Response> {
  const { session } = call;
  if (session === null) return call.problem({ code: "unauthenticated" });
  const { tokenId, expiresAtMs } = session;
  return call.ask(
    (done) => call.services.gate.revokeSession(tokenId, expiresAtMs, done),
    () =>
      call.send(204, null, {
        "set-cookie": call.cookie(""),
        "cache-control": PERSONAL,
      }),
  );
}

/** The rows of this file. */
export const ACCOUNT_ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: "/v1/users",
    access: "public",
    operation: REGISTER,
    handle: register,
  },
  {
    method: "POST",
    path: "/v1/sessions",
    access: "public",
    operation: SIGN_IN,
    handle: signIn,
  },
  {
    method: "DELETE",
    path: "/v1/sessions/current",
    access: "session",
    operation: SIGN_OUT,
    handle: signOut,
  },
];
