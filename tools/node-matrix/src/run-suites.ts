import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ROOT } from "./paths.ts";
import type { Runtime } from "./runtimes.ts";
import type { Suite } from "./suites.ts";

/** How a package's suites ended on a runtime. */
export interface Verdict {
  readonly ok: boolean;
  readonly passed: number;
  readonly skipped: number;
  readonly failed: number;
  readonly seconds: number;
  readonly output: string;
}

const TIMEOUT_MS = 30 * 60_000;

/** Runs a package's suites, one file after the other: they measure and count in threads of their own. */
export function runSuites(
  runtime: Runtime,
  executable: string,
  { packageName, files }: Suite,
  built: URL,
  env: Readonly<Record<string, string>>,
): Verdict {
  const begun = performance.now();
  const bun = runtime.version === undefined;
  const paths = files.map((file) =>
    fileURLToPath(
      bun
        ? new URL(`packages/${packageName}/test/${file}.test.ts`, ROOT)
        : new URL(`${packageName}/test/${file}.test.js`, built),
    ),
  );
  const args = bun
    ? ["test", "--conditions=@udp-relay/source", "--timeout=600000", ...paths]
    : ["--enable-source-maps", "--test", "--test-concurrency=1", "--test-reporter=tap", ...paths];
  const { status, stdout, stderr, error } = spawnSync(executable, args, {
    cwd: fileURLToPath(ROOT),
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    maxBuffer: 1 << 28,
    timeout: TIMEOUT_MS,
  });
  const output = `${stdout}${stderr}${error === undefined ? "" : `\n${error.message}`}`;
  const count = (name: string): number => Number(tally(output, bun, name) ?? 0);
  // Node's runner counts a test that outlived its time as cancelled.
  const failed = count("fail") + count("cancelled");
  const [passed, skipped] = [count("pass"), count(bun ? "skip" : "skipped")];
  const seconds = (performance.now() - begun) / 1_000;
  return { ok: status === 0 && failed === 0 && passed > 0, passed, skipped, failed, seconds, output };
}

/** The last summary line: `# pass 12` of TAP, ` 12 pass` of Bun. */
function tally(output: string, bun: boolean, name: string): string | undefined {
  const pattern = bun ? new RegExp(`^ *(\\d+) ${name}$`, "gm") : new RegExp(`^# ${name} (\\d+)$`, "gm");
  return [...output.matchAll(pattern)].at(-1)?.[1];
}
