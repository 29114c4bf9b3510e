import ts from "typescript";
import { MemoryCalls, memoryCallsIn } from "./memory-calls.ts";
import type { MemoryCall } from "./memory-calls.ts";

type MutationOperator =
  | "drop store"
  | "drop fence"
  | "swap stores"
  | "atomic to plain"
  | "compare-exchange to store"
  | "drop retry"
  | "drop check";

/** One change of one source file. */
export interface Mutant {
  /** Stable while the code around it changes: operator, the text it changes, and which of the equal ones it is. */
  readonly id: string;
  readonly operator: MutationOperator;
  readonly line: number;
  /** Where the change begins, in characters. */
  readonly offset: number;
  /** The text it changes, on one line. */
  readonly original: string;
  /** The whole file, changed. */
  readonly source: string;
}

interface Edit {
  readonly operator: MutationOperator;
  readonly node: ts.Node;
  readonly replacement: string;
  /** Where it is not the node's own text. */
  readonly start?: number;
}

/** Every mutant of a file's shared-memory code. */
export function mutantsOf(fileName: string, text: string): Mutant[] {
  const source = ts.createSourceFile(fileName, text, ts.ScriptTarget.Latest, true);
  const calls = new MemoryCalls(source);
  const edits: Edit[] = [];
  const visit = (node: ts.Node): void => {
    edits.push(...editsAt(node, calls));
    ts.forEachChild(node, visit);
  };
  visit(source);
  const counts = new Map<string, number>();
  return edits.map(({ operator, node, replacement, start = node.getStart(source) }) => {
    const original = text.slice(start, node.getEnd()).replace(/\s+/g, " ");
    const id = `${operator}: ${original.length > 120 ? `${original.slice(0, 117)}...` : original}`;
    const count = (counts.get(id) ?? 0) + 1;
    counts.set(id, count);
    return {
      id: count === 1 ? id : `${id} #${count}`,
      operator,
      line: source.getLineAndCharacterOfPosition(start).line + 1,
      offset: start,
      original,
      source: `${text.slice(0, start)}${replacement}${text.slice(node.getEnd())}${plainImports(calls, replacement)}`,
    };
  });
}

/** What mutants call and the file need not import; at the end, so that lines keep their numbers. */
function plainImports(calls: MemoryCalls, replacement: string): string {
  // A file that has only a region's operations imports none of the module's functions.
  const specifier =
    calls.specifier ?? (replacement.includes("mutant") ? "@udp-relay/atomics-layout/memory" : undefined);
  if (specifier === undefined) return "";
  const names = specifier === "#shared-cell" ? ["store"] : ["peek", "poke", "store"];
  const list = names.map((name) => `${name} as mutant${name[0]!.toUpperCase()}${name.slice(1)}`);
  return `\nimport { ${list.join(", ")} } from "${specifier}";\n`;
}

function editsAt(node: ts.Node, calls: MemoryCalls): Edit[] {
  const edits: Edit[] = [];
  if (ts.isExpressionStatement(node)) edits.push(...dropped(node, calls));
  if (ts.isBlock(node) || ts.isSourceFile(node) || ts.isCaseClause(node))
    edits.push(...swapped(node.statements, calls));
  if (ts.isIterationStatement(node, false)) edits.push(...withoutRetry(node, calls));
  if (ts.isIfStatement(node)) edits.push(...withoutCheck(node, calls));
  const call = calls.recognise(node);
  if (call !== undefined) edits.push(...weakened(call, calls));
  return edits;
}

/** A store, an atomic update or a fence whose result nobody uses is left out. */
function dropped(statement: ts.ExpressionStatement, calls: MemoryCalls): Edit[] {
  const call = statementCall(statement, calls);
  if (call === undefined || call.effect === "read") return [];
  return [
    { operator: call.effect === "order" ? "drop fence" : "drop store", node: statement, replacement: ";" },
  ];
}

function statementCall(statement: ts.Statement, calls: MemoryCalls): MemoryCall | undefined {
  if (!ts.isExpressionStatement(statement)) return undefined;
  const { expression } = statement;
  return calls.recognise(ts.isVoidExpression(expression) ? expression.expression : expression);
}

function swapped(statements: readonly ts.Statement[], calls: MemoryCalls): Edit[] {
  const edits: Edit[] = [];
  for (let index = 1; index < statements.length; index++) {
    const [first, second] = [statements[index - 1]!, statements[index]!];
    const effects = [statementCall(first, calls)?.effect, statementCall(second, calls)?.effect];
    if (effects.some((effect) => effect === undefined || effect === "read")) continue;
    const replacement = `${second.getText()}\n${first.getText()}`;
    edits.push({ operator: "swap stores", node: second, start: first.getStart(), replacement });
  }
  return edits;
}

