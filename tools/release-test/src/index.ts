export { runCommand, mustRun, type RunOptions, type RunResult } from "./run-command.ts";
export { compileExample, readmeExample } from "./readme-example.ts";
export { releasedPackages, runsOn, withDependents, type ReleasedPackage } from "./released-package.ts";
export { Tally } from "./tally.ts";
