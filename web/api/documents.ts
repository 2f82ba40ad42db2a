/**
 * The OpenAPI document and a page to read and try it. The page is Swagger UI
 * from its package, served by us: no outside host, and no script or style that
 * is not one of these files.
 *
 * @module
 */
import docsScript from "../assets/docs.js" with { type: "text" };
import type { Call } from "../call.ts";
import type { Route } from "../routes.ts";
import { openApiDocument } from "./openapi.ts";

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Doorbuster API</title>
<link rel="icon" href="/assets/icon.svg">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<noscript><p>This page needs script; the document itself is at
<a href="/openapi.json">/openapi.json</a>.</p></noscript>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/docs.js"></script>
</body>
</html>`;

/**
 * Swagger UI sets styles from its script and has its icons as data URLs; both
 * are allowed here and nowhere else.
 */
const DOCS_POLICY = "default-src 'none'; script-src 'self'; " +
  "style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/** Files change with a release only. */
const FILE_CACHE = "public, max-age=3600";

/** The rows for the document of `routes`, and for the page that shows it. */
export function documentRoutes(routes: readonly Route[]): readonly Route[] {
  // Made at the first request, because a start has better things to do.
  let text: string | undefined;
  return [
    file("/openapi.json", "application/json", () => {
      text ??= JSON.stringify(openApiDocument(routes));
      return text;
    }),
    {
      method: "GET",
      path: "/docs",
      access: "open",
      handle: (call) =>
        call.sendPage(200, PAGE, { "content-security-policy": DOCS_POLICY }),
    },
    file("/docs/docs.js", "text/javascript", () => docsScript),
    file("/docs/swagger-ui.css", "text/css", async () => {
      const module = await import("swagger-ui-dist/swagger-ui.css", {
        with: { type: "text" },
      });
      return module.default;
    }),
    file("/docs/swagger-ui-bundle.js", "text/javascript", async () => {
      const module = await import("swagger-ui-dist/swagger-ui-bundle.js", {
        with: { type: "text" },
      });
      // TypeScript takes a script for its module, whatever the attribute says.
      return module.default as unknown as string;
    }),
  ];
}

/** A row for a text that is the same for everybody. */
export function file(
  path: Route["path"],
  type: string,
  text: () => string | Promise<string>,
): Route {
  const handle = async (call: Call) =>
    call.send(200, await text(), {
      "content-type": `${type}; charset=utf-8`,
      "cache-control": FILE_CACHE,
    });
  return { method: "GET", path, access: "open", handle };
}
