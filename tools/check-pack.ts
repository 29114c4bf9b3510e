// One package as npm would publish it: packed, linted by publint (strict), its types resolved by attw.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const projectRoot = process.argv[2];
if (projectRoot === undefined) {
  console.error("usage: node tools/check-pack.ts PROJECT_ROOT");
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "udp-relay-pack-"));
const run = (file: string, args: string[]): void => {
  execFileSync(file, args, { stdio: "inherit", env: { ...process.env, NO_UPDATE_NOTIFIER: "1" } });
};
try {
  run("npm", ["pack", "--silent", "--pack-destination", folder, `./${projectRoot}`]);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error(`npm pack wrote no tarball for ${projectRoot}`);
  // pnpm is no command of the workspace: npx fetches it.
  run("publint", ["--strict", "--pack", "npm", projectRoot]);
  run("attw", ["--profile", "esm-only", join(folder, tarball)]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
