// `npm run check`: everything that can be said about the tree without long runs. Ends with one line a step and a sum.
import { spawnSync } from "node:child_process";

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

const nxMany = (targets: string, ...more: string[]): [string, ...string[]] => [
  "nx",
  "run-many",
  "-t",
  ...targets.split(" "),
  "--parallel=2",
  "--output-style=static",
  ...more,
];

const steps: readonly Step[] = [
  { name: "workspace in sync", command: ["nx", "sync:check"] },
  { name: "formatted", command: ["prettier", "--check", "--log-level", "warn", "."] },
  {
    name: "typecheck, lint, test, build, pack",
    command: nxMany("typecheck lint test test-proxy build pack"),
  },
  { name: "changesets are valid", command: ["changeset", "status"] },
];

let failed = 0;
const summary: string[] = [];
for (const { name, command } of steps) {
  console.log(`\n=== ${name}: ${command.join(" ")}`);
  const started = performance.now();
  const { status } = spawnSync(command[0], command.slice(1), { stdio: "inherit" });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (status !== 0) failed++;
  summary.push(`${status === 0 ? "ok  " : "FAIL"} ${seconds.padStart(6)} s  ${name}`);
}
console.log(`\n${summary.join("\n")}\n${steps.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
