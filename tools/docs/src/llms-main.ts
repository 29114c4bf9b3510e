import { writeFileSync } from "node:fs";
import { llmsText } from "./llms-text.ts";
import { LLMS_TXT, ROOT } from "./paths.ts";

writeFileSync(LLMS_TXT, llmsText(ROOT));
console.log(`wrote ${LLMS_TXT}`);
