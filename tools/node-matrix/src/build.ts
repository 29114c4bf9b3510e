import { existsSync, globSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { CACHE, ROOT } from "./paths.ts";

interface Manifest {
  readonly name: string;
  readonly exports: unknown;
  readonly imports?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** One a process: two runs at once do not disturb each other. */
const OUT = new URL(`build-${process.pid}/`, CACHE);

/**
 * Compiles packages, their tests and what they depend on in the workspace to JavaScript that Node 20 runs, file by
 * file (types are checked elsewhere), with `vitest` standing for this tool's map onto `node:test`.
 *
 * @returns the folder with one folder a package, gone when the process ends
 */
export function buildPackages(packageNames: readonly string[]): URL {
  process.once("exit", () => {
    rmSync(OUT, { recursive: true, force: true });
  });
  const done = new Set<string>();
  const open = [...packageNames];
  for (let packageName = open.pop(); packageName !== undefined; packageName = open.pop()) {
    if (done.has(packageName)) continue;
    done.add(packageName);
    open.push(...buildPackage(packageName));
  }
  const shim = new URL("node_modules/vitest/", OUT);
  for (const name of ["vitest-map", "left-open", "expect", "equality"]) {
    compileFile(new URL(`${name}.ts`, import.meta.url), new URL(`${name}.js`, shim));
  }
  writeJson(new URL("package.json", shim), { name: "vitest", type: "module", exports: "./vitest-map.js" });
  return OUT;
}

/** @returns the workspace packages that this one depends on */
function buildPackage(packageName: string): string[] {
  const from = findPackage(packageName)!;
  const to = new URL(`${packageName}/`, OUT);
  const manifest = JSON.parse(readFileSync(new URL("package.json", from), "utf8")) as Manifest;
  for (const file of globSync(["src/**/*", "test/**/*", "examples/**/*"], { cwd: fileURLToPath(from) })) {
    const source = new URL(file, from);
    if (file.endsWith(".ts")) compileFile(source, new URL(file.replace(/\.ts$/, ".js"), to));
    // An example's source, too: a README shows it.
    if (/^examples.*\.ts$|\.(json|txt|csv|md|xml|c|html)$/.test(file)) copyFile(source, new URL(file, to));
  }
  if (existsSync(new URL("README.md", from))) copyFile(new URL("README.md", from), new URL("README.md", to));
  const { name } = manifest;
  const { exports, imports = {} } = manifest;
  const entries = JSON.stringify({ exports, imports }).replaceAll("./dist/", "./src/");
  writeJson(new URL("package.json", to), { name, type: "module", ...(JSON.parse(entries) as object) });
  link(to, `node_modules/${name}`);
  const workspace: string[] = [];
  for (const dependency of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })) {
    if (dependency.startsWith("@udp-relay/")) workspace.push(dependency.slice("@udp-relay/".length));
    else link(new URL(`node_modules/${dependency}/`, from), `node_modules/${dependency}`);
  }
  return workspace.filter((dependency) => findPackage(dependency) !== undefined);
}

/** A package's folder, or a tool's: tests may use one. */
function findPackage(name: string): URL | undefined {
  const folders = ["packages", "tools"].map((parent) => new URL(`${parent}/${name}/`, ROOT));
  return folders.find((folder) => existsSync(folder));
}

function compileFile(source: URL, target: URL): void {
  const { outputText } = ts.transpileModule(readFileSync(source, "utf8"), {
    fileName: fileURLToPath(source),
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
      inlineSourceMap: true,
    },
  });
  mkdirSync(dirname(fileURLToPath(target)), { recursive: true });
  writeFileSync(target, outputText);
}

function copyFile(source: URL, target: URL): void {
  mkdirSync(dirname(fileURLToPath(target)), { recursive: true });
  writeFileSync(target, readFileSync(source));
}

function writeJson(target: URL, value: object): void {
  mkdirSync(dirname(fileURLToPath(target)), { recursive: true });
  writeFileSync(target, JSON.stringify(value, undefined, 2));
}

function link(target: URL, name: string): void {
  const path = new URL(name, OUT);
  if (existsSync(path) || !existsSync(target)) return;
  mkdirSync(dirname(fileURLToPath(path)), { recursive: true });
  symlinkSync(fileURLToPath(target), fileURLToPath(path), "junction");
}
