/**
 * Signing in, registering and signing out, as forms.
 *
 * @module
 */
import { z } from "zod";
import { outcomeOf } from "../api/shelf.ts";
import type { Call } from "../call.ts";
import { type Problem, problemOf, PROBLEMS } from "../problems.ts";
import type { Route } from "../routes.ts";
import { credentials, newUser } from "../schemas.ts";
import { localPath } from "./format.ts";
import { Alert, document } from "./layout.tsx";

const next = z.string().max(2000).optional();
const signInForm = z.object({ ...credentials.shape, next });
const registerForm = z.object({ ...newUser.shape, next });
const nextQuery = z.object({ next });

type Kind = "login" | "register";

function show(kind: Kind): (call: Call) => Response {
  return (call) => {
    const query = call.query(nextQuery);
    const target = localPath(query.value?.next);
    if (call.session !== null) return call.redirect(target);
    return call.sendPage(200, formDocument({ kind, target }));
  };
}

async function signIn(call: Call): Promise<Response> {
  const form = await call.form(signInForm);
  if (form.problem !== undefined) return refused(call, "login", form.problem);
  const { username, password } = form.value;
  const signedIn = await outcomeOf<{ userId: string }>((done) =>
    call.services.gate.signIn(username, password, done)
  );
  if (signedIn.kind !== "ok") {
    return refused(call, "login", problemOf(signedIn), form.value);
  }
  const { userId } = signedIn.value;
  return call.wantsPage
    ? welcome(call, userId, form.value.next)
    : admitted(call, userId);
}

/** Who sends the form without a browser wants no page, but his session. */
function admitted(call: Call, userId: string): Response {
  const { token, expiresAtMs } = call.services.sessions.mint(userId);
  const expiresAt = new Date(expiresAtMs).toISOString();
  const answer = { status: "success", data: { token, expiresAt } };
  return call.sendJson(200, answer, { "set-cookie": call.cookie(token) });
}

async function register(call: Call): Promise<Response> {
  const form = await call.form(registerForm);
  if (form.problem !== undefined) {
    return refused(call, "register", form.problem);
  }
  const { username, password } = form.value;
  const user = await outcomeOf<{ id: string }>((done) =>
    call.services.gate.register(username, password, done)
  );
  return user.kind === "ok"
    ? welcome(call, user.value.id, form.value.next)
    : refused(call, "register", problemOf(user), form.value);
}

function signOut(call: Call): Response | Promise<Response> {
  const leave = () => call.redirect("/", { "set-cookie": call.cookie("") });
  if (call.session === null) return leave();
  const { tokenId, expiresAtMs } = call.session;
  return call.ask<null>(
    (done) => call.services.gate.revokeSession(tokenId, expiresAtMs, done),
    leave,
  );
}

function welcome(
  call: Call,
  userId: string,
  path: string | undefined,
): Response {
  const { token } = call.services.sessions.mint(userId);
  return call.redirect(localPath(path), { "set-cookie": call.cookie(token) });
}

function refused(
  call: Call,
  kind: Kind,
  problem: Problem,
  filled: { username?: string; next?: string | undefined } = {},
): Response {
  const target = localPath(filled.next);
  const username = filled.username ?? "";
  return call.refuseForm(
    problem,
    () => formDocument({ kind, target, username, problem }),
  );
}

interface FormPage {
  readonly kind: Kind;
  readonly target: string;
  readonly username?: string;
  readonly problem?: Problem;
}

const TEXTS = {
  login: {
    title: "Sign in",
    lead: "Welcome back.",
    other: "New here?",
    otherLink: "Register",
  },
  register: {
    title: "Register",
    lead: "A name and a password, and you can buy.",
    other: "Registered already?",
    otherLink: "Sign in",
  },
} as const;

function formDocument(page: FormPage): string {
  const { kind, target, problem } = page;
  const { title, lead, other, otherLink } = TEXTS[kind];
  const otherPath = kind === "login" ? "/register" : "/login";
  return document({
    title,
    session: null,
    children: (
      <section class="panel">
        <h1>{title}</h1>
        <p class="faint">{lead}</p>
        {problem && <Refusal problem={problem} />}
        <Fields {...page} />
        <p class="faint">
          {other}{" "}
          <a href={`${otherPath}?next=${encodeURIComponent(target)}`}>
            {otherLink}
          </a>
        </p>
      </section>
    ),
  });
}

function Fields({ kind, target, username = "" }: FormPage) {
  const isNew = kind === "register";
  return (
    <form class="stack" method="post" action={`/${kind}`}>
      <input type="hidden" name="next" value={target} />
      <label>
        Username
        <input
          name="username"
          value={username}
          autocomplete="username"
          autocapitalize="none"
          spellcheck={false}
          required
          minlength={isNew ? 3 : 1}
          maxlength={64}
          pattern={isNew ? "[A-Za-z0-9._\\-]{3,64}" : undefined}
          title="3 to 64 letters, digits, dots, underscores or hyphens"
        />
      </label>
      <label>
        Password
        <input
          name="password"
          type="password"
          autocomplete={isNew ? "new-password" : "current-password"}
          required
          minlength={isNew ? 8 : 1}
          maxlength={256}
        />
      </label>
      {isNew && <p class="faint small-print">At least 8 characters.</p>}
      <button class="button" type="submit">{TEXTS[kind].title}</button>
    </form>
  );
}

function Refusal({ problem }: { problem: Problem }) {
  const { title, detail, retryable } = PROBLEMS[problem.code];
  return (
    <Alert title={title}>
      {problem.detail ?? detail}
      {problem.code === "username-taken" && " Choose another one, or sign in."}
      {retryable && " Try again in a moment."}
    </Alert>
  );
}

/** The rows of this file. */
export const ACCOUNT_PAGES: readonly Route[] = [
  { method: "GET", path: "/login", access: "public", handle: show("login") },
  {
    method: "POST",
    path: "/login",
    access: "public",
    isEnveloped: true,
    like: "signIn",
    handle: signIn,
  },
  {
    method: "GET",
    path: "/register",
    access: "public",
    handle: show("register"),
  },
  {
    method: "POST",
    path: "/register",
    access: "public",
    like: "register",
    handle: register,
  },
  { method: "POST", path: "/logout", access: "public", handle: signOut },
];
