/** The repository. */
export const ROOT: URL = new URL("../../../", import.meta.url);

/** Git-ignored: fetched runtimes and compiled suites. */
export const CACHE: URL = new URL("../tmp/", import.meta.url);
