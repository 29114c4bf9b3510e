import { Option } from "commander";
import { flagsCommand, givenFlags } from "./command-words.ts";
import { readConfigFile } from "./config-file.ts";
import {
  configOptions,
  type ConfigSource,
  parseConfig,
  type RelayConfig,
  type RelayConfigField,
} from "./relay-config.ts";

type Values = Partial<Record<RelayConfigField, unknown>>;

export interface CommandLine {
  readonly config: RelayConfig;
  /** `--config FILE`, or `UDP_RELAY_CONFIG`. */
  readonly file: string | undefined;
  /** `--print-config`: print what is in force and end. */
  readonly printConfig: boolean;
  /** Fields that flags, the environment or the file set, so that the program can tell a choice from a default. */
  readonly chosen: ReadonlySet<RelayConfigField>;
  /** Variables that begin as settings do and are none: misspelt ones, mostly. */
  readonly unknownVariables: readonly string[];
}

/**
 * Reads the configuration: flags before the environment before the file before the defaults.
 *
 * @returns undefined when `--help` or `--version` was asked for and printed
 * @throws RelayError `ERR_RELAY_CONFIG`
 */
export function readCommandLine(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  presets: Values = {},
): CommandLine | undefined {
  const parsed = parseFlags(args);
  if (parsed === undefined) return undefined;
  const { flags, printConfig } = parsed;
  const file = parsed.file ?? environment.UDP_RELAY_CONFIG;
  const values: Values = { ...presets };
  const sources = new Map<RelayConfigField, ConfigSource>();
  const fromFile = file === undefined ? {} : readConfigFile(file);
  for (const { field, variable } of configOptions) {
    if (fromFile[field] !== undefined) {
      values[field] = fromFile[field];
      sources.set(field, "file");
    }
    if (environment[variable] !== undefined) {
      values[field] = environment[variable];
      sources.set(field, "variable");
    }
    if (flags[field] !== undefined) {
      values[field] = flags[field];
      sources.set(field, "flag");
    }
  }
  return {
    config: parseConfig(values, (field) => sources.get(field) ?? "default"),
    file,
    printConfig,
    chosen: new Set(sources.keys()),
    unknownVariables: Object.keys(environment).filter(isUnknown),
  };
}

const knownVariables = new Set(["UDP_RELAY_CONFIG", ...configOptions.map(({ variable }) => variable)]);
const isUnknown = (name: string): boolean => name.startsWith("UDP_RELAY_") && !knownVariables.has(name);

interface Flags {
  readonly flags: Values;
  readonly file: string | undefined;
  readonly printConfig: boolean;
}

function parseFlags(args: readonly string[]): Flags | undefined {
  const about =
    "A UDP relay with per-client statistics: CnCNet V3 and V2 tunnels, and protocols of your own. Without any " +
    "setting it shows a demo on loopback. The session proxy is a command of its own: udp-relay proxy --help";
  const command = flagsCommand("udp-relay", about)
    .option("--config <file>", "JSON file with any of these settings by their field names [UDP_RELAY_CONFIG]")
    .option("--print-config", "print the settings in force as JSON, ready for --config, and end");
  for (const { flag, isSwitch, description, defaultValue, variable, allowed } of configOptions) {
    const isNothing = defaultValue === "" || Array.isArray(defaultValue);
    const shown = isNothing ? "none" : String(defaultValue);
    const help = isSwitch ? description : `${description} (${allowed}; default ${shown})`;
    command.addOption(new Option(isSwitch ? flag : `${flag} <value>`, `${help} [${variable}]`));
  }
  const given = givenFlags(command, args);
  if (given === undefined) return undefined;
  const values: Values = {};
  for (const { field, flag } of configOptions) {
    const value = given[attributeOf(flag)];
    if (value !== undefined) values[field] = value;
  }
  return {
    flags: values,
    file: given.config as string | undefined,
    printConfig: given.printConfig === true,
  };
}

/** The name under which commander keeps a flag's value. */
const attributeOf = (flag: string): string =>
  flag.slice(2).replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
