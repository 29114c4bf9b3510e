import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KIT } from "./paths.ts";
import { compileExample, readmeExample } from "./readme-example.ts";
import type { Registry } from "./registry.ts";
import type { ReleasedPackage } from "./released-package.ts";
import { runCommand, type RunResult } from "./run-command.ts";

/** An empty project into which one package was installed by npm, alone. */
export interface ConsumerProject {
  readonly folder: string;
  /** Whether the installed README has an example, now `example.ts` and `example.js`. */
  readonly hasExample: boolean;
  /** Workspace packages that came with it, the package itself included. */
  readonly installed: readonly string[];
}

/** Type-checks for programs on Node, and for pages, where there is neither Node nor its types. */
export type Surroundings = "node" | "browser";

export async function installAlone(
  folder: string,
  registry: Registry,
  { name, version }: ReleasedPackage,
): Promise<{ project: ConsumerProject; result: RunResult }> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, ".npmrc"), registry.npmrc);
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  const args = ["install", "--no-audit", "--no-fund", "--loglevel=error", `${name}@${version}`];
  const result = await runCommand("npm", args, { cwd: folder, timeoutMs: 300_000 });
  if (!result.ok) return { project: { folder, hasExample: false, installed: [] }, result };
  const scope = join(folder, "node_modules/@udp-relay");
  const installed = readdirSync(scope).map((entry) => `@udp-relay/${entry}`);
  const readme = join(folder, "node_modules", name, "README.md");
  const example = existsSync(readme) ? readmeExample(readFileSync(readme, "utf8")) : undefined;
  if (example !== undefined) {
    writeFileSync(join(folder, "example.ts"), `${example}\nexport {};\n`);
    writeFileSync(join(folder, "example.js"), compileExample(example));
  }
  return { project: { folder, hasExample: example !== undefined, installed }, result };
}

/**
 * Checks a file that imports every entry point whole, and the README's example, strictly and with `skipLibCheck`
 * off, so that each declaration file of the package and of what came with it must hold by itself.
 */
export function typeCheck(
  { folder, hasExample }: ConsumerProject,
  { entryPoints }: ReleasedPackage,
  typescript: string,
  surroundings: Surroundings,
): Promise<RunResult> {
  const imports = entryPoints.map((path, i) => `import * as entry${i} from ${JSON.stringify(path)};`);
  const uses = entryPoints.map((_, i) => `Object.keys(entry${i})`).join(", ");
  writeFileSync(
    join(folder, "imports.ts"),
    `${imports.join("\n")}\nexport const names: string[][] = [${uses}];\n`,
  );
  const node = surroundings === "node";
  const configuration = {
    compilerOptions: {
      target: "es2022",
      module: "nodenext",
      moduleResolution: "nodenext",
      strict: true,
      noUncheckedIndexedAccess: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      // Node's types declare `using`; a page without them has it from the library.
      lib: node ? ["es2022"] : ["es2022", "dom", "esnext.disposable"],
      typeRoots: [join(KIT, "node_modules/@types")],
      types: node ? ["node"] : [],
    },
    files: ["imports.ts", ...(node && hasExample ? ["example.ts"] : [])],
  };
  const file = `tsconfig.${surroundings}.json`;
  writeFileSync(join(folder, file), JSON.stringify(configuration, undefined, 2));
  const tsc = join(KIT, `node_modules/typescript-${typescript}/bin/tsc`);
  return runCommand(process.execPath, [tsc, "--project", file, "--pretty", "false"], {
    cwd: folder,
    timeoutMs: 180_000,
  });
}

/** Imports each entry point that exports something; a worker's script, which is run and not imported, is left out. */
export function importAll(
  { folder }: ConsumerProject,
  candidate: ReleasedPackage,
  executable: string,
): Promise<RunResult> {
  const file = join(folder, "import-all.js");
  const modules = candidate.entryPoints.filter((path) => exportsSomething(folder, candidate, path));
  writeFileSync(
    file,
    `for (const path of ${JSON.stringify(modules)}) {
  const names = Object.keys(await import(path));
  if (names.length === 0) throw new Error(path + " exports nothing");
}
`,
  );
  return runCommand(executable, [file], { cwd: folder, timeoutMs: 60_000 });
}

function exportsSomething(folder: string, { name, manifest }: ReleasedPackage, path: string): boolean {
  const target = manifest.exports?.[`.${path.slice(name.length)}`] as { readonly types: string };
  const declarations = readFileSync(join(folder, "node_modules", name, target.types), "utf8");
  return /^export (?!\{\};)/m.test(declarations);
}

/** Runs the README's example as its reader would: it must end by itself. */
export function runExample({ folder }: ConsumerProject, executable: string): Promise<RunResult> {
  return runCommand(executable, [join(folder, "example.js")], { cwd: folder, timeoutMs: 60_000 });
}

/** `COMMAND --help` of each command that the package installs. */
export async function askForHelp(
  { folder }: ConsumerProject,
  { name, manifest }: ReleasedPackage,
  command: string,
  executable: string,
): Promise<RunResult> {
  const file = join(folder, "node_modules", name, manifest.bin?.[command] ?? "");
  const result = await runCommand(executable, [file, "--help"], { cwd: folder, timeoutMs: 60_000 });
  if (result.stdout.trim() !== "") return result;
  return { ...result, ok: false, output: `${result.output}it printed nothing\n` };
}
