/** The oldest Node that the program's libraries and its own sources run on: package.json's `engines`. */
const OLDEST = [22, 12] as const;

/** What to tell whoever runs the program on a Node that is too old; undefined if it is not. Bun reports a recent one. */
export function refusedRuntime(node: string = process.versions.node): string | undefined {
  const [major = 0, minor = 0] = node.split(".").map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return undefined;
  return `Node is ${node}, allowed: Node >= ${OLDEST.join(".")}, or Bun`;
}
