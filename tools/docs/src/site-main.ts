import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Application, ReflectionKind, type ProjectReflection, type TypeDocOptions } from "typedoc";
import { documentedPackages, type DocumentedPackage } from "./documented-package.ts";
import { LLMS_TXT, PARTS, ROOT, SITE } from "./paths.ts";

/**
 * Types that public signatures of a package mention and no user makes or names: parameters of constructors that only
 * the package calls, what the type of a compiled layout is computed with, the table behind a union of names.
 * Whatever else is mentioned must be exported, and what stands here must still be mentioned.
 */
const INTERNAL_TYPES: Readonly<Record<string, string[]>> = {
  adapters: ["MemorySocket"],
  "address-validation": ["addressClasses"],
  "atomics-layout": [
    "FieldChoices",
    "FieldMembers",
    "FieldsOf",
    "OwnerTable",
    "PlannedField",
    "PlannedUpdate",
    "SoundHeader",
    "UpdateMembers",
  ],
  relay: ["BackendHealth"],
  "tunnel-client": ["SnapshotSource"],
};

/** Those of the READMEs' code blocks. */
const LANGUAGES: NonNullable<TypeDocOptions["highlightLanguages"]> = [
  "diff",
  "ini",
  "javascript",
  "json",
  "nginx",
  "shellscript",
  "typescript",
  "yaml",
];

/**
 * Builds the documentation site: each package by itself, from its sources and its README, then all of them as one.
 * Any warning fails it. Imports between packages are resolved by their built declarations: build first.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { check: { type: "boolean", default: false } },
});
const packages = documentedPackages(ROOT).filter(
  ({ folder }) => positionals.length === 0 || positionals.includes(folder),
);
let faults = 0;
for (const documented of packages) faults += await convert(packageOptions(documented), documented);
if (faults === 0 && !values.check) {
  faults += await convert(siteOptions());
  copyFileSync(LLMS_TXT, join(SITE, "llms.txt"));
  console.log(`wrote ${SITE}`);
}
console.log(`${packages.length} packages, ${faults} warnings and errors`);
process.exit(faults === 0 ? 0 : 1);

/** @returns how many warnings and errors there were */
async function convert(options: TypeDocOptions, documented?: DocumentedPackage): Promise<number> {
  const application = await Application.bootstrap(options);
  const { logger } = application;
  const project = await application.convert();
  if (project !== undefined) {
    application.validate(project);
    if (documented === undefined) await application.generateOutputs(project);
    else {
      nameByImport(project, documented);
      await application.generateJson(project, partOf(documented));
    }
  }
  return logger.errorCount + logger.warningCount + (project === undefined ? 1 : 0);
}

/** A module is called what an import of it names, not where its file lies. */
function nameByImport(project: ProjectReflection, { entryPoints }: DocumentedPackage): void {
  for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
    const file = module.sources?.[0]?.fullFileName;
    module.name = entryPoints.find(({ source }) => resolve(source) === file)?.specifier ?? module.name;
  }
}

function packageOptions({ name, folder, entryPoints, repository }: DocumentedPackage): TypeDocOptions {
  const root = join(ROOT, "packages", folder);
  return {
    name,
    entryPoints: entryPoints.map(({ source }) => source).filter(exportsSomething),
    tsconfig: join(root, "tsconfig.lib.json"),
    readme: join(root, "README.md"),
    // Members that a user neither calls nor overrides.
    excludePrivate: true,
    excludeProtected: true,
    excludeInternal: true,
    disableGit: true,
    basePath: ROOT,
    gitRevision: "main",
    sourceLinkTemplate: `${repository}/blob/{gitRevision}/{path}#L{line}`,
    intentionallyNotExported: INTERNAL_TYPES[folder] ?? [],
    validation: { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true },
    highlightLanguages: LANGUAGES,
    logLevel: "Warn",
  };
}

/** A worker's script is an entry point that nobody imports from. */
function exportsSomething(source: string): boolean {
  return /^export /m.test(readFileSync(source, "utf8"));
}

function siteOptions(): TypeDocOptions {
  return {
    name: "udp-relay",
    entryPointStrategy: "merge",
    entryPoints: packages.map(partOf),
    readme: join(ROOT, "README.md"),
    out: SITE,
    highlightLanguages: LANGUAGES,
    logLevel: "Warn",
  };
}

function partOf({ folder }: DocumentedPackage): string {
  mkdirSync(PARTS, { recursive: true });
  return join(PARTS, `${folder}.json`);
}
