export type { ClientSnapshot } from "./client-snapshot.ts";
export { TunnelClientView } from "./client-view.ts";
export type { ExpiredClient, ExpiryReason } from "./expiry-queue.ts";
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
export { classOfPriority, priorityScore } from "./priority-score.ts";
export type { PriorityInputs, PriorityWeightOptions, PriorityWeights } from "./priority-score.ts";
export type { TunnelClientTableStats } from "./table-counters.ts";
export type { TableGuard } from "./table-guard.ts";
export type { TunnelClientTableOptions, TunnelClientTableThreadOptions } from "./table-options.ts";
export type { Crossing, Threshold, Thresholds, WatchedMetric } from "./thresholds.ts";
export { TunnelClient } from "./tunnel-client.ts";
export type { ConnectionInfo, TunnelClientOptions, TunnelClientSnapshot } from "./tunnel-client.ts";
export { TunnelClientError } from "./tunnel-client-error.ts";
export type { TunnelClientErrorCode } from "./tunnel-client-error.ts";
export { TunnelClientTable } from "./tunnel-client-table.ts";
export type { TunnelClientTableHandle } from "./tunnel-client-table.ts";
