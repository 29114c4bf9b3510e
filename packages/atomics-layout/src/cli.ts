import { parseArgs } from "node:util";
import { check, generate, GenerateError, print, type GenerateResult } from "./generate.ts";

const USAGE = `usage: atomics-layout generate|check|print PATTERN … [--print-width COLUMNS]

  generate  write x.generated.ts beside every x.layout.ts that matches
  check     exit with 1 if one of those files is missing or stale, or its x.layout.ts is gone; writes nothing
  print     show the memory of every layout

  PATTERN        a path, or a pattern of *, ** and ? (in quotes), such as 'src/**/*.layout.ts'
  --print-width  columns that generated lines should not pass, as prettier's printWidth; default 80
`;

/** Where the command line writes; the process's own streams by default. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}

/**
 * The command line of this package.
 *
 * @param argv what stands behind the command's name
 * @returns the exit code: 0 done, 1 stale or a layout that cannot be laid out, 2 misuse
 */
export async function main(
  argv: readonly string[],
  terminal: Terminal = PROCESS,
  cwd: string = process.cwd(),
): Promise<number> {
  let options;
  try {
    options = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { "print-width": { type: "string", default: "80" }, help: { type: "boolean", short: "h" } },
    });
  } catch (error) {
    return misuse(terminal, (error as Error).message);
  }
  if (options.values.help === true) {
    terminal.out(USAGE);
    return 0;
  }
  const [command, ...patterns] = options.positionals;
  const printWidth = Number(options.values["print-width"]);
  if (!Number.isInteger(printWidth) || printWidth < 60 || printWidth > 320) {
    return misuse(terminal, "--print-width takes 60 to 320");
  }
  if (command !== "generate" && command !== "check" && command !== "print") {
    return misuse(terminal, command === undefined ? "say what to do" : `there is no command "${command}"`);
  }
  if (patterns.length === 0) return misuse(terminal, "name at least one *.layout.ts file");
  const request = { patterns, cwd, printWidth };
  try {
    if (command === "print") {
      terminal.out(`${(await print(request)).join("\n")}\n`);
      return 0;
    }
    const results = await (command === "generate" ? generate(request) : check(request));
    for (const { file, state } of results) terminal.out(`${state.padEnd(9)} ${file}\n`);
    const bad = results.filter(isBad);
    if (bad.length > 0) terminal.error(`${bad.length} of ${results.length} need: atomics-layout generate\n`);
    return bad.length > 0 ? 1 : 0;
  } catch (error) {
    if (!(error instanceof GenerateError)) throw error;
    terminal.error(`${error.message}\n`);
    return 1;
  }
}

function isBad({ state }: GenerateResult): boolean {
  return state === "stale" || state === "missing" || state === "orphan";
}

function misuse(terminal: Terminal, problem: string): number {
  terminal.error(`${problem}\n\n${USAGE}`);
  return 2;
}

const PROCESS: Terminal = {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
};
