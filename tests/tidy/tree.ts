/**
 * The repository as the file rules see it: paths and texts. Rules work on any
 * such map, so that each can be shown a small broken one.
 *
 * @module
 */
import { resolve } from "./layers.ts";

/** Every text file by its path from the root, with forward slashes. */
export type Tree = ReadonlyMap<string, string>;

/** What a rule found. */
export interface Finding {
  readonly rule: string;
  /** A path, with a line where one is to blame. */
  readonly where: string;
  readonly because: string;
  readonly instead: string;
}

/** A rule over the whole tree. */
export type Rule = (tree: Tree) => readonly Finding[];

/** Made by running, by git, by packagers or by editors; not ours to judge. */
const SKIPPED = /^(\.(?!ci$).*|node_modules|data|coverage)$/;
/** What rules read. Data and pictures they do not. */
const TEXT = /\.(tsx?|jsx?|css|html|json|md|ya?ml)$|(^|\/)(run|LICENSE)$/;

/** Reads the repository below `root`. Throws what reading throws. */
export function readTree(root: URL): Tree {
  const tree = new Map<string, string>();
  const visit = (folder: string) => {
    for (const entry of Deno.readDirSync(new URL(folder, root))) {
      const path = folder + entry.name;
      if (entry.isDirectory && !SKIPPED.test(entry.name)) visit(`${path}/`);
      if (!entry.isFile) continue;
      // Of other files rules only need to know that they are there.
      const isRead = TEXT.test(path) &&
        (isCode(path) || !path.startsWith("fixtures/"));
      const url = new URL(path.replaceAll("%", "%25"), root);
      tree.set(path, isRead ? Deno.readTextFileSync(url) : "");
    }
  };
  visit("");
  return tree;
}

/** TypeScript, with or without JSX. */
export function isCode(path: string): boolean {
  return /\.tsx?$/.test(path);
}

/** A file of tests, which `deno test` finds by its name. */
export function isTest(path: string): boolean {
  return /_test\.tsx?$/.test(path);
}

/** `path:line` of a position in a text. */
export function place(path: string, text: string, position: number): string {
  return `${path}:${text.slice(0, position).split("\n").length}`;
}

/** An import in the text of a file: static, dynamic, or by URL. */
const IMPORT =
  /(?:\bfrom|\bimport|\bimport\(|new URL\(|import\.meta\.resolve\()\s*"([^"\n]+)"/g;

/** Every specifier that a file imports, loads as a worker or reads by URL. */
export function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].map((match) => match[1] ?? "");
}

/** The paths in the tree that a file imports. */
export function ownImports(path: string, text: string): string[] {
  return importsOf(text).filter((name) => name.startsWith("."))
    .map((name) => resolve(path, name));
}
