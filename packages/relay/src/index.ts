export { CncnetV3 } from "./protocol/cncnet-v3.ts";
export type { CncnetV3Options } from "./protocol/cncnet-v3.ts";
export { DemoProtocol } from "./protocol/demo.ts";
export { readU32, Route } from "./protocol/protocol.ts";
export type {
  Datagram,
  Measurement,
  Protocol,
  ProtocolDropReason,
  RouteAction,
} from "./protocol/protocol.ts";
export { RelayError } from "./relay-error.ts";
export type { RelayErrorCode } from "./relay-error.ts";
export type { ClientReport, RelayReport } from "./report/relay-report.ts";
