import { readFileSync } from "node:fs";

/**
 * The program that a diff in the README's section "In an existing node:dgram relay" leaves: the relay's own lines, and
 * those that are added, without imports.
 *
 * @param index which of the section's diffs, from 0
 * @throws RangeError where the section has no such diff
 */
export function adoptedProgram(readme: URL, index = 0): string {
  const text = readFileSync(readme, "utf8");
  const [, section = ""] = /^## In an existing node:dgram relay\n([^]*?)(^## |(?![^]))/m.exec(text) ?? [];
  const [, diff] = [...section.matchAll(/^```diff\n([^]*?)^```/gm)][index] ?? [];
  if (diff === undefined) throw new RangeError(`${readme.href} has no diff ${index} of an existing relay`);
  const lines = diff.split("\n").filter((line) => /^[ +](?!import )/.test(line));
  return lines.map((line) => line.slice(1)).join("\n");
}
