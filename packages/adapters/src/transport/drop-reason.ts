/**
 * Why a datagram was dropped: one vocabulary for every transport. Codes are positive, so that `send` returns
 * 0 for a datagram that was taken and the reason for one that was not. Codes are not stable between
 * versions, names are.
 */
export const DropReason = {
  /** Received: the kernel had no room in the socket's receive buffer. */
  kernelReceive: 1,
  /** Received: larger than `maxDatagramBytes`. Never handed over cut. */
  truncated: 2,
  /** Received from port 0, which nobody can answer, or sent to it. */
  portZero: 3,
  /** Received while no `onBatch` was set. */
  noHandler: 4,
  /** Sent: larger than a UDP datagram or than `maxDatagramBytes`. */
  tooLarge: 5,
  /** Sent: an IPv6 destination on an IPv4 socket, or the reverse on an IPv6-only one. */
  addressFamily: 6,
  /** Sent: the bounded send queue was full, and this datagram was of the worst class in it. */
  queueFull: 7,
  /** Sent: EMSGSIZE, larger than the path or the socket allows. */
  messageSize: 8,
  /** Sent: EACCES or EPERM, a firewall rule or a broadcast address. */
  accessDenied: 9,
  /** Sent: ECONNREFUSED again after the one retry that an earlier datagram's ICMP error deserves. */
  refused: 10,
  /** Sent: ENOMEM. (ENOBUFS, like EAGAIN, is congestion: it fills the queue.) */
  noBuffers: 11,
  /** Sent: ENETUNREACH, EHOSTUNREACH, ENETDOWN or EHOSTDOWN. */
  unreachable: 12,
  /** Sent: EINVAL, EADDRNOTAVAIL or EAFNOSUPPORT, a destination that the kernel does not accept. */
  invalidDestination: 13,
  /** Sent after `close`, or still queued when the transport closed. */
  closed: 14,
  /** Sent: no peer of this transport has that endpoint (a WebSocket that is gone). */
  noPeer: 15,
  /** Received over a WebSocket as text: only binary messages are datagrams. */
  notBinary: 16,
  /** Received from an address that is reserved for another transport's peers. */
  foreignSource: 17,
  /** The batch in a worker's hands when it died. */
  workerDied: 18,
  /** A system error without a reason of its own. */
  other: 19,
} as const;

/** Name of a reason. */
export type DropReasonName = keyof typeof DropReason;

/** Code of a reason, 1.. */
export type DropReasonCode = (typeof DropReason)[DropReasonName];

/** Every reason's name, indexed by code; index 0 is not a reason. */
export const dropReasonNames: readonly (DropReasonName | undefined)[] = [
  undefined,
  ...(Object.keys(DropReason) as DropReasonName[]),
];

const byErrorCode = new Map<unknown, DropReasonCode>([
  ["EMSGSIZE", DropReason.messageSize],
  ["EACCES", DropReason.accessDenied],
  ["EPERM", DropReason.accessDenied],
  ["ECONNREFUSED", DropReason.refused],
  ["ENOBUFS", DropReason.queueFull],
  ["ENOMEM", DropReason.noBuffers],
  ["EAGAIN", DropReason.queueFull],
  ["EWOULDBLOCK", DropReason.queueFull],
  ["ENETUNREACH", DropReason.unreachable],
  ["EHOSTUNREACH", DropReason.unreachable],
  ["ENETDOWN", DropReason.unreachable],
  ["EHOSTDOWN", DropReason.unreachable],
  ["EINVAL", DropReason.invalidDestination],
  ["EADDRNOTAVAIL", DropReason.invalidDestination],
  ["EAFNOSUPPORT", DropReason.invalidDestination],
  ["EBADF", DropReason.closed],
  ["ECANCELED", DropReason.closed],
  ["ERR_SOCKET_DGRAM_NOT_RUNNING", DropReason.closed],
]);

/** The reason for a system error's `code`, `other` for one that has none. Never throws. */
export function dropReasonOf(error: unknown): DropReasonCode {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return byErrorCode.get(code) ?? DropReason.other;
}
