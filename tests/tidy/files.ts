/**
 * Rules about files: how long they are, what they open with, where they stand,
 * who needs them, which words they do not contain.
 *
 * @module
 */
import {
  type Finding,
  importsOf,
  isCode,
  isTest,
  ownImports,
  place,
  type Rule,
  type Tree,
} from "./tree.ts";

const MAX_LINES = 400;
const MAX_TEST_LINES = 600;

/**
 * Files that may be longer, since two halves would have to be read together.
 * At most three; the header of each says what it hides.
 */
const DEEP: readonly string[] = [
  "actors/runtime/domain.ts",
  "actors/runtime/exchange.ts",
];
const MAX_DEEP = 3;

/** A file can be read in one sitting. */
export const fileLength: Rule = (tree) =>
  [...tree].flatMap(([path, text]) => {
    if (!isCode(path) || DEEP.slice(0, MAX_DEEP).includes(path)) return [];
    const lines = text.split("\n").length - 1;
    const limit = isTest(path) ? MAX_TEST_LINES : MAX_LINES;
    return lines <= limit ? [] : [{
      rule: "file-length",
      where: path,
      because: `${lines} lines, more than ${limit}`,
      instead: "find the second module in it, or argue in an ADR that it is " +
        "deep and name it in tests/tidy/files.ts",
    }];
  });

const OPENING = /^\/\*\*[\s\S]*?\*\//;

/** A file says first what it is. */
export const moduleDoc: Rule = (tree) =>
  [...tree].flatMap(([path, text]) => {
    if (!isCode(path) || isTest(path)) return [];
    const opening = text.match(OPENING)?.[0] ?? "";
    const sentences = opening.replace(/@module[\s\S]*/, "").match(
      /[.:!?](\s|$)/g,
    );
    if (opening.includes("@module") && sentences !== null) return [];
    return [{
      rule: "module-doc",
      where: `${path}:1`,
      because: "the file does not open with /** … @module */",
      instead: "say in 2 to 6 sentences what it is and what it refuses to do",
    }];
  });

const BANNED_FOLDERS =
  /(^|\/)(src|lib|core|common|utils?|helpers?|types|services)\//;
const TOP_FOLDERS = new Set([
  "actors",
  "bench",
  "cluster",
  "fixtures",
  "sim",
  "tests",
  "web",
]);

/** A folder is named after what it holds. */
export const folders: Rule = (tree) =>
  [...tree.keys()].filter(isCode).flatMap((path) => {
    const top = path.includes("/") ? path.split("/")[0] ?? "" : null;
    if (!BANNED_FOLDERS.test(path) && (top === null || TOP_FOLDERS.has(top))) {
      return [];
    }
    return [{
      rule: "folders",
      where: path,
      because: "its folder is none of the house's",
      instead: "put it where docs/ARCHITECTURE.md says, by what it is about",
    }];
  });

/** Files that nothing imports, each with its reason. */
const STANDALONE: readonly string[] = [
  // Run by hand, before a measurement that needs a store of its size.
  "bench/fill_store.ts",
  // Run by hand, once, where the original data is.
  "fixtures/derive.ts",
];

/** No file that nobody needs: git remembers the old ones. */
export const unimported: Rule = (tree) => {
  const needed = new Set([...entryPoints(tree), ...STANDALONE]);
  for (const [path, text] of tree) {
    if (!isCode(path)) continue;
    for (const target of ownImports(path, text)) {
      // A file that only its own test needs is not needed.
      if (target.startsWith("tests/") || !path.startsWith("tests/")) {
        needed.add(target);
      }
    }
  }
  return [...tree.keys()]
    .filter((path) => isCode(path) && !isTest(path) && !needed.has(path))
    .map((path) => ({
      rule: "unimported",
      where: path,
      because: "neither a task nor another file needs it",
      instead: "wire it in, or delete it",
    }));
};

function entryPoints(tree: Tree): string[] {
  const config = tree.get("deno.json") ?? "";
  const named = config.match(/[\w./-]+\.tsx?(?=["\s])/g) ?? [];
  return named.map((path) => path.replace(/^\.\//, ""));
}

/** `mod.ts` must not load these, however far down. */
const HEAVY = /^(npm:)?(hono|@hono|node:sqlite|postgres|@redis|zod)\b/;

/** Loads nothing: types are gone when a program runs. */
const TYPE_IMPORT = /^(import|export) type [^;]*;/gm;

/** Who imports `mod.ts` for its actors does not load a web server. */
export const lightModule: Rule = (tree) => {
  const found: Finding[] = [];
  const seen = new Set(["mod.ts"]);
  for (const path of seen) {
    const text = (tree.get(path) ?? "").replaceAll(TYPE_IMPORT, "");
    const heavy = importsOf(text).filter((name) => HEAVY.test(name));
    found.push(...heavy.map((name) => ({
      rule: "light-module",
      where: path,
      because: `mod.ts reaches it, and it loads ${name}`,
      instead: "export the part that needs no server, database or schema",
    })));
    for (const target of ownImports(path, text)) seen.add(target);
  }
  return found;
};

/** Each with what to do instead. Written so that this file passes. */
const BANNED_WORDS: readonly (readonly [RegExp, RegExp, string, string])[] = [
  [
    /\.(tsx?|md|css|html)$/,
    /\b(TO[D]O|FIX[M]E|X[X]X)\b/g,
    "a loose end",
    "do it now or file an issue; a document says what is, not what may come",
  ],
  [
    /./,
    /(?<![\w.])(\/wor[k]\/|\.\.\/share[d]\b)/g,
    "a path of one machine",
    "write paths from the root of the repository",
  ],
  [
    /\.md$/,
    /(?<![\w.])\/tm[p]\//g,
    "a path of one machine",
    "let the reader choose the folder, for example ./data",
  ],
];

/** What is committed is finished and stands on any machine. */
export const words: Rule = (tree) =>
  [...tree].flatMap(([path, text]) =>
    BANNED_WORDS.flatMap(([where, banned, because, instead]) =>
      !where.test(path) ? [] : [...text.matchAll(banned)].map((match) => ({
        rule: "words",
        where: place(path, text, match.index),
        because: `${because}: ${match[0]}`,
        instead,
      }))
    )
  );

const SWITCH_OFF =
  /\/\/ ?(deno-lint-ignor[e]|@ts-(ignor[e]|expect-erro[r]))|\bas unknow[n] as\b/;

/** A check that is switched off says why, there. */
export const explained: Rule = (tree) =>
  [...tree].flatMap(([path, text]) => {
    if (!isCode(path)) return [];
    const lines = text.split("\n");
    return lines.flatMap((line, index) => {
      if (!SWITCH_OFF.test(line) || / -- \S/.test(line)) return [];
      const above = lines[index - 1]?.trim() ?? "";
      if (/^(\/\/|\/\*\*|\*)/.test(above) && !SWITCH_OFF.test(above)) return [];
      return [{
        rule: "explained",
        where: `${path}:${index + 1}`,
        because: "a check is switched off without a reason",
        instead: "write ` -- why` behind it, or why in the comment above it",
      }];
    });
  });
