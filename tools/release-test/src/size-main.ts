import { join } from "node:path";
import { installKit } from "./kit.ts";
import { KIT } from "./paths.ts";
import { runCommand } from "./run-command.ts";
import { Tally } from "./tally.ts";

/** A row of what `size-limit --json` prints; sizes in bytes. */
interface Bundle {
  readonly name: string;
  readonly size: number;
  readonly sizeLimit: number;
  readonly passed: boolean;
}

// `npm run size`: what importing each package costs a bundle, against the limits in kit/.size-limit.mjs.
const tally = new Tally();
await installKit();
const sizeLimit = join(KIT, "node_modules/size-limit/bin.js");
const result = await runCommand(process.execPath, [sizeLimit, "--json"], { cwd: KIT, timeoutMs: 300_000 });
const bundles = parse(result.stdout);
if (bundles === undefined) tally.record(false, "size-limit measures every bundle", result.output);
for (const { name, size, sizeLimit: limit, passed } of bundles ?? []) {
  const [measured, allowed] = [size, limit].map((bytes) => `${(bytes / 1_000).toFixed(1)} kB`);
  tally.record(passed, `${name.padEnd(38)} ${measured?.padStart(8)} of ${allowed}`);
}
process.exit(tally.finish());

function parse(text: string): Bundle[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? (value as Bundle[]) : undefined;
  } catch {
    return undefined;
  }
}
