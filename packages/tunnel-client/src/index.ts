export type { ClientSnapshot } from "./client-snapshot.ts";
export { TunnelClientView } from "./client-view.ts";
export {
  JOIN_BUSY,
  JOIN_EXISTS,
  JOIN_FULL,
  JOIN_GONE,
  JOIN_NO_ADDRESS,
  JOIN_PREFIX_FULL,
  JOIN_RESTING,
  joinRefusalName,
} from "./join-refusal.ts";
export { classOfPriority, PRIORITY_CLASSES, priorityScore } from "./priority-score.ts";
export type { PriorityInputs, PriorityWeights } from "./priority-score.ts";
export type { TunnelClientTableOptions, TunnelClientTableThreadOptions } from "./table-options.ts";
export { TunnelClientError } from "./tunnel-client-error.ts";
export type { TunnelClientErrorCode } from "./tunnel-client-error.ts";
export { TunnelClientTable } from "./tunnel-client-table.ts";
export type { TunnelClientTableHandle } from "./tunnel-client-table.ts";
