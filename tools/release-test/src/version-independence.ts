import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Registry } from "./registry.ts";
import { publishPackages, versionPackages } from "./release.ts";
import { releasedPackages, withDependents, type ReleasedPackage } from "./released-package.ts";
import type { Tally } from "./tally.ts";

/**
 * Releases a change of one package and looks at who gets a new version: with a fix, nobody but those that depend
 * on it (their ranges admit it: nobody has to); with a new feature, which in 0.x leaves their ranges, all of them
 * and nobody else. The fix is published, to see that the registry gets these versions and no others.
 */
export async function checkIndependence(
  root: string,
  registry: Registry,
  changed: string,
  tally: Tally,
): Promise<void> {
  const before = releasedPackages(root);
  const dependents = withDependents(before, changed);
  const others = before.filter(({ name }) => !dependents.has(name)).map(({ name }) => name);
  const published = await publishedVersions(registry, before);

  const fixed = await bump(root, changed, "patch");
  tally.record(
    fixed.includes(changed) && fixed.every((name) => dependents.has(name)),
    `a fix in ${changed} gives new versions to ${list(fixed)} only`,
    `expected ${changed} and at most ${list([...dependents])}`,
  );
  // Nothing but versions changed since the build.
  const output = await publishPackages(root, ["--no-git-tag"]);
  const after = await publishedVersions(registry, before);
  const renewed = before.map(({ name }) => name).filter((name) => after.get(name) !== published.get(name));
  tally.record(
    list(renewed) === list(fixed),
    `its release publishes ${list(renewed)} and nothing else`,
    `expected ${list(fixed)}\n${output}`,
  );

  const extended = await bump(root, changed, "minor");
  tally.record(
    list(extended) === list([...dependents]),
    `a feature in ${changed} gives new versions to ${list(extended)}; none to ${list(others)}`,
    `expected ${list([...dependents])}`,
  );
}

/** @returns the packages whose version changed */
async function bump(root: string, changed: string, kind: "patch" | "minor"): Promise<string[]> {
  const before = versions(releasedPackages(root));
  const text = `---\n"${changed}": ${kind}\n---\n\nA change that is not there.\n`;
  writeFileSync(join(root, ".changeset/release-test.md"), text);
  await versionPackages(root);
  const after = releasedPackages(root);
  for (const { folder, version, name } of after) {
    const changelog = join(root, "packages", folder, "CHANGELOG.md");
    if (before.get(name) === version) continue;
    if (!readFileSync(changelog, "utf8").includes(`## ${version}`))
      throw new Error(`${changelog} lacks ${version}`);
  }
  return after.filter(({ name, version }) => before.get(name) !== version).map(({ name }) => name);
}

function versions(packages: readonly ReleasedPackage[]): Map<string, string> {
  return new Map(packages.map(({ name, version }) => [name, version]));
}

async function publishedVersions(
  registry: Registry,
  packages: readonly ReleasedPackage[],
): Promise<Map<string, string>> {
  const all = new Map<string, string>();
  for (const { name } of packages) all.set(name, (await registry.versions(name)).sort().join(" "));
  return all;
}

function list(names: readonly string[]): string {
  return [...names].sort().join(", ") || "nobody";
}
