import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { llmsText } from "../src/index.ts";

const root = mkdtempSync(join(tmpdir(), "udp-relay-docs-"));
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(path: string, content: string | object): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
}

function manifest(name: string, floor: number, more: object = {}): object {
  return {
    name,
    description: `about ${name}`,
    engines: { node: ">=20.19" },
    repository: { url: "git+https://example.org/repo.git" },
    exports: { ".": { "@udp-relay/source": "./src/index.ts" }, "./package.json": "./package.json" },
    nx: { tags: [`floor:${floor}`] },
    ...more,
  };
}

write("README.md", "# The house\n\nOne sentence\non two lines.\n\nMore.\n");
write("packages/upper/package.json", manifest("@x/upper", 2, { bin: { up: "./cli.js" } }));
write(
  "packages/upper/README.md",
  "# @x/upper\n\nUses the lower.\n\n```ts\nup();\n```\n\n```ts\nother();\n```\n",
);
write("packages/upper/src/index.ts", `export { up } from "./up.ts";\n`);
write("packages/upper/src/up.ts", "/** Goes up, e.g. by 5. Never down. */\nexport function up(): void {}\n");
write("packages/lower/package.json", manifest("@x/lower", 1));
write("packages/lower/README.md", "# @x/lower\n\nIs below.\n");
write(
  "packages/lower/src/index.ts",
  "export class Low {}\nexport const LOW = 1;\nexport interface Lowest {}\n",
);
write("packages/hidden/package.json", manifest("@x/hidden", 1, { private: true }));

describe("the text made of a workspace", () => {
  const text = llmsText(root);

  it("begins with the title and the README's first paragraph", () => {
    expect(text.startsWith("# udp-relay\n\n> One sentence on two lines.\n\n## Packages\n")).toBe(true);
  });

  it("lists the published packages, lowest floor first, and no private one", () => {
    expect([...text.matchAll(/^## (@.*)$/gm)].map((match) => match[1])).toEqual(["@x/lower", "@x/upper"]);
    expect(text).toContain(
      "- [@x/lower](https://example.org/repo/blob/main/packages/lower/README.md): about @x/lower",
    );
    expect(text).not.toContain("hidden");
  });

  it("names every export, its kind and the first sentence of its comment", () => {
    expect(text).toContain("- `up` (function): Goes up, e.g. by 5.\n");
    expect(text).toContain("- `LOW` (constant)\n- `Low` (class)\n- `Lowest` (type)");
  });

  it("shows the first example only, and the commands", () => {
    expect(text).toContain("```ts\nup();\n```");
    expect(text).not.toContain("other()");
    expect(text).toContain("commands: `up`");
  });
});
