import ts from "typescript";

/** What a call of the memory module, or of a region's operations, does to memory. */
type MemoryEffect = "read" | "write" | "both" | "order";

const EFFECTS: Readonly<Record<string, MemoryEffect>> = {
  peek: "read",
  peek8: "read",
  peek16: "read",
  peekF32: "read",
  peekF64: "read",
  readBytes: "read",
  load: "read",
  load32: "read",
  load64: "read",
  loadSigned64: "read",
  loadPair: "read",
  poke: "write",
  poke8: "write",
  poke16: "write",
  pokeF32: "write",
  pokeF64: "write",
  writeBytes: "write",
  store: "write",
  store32: "write",
  store64: "write",
  storePair: "write",
  add: "both",
  sub: "both",
  and: "both",
  or: "both",
  xor: "both",
  exchange: "both",
  compareExchange: "both",
  add32: "both",
  compareExchange32: "both",
  add64: "both",
  exchange64: "both",
  compareExchange64: "both",
  exchangePair: "both",
  casPair: "both",
  notify: "write",
  fence: "order",
};

/** Operations of a region's instance: called as methods of something whose name ends in `ops`. */
const METHODS = new Set([
  "fence",
  "load32",
  "store32",
  "add32",
  "compareExchange32",
  "load64",
  "loadSigned64",
  "loadPair",
  "store64",
  "storePair",
  "add64",
  "exchange64",
  "compareExchange64",
  "exchangePair",
  "casPair",
]);

export interface MemoryCall {
  readonly call: ts.CallExpression;
  readonly name: string;
  readonly effect: MemoryEffect;
}

/** Recognises calls by what the file imports from a memory module, and by the names of a region's operations. */
export class MemoryCalls {
  /** What the file's memory functions are imported from, by their local names. */
  readonly #imported = new Map<string, { readonly name: string; readonly specifier: string }>();

  constructor(source: ts.SourceFile) {
    for (const statement of source.statements) {
      if (ts.isImportDeclaration(statement)) this.#import(statement);
      else if (ts.isVariableStatement(statement)) this.#rename(statement);
    }
  }

  #import(statement: ts.ImportDeclaration): void {
    if (!ts.isStringLiteral(statement.moduleSpecifier)) return;
    const specifier = statement.moduleSpecifier.text;
    if (specifier !== "@udp-relay/atomics-layout/memory" && specifier !== "#shared-cell") return;
    const bindings = statement.importClause?.namedBindings;
    if (bindings === undefined || !ts.isNamedImports(bindings)) return;
    for (const { name, propertyName } of bindings.elements) {
      this.#imported.set(name.text, { name: (propertyName ?? name).text, specifier });
    }
  }

  /** `const peek = peekWord;` beside the imports: hot files give what they import a name of their own. */
  #rename({ declarationList }: ts.VariableStatement): void {
    for (const { name, initializer } of declarationList.declarations) {
      if (!ts.isIdentifier(name) || initializer === undefined || !ts.isIdentifier(initializer)) continue;
      const imported = this.#imported.get(initializer.text);
      if (imported !== undefined) this.#imported.set(name.text, imported);
    }
  }

  /** The module that the file takes its memory functions from; undefined: it takes none. */
  get specifier(): string | undefined {
    return this.#imported.values().next().value?.specifier;
  }

  recognise(node: ts.Node): MemoryCall | undefined {
    if (!ts.isCallExpression(node)) return undefined;
    const { expression } = node;
    const name = this.#nameOf(expression);
    const effect = name === undefined ? undefined : EFFECTS[name];
    if (name !== undefined && effect !== undefined) return { call: node, name, effect };
    if (isCompoundUpdate(expression)) return { call: node, name: "update", effect: "write" };
    return undefined;
  }

  #nameOf(expression: ts.Expression): string | undefined {
    if (ts.isIdentifier(expression)) return this.#imported.get(expression.text)?.name;
    if (!ts.isPropertyAccessExpression(expression) || !METHODS.has(expression.name.text)) return undefined;
    return /ops$/i.test(expression.expression.getText()) ? expression.name.text : undefined;
  }
}

/** `ops.update.received(…)`, also with a `!` or brackets. */
function isCompoundUpdate(expression: ts.Expression): boolean {
  return /\bops\.update(\.\w+|\[[^\]]+\])!?$/i.test(expression.getText());
}

/** All calls of memory within a node, itself included. */
export function memoryCallsIn(node: ts.Node, calls: MemoryCalls): MemoryCall[] {
  const found: MemoryCall[] = [];
  const visit = (inner: ts.Node): void => {
    const call = calls.recognise(inner);
    if (call !== undefined) found.push(call);
    ts.forEachChild(inner, visit);
  };
  visit(node);
  return found;
}
