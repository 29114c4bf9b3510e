/**
 * What is wrong with an object of settings that has names which are none, so that a misspelt limit does not silently
 * stay at its default; undefined if nothing is. A name whose value is undefined is as if it were absent.
 */
export function unknownFields(values: object, known: readonly string[]): string | undefined {
  const strangers = Object.entries(values).filter(
    ([name, value]) => value !== undefined && !known.includes(name),
  );
  if (strangers.length === 0) return undefined;
  return `${strangers.map(([name]) => name).join(", ")}: no such field; there are ${known.join(", ")}`;
}
