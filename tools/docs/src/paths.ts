import { fileURLToPath } from "node:url";

/** The repository, a path with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../../../", import.meta.url));

/** The site, git-ignored. */
export const SITE: string = fileURLToPath(new URL("../tmp/site/", import.meta.url));

/** What TypeDoc made of each package, before they are one site; git-ignored. */
export const PARTS: string = fileURLToPath(new URL("../tmp/parts/", import.meta.url));

/** Committed, and copied to the root of the site. */
export const LLMS_TXT: string = fileURLToPath(new URL("../llms.txt", import.meta.url));
