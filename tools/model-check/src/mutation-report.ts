import type { MutantOutcome } from "./mutation-run.ts";

/**
 * Why survivors are left, by file and then by mutant; kept by hand. A reason that begins with "equivalent: " says why no
 * execution can tell the mutant from the original; such a mutant does not count.
 */
export type SurvivorReasons = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What a whole run found; committed. */
export interface MutationResult {
  readonly outcomes: readonly MutantOutcome[];
  /** A digest of each file's text as it was then. */
  readonly sources?: Readonly<Record<string, string>>;
}

/** The committed report: a table by file, then every survivor with its reason. */
export function formatReport(
  { outcomes }: MutationResult,
  allReasons: SurvivorReasons,
  isOld: (file: string) => boolean,
): string {
  // The reasons are about the sources of today: in old ones the same name may have been another mutant's.
  const reasons = Object.fromEntries(Object.entries(allReasons).filter(([file]) => !isOld(file)));
  const files = [...new Set(outcomes.map(({ file }) => file))].sort();
  const rows = [...files, undefined].map((file) => {
    const mine = outcomes.filter((outcome) => file === undefined || outcome.file === file);
    const { reached, equivalent, killed } = countOutcomes(mine, reasons);
    const cells = [mine.length, reached, equivalent, killed, percent(killed, reached - equivalent)];
    const name = file === undefined ? "**all**" : isOld(file) ? `${file} (old)` : file;
    return `| ${name} | ${cells.join(" | ")} |`;
  });
  const survivors = outcomes.filter((outcome) => outcome.reached && outcome.killedBy === undefined);
  const list = survivors.map(
    ({ file, id, line, argued }) =>
      `- \`${file}:${line}\` ${id}\n  ${reasons[file]?.[id] ?? "**no reason given**"}` +
      (argued === true ? " (Not run.)" : ""),
  );
  return `# Mutation testing of the model-checked sources

Written by \`npm run mutate\`. Each mutant runs the scenarios that name its file, until the first one fails. *Reached*
are those whose code some scenario executes; the others are for the package's own tests. *Equivalent* are survivors that
no execution can tell from the original, each with its reason below; the last column is killed / (reached - equivalent).
*Old*: the file has changed since its mutants were run; the row is of the sources of then.

| file | mutants | reached | equivalent | killed | |
| --- | ---: | ---: | ---: | ---: | ---: |
${rows.join("\n")}

## Survivors

${list.length === 0 ? "None." : list.join("\n")}
`;
}

export function countOutcomes(
  outcomes: readonly MutantOutcome[],
  reasons: SurvivorReasons,
): { reached: number; equivalent: number; killed: number } {
  const reached = outcomes.filter((outcome) => outcome.reached);
  const killed = reached.filter(({ killedBy }) => killedBy !== undefined).length;
  const equivalent = reached.filter(
    ({ file, id, killedBy }) =>
      killedBy === undefined && reasons[file]?.[id]?.startsWith("equivalent: ") === true,
  ).length;
  return { reached: reached.length, equivalent, killed };
}

export function percent(part: number, whole: number): string {
  return whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`;
}
