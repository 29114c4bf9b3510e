import { readFileSync } from "node:fs";
import { join } from "node:path";
import { documentedPackages, type DocumentedPackage } from "./documented-package.ts";
import { exportedNames, type ExportedName } from "./exported-names.ts";

/**
 * The documentation in the form that llmstxt.org describes: a title, a summary, and per package its promise, its
 * example and everything that it exports, with links to the whole text. Made from the READMEs, the manifests and
 * the doc comments alone, so that it cannot say anything else than they do.
 */
export function llmsText(root: string): string {
  const packages = documentedPackages(root);
  const names = exportedNames(packages);
  const summary = firstParagraph(readFileSync(join(root, "README.md"), "utf8"));
  const links = packages.map(
    ({ name, repository, folder, description }) =>
      `- [${name}](${repository}/blob/main/packages/${folder}/README.md): ${description}`,
  );
  const head = ["# udp-relay", `> ${summary}`, `## Packages\n\n${links.join("\n")}`];
  const sections = packages.map((documented) => packageSection(documented, names));
  return `${[...head, ...sections].join("\n\n")}\n`;
}

function packageSection(documented: DocumentedPackage, names: ReadonlyMap<string, ExportedName[]>): string {
  const { name, readme, engines, commands, floor } = documented;
  const example = /^```ts\n[\s\S]*?^```$/m.exec(readme)?.[0];
  const facts = [`Install: \`npm install ${name}\``, `Node ${engines} and Bun`, `floor ${floor}`];
  if (commands.length > 0) facts.push(`commands: ${commands.map((command) => `\`${command}\``).join(", ")}`);
  const lists = documented.entryPoints.map(({ specifier }) => {
    const lines = (names.get(specifier) ?? []).map(
      ({ name: exported, kind, promise }) =>
        `- \`${exported}\` (${kind})${promise === "" ? "" : `: ${promise}`}`,
    );
    return `### import … from "${specifier}"\n\n${lines.join("\n") || "Nothing: it is run, not imported from."}`;
  });
  const parts = [`## ${name}`, firstParagraph(readme), `${facts.join("; ")}.`, example, ...lists];
  return parts.filter((part) => part !== undefined && part !== "").join("\n\n");
}

/** What stands between the title and the first blank line after it, on one line. */
function firstParagraph(readme: string): string {
  const paragraph = readme.split(/\n{2,}/).find((text) => text.trim() !== "" && !text.startsWith("#")) ?? "";
  return paragraph.replaceAll("\n", " ").trim();
}
