import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { buildRust, rustSkip } from "./native.ts";

// What the real crate answers, written where the packages' tests read it. `--check` writes nothing and exits with 1 when
// the committed files are not what the crate answers.
interface Vectors {
  readonly crate: string;
  readonly args: readonly string[];
  readonly file: string;
  readonly input?: () => string;
}

const packages = fileURLToPath(new URL("../../../packages/", import.meta.url));
const all: readonly Vectors[] = [
  {
    crate: "address-vectors",
    args: [],
    file: "address-validation/test/data/crate-validate-address.json",
    input: () =>
      execFileSync(process.execPath, [`${packages}address-validation/scripts/list-oracle-addresses.ts`], {
        encoding: "utf8",
      }),
  },
  ...["tunnel-client", "quality-analyzer"].map((name) => ({
    crate: "crate-vectors",
    args: [name],
    file: `${name}/test/data/crate-${name}.json`,
  })),
  { crate: "crate-vectors", args: ["shard-count"], file: "sharded-map/test/data/crate-shard-count.json" },
];

const check = process.argv[2] === "--check";
for (const { crate, args, file, input } of all) {
  const reason = rustSkip(crate);
  if (reason !== undefined) {
    process.stdout.write(`skipped: ${file}: ${reason}\n`);
    continue;
  }
  const text = execFileSync(buildRust(crate).file, args, { input: input?.() ?? "", encoding: "utf8" });
  const path = `${packages}${file}`;
  if (!check) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    process.stdout.write(`written: ${file}\n`);
  } else if (readFileSync(path, "utf8") === text) process.stdout.write(`as the crate answers: ${file}\n`);
  else {
    process.stdout.write(`not what the crate answers: ${file}\n`);
    process.exitCode = 1;
  }
}