function weakened({ call, name }: MemoryCall, calls: MemoryCalls): Edit[] {
  const args = call.arguments.map((argument) => argument.getText()).join(", ");
  const object = ts.isPropertyAccessExpression(call.expression) ? call.expression.expression.getText() : "";
  switch (name) {
    case "load":
    case "store": {
      if (calls.specifier === "#shared-cell" || (name === "load" && goesIntoCompareExchange(call, calls)))
        return [];
      const plain = name === "load" ? "mutantPeek" : "mutantPoke";
      return [{ operator: "atomic to plain", node: call, replacement: `${plain}(${args})` }];
    }
    case "load32":
    case "store32": {
      if (name === "load32" && goesIntoCompareExchange(call, calls)) return [];
      const plain = name === "load32" ? "mutantPeek" : "mutantPoke";
      const replacement = `((o: any, ...v: any): any => (${plain} as any)(${wordsBeside(object)}, o >>> 2, ...v))(${args})`;
      return [{ operator: "atomic to plain", node: call, replacement }];
    }
    case "compareExchange32":
      return [
        {
          operator: "compare-exchange to store",
          node: call,
          replacement: `((o: any, e: any, r: any): number => (${object}.store32(o, r), e))(${args})`,
        },
      ];
    case "compareExchange":
      return [
        {
          operator: "compare-exchange to store",
          node: call,
          replacement: `((w: any, i: any, e: any, r: any): number => (mutantStore(w, i, r), e))(${args})`,
        },
      ];
    case "casPair":
      return [
        {
          operator: "compare-exchange to store",
          node: call,
          replacement: `((o: any, _l: any, _h: any, l: any, h: any): number => (${object}.storePair(o, l, h), 1))(${args})`,
        },
      ];
    default:
      return [];
  }
}

/** `memory.ops` -> `memory.words`: whatever has a region's operations has its words, too. */
function wordsBeside(ops: string): string {
  return ops.replace(/ops$/, "words");
}

/** What is read only to be compared once more, by a compare-exchange, may be old: that fails then, as it may anyway. */
function goesIntoCompareExchange(load: ts.CallExpression, calls: MemoryCalls): boolean {
  const declaration = load.parent;
  if (!ts.isVariableDeclaration(declaration) || !ts.isIdentifier(declaration.name)) return false;
  const name = declaration.name.text;
  const body = ts.findAncestor(load, ts.isFunctionLike);
  let found = false;
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && comparesAndExchanges(node, calls)) {
      found ||= node.arguments.some((argument) => ts.isIdentifier(argument) && argument.text === name);
    }
    ts.forEachChild(node, visit);
  };
  if (body !== undefined) visit(body);
  return found;
}

/** A compare-exchange, or a call of something in this file that does one. */
function comparesAndExchanges(call: ts.CallExpression, calls: MemoryCalls): boolean {
  const direct = calls.recognise(call)?.name;
  if (direct !== undefined) return /^(compareExchange|casPair)/.test(direct);
  const called = ts.isPropertyAccessExpression(call.expression)
    ? call.expression.name.text
    : call.expression.getText();
  return call
    .getSourceFile()
    .statements.flatMap((statement): readonly ts.Node[] =>
      ts.isClassDeclaration(statement) ? [...statement.members] : [statement],
    )
    .some(
      (member) =>
        (ts.isMethodDeclaration(member) || ts.isFunctionDeclaration(member)) &&
        member.name?.getText() === called &&
        memoryCallsIn(member, calls).some(({ name }) => /^(compareExchange|casPair)/.test(name)),
    );
}

/** A loop that tries an atomic change again, or spins, runs once. */
function withoutRetry(loop: ts.IterationStatement, calls: MemoryCalls): Edit[] {
  const { statement } = loop;
  const retries =
    memoryCallsIn(statement, calls).some(({ name }) => /^(compareExchange|casPair|exchange)/.test(name)) ||
    /\bpause\(\)/.test(statement.getText());
  if (!retries || !ts.isBlock(statement)) return [];
  const body = statement.getText();
  return [{ operator: "drop retry", node: statement, replacement: `${body.slice(0, -1)} break; }` }];
}

/** An early exit that depends on what was read from memory is left out. */
function withoutCheck(statement: ts.IfStatement, calls: MemoryCalls): Edit[] {
  if (statement.elseStatement !== undefined || !leaves(statement.thenStatement)) return [];
  if (!dependsOnMemory(statement.expression, statement, calls)) return [];
  const kept = memoryCallsIn(statement.expression, calls).some(({ effect }) => effect !== "read");
  // A compare-exchange in the condition still happens: only its outcome is ignored.
  const replacement = kept ? `void (${statement.expression.getText()});` : ";";
  return [{ operator: "drop check", node: statement, replacement }];
}

function leaves(statement: ts.Statement): boolean {
  const last = ts.isBlock(statement) ? statement.statements.at(-1) : statement;
  if (last === undefined) return false;
  return ts.isReturnStatement(last) || ts.isContinueStatement(last) || ts.isBreakStatement(last);
}

function dependsOnMemory(condition: ts.Expression, statement: ts.Statement, calls: MemoryCalls): boolean {
  if (memoryCallsIn(condition, calls).length > 0) return true;
  const names = new Set<string>();
  const collect = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) names.add(node.text);
    ts.forEachChild(node, collect);
  };
  collect(condition);
  const body = ts.findAncestor(statement, ts.isFunctionLike);
  let found = false;
  const visit = (node: ts.Node): void => {
    const assigned = assignment(node);
    if (assigned !== undefined && names.has(assigned.name) && memoryCallsIn(assigned.value, calls).length > 0)
      found = true;
    ts.forEachChild(node, visit);
  };
  if (body !== undefined) visit(body);
  return found;
}

function assignment(node: ts.Node): { readonly name: string; readonly value: ts.Expression } | undefined {
  if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer !== undefined) {
    return { name: node.name.text, value: node.initializer };
  }
  if (
    ts.isBinaryExpression(node) &&
    node.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
    ts.isIdentifier(node.left)
  ) {
    return { name: node.left.text, value: node.right };
  }
  return undefined;
}
