import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunReport } from "../report.ts";
import { charts, drawingOf, readmeWith } from "./chart.ts";

/** The little of echarts that is used. */
interface Echarts {
  init(
    element: null,
    theme: null,
    options: { renderer: "svg"; ssr: true; width: number; height: number },
  ): { setOption(option: object): void; renderToSVGString(): string; dispose(): void };
}

const kit = fileURLToPath(new URL("../../charts/", import.meta.url));
const packages = fileURLToPath(new URL("../../../../packages/", import.meta.url));
/** Draws every chart whose area a report has, beside the README that shows it, and says what it drew or why it did not. */
export function drawCharts(report: RunReport): void {
  const areas = new Set(report.suites.map(({ suite }) => suite.area));
  const echarts = loadEcharts();
  for (const chart of charts.filter(({ area }) => areas.has(area))) {
    const drawing = drawingOf(chart, report);
    if (typeof drawing === "string") {
      process.stdout.write(`not drawn: ${chart.file}: ${drawing}\n`);
      continue;
    }
    const picture = echarts.init(null, null, {
      renderer: "svg",
      ssr: true,
      width: 820,
      height: drawing.height,
    });
    picture.setOption(drawing.option);
    const path = `${packages}${chart.file}`;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `${picture.renderToSVGString()}\n`);
    picture.dispose();
    const readme = `${packages}${chart.file.split("/")[0]!}/README.md`;
    const shown = readmeWith(chart, readFileSync(readme, "utf8"));
    if (shown !== undefined) writeFileSync(readme, shown);
    process.stdout.write(
      `drawn: packages/${chart.file}${shown === undefined ? ", which no README shows" : ""}\n`,
    );
  }
}

/** From a kit with a lockfile of its own, installed by the first run: nothing else needs it. */
function loadEcharts(): Echarts {
  if (!existsSync(`${kit}node_modules/echarts`)) {
    process.stdout.write("installing the charts' library (once) …\n");
    const options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    execFileSync("npm", options, { cwd: kit, stdio: "inherit", shell: process.platform === "win32" });
  }
  return createRequire(`${kit}package.json`)("echarts") as Echarts;
}
