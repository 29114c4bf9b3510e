export { QualityAnalyzer } from "./quality-analyzer.ts";
export { QualityError } from "./quality-error.ts";
export type { QualityErrorCode } from "./quality-error.ts";
