// The `test` target: `vitest run` with the arguments given. A test process that V8 ended by a fault of its own is run once
// more: while worker threads are terminated, its process-wide table of code pages now and then loses an entry of a
// thread that lives on (nodejs/node#64500; seen once in some thousand terminations, on Node 20 to 24). Nothing
// else is ever run again.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const V8_FAULT = /Check failed: jit_page(_->|\.has_value)/;

// Most of a worker's start is compiling: with a cache, keyed by content, it takes half of the processor time.
const compiled = fileURLToPath(new URL("../node_modules/.cache/compiled", import.meta.url));
const env = { NODE_COMPILE_CACHE: compiled, ...process.env };

const args = process.argv.slice(2);
let { code, faulty } = await run();
if (code !== 0 && faulty) {
  console.error(
    "\nV8 lost a code page while worker threads were terminated (see tools/run-vitest.ts): once more.\n",
  );
  ({ code, faulty } = await run());
}
process.exit(code);

function run(): Promise<{ code: number; faulty: boolean }> {
  const child = spawn("vitest", ["run", ...args], {
    env,
    stdio: ["inherit", "pipe", "pipe"],
    shell: process.platform === "win32",
  });
  let tail = "";
  let faulty = false;
  const pass = (to: NodeJS.WriteStream) => (chunk: Buffer) => {
    to.write(chunk);
    tail = (tail + chunk.toString("latin1")).slice(-4_096);
    faulty ||= V8_FAULT.test(tail);
  };
  child.stdout.on("data", pass(process.stdout));
  child.stderr.on("data", pass(process.stderr));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => {
      resolve({ code: status ?? 1, faulty });
    });
  });
}
