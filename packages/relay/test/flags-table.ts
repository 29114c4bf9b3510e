import { configOptions } from "@udp-relay/relay";

/** The README's table of settings. */
export function flagsTable(): string[] {
  const rows = configOptions.map(({ flag, field, allowed, description, defaultValue }) => {
    const shown = Array.isArray(defaultValue) || defaultValue === "" ? "none" : String(defaultValue);
    return `| \`${flag}\` | \`${field}\` | ${shown} | ${allowed} | ${description} |`;
  });
  return [
    "| flag | field in the file | default | allowed | what it does |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
  ];
}
