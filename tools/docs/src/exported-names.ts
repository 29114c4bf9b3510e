import ts from "typescript";
import type { DocumentedPackage } from "./documented-package.ts";

export interface ExportedName {
  readonly name: string;
  readonly kind: "class" | "function" | "constant" | "type";
  /** The first sentence of its doc comment, empty if it has none. */
  readonly promise: string;
}

/** What each entry point exports, by its specifier. */
export function exportedNames(packages: readonly DocumentedPackage[]): Map<string, ExportedName[]> {
  const entryPoints = packages.flatMap((documented) => documented.entryPoints);
  const program = ts.createProgram(
    entryPoints.map(({ source }) => source),
    {
      target: ts.ScriptTarget.ES2023,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      customConditions: ["@udp-relay/source"],
      allowImportingTsExtensions: true,
      noEmit: true,
      // Names and comments only: nothing is checked, and no library is needed for it.
      noLib: true,
      types: [],
    },
  );
  const checker = program.getTypeChecker();
  const found = new Map<string, ExportedName[]>();
  for (const { specifier, source } of entryPoints) {
    const file = program.getSourceFile(source);
    const module = file === undefined ? undefined : checker.getSymbolAtLocation(file);
    const symbols = module === undefined ? [] : checker.getExportsOfModule(module);
    found.set(
      specifier,
      symbols.map((symbol) => describe(checker, symbol)).sort((a, b) => (a.name < b.name ? -1 : 1)),
    );
  }
  return found;
}

function describe(checker: ts.TypeChecker, symbol: ts.Symbol): ExportedName {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const comment = ts.displayPartsToString(target.getDocumentationComment(checker));
  return { name: symbol.name, kind: kindOf(target), promise: firstSentence(comment) };
}

function kindOf({ flags }: ts.Symbol): ExportedName["kind"] {
  if (flags & ts.SymbolFlags.Class) return "class";
  if (flags & ts.SymbolFlags.Function) return "function";
  if (flags & ts.SymbolFlags.Value) return "constant";
  return "type";
}

function firstSentence(comment: string): string {
  const paragraph = (comment.split("\n\n", 1)[0] ?? "").replaceAll(/\s+/g, " ").trim();
  // A full stop ends a sentence only before a capital letter or the end: "e.g. 5" and "RFC 3550." do not.
  return /^.*?[.!?](?= [A-Z`("]|$)/.exec(paragraph)?.[0] ?? paragraph;
}
