export { readConfigFile } from "./config/config-file.ts";
export { configOptions, parseConfig } from "./config/relay-config.ts";
export type { ConfigOption, ConfigSource, RelayConfig, RelayConfigField } from "./config/relay-config.ts";
export { OperatorHttp } from "./operations/http-server.ts";
export type { OperatorHttpOptions } from "./operations/http-server.ts";
export type { OperatedRelay, RelayPhase } from "./operations/operated-relay.ts";
export type { RelayLog } from "./operations/relay-log.ts";
export { CncnetV3 } from "./protocol/cncnet-v3.ts";
export type { CncnetV3Options } from "./protocol/cncnet-v3.ts";
export { DemoProtocol } from "./protocol/demo.ts";
export { readU32, Route } from "./protocol/protocol.ts";
export type {
  Datagram,
  MeasureFormat,
  Measurement,
  Protocol,
  ProtocolDropReason,
  RouteAction,
} from "./protocol/protocol.ts";
export { Relay } from "./relay.ts";
export type { RelayOptions } from "./relay.ts";
export { RelayError } from "./relay-error.ts";
export type { RelayErrorCode } from "./relay-error.ts";
export { runRelay } from "./run-relay.ts";
export type { ClientReport, RelayReport, WorkerReport, WorkerState } from "./report/relay-report.ts";
export type { WorkerSet, WorkerStatus } from "./worker/worker-set.ts";
