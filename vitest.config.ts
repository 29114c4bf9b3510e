import { existsSync, readdirSync } from "node:fs";
import { defineConfig } from "vitest/config";

const conditions = ["@udp-relay/source", "module", "node", "import", "default"];
const projects = ["packages", "tools"]
  .flatMap((folder) => readdirSync(new URL(folder, import.meta.url)).map((name) => `${folder}/${name}`))
  .filter((root) => existsSync(new URL(`${root}/package.json`, import.meta.url)));

/** One project a package, so that `vitest run --project @udp-relay/clock` is a package's whole suite. */
export default defineConfig({
  test: {
    projects: projects.map((root) => ({
      root,
      resolve: { conditions },
      ssr: { resolve: { conditions, externalConditions: conditions } },
      test: {
        name: `@udp-relay/${root.slice(root.indexOf("/") + 1)}`,
        include: ["test/**/*.test.ts"],
        pool: "forks",
        execArgv: ["--conditions=@udp-relay/source"],
        // Nx forces colour on what it runs; tests read what programs print.
        env: { FORCE_COLOR: "0" },
        testTimeout: 30_000,
      },
    })),
  },
});
