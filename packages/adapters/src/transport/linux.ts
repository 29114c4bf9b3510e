export { DropReason, dropReasonNames } from "./drop-reason.ts";
export { ConnectedSockets } from "./linux/connected-sockets.ts";
export type {
  ConnectedSocket,
  ConnectedSocketEvents,
  ConnectedSocketsOptions,
} from "./linux/connected-socket.ts";
export { DescriptorJournal } from "./linux/descriptor-journal.ts";
export type { DescriptorJournalHandle } from "./linux/descriptor-journal.ts";
export { runConnected } from "./linux/run-connected.ts";
export type { RunConnectedOptions } from "./linux/run-connected.ts";
export { LinuxTransport } from "./linux/linux-transport.ts";
export { LinuxSockets } from "./linux/supervised-sockets.ts";
export type { LinuxSocketsOptions, LinuxSocketStats, WorkerLike } from "./linux/supervised-sockets.ts";
export type {
  BlockingHandle,
  LinuxSocketFeatures,
  LinuxSocketHandle,
  LinuxTransportOptions,
  RunBlockingOptions,
} from "./linux/linux-options.ts";
export { openNodeFfi } from "./linux/node-ffi.ts";
export { stopBlocking } from "./linux/stop-blocking.ts";
export type { LinuxSocketOptions } from "./linux/linux-socket.ts";
export type { SystemCalls } from "./linux/system-calls.ts";
