import { readFileSync } from "node:fs";
import ts from "typescript";

/** Where statements begin, in characters. */
export type StatementStarts = readonly number[];

const marks = new Map<string, { readonly starts: StatementStarts; readonly ran: Uint8Array }>();

/** The file's text with a mark before every statement of a block; it fills what `takeExecuted` gives. */
export function markedSource(path: string): string {
  const text = readFileSync(path, "utf8");
  const starts = statementsOf(path, text).map((statement) => statement.getStart());
  const ran = new Uint8Array(starts.length);
  marks.set(path, { starts, ran });
  (globalThis as { executedStatements?: Record<string, Uint8Array> }).executedStatements ??= {};
  (globalThis as unknown as { executedStatements: Record<string, Uint8Array> }).executedStatements[path] =
    ran;
  const pieces = starts.map((start, index) => text.slice(starts[index - 1] ?? 0, start));
  const marked = pieces.map((piece, index) => `${piece}ranStatements[${index}] = 1; `).join("");
  const head = `const ranStatements = globalThis.executedStatements[${JSON.stringify(path)}];`;
  return `${head}${marked}${text.slice(starts.at(-1) ?? 0)}`;
}

/** Of each file that was marked: the statements that ran since the last time that this was asked. */
export function takeExecuted(): Record<string, StatementStarts> {
  const executed: Record<string, StatementStarts> = {};
  for (const [path, { starts, ran }] of marks) {
    executed[path] = starts.filter((_, index) => ran[index] === 1);
    ran.fill(0);
  }
  return executed;
}

/** Where the innermost statement begins that has a mark and holds that character; undefined: runs when the file loads. */
export function statementAt(path: string, text: string, offset: number): number | undefined {
  const around = statementsOf(path, text).filter(
    (statement) => statement.getStart() <= offset && offset < statement.getEnd(),
  );
  return around.at(-1)?.getStart();
}

/** In the order of the text, so that of those that nest the innermost is the last. */
function statementsOf(path: string, text: string): ts.Statement[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found: ts.Statement[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isBlock(node) || ts.isCaseOrDefaultClause(node)) && !ts.isModuleBlock(node)) {
      found.push(...node.statements);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.sort((one, other) => one.getStart() - other.getStart());
}
