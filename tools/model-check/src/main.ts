import { relative } from "node:path";
import { parseArgs } from "node:util";
import { findScenarioFiles, loadScenarios } from "./scenario-files.ts";
import { runScenario } from "./run-scenario.ts";
import { tableFoot, tableHead, tableRow } from "./table.ts";
import type { TableRow } from "./table.ts";

// npm run model-check -- [--long] [--package NAME] [--scenario PART_OF_A_NAME] [--touches FILE]
const { values: options } = parseArgs({
  options: {
    long: { type: "boolean", default: process.env.UDP_RELAY_LONG === "1" },
    package: { type: "string" },
    scenario: { type: "string" },
    touches: { type: "string" },
    json: { type: "boolean", default: false },
  },
});

const rows: TableRow[] = [];
const print = (text: string): void => {
  if (!options.json) process.stdout.write(`${text}\n`);
};
print(tableHead());
for (const path of findScenarioFiles(options.package)) {
  const file = relative(process.cwd(), path);
  let named = false;
  for (const scenario of await loadScenarios(path)) {
    if (scenario.long === true && !options.long) continue;
    if (options.scenario !== undefined && !scenario.name.includes(options.scenario)) continue;
    if (options.touches !== undefined && !scenario.touches.includes(options.touches)) continue;
    if (!named) print(file);
    named = true;
    const row: TableRow = { file, ...runScenario(scenario) };
    rows.push(row);
    print(tableRow(row));
  }
}
process.stdout.write(options.json ? `${JSON.stringify(rows)}\n` : tableFoot(rows));
if (rows.length === 0) process.stderr.write("no scenario was found\n");
process.exitCode = rows.length > 0 && rows.every(({ failure }) => failure === undefined) ? 0 : 1;
