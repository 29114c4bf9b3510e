import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { MutantVerdict } from "./run-mutant.ts";

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const path = join(repository, "node_modules/.cache/model-check/measured.json");

interface Kept {
  /** Of every package's sources and of this tool's. */
  readonly sources: string;
  readonly verdicts: Record<string, MutantVerdict>;
}

/**
 * What scenarios take and execute on the unchanged sources, kept from run to run: measuring takes longer than many a
 * package's mutants. It holds as long as no source of any package has changed, nor the scenario's file, nor what stands
 * beside it.
 */
export class MeasuredScenarios {
  readonly #kept: Kept;

  constructor() {
    const packages = readdirSync(join(repository, "packages"));
    const folders = ["tools/model-check/src", ...packages.map((name) => `packages/${name}/src`)];
    const sources = digestOf(folders.flatMap((folder) => sourcesIn(join(repository, folder))));
    this.#kept = { sources, verdicts: verdictsOf(sources) };
  }

  get(file: string, name: string): MutantVerdict | undefined {
    return this.#kept.verdicts[keyOf(file, name)];
  }

  set(file: string, name: string, verdict: MutantVerdict): void {
    this.#kept.verdicts[keyOf(file, name)] = verdict;
  }

  /** Beside what another run may have saved meanwhile. */
  save(): void {
    const { sources, verdicts } = this.#kept;
    mkdirSync(join(path, ".."), { recursive: true });
    writeFileSync(path, JSON.stringify({ sources, verdicts: { ...verdictsOf(sources), ...verdicts } }));
  }
}

function verdictsOf(sources: string): Record<string, MutantVerdict> {
  const kept = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Kept) : undefined;
  return kept?.sources === sources ? kept.verdicts : {};
}

function keyOf(file: string, name: string): string {
  const folder = join(file, "..");
  const beside = sourcesIn(folder).filter((other) => other === file || !other.endsWith(".scenarios.ts"));
  return `${digestOf([...beside, ...sourcesIn(join(folder, "../test"))])} ${file} ${name}`;
}

function sourcesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .sort()
    .map((name) => join(folder, name));
}

function digestOf(files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(file).update(readFileSync(file));
  return hash.digest("hex");
}
