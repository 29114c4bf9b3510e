import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { RelayError } from "../relay-error.ts";

/** A command of flags only, as this program's are. */
export function flagsCommand(name: string, description: string): Command {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return new Command(name)
    .description(description)
    .version(version, "--version", "print the version and end")
    .exitOverride()
    .allowExcessArguments(false)
    .configureOutput({ writeErr: () => undefined });
}

/**
 * What an operator gave the command's flags.
 *
 * @returns undefined when something was asked for that is printed now: help, the version
 * @throws RelayError `ERR_RELAY_CONFIG`, a sentence
 */
export function givenFlags(command: Command, args: readonly string[]): Record<string, unknown> | undefined {
  try {
    return command.parse([...args], { from: "user" }).opts();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    const words = sentenceOf(error, command.args);
    throw new RelayError("ERR_RELAY_CONFIG", `${words}; ${command.name()} --help lists what there is`);
  }
}

function sentenceOf({ code, message }: CommanderError, args: readonly string[]): string {
  const words = message.replace(/^error: /, "");
  switch (code) {
    case "commander.excessArguments":
      return `${args.map((arg) => JSON.stringify(arg)).join(" ")} is no flag`;
    case "commander.optionMissingArgument":
      return words.replace(/^option '(--[\w-]+).*/, "$1 needs a value");
    default:
      return words.replace(/\n\(D(.*)\)$/, " (d$1)");
  }
}
