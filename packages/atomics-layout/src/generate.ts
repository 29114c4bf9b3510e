import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { generateModule } from "./codegen.ts";
import { findLayoutFiles, findOrphans, generatedFileOf } from "./generate-files.ts";
import { isLayoutDefinition, type LayoutDefinition } from "./layout.ts";
import { layoutPicture } from "./layout-picture.ts";

export interface GenerateRequest {
  /** Paths or patterns of `*.layout.ts` files, relative to `cwd`. */
  readonly patterns: readonly string[];
  readonly cwd: string;
  readonly printWidth: number;
}

/** What became of one generated file. */
export interface GenerateResult {
  readonly file: string;
  /** "orphan": the file that it was generated from is gone. */
  readonly state: "written" | "unchanged" | "fresh" | "stale" | "missing" | "orphan";
}

/** A request that cannot be carried out; the message is for the terminal. */
export class GenerateError extends Error {
  override readonly name = "GenerateError";
}

/** Writes the generated file of every layout file, unless it is there as it should be. */
export async function generate(request: GenerateRequest): Promise<GenerateResult[]> {
  const results: GenerateResult[] = [];
  for (const { file, text, path } of await generatedTexts(request)) {
    const unchanged = existsSync(path) && readFileSync(path, "utf8") === text;
    if (!unchanged) writeFileSync(path, text);
    results.push({ file, state: unchanged ? "unchanged" : "written" });
  }
  return results;
}

/** Compares the generated files with what they should be; writes nothing. */
export async function check(request: GenerateRequest): Promise<GenerateResult[]> {
  const results = (await generatedTexts(request)).map(({ file, text, path }): GenerateResult => {
    if (!existsSync(path)) return { file, state: "missing" };
    return { file, state: readFileSync(path, "utf8") === text ? "fresh" : "stale" };
  });
  const orphans = findOrphans(request.patterns, request.cwd);
  return [...results, ...orphans.map((file): GenerateResult => ({ file, state: "orphan" }))];
}

/** The memory pictures of all layouts, for the terminal. */
export async function print(request: GenerateRequest): Promise<string[]> {
  const lines: string[] = [];
  for (const file of layoutFiles(request)) {
    for (const definition of await readDefinitions(file, request.cwd)) {
      const { name, byteLength, hash } = definition;
      lines.push(`${name}: ${byteLength} bytes, hash 0x${hash.toString(16).padStart(8, "0")} (${file})`, "");
      lines.push(...layoutPicture(definition), "");
    }
  }
  return lines;
}

interface GeneratedText {
  readonly file: string;
  readonly path: string;
  readonly text: string;
}

async function generatedTexts(request: GenerateRequest): Promise<GeneratedText[]> {
  const texts: GeneratedText[] = [];
  for (const source of layoutFiles(request)) {
    const definitions = await readDefinitions(source, request.cwd);
    const file = generatedFileOf(source);
    const text = generateModule(definitions, { source: basename(source), printWidth: request.printWidth });
    texts.push({ file, path: resolve(request.cwd, file), text });
  }
  return texts;
}

function layoutFiles({ patterns, cwd }: GenerateRequest): string[] {
  const files = findLayoutFiles(patterns, cwd);
  if (files.length === 0) throw new GenerateError(`no *.layout.ts file matches ${patterns.join(" ")}`);
  return files;
}

/** The definitions that a file exports, in the order of their names. */
async function readDefinitions(file: string, cwd: string): Promise<LayoutDefinition[]> {
  let module: Record<string, unknown>;
  try {
    module = (await import(pathToFileURL(resolve(cwd, file)).href)) as Record<string, unknown>;
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    if (code === "ERR_UNKNOWN_FILE_EXTENSION") {
      throw new GenerateError(
        `${file}: this runtime reads no TypeScript; use Node >= 22.18 or Bun, or define the layout in a .layout.js`,
      );
    }
    throw new GenerateError(`${file}: ${message}`, { cause: error });
  }
  const definitions = Object.values(module).filter(isLayoutDefinition);
  if (definitions.length === 0) throw new GenerateError(`${file}: it exports nothing made by defineLayout`);
  const names = definitions.map(({ name }) => name).sort();
  const twice = names.find((name, index) => names[index + 1] === name);
  if (twice !== undefined) throw new GenerateError(`${file}: two layouts are named "${twice}"`);
  return definitions.sort((a, b) => (a.name < b.name ? -1 : 1));
}
