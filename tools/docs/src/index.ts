export { llmsText } from "./llms-text.ts";
