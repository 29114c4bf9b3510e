import { ROOT } from "./paths.ts";
import { versionPackages } from "./release.ts";

// `npm run version-packages`: what the version pull request holds.
console.log(await versionPackages(ROOT));
