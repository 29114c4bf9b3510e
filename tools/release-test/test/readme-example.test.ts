import { describe, expect, it } from "vitest";
import { compileExample, readmeExample } from "../src/index.ts";

describe("a README's example", () => {
  it("is its first block of TypeScript", () => {
    const readme = "# x\n\n```sh\nnpm i x\n```\n\n```ts\nfirst();\n```\n\n```ts\nsecond();\n```\n";
    expect(readmeExample(readme)).toBe("first();\n");
    expect(readmeExample(readme.replaceAll("\n", "\r\n"))).toBe("first();\n");
    expect(readmeExample("# x\n\n```sh\nnpm i x\n```\n")).toBeUndefined();
  });

  it("compiles to what Node 20 parses: no types, no `using`", () => {
    const script = compileExample(
      `import type { A } from "a";\nimport { b, type C } from "b";\nusing d: C = b();\n`,
    );
    expect(script).not.toMatch(/\busing d\b|: C|import type|"a"/);
    expect(script).toMatch(/import \{ b \} from "b"/);
  });
});
