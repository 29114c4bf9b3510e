import { fileURLToPath } from "node:url";

/** The repository, a path with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../../../", import.meta.url));

/** What only the release test needs: a registry, three compilers, size-limit, knip. It has a lockfile of its own. */
export const KIT: string = fileURLToPath(new URL("../kit/", import.meta.url));
