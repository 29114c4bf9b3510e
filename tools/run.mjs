// Entry of every root script: runs one command inside the workspace on a machine that has nothing but
// Node 20 and npm. npx fetches the pinned pnpm, pnpm installs what is missing; then the command runs with
// the workspace's own Node, Bun, nx, … first on the PATH, as a direct child that gets the terminal's signals.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const [file, ...args] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write("usage: node tools/run.mjs COMMAND [ARGUMENT …]\n");
  process.exit(2);
}

const windows = process.platform === "win32";
const fresh = !existsSync(join(root, "node_modules"));
if (fresh) process.stderr.write("Installing the workspace (once, about a minute) …\n");
// Started outside the repository: npx is 3 s faster where it finds no workspace of its own to read.
const install = spawnSync(
  windows ? "npx.cmd" : "npx",
  ["--yes", packageManager, "--dir", root, "install", "--prefer-offline", "--reporter=append-only"],
  { cwd: tmpdir(), encoding: "utf8", shell: windows },
);
if (install.status !== 0) {
  process.stderr.write(`${install.stdout ?? ""}${install.stderr ?? ""}`);
  process.stderr.write(`cannot install the workspace (${packageManager}); the lines above say why\n`);
  process.exit(1);
}

const child = spawn(file, args, {
  cwd: root,
  stdio: "inherit",
  shell: windows,
  env: { ...process.env, PATH: `${join(root, "node_modules", ".bin")}${delimiter}${process.env.PATH ?? ""}` },
});
// Ctrl-C reaches the whole group: the command ends by itself, and this process follows it.
process.on("SIGINT", () => {});
for (const signal of ["SIGTERM", "SIGHUP", "SIGUSR2"]) process.on(signal, () => child.kill(signal));
child.on("error", (error) => {
  process.stderr.write(`cannot start ${file}: ${error.message}\n`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
