import { join } from "node:path";
import { installKit } from "./kit.ts";
import { KIT, ROOT } from "./paths.ts";
import { runCommand } from "./run-command.ts";

// `npm run unused`: files, exports and dependencies that nothing uses, by knip. Exits with 1 when there are
// any. Knip sees no script that is started by a path put together at run time, and no program that a test spawns: what
// is started so stands in knip.json.
await installKit();
const knip = join(KIT, "node_modules/knip/bin/knip.js");
const options = ["--directory", ROOT, "--config", join(KIT, "knip.json"), "--reporter", "compact"];
const { ok, output } = await runCommand(process.execPath, [knip, ...options], {
  cwd: ROOT,
  timeoutMs: 300_000,
});
console.log(output.trim() === "" ? "nothing is unused" : output);
process.exit(ok ? 0 : 1);
