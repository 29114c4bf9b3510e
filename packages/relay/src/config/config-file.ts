import { readFileSync } from "node:fs";
import { RelayError } from "../relay-error.ts";
import { configOptions, type RelayConfigField } from "./relay-config.ts";
import { unknownFields } from "./unknown-fields.ts";

const known: readonly string[] = configOptions.map(({ field }) => field);

/**
 * Reads a JSON configuration file: one object whose keys are the fields of {@link RelayConfig}. A key that is none is
 * an error, so that a misspelt limit does not silently stay at its default.
 *
 * @throws RelayError `ERR_RELAY_CONFIG`, naming the file and what is wrong with it
 */
export function readConfigFile(path: string): Partial<Record<RelayConfigField, unknown>> {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new RelayError("ERR_RELAY_CONFIG", `configuration file ${path}: ${reason}`, { cause });
  };
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    refuse(`cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`, error);
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    refuse(`is no JSON (${(error as Error).message})`, error);
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    return refuse("has to hold one object");
  }
  const strange = unknownFields(content, known);
  if (strange !== undefined) refuse(strange);
  return content;
}
