import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Application, type TypeDocOptions } from "typedoc";
import { documentedPackages } from "./documented-package.ts";
import { LLMS_TXT, ROOT, SITE } from "./paths.ts";

/**
 * Builds the documentation site of all packages, each with its README; any warning is an error. It reads the
 * sources, but resolves imports between packages by their built declarations: build first.
 */
const VALIDATION = { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true };

/** Types that a public signature mentions and no user makes or names; whatever else is mentioned must be exported. */
const INTERNAL_TYPES: string[] = [
  // Parameters of constructors that only their own package calls.
  "FieldChoices",
  "MapMemory",
  "MemorySocket",
  "OwnerTable",
  "SnapshotSource",
  "SoundHeader",
  // What the type of a compiled layout is computed with.
  "FieldMembers",
  "FieldsOf",
  "PlannedField",
  "PlannedUpdate",
  "UpdateMembers",
  // The table behind a union of names.
  "addressClasses",
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { check: { type: "boolean", default: false } },
});
const packages = documentedPackages(ROOT).filter(
  ({ folder }) => positionals.length === 0 || positionals.includes(folder),
);
const application = await Application.bootstrapWithPlugins(options());
const project = await application.convert();
let failed = project === undefined;
if (project !== undefined) {
  application.validate(project);
  if (!application.logger.hasErrors() && !application.logger.hasWarnings() && !values.check) {
    await application.generateOutputs(project);
    copyFileSync(LLMS_TXT, join(SITE, "llms.txt"));
    console.log(`wrote ${SITE}`);
  }
}
const { errorCount, warningCount } = application.logger;
failed ||= errorCount + warningCount > 0;
console.log(`${packages.length} packages documented, ${warningCount} warnings, ${errorCount} errors`);
process.exit(failed ? 1 : 0);

function options(): TypeDocOptions {
  return {
    name: "udp-relay",
    readme: join(ROOT, "README.md"),
    entryPointStrategy: "packages",
    entryPoints: packages.map(({ folder }) => join(ROOT, "packages", folder)),
    packageOptions: {
      // Members that a user neither calls nor overrides.
      excludePrivate: true,
      excludeProtected: true,
      excludeInternal: true,
      disableGit: true,
      basePath: ROOT,
      gitRevision: "main",
      sourceLinkTemplate: `${packages[0]?.repository ?? ""}/blob/{gitRevision}/{path}#L{line}`,
      validation: VALIDATION,
    },
    out: SITE,
    validation: VALIDATION,
    intentionallyNotExported: INTERNAL_TYPES,
  };
}
