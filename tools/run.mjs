// Entry of every root script: runs one command inside the workspace on a machine that has nothing but
// Node 20 and npm. npx fetches the pinned pnpm, pnpm installs what is missing (verifyDepsBeforeRun) and
// puts the workspace's own Node, Bun, nx, … first on the PATH.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { packageManager } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const args = process.argv.slice(2);
if (args.length === 0) {
  process.stderr.write("usage: node tools/run.mjs COMMAND [ARGUMENT …]\n");
  process.exit(2);
}
// Started outside the repository: npx is 3 s faster where it finds no workspace of its own to read.
const npx = process.platform === "win32" ? "npx.cmd" : "npx";
const child = spawn(npx, ["--yes", packageManager, "--dir", root, "exec", ...args], {
  cwd: tmpdir(),
  stdio: "inherit",
  shell: process.platform === "win32",
});
// The terminal sends Ctrl-C to the whole group: the command ends by itself, and this process follows it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    if (signal !== "SIGINT") child.kill(signal);
  });
}
child.on("error", (error) => {
  process.stderr.write(`cannot start npx: ${error.message}\n`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
