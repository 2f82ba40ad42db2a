/**
 * Rules about documents: links lead somewhere, each promise of
 * `docs/GUARANTEES.md` is cited by a test, and each line of
 * `docs/CHECKLIST.md` is "not yet" or names a test that is there.
 *
 * @module
 */
import { type Finding, place, type Rule, type Tree } from "./tree.ts";

const LINK = /\]\(([^)\s]+)\)/g;

/** A link into the repository leads to a file, a folder or a heading. */
export const links: Rule = (tree) =>
  [...tree].flatMap(([path, text]) => {
    if (!path.endsWith(".md")) return [];
    return [...text.matchAll(LINK)]
      .filter((match) => !leadsSomewhere(tree, path, match[1] ?? ""))
      .map((match) => ({
        rule: "links",
        where: place(path, text, match.index),
        because: `${match[1]} leads nowhere`,
        instead: "name a file or heading that is there, relative to this file",
      }));
  });

function leadsSomewhere(tree: Tree, from: string, link: string): boolean {
  if (/^(https?|mailto):/.test(link)) return true;
  const url = new URL(link, `file:///${from}`);
  const path = decodeURIComponent(url.pathname).slice(1);
  const text = tree.get(path);
  if (text === undefined) {
    const folder = path.endsWith("/") || path === "" ? path : `${path}/`;
    return [...tree.keys()].some((each) => each.startsWith(folder));
  }
  if (url.hash === "" || !path.endsWith(".md")) return true;
  const headings = text.match(/^#+ .*$/gm) ?? [];
  return headings.some((heading) => `#${slug(heading)}` === url.hash);
}

/** How GitHub names the anchor of a heading. */
function slug(heading: string): string {
  return heading.replace(/^#+ /, "").toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(" ", "-");
}

const GUARANTEES = "docs/GUARANTEES.md";

/** A promise without a test is a wish; a citation of no promise a mistake. */
export const guarantees: Rule = (tree) => {
  const text = tree.get(GUARANTEES);
  if (text === undefined) return [missing("guarantees", GUARANTEES)];
  const promised = new Map(
    [...text.matchAll(/^[\s|*#-]*\b(G\d+)\b/gm)].map((match) => [
      match[1] ?? "",
      place(GUARANTEES, text, match.index),
    ]),
  );
  const cited = new Map(citations(tree));
  return [
    ...[...promised].filter(([id]) => !cited.has(id)).map(([id, where]) => ({
      rule: "guarantees",
      where,
      because: `no test cites ${id}`,
      instead: `write the test and ${id} into its name or a comment`,
    })),
    ...[...cited].filter(([id]) => !promised.has(id)).map(([id, where]) => ({
      rule: "guarantees",
      where,
      because: `${id} is no promise of ${GUARANTEES}`,
      instead: "cite one that is, or add it there",
    })),
  ];
};

/** Where tests cite a promise. The tests of these rules cite none. */
function citations(tree: Tree): [string, string][] {
  return [...tree].flatMap(([path, text]) =>
    path.startsWith("tests/") && !path.startsWith("tests/tidy/")
      ? [...text.matchAll(/\bG\d+\b/g)].map((match): [string, string] => [
        match[0],
        place(path, text, match.index),
      ])
      : []
  );
}

const CHECKLIST = "docs/CHECKLIST.md";
const ROWS = 72;
const INVARIANTS = 29;
/** `- **12** what. Proof: not yet` or `Proof: path "name"; path "name"`. */
const ITEM = /^- \*\*(I?\d+)\*\* ([\s\S]*?)(?=\n- |\n#|\n\n|$(?![\s\S]))/gm;
const PROOF = /^(?:partly: )?`([^`]+)` "(.+)"$/;

/** The checklist is whole, and every proof that it names is there. */
export const checklist: Rule = (tree) => {
  const text = tree.get(CHECKLIST);
  if (text === undefined) return [missing("checklist", CHECKLIST)];
  const items = [...text.matchAll(ITEM)];
  const ids = items.map((match) => match[1]);
  const expected = [
    ...Array.from({ length: ROWS }, (_, index) => `${index + 1}`),
    ...Array.from({ length: INVARIANTS }, (_, index) => `I${index + 1}`),
  ];
  const gaps = expected.filter((id) =>
    ids.filter((i) => i === id).length !== 1
  );
  return [
    ...gaps.map((id) => ({
      rule: "checklist",
      where: CHECKLIST,
      because: `row ${id} is not there exactly once`,
      instead: "write it as `- **" + id + "** what. Proof: …`",
    })),
    ...items.flatMap((match) =>
      badProofs(tree, match[2] ?? "").map((because) => ({
        rule: "checklist",
        where: place(CHECKLIST, text, match.index),
        because: `row ${match[1]}: ${because}`,
        instead: "write `Proof: not yet`, or the path in backticks and the " +
          'whole name of a test in quotes; several with "; " between',
      }))
    ),
  ];
};

function badProofs(tree: Tree, item: string): string[] {
  // The formatter wraps lines; a name goes on behind the break.
  const proof = item.replace(/\s+/g, " ").split(" Proof: ")[1]?.trim();
  if (proof === undefined) return ["it names no proof"];
  if (proof === "not yet") return [];
  return proof.split(/; (?=`|partly)/).flatMap((each) => {
    const [, path, name] = each.match(PROOF) ?? [];
    if (path === undefined || name === undefined) {
      return [`cannot read the proof ${each}`];
    }
    const test = tree.get(path);
    if (test === undefined) return [`there is no ${path}`];
    return namesTest(test, name) ? [] : [`${path} has no test "${name}"`];
  });
}

/** Whether a string of the file is this name, in one piece or joined. */
function namesTest(test: string, name: string): boolean {
  const joined = test.replace(/["'`]\s*\+\s*["'`]/g, "").replaceAll("\\", "");
  return ['"', "'", "`"].some((quote) => joined.includes(quote + name + quote));
}

function missing(rule: string, path: string): Finding {
  return {
    rule,
    where: path,
    because: "the file is not there",
    instead: "write it",
  };
}
