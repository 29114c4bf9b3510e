import { readFileSync } from "node:fs";
import type { RunReport } from "../report.ts";
import { drawCharts } from "./draw.ts";

const [file] = process.argv.slice(2);
if (file === undefined || file === "--help") {
  process.stdout.write(
    "npm run charts -- REPORT.json    draws what `npm run bench -- all --json REPORT.json` measured\n",
  );
  process.exit(file === undefined ? 2 : 0);
}
drawCharts(JSON.parse(readFileSync(file, "utf8")) as RunReport);
