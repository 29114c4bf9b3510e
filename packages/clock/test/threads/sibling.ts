/** The file of tests beside `from` as it lies there: TypeScript in the repository, JavaScript where it was compiled. */
export function sibling(name: string, from: string): URL {
  return new URL(`./${name}${from.endsWith(".ts") ? ".ts" : ".js"}`, from);
}
