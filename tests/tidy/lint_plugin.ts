/**
 * The house rules that need a syntax tree, as a plugin of `deno lint`, so that
 * an editor shows them where they are broken. It only finds the places; what
 * is right stands in the tables of `layers.ts` and `ambient.ts`.
 *
 * @module
 */
import { insteadOf } from "./ambient.ts";
import { judgeImport, judgeOutside, type Refusal } from "./layers.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
/** A function that one screen shows. TIGER_STYLE's number. */
const MAX_FUNCTION_LINES = 70;

type Visitor = Deno.lint.LintVisitor;
type RuleContext = Deno.lint.RuleContext;

function pathOf(context: RuleContext): string {
  const { filename } = context;
  return filename.startsWith(ROOT) ? filename.slice(ROOT.length) : filename;
}

function refuse(
  context: RuleContext,
  node: Deno.lint.Node,
  refusal: Refusal | null,
): void {
  if (refusal === null) return;
  const { because, instead } = refusal;
  context.report({ node, message: because, hint: `Instead: ${instead}` });
}

/** Imports point down, and each outside library has one doorman. */
function imports(context: RuleContext): Visitor {
  const path = pathOf(context);
  const judge = (node: Deno.lint.Node, source: Deno.lint.Node | null) => {
    if (source?.type !== "Literal" || typeof source.value !== "string") return;
    refuse(context, node, judgeImport(path, source.value));
  };
  return {
    ImportDeclaration: (node) => judge(node, node.source),
    ExportNamedDeclaration: (node) => judge(node, node.source),
    ExportAllDeclaration: (node) => judge(node, node.source),
    ImportExpression: (node) => judge(node, node.source),
    NewExpression(node) {
      const { callee } = node;
      if (callee.type !== "Identifier" || callee.name !== "Worker") return;
      refuse(context, node, judgeOutside(path, "Worker"));
    },
  };
}

/** Ambient time, chance, timers and the like stay in hosts. */
function ambient(context: RuleContext): Visitor {
  const path = pathOf(context);
  const judge = (node: Deno.lint.Node, name: string) => {
    const instead = insteadOf(name, path);
    if (instead === null) return;
    refuse(context, node, {
      because: `${name} is for hosts and main.ts files`,
      instead,
    });
  };
  return {
    MemberExpression(node) {
      const written = context.sourceCode.getText(node);
      judge(node, written.replace(/^globalThis\./, ""));
    },
    CallExpression(node) {
      if (node.callee.type === "Identifier") judge(node, node.callee.name);
    },
    NewExpression(node) {
      const { callee } = node;
      if (callee.type !== "Identifier" || callee.name !== "Date") return;
      if (node.arguments.length === 0) judge(node, "new Date()");
    },
  };
}

/** A function fits on a screen. */
function functionLength(context: RuleContext): Visitor {
  const measure = (node: Deno.lint.Node) => {
    const lines = context.sourceCode.getText(node).split("\n").length;
    if (lines <= MAX_FUNCTION_LINES) return;
    refuse(context, node, {
      because: `this function has ${lines} lines, more than ` +
        `${MAX_FUNCTION_LINES}`,
      instead: "name its parts, or make the data say what the code repeats",
    });
  };
  return {
    FunctionDeclaration: measure,
    FunctionExpression: measure,
    ArrowFunctionExpression: measure,
  };
}

/** Immutable things that an actor file may create while it loads. */
const STATELESS = new Set(["TextEncoder", "TextDecoder", "RegExp"]);

/** Actors keep state where the host can see it, not in their module. */
function moduleState(context: RuleContext): Visitor {
  if (!pathOf(context).startsWith("actors/")) return {};
  return {
    Program(program) {
      for (const node of program.body.map(declarationIn)) {
        if (node?.type === "ClassDeclaration") classState(context, node);
        if (node?.type === "VariableDeclaration") variables(context, node);
      }
    },
  };
}

function declarationIn(node: Deno.lint.Statement): Deno.lint.Node | null {
  return node.type === "ExportNamedDeclaration" ? node.declaration : node;
}

function variables(
  context: RuleContext,
  node: Deno.lint.VariableDeclaration,
): void {
  if (node.declare) return;
  for (const { id, init } of node.declarations) {
    const type = id.type === "Identifier" ? id.typeAnnotation : undefined;
    const isReadonly = type !== undefined &&
      context.sourceCode.getText(type).includes("Readonly");
    if (node.kind === "const" && (isReadonly || !isMutable(init))) continue;
    refuse(context, node, {
      because: "an actor file keeps state in its module",
      instead: "keep it in the actor's state; type a constant collection as " +
        "ReadonlySet, ReadonlyMap or Readonly<…>",
    });
  }
}

function isMutable(init: Deno.lint.Expression | null): boolean {
  if (init === null) return true;
  if (init.type === "ArrayExpression") return init.elements.length === 0;
  if (init.type === "ObjectExpression") return init.properties.length === 0;
  if (init.type !== "NewExpression") return false;
  const { callee } = init;
  return callee.type !== "Identifier" || !STATELESS.has(callee.name);
}

function classState(
  context: RuleContext,
  node: Deno.lint.ClassDeclaration,
): void {
  for (const member of node.body.body) {
    if (member.type !== "PropertyDefinition" || !member.static) continue;
    if (member.readonly) continue;
    refuse(context, member, {
      because: "a static field is state of the module",
      instead: "keep it in the actor's state, or make it readonly",
    });
  }
}

/** What others call is explained where it is declared. */
function documentedExports(context: RuleContext): Visitor {
  if (pathOf(context).endsWith("_test.ts")) return {};
  const check = (node: Deno.lint.Node) => {
    const last = context.sourceCode.getCommentsBefore(node)
      .findLast(({ value }) => !value.includes("deno-lint-ignore"));
    if (last?.type === "Block" && last.value.startsWith("*")) return;
    refuse(context, node, {
      because: "this export has no JSDoc",
      instead: "say what it is for, its units, and what happens on failure",
    });
  };
  return {
    ExportNamedDeclaration(node) {
      // A re-export is explained where it comes from.
      if (node.declaration !== null) check(node);
    },
    ExportDefaultDeclaration: check,
  };
}

/** The rules, under the name that an ignore comment must use. */
const plugin: Deno.lint.Plugin = {
  name: "house",
  rules: {
    imports: { create: imports },
    ambient: { create: ambient },
    "function-length": { create: functionLength },
    "module-state": { create: moduleState },
    "documented-exports": { create: documentedExports },
  },
};

export default plugin;
