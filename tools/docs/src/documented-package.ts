import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface EntryPoint {
  /** What an import names: `@udp-relay/quality-analyzer/simulation`. */
  readonly specifier: string;
  /** Its TypeScript, an absolute path. */
  readonly source: string;
}

/** What the documentation of a published package is made from. */
export interface DocumentedPackage {
  readonly name: string;
  readonly folder: string;
  readonly description: string;
  readonly engines: string;
  readonly floor: number;
  readonly repository: string;
  readonly readme: string;
  readonly commands: readonly string[];
  readonly entryPoints: readonly EntryPoint[];
}

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly description?: string;
  readonly engines?: { readonly node?: string };
  readonly repository?: { readonly url?: string };
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly nx?: { readonly tags?: readonly string[] };
}

/** The published packages, lowest floor first. */
export function documentedPackages(root: string): DocumentedPackage[] {
  return readdirSync(join(root, "packages"))
    .filter((folder) => existsSync(join(root, "packages", folder, "package.json")))
    .map((folder) => ({ folder, manifest: readManifest(root, folder) }))
    .filter(({ manifest }) => manifest.private !== true)
    .map(({ folder, manifest }) => describe(root, folder, manifest))
    .sort((a, b) => a.floor - b.floor || (a.name < b.name ? -1 : 1));
}

function readManifest(root: string, folder: string): Manifest {
  return JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8")) as Manifest;
}

function describe(root: string, folder: string, manifest: Manifest): DocumentedPackage {
  const { name, description = "", engines, repository, bin = {}, exports = {}, nx } = manifest;
  const readme = join(root, "packages", folder, "README.md");
  const floor = nx?.tags?.find((tag) => tag.startsWith("floor:"))?.slice("floor:".length);
  return {
    name,
    folder,
    description,
    engines: engines?.node ?? "",
    floor: Number(floor ?? Number.NaN),
    repository: (repository?.url ?? "").replace(/^git\+/, "").replace(/\.git$/, ""),
    readme: existsSync(readme) ? readFileSync(readme, "utf8").replaceAll("\r\n", "\n") : "",
    commands: Object.keys(bin),
    entryPoints: Object.entries(exports).flatMap(([path, target]) => {
      const source = sourceOf(target);
      if (source === undefined) return [];
      return [{ specifier: `${name}${path.slice(1)}`, source: join(root, "packages", folder, source) }];
    }),
  };
}

/** The target of the condition under which this workspace runs its sources. */
function sourceOf(target: unknown): string | undefined {
  const source = (target as { readonly "@udp-relay/source"?: unknown })["@udp-relay/source"];
  return typeof source === "string" ? source : undefined;
}
