export type { AllotmentRefusal } from "./cncnet/id-allotment.ts";
export { MasterAnnounce } from "./cncnet/master-announce.ts";
export type { Announcement, MasterAnnounceOptions } from "./cncnet/master-announce.ts";
export { NatHelper } from "./cncnet/nat-helper.ts";
export type { NatDropReason, NatHelperOptions, NatHelperReport } from "./cncnet/nat-helper.ts";
export { configOptions, parseConfig } from "./config/relay-config.ts";
export type { ConfigOption, ConfigSource, RelayConfig, RelayConfigField } from "./config/relay-config.ts";
export { RtpMeasurer } from "./measure/rtp-measurer.ts";
export type { RtpMeasurerOptions } from "./measure/rtp-measurer.ts";
export { StreamMeasurement } from "./measure/stream-measurer.ts";
export type { StreamMeasurer } from "./measure/stream-measurer.ts";
export { WireguardMeasurer } from "./measure/wireguard-measurer.ts";
export { OperatorHttp } from "./operations/http-server.ts";
export type { OperatorHttpOptions } from "./operations/http-server.ts";
export type { OperatedRelay, RelayPhase } from "./operations/operated-relay.ts";
export type { AddressDetail } from "./operations/shown-endpoint.ts";
export type { RelayLog } from "./operations/relay-log.ts";
export { CncnetV2 } from "./protocol/cncnet-v2.ts";
export { CncnetV3 } from "./protocol/cncnet-v3.ts";
export type { CncnetV3Options } from "./protocol/cncnet-v3.ts";
export { Route } from "./protocol/protocol.ts";
export type {
  Datagram,
  MeasureFormat,
  Measurement,
  Protocol,
  ProtocolDropReason,
  RouteAction,
} from "./protocol/protocol.ts";
export type { Backend, BackendSpec } from "./proxy/backend.ts";
export type { HealthChange, HealthOptions } from "./proxy/backend-health.ts";
export { connectedUpstreams } from "./proxy/connected-upstream.ts";
export type { ProbeOptions } from "./proxy/probe.ts";
export type { OperatedProxy } from "./proxy/operated-proxy.ts";
export type { ProxyDrops, ProxySessions, SessionCrossings } from "./proxy/proxy-counters.ts";
export type { BackendReport, PathReport, ProxyReport } from "./proxy/proxy-report.ts";
export type { MeasuredPath, SessionReport } from "./proxy/session-report.ts";
export { SessionProxy } from "./proxy/session-proxy.ts";
export type { SessionChange } from "./proxy/session-watch.ts";
export type { SessionProxyOptions } from "./proxy/session-proxy-options.ts";
export { transportUpstreams } from "./proxy/upstream.ts";
export type { OpenUpstream, Upstream, UpstreamEvents } from "./proxy/upstream.ts";
export { Relay } from "./relay.ts";
export type { RelayOptions } from "./relay.ts";
export { RelayError } from "./relay-error.ts";
export type { RelayErrorCode } from "./relay-error.ts";
export type { ClientReport, RelayReport, WorkerReport, WorkerState } from "./report/relay-report.ts";
export type { WorkerSet, WorkerStatus } from "./worker/worker-set.ts";
export type { PortSharing } from "./worker/port-sharing.ts";
export { Tunnels } from "./tunnels.ts";
