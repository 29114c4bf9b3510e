import { fileURLToPath } from "node:url";

/**
 * What programs that tests start find in their environment: compiled code of the program before, since most of a start is
 * compiling (Node 22.1 and later; keyed by content).
 */
export const programEnvironment: NodeJS.ProcessEnv = {
  ...process.env,
  NODE_OPTIONS: "",
  NODE_COMPILE_CACHE: fileURLToPath(new URL("../../../node_modules/.cache/compiled", import.meta.url)),
};
