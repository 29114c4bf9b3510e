import { ROOT } from "./paths.ts";
import { buildPackages, publishPackages } from "./release.ts";

// `npm run release`: builds and publishes what the registry lacks. Meant for the release workflow, which has the
// right to; options are `changeset publish`'s.
console.log(await buildPackages(ROOT));
console.log(await publishPackages(ROOT, process.argv.slice(2)));
