import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly engines?: { readonly node?: string };
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly repository?: { readonly url?: string; readonly directory?: string };
}

/** A package of the workspace that goes to the registry. */
export interface ReleasedPackage {
  /** `@udp-relay/clock` */
  readonly name: string;
  /** `clock` */
  readonly folder: string;
  readonly version: string;
  /** The lowest Node that it promises to run on, `[20, 19]`. */
  readonly lowestNode: readonly [major: number, minor: number];
  /** What can be imported: `@udp-relay/quality-analyzer/simulation`, … */
  readonly entryPoints: readonly string[];
  /** Names of its commands. */
  readonly commands: readonly string[];
  /** Workspace packages that a user of this one gets with it. */
  readonly dependencies: readonly string[];
  readonly manifest: Manifest;
}

/** Every package under packages/ that is not private, in the order in which they depend on each other. */
export function releasedPackages(root: string): ReleasedPackage[] {
  const found = readdirSync(join(root, "packages"))
    .sort()
    .filter((folder) => existsSync(join(root, "packages", folder, "package.json")))
    .map((folder) => readPackage(root, folder))
    .filter((candidate) => candidate.manifest.private !== true);
  const ordered: ReleasedPackage[] = [];
  while (ordered.length < found.length) {
    const done = new Set(ordered.map(({ name }) => name));
    const ready = found.filter(
      ({ name, dependencies }) => !done.has(name) && dependencies.every((dependency) => done.has(dependency)),
    );
    if (ready.length === 0) throw new Error("the packages depend on each other in a circle");
    ordered.push(...ready);
  }
  return ordered;
}

/** A package and all that need it, directly or through others. */
export function withDependents(packages: readonly ReleasedPackage[], name: string): Set<string> {
  const closure = new Set([name]);
  // The packages are in dependency order, so that one pass meets every dependent after what it depends on.
  for (const candidate of packages) {
    if (candidate.dependencies.some((dependency) => closure.has(dependency))) closure.add(candidate.name);
  }
  return closure;
}

/** Whether a runtime's version, "20.20.2", is within the package's `engines`. */
export function runsOn({ lowestNode: [major, minor] }: ReleasedPackage, nodeVersion: string): boolean {
  const [actualMajor = 0, actualMinor = 0] = nodeVersion.split(".").map(Number);
  return actualMajor > major || (actualMajor === major && actualMinor >= minor);
}

function readPackage(root: string, folder: string): ReleasedPackage {
  const manifest = JSON.parse(
    readFileSync(join(root, "packages", folder, "package.json"), "utf8"),
  ) as Manifest;
  const { name, version, engines, exports = {}, bin = {}, dependencies = {} } = manifest;
  const range = /^>=(\d+)\.(\d+)$/.exec(engines?.node ?? "");
  if (range === null)
    throw new Error(`${name}: engines.node is to be ">=MAJOR.MINOR", not "${engines?.node ?? ""}"`);
  return {
    name,
    folder,
    version,
    lowestNode: [Number(range[1]), Number(range[2])],
    entryPoints: Object.keys(exports)
      .filter((path) => path !== "./package.json")
      .map((path) => `${name}${path.slice(1)}`),
    commands: Object.keys(bin),
    dependencies: Object.keys(dependencies).filter((dependency) => dependency.startsWith("@udp-relay/")),
    manifest,
  };
}
