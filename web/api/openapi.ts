/**
 * The OpenAPI 3.1 document, made from the rows of the routes and from the
 * schemas that check their input. OpenAPI 3.1 takes JSON Schema 2020-12 as it
 * is, which zod writes by itself, so no other library stands in between.
 *
 * @module
 */
import { z } from "zod";
import { type ProblemCode, PROBLEMS } from "../problems.ts";
import type { Access, Operation, Route } from "../routes.ts";
import { envelope, problem as problemSchema } from "../schemas.ts";

type Json = Record<string, unknown>;

const TAGS = [
  { name: "shop", description: "Products and orders" },
  { name: "accounts", description: "Users and sessions" },
  { name: "admin", description: "Looking inside and changing stock" },
  { name: "operations", description: "Probes and metrics" },
];

/** What each kind of access can refuse. */
const ACCESS_PROBLEMS = {
  open: [],
  public: ["rate-limited"],
  session: ["rate-limited", "unauthenticated"],
  admin: ["rate-limited", "unauthenticated", "forbidden"],
} as const satisfies Record<Access, readonly ProblemCode[]>;

const SECURITY = {
  open: undefined,
  public: undefined,
  session: [{ bearer: [] }, { cookie: [] }],
  admin: [{ admin: [] }],
} as const satisfies Record<Access, unknown>;

/** The document of all routes that have an operation. Plain data. */
export function openApiDocument(routes: readonly Route[]): Json {
  const schemas: Json = {};
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    if (route.operation === undefined) continue;
    const path = (paths[route.path] ??= {});
    const { method, operation } = route;
    path[method.toLowerCase()] = operationObject(route, operation, schemas);
  }
  for (const refusal of [problemSchema, envelope]) {
    schemaOf(refusal, schemas, "output");
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Doorbuster",
      version: "1.0.0",
      description: "A shop for the peak of demand: it cannot oversell, and " +
        "what it has answered it does not lose.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    tags: TAGS,
    paths,
    components: {
      schemas,
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", bearerFormat: "JWT" },
        cookie: { type: "apiKey", in: "cookie", name: "session" },
        admin: { type: "http", scheme: "bearer" },
      },
    },
  };
}

function operationObject(
  route: Route,
  operation: Operation,
  schemas: Json,
): Json {
  const { id, tag, summary, body } = operation;
  const security = SECURITY[route.access];
  return {
    operationId: id,
    tags: [tag],
    summary,
    parameters: parameters(route, operation),
    ...(security && { security }),
    ...(body && {
      requestBody: {
        required: true,
        content: jsonContent(schemaOf(body, schemas, "input")),
      },
    }),
    responses: {
      ...successes(operation, schemas),
      ...refusals(route, operation),
    },
  };
}

function parameters(route: Route, operation: Operation): Json[] {
  const list: Json[] = [];
  for (const [, name] of route.path.matchAll(/\{(\w+)\}/g)) {
    list.push({ name, in: "path", required: true, schema: { type: "string" } });
  }
  const query = operation.query
    ? z.toJSONSchema(operation.query, { io: "input" }).properties ?? {}
    : {};
  for (const [name, schema] of Object.entries(query)) {
    list.push({ name, in: "query", required: false, schema });
  }
  if (operation.needsKey) {
    list.push({
      name: "Idempotency-Key",
      in: "header",
      required: true,
      description: "The same key with the same body takes effect once.",
      schema: { type: "string", minLength: 1, maxLength: 255 },
    });
  }
  return list;
}

function successes(operation: Operation, schemas: Json): Json {
  const answers: Json = {};
  for (const [status, { text, schema }] of Object.entries(operation.answers)) {
    answers[status] = {
      description: text,
      ...(schema && {
        content: jsonContent(schemaOf(schema, schemas, "output")),
      }),
    };
  }
  return answers;
}

/** The problems an operation can answer, by status. */
function refusals(
  { access, isEnveloped }: Route,
  operation: Operation,
): Json {
  const codes = new Set<ProblemCode>(operation.problems);
  for (const code of ACCESS_PROBLEMS[access]) codes.add(code);
  if (operation.query || operation.body) codes.add("invalid-input");
  if (operation.body) {
    codes.add("unsupported-media-type").add("too-large");
    if (access !== "admin") codes.add("forbidden");
  }
  if (operation.needsKey) {
    codes.add("idempotency-key-missing").add("idempotency-key-invalid");
    codes.add("idempotency-key-reused").add("idempotency-in-flight");
  }
  if (access !== "open") {
    codes.add("unavailable").add("overloaded").add("outcome-unknown");
    codes.add("storage-unavailable");
  }
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of codes) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...byStatus.get(status) ?? [], code]);
  }
  if (operation.body) {
    byStatus.set(400, [...byStatus.get(400) ?? [], "invalid-input"]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [
      status,
      problemAnswer(list, isEnveloped === true),
    ]),
  );
}

function problemAnswer(
  codes: readonly ProblemCode[],
  isEnveloped: boolean,
): Json {
  const description = codes.map((code) => `\`${code}\``).join(", ");
  const schema = { $ref: "#/components/schemas/Problem" };
  const content = isEnveloped
    ? jsonContent({ $ref: "#/components/schemas/Envelope" })
    : { "application/problem+json": { schema } };
  return { description, content };
}

function jsonContent(schema: Json): Json {
  return { "application/json": { schema } };
}

/**
 * A schema, with what it names moved to the components. What goes out may get
 * further fields later, so only what comes in is closed.
 */
function schemaOf(
  schema: z.ZodType,
  schemas: Json,
  io: "input" | "output",
): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, {
    io,
    override: ({ jsonSchema }) => {
      if (io === "output") delete jsonSchema.additionalProperties;
    },
  });
  const text = JSON.stringify(json)
    .replaceAll('"#/$defs/', '"#/components/schemas/');
  const { $defs, ...place } = JSON.parse(text) as { $defs?: Json };
  for (const [name, definition] of Object.entries($defs ?? {})) {
    schemas[name] = definition;
  }
  return place;
}
