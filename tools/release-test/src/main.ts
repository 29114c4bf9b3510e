import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fetchRuntime, RUNTIMES, type Runtime } from "@udp-relay/node-matrix/runtimes";
import { askForHelp, importAll, installAlone, runExample, typeCheck } from "./consumer-project.ts";
import { installKit } from "./kit.ts";
import { manifestFaults } from "./published-manifest.ts";
import { startRegistry, type Registry } from "./registry.ts";
import { buildPackages, publishPackages, versionPackages } from "./release.ts";
import { releasedPackages, runsOn, type ReleasedPackage } from "./released-package.ts";
import { Tally } from "./tally.ts";
import { checkIndependence } from "./version-independence.ts";
import { copyWorkspace } from "./workspace-copy.ts";

/** Those whose README promises that they run in a page. */
const BROWSER_PACKAGES: readonly string[] = ["clock", "address-validation", "quality-analyzer"];
const TYPESCRIPTS = ["5.9", "6.0", "7.0"];
/** Packages that are checked at a time: most of it is one compiler or one runtime after the other. */
const SIDE_BY_SIDE = 2;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    committed: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    on: { type: "string", default: RUNTIMES.map(({ name }) => name).join(",") },
    "skip-independence": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(`npm run release-test -- [--committed] [--keep] [--on 20,22,24,26,bun] [--skip-independence] [PACKAGE …]

Publishes every package to a throw-away registry on loopback, installs each alone into an empty project,
type-checks it with TypeScript ${TYPESCRIPTS.join(", ")}, and runs its README example on each runtime of its engines.
  --committed   release the last commit, not the work tree     --keep   leave the temporary folder`);
  process.exit(0);
}

const tally = new Tally();
const folder = mkdtempSync(join(tmpdir(), "udp-relay-release-"));
let registry: Registry | undefined;
let status = 1;
try {
  await installKit();
  registry = await startRegistry(join(folder, "registry"));
  const copy = join(folder, "workspace");
  await step("the tracked files are copied and installed", () => copyWorkspace(copy, values.committed));
  writeFileSync(join(copy, ".npmrc"), registry.npmrc);
  await step("changeset version", () => versionPackages(copy));
  // A package that does not build fails in its own checks too, and leaves the others to theirs.
  await step("nx build", () => buildPackages(copy)).catch((error: unknown) =>
    tally.record(false, "nx build", String(error)),
  );
  await step("changeset pack and publish", () => publishPackages(copy));
  const packages = releasedPackages(copy);
  const wanted = values.on.split(",");
  const runtimes = RUNTIMES.filter(({ name }) => wanted.includes(name)).map((runtime) => ({
    ...runtime,
    executable: fetchRuntime(runtime),
  }));
  const queue = packages.filter(
    (candidate) => positionals.length === 0 || positionals.includes(candidate.folder),
  );
  const from = registry;
  const work = async (): Promise<void> => {
    for (let candidate = queue.shift(); candidate !== undefined; candidate = queue.shift()) {
      const { folder: name } = candidate;
      await checkPackage(from, candidate, runtimes).catch((error: unknown) => {
        tally.record(false, `${name} is checked to the end`, String(error));
      });
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  if (!values["skip-independence"]) await checkIndependence(copy, registry, "@udp-relay/clock", tally);
} catch (error) {
  tally.record(
    false,
    "the release test runs to its end",
    error instanceof Error ? error.message : String(error),
  );
} finally {
  await registry?.stop();
  if (values.keep) console.log(`kept: ${folder}`);
  else rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  status = tally.finish();
}
process.exit(status);

async function step(name: string, work: () => Promise<unknown>): Promise<void> {
  const begun = performance.now();
  await work();
  tally.record(true, `${name} (${((performance.now() - begun) / 1_000).toFixed(0)} s)`);
}

async function checkPackage(
  from: Registry,
  candidate: ReleasedPackage,
  runtimes: readonly (Runtime & { readonly executable: string })[],
): Promise<void> {
  const label = `${candidate.folder}@${candidate.version}`;
  const { project, result } = await installAlone(join(folder, `alone-${candidate.folder}`), from, candidate);
  const came = project.installed.filter((name) => name !== candidate.name).map((name) => name.split("/")[1]);
  const title = `${label} installs alone${came.length > 0 ? `, with ${came.join(", ")}` : ""}`;
  if (!tally.record(result.ok, title, result.output)) return;
  const faults = manifestFaults(project.folder, candidate);
  tally.record(faults.length === 0, `${label} is published whole`, faults.join("\n"));
  for (const typescript of TYPESCRIPTS) {
    const checked = await typeCheck(project, candidate, typescript, "node");
    tally.record(checked.ok, `${label} type-checks with TypeScript ${typescript}`, checked.output);
    if (!BROWSER_PACKAGES.includes(candidate.folder)) continue;
    const page = await typeCheck(project, candidate, typescript, "browser");
    tally.record(page.ok, `${label} type-checks for a page with TypeScript ${typescript}`, page.output);
  }
  if (!project.hasExample) tally.record(false, `${label} has an example in its README`, "no block of ```ts");
  for (const { label: on, version, executable } of runtimes) {
    if (version !== undefined && !runsOn(candidate, version)) continue;
    const imported = await importAll(project, candidate, executable);
    tally.record(imported.ok, `${label} imports on ${on}`, imported.output);
    for (const command of candidate.commands) {
      const helped = await askForHelp(project, candidate, command, executable);
      tally.record(helped.ok, `${label}: ${command} --help on ${on}`, helped.output);
    }
    if (!project.hasExample) continue;
    const ran = await runExample(project, executable);
    tally.record(ran.ok, `${label} runs its README example on ${on}`, ran.output);
  }
}
