import ts from "typescript";

/** The first block of TypeScript in a README: the example that its package promises to work as it stands. */
export function readmeExample(readme: string): string | undefined {
  return /^```ts\n([\s\S]*?)^```$/m.exec(readme.replaceAll("\r\n", "\n"))?.[1];
}

/** As JavaScript for every supported runtime: Node 20 and 22 do not parse `using`, nor types. */
export function compileExample(source: string): string {
  const { outputText } = ts.transpileModule(source, {
    fileName: "example.ts",
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
    },
  });
  return outputText;
}
