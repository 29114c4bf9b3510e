import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { GENERATED_MARK } from "./codegen.ts";

const LAYOUT_FILE = /\.layout\.(?:ts|mts|js|mjs)$/;

/** Paths of the layout files that the patterns name, sorted, each once. */
export function findLayoutFiles(patterns: readonly string[], cwd: string): string[] {
  const found = new Set(patterns.flatMap((pattern) => expand(pattern, cwd)));
  return [...found].filter((file) => LAYOUT_FILE.test(file)).sort();
}

/** `src/client.layout.ts` gives `src/client.generated.ts`. */
export function generatedFileOf(layoutFile: string): string {
  return layoutFile.replace(LAYOUT_FILE, ".generated.ts");
}

/** Generated files beside which the source that they name is gone, sorted. */
export function findOrphans(patterns: readonly string[], cwd: string): string[] {
  const candidates = patterns.flatMap((pattern) =>
    LAYOUT_FILE.test(pattern) ? expand(generatedFileOf(pattern), cwd) : [],
  );
  return [...new Set(candidates)].filter((file) => sourceIsGone(join(cwd, file))).sort();
}

function sourceIsGone(file: string): boolean {
  const [first = ""] = readFileSync(file, "utf8").split("\n", 1);
  if (!first.startsWith(GENERATED_MARK)) return false;
  const source = first.slice(GENERATED_MARK.length).replace(/\.$/, "");
  return !exists(join(file, "..", basename(source)));
}

/**
 * Files that match a pattern of `*` (within a name), `**` (any folders) and `?`. A pattern without them is a path.
 * `node_modules` and folders that begin with a dot are not entered.
 */
function expand(pattern: string, cwd: string): string[] {
  const normal = pattern.replaceAll("\\", "/").replace(/^\.\//, "");
  if (!/[*?]/.test(normal)) return exists(join(cwd, normal)) ? [normal] : [];
  const parts = normal.split("/");
  const fixed = parts
    .slice(
      0,
      parts.findIndex((part) => /[*?]/.test(part)),
    )
    .join("/");
  const root = normal.startsWith("/") ? fixed || "/" : join(cwd, fixed);
  const shape = new RegExp(`^${parts.map(partShape).join("/").replaceAll("**/", "(?:[^/]+/)*")}$`);
  return walk(root)
    .map((file) => (normal.startsWith("/") ? file : relative(cwd, file)).split(sep).join("/"))
    .filter((file) => shape.test(file));
}

function partShape(part: string): string {
  if (part === "**") return "**";
  return part
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]");
}

function walk(folder: string): string[] {
  if (!exists(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isFile()) return [path];
    const entered = entry.isDirectory() && entry.name !== "node_modules" && !entry.name.startsWith(".");
    return entered ? walk(path) : [];
  });
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
