export { AdapterError } from "./adapter-error.ts";
export type { AdapterErrorCode } from "./adapter-error.ts";
export { BurstReporter } from "./transport/burst-reporter.ts";
export { DropReason, dropReasonNames } from "./transport/drop-reason.ts";
export type { DropReasonCode, DropReasonName } from "./transport/drop-reason.ts";
export { PRIORITY_CLASSES } from "./transport/transport-stats.ts";
export type { TrafficCounts, TransportStats } from "./transport/transport-stats.ts";
export type {
  BatchHandler,
  DatagramBatch,
  DatagramTransport,
  TransportErrorContext,
  TransportKind,
  TransportOptions,
} from "./transport/datagram-transport.ts";
export { instrument } from "./compose/instrument.ts";
export type { InstrumentOptions, SocketStats, SocketTotals } from "./compose/instrument.ts";
export type { RelayDatagram } from "./compose/relay-datagram.ts";
export { RelayEndpoint } from "./compose/relay-endpoint.ts";
export type { RelayEndpointOptions, RelayEndpointStats } from "./compose/relay-endpoint.ts";
export type { RelayRefusal } from "./compose/relay-refusals.ts";
export { openTransport } from "./compose/open-transport.ts";
export type { OpenedTransport, OpenTransportOptions, SocketTransportKind } from "./compose/open-transport.ts";
export { joinTransports } from "./transport/joined.ts";
export type { OwningTransport } from "./transport/joined.ts";
