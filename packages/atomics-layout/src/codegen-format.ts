/** Text as prettier would set it: what fits stays on one line, what does not is broken at its list. */

/** `head` + items + `tail` on one line, or an item a line with a comma after each. */
export function list(
  indent: string,
  head: string,
  items: readonly string[],
  tail: string,
  printWidth: number,
  padding = "",
): string[] {
  const inline = `${indent}${head}${padding}${items.join(", ")}${padding}${tail}`;
  if (inline.length <= printWidth || items.length === 0) return [inline];
  return [`${indent}${head}`, ...items.map((item) => `${indent}  ${item},`), `${indent}${tail}`];
}

/** A documentation comment: one line where it fits, else words wrapped at the width. `raw` lines follow as they are. */
export function comment(
  indent: string,
  text: string,
  printWidth: number,
  raw: readonly string[] = [],
): string[] {
  const safe = text.replaceAll("*/", "*\\/");
  const single = `${indent}/** ${safe} */`;
  if (raw.length === 0 && single.length <= printWidth) return [single];
  const lines = [`${indent}/**`];
  for (const paragraph of safe.split("\n")) {
    let line = `${indent} *`;
    for (const word of paragraph.split(" ")) {
      if (line.length + 1 + word.length > printWidth && line !== `${indent} *`) {
        lines.push(line);
        line = `${indent} *`;
      }
      line += ` ${word}`;
    }
    lines.push(line.trimEnd());
  }
  lines.push(...raw.map((line) => `${indent} * ${line.replaceAll("*/", "*\\/")}`.trimEnd()));
  lines.push(`${indent} */`);
  return lines;
}
