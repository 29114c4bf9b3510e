import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * `npm run test:uws`: tests `./uwebsockets` with the real uWebSockets.js binary under Node 20 and real WebSocket
 * clients. uWebSockets.js is not on the registry; this package carries its binaries for Node 16 to 20, 113 MB once
 * unpacked, and brings the client (`ws`). So it is fetched on demand, and is nobody's dependency.
 *
 * `npm run example:bridge -- …` is this with `--bridge …`: it runs the example, with the arguments that follow.
 */
const PACKAGE = "@trufflesuite/uws-js-unofficial";
const VERSION = "20.30.0-unofficial.0";
const ROOT = new URL("../../../", import.meta.url);
const CACHE = new URL("../tmp/uws/", import.meta.url);

const binaries = new URL(`node_modules/${PACKAGE}/binaries/`, CACHE);
if (!existsSync(binaries)) {
  console.log(`fetching ${PACKAGE}@${VERSION}`);
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(new URL("package.json", CACHE), '{ "private": true }\n');
  const quiet = [
    "--no-save",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    "--omit=optional",
    "--loglevel=error",
  ];
  const windows = process.platform === "win32";
  execFileSync(
    windows ? "npm.cmd" : "npm",
    ["install", ...quiet, "--prefix", fileURLToPath(CACHE), `${PACKAGE}@${VERSION}`],
    { stdio: "inherit", shell: windows },
  );
}
const [first, ...others] = process.argv.slice(2);
const what =
  first === "--bridge"
    ? ["--program", "examples/browser-bridge", "--", ...others]
    : ["--suite", "uwebsockets", "--verbose"];
const { status } = spawnSync(
  process.execPath,
  [
    "--conditions=@udp-relay/source",
    fileURLToPath(new URL("tools/node-matrix/src/main.ts", ROOT)),
    ...["adapters", "--on", "20", ...what],
  ],
  { stdio: "inherit", env: { ...process.env, UDP_RELAY_UWS: fileURLToPath(CACHE) } },
);
process.exit(status ?? 1);
