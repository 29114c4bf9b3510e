import { DropReason, type DropReasonCode } from "../drop-reason.ts";
import { TransportCounters } from "../transport-stats.ts";
import { dropReasonOfErrno, errorName } from "./batch-sender.ts";
import type { Connected, ConnectedSocketEvents } from "./connected-socket.ts";
import { EAGAIN, ECONNREFUSED, EINTR, MSG_DONTWAIT, MSG_TRUNC } from "./kernel.ts";
import type { SocketLine } from "./socket-line.ts";
import type { SystemCalls } from "./system-calls.ts";

/** Receives from connected sockets and sends through them, a datagram a system call, and counts what becomes of each. */
export class ConnectedTraffic {
  counters: TransportCounters = new TransportCounters();
  readonly #calls: SystemCalls;
  readonly #line: SocketLine;
  readonly #maxDatagramBytes: number;
  readonly #incoming: Uint8Array<ArrayBuffer>;
  readonly #incomingAddress: number;
  readonly #outgoing: Uint8Array<ArrayBuffer>;
  readonly #outgoingAddress: number;
  /** A view of `#incoming` for each length that came: nothing is allocated for a datagram. */
  readonly #views: (Uint8Array | undefined)[] = [];

  constructor(calls: SystemCalls, line: SocketLine, maxDatagramBytes: number) {
    this.#calls = calls;
    this.#line = line;
    this.#maxDatagramBytes = maxDatagramBytes;
    this.#incoming = new Uint8Array(new ArrayBuffer(maxDatagramBytes));
    this.#outgoing = new Uint8Array(new ArrayBuffer(maxDatagramBytes));
    this.#incomingAddress = calls.addressOf(this.#incoming);
    this.#outgoingAddress = calls.addressOf(this.#outgoing);
  }

  /** Hands over datagrams of the socket's, `most` at most, until there is none, or a callback has closed it. */
  receive(connected: Connected, most: number): void {
    for (let left = most; left > 0 && connected.open && this.#receiveOne(connected); left--);
  }

  /** Sends a copy at once: 0, or why the datagram was dropped. */
  send(connected: Connected, bytes: Uint8Array): 0 | DropReasonCode {
    if (!connected.open) return this.counters.drop(DropReason.closed);
    const { length } = bytes;
    if (length > this.#maxDatagramBytes) return this.counters.drop(DropReason.tooLarge);
    this.#outgoing.set(bytes);
    const errno = this.#sendOnce(connected.fd, this.#outgoingAddress, length);
    if (errno === 0) return this.#sent(length);
    if (errno !== ECONNREFUSED) return this.#refused(connected, errno);
    if (!this.#toldOfAnEarlier(connected)) return this.counters.drop(DropReason.closed);
    // The callback may have sent something else meanwhile.
    this.#outgoing.set(bytes);
    return this.#again(connected, this.#outgoingAddress, length);
  }

  /** Sends what lies at `address`, where nobody writes meanwhile: 0, or why the datagram was dropped. */
  sendFrom(connected: Connected, address: number, length: number): 0 | DropReasonCode {
    if (!connected.open) return this.counters.drop(DropReason.closed);
    if (length > this.#maxDatagramBytes) return this.counters.drop(DropReason.tooLarge);
    const errno = this.#sendOnce(connected.fd, address, length);
    if (errno === 0) return this.#sent(length);
    if (errno !== ECONNREFUSED) return this.#refused(connected, errno);
    if (!this.#toldOfAnEarlier(connected)) return this.counters.drop(DropReason.closed);
    return this.#again(connected, address, length);
  }

  /** False where there was nothing more. */
  #receiveOne({ fd, events }: Connected): boolean {
    const length = this.#calls.recv(
      fd,
      this.#incomingAddress,
      this.#maxDatagramBytes,
      MSG_DONTWAIT | MSG_TRUNC,
    );
    if (length < 0) return this.#report(events);
    if (length > this.#maxDatagramBytes) {
      this.counters.drop(DropReason.truncated);
      return true;
    }
    this.counters.receivedDatagrams += 1;
    this.counters.receivedBytes += length;
    events.onDatagram(this.#views[length] ?? this.#view(length));
    return true;
  }

  /** Index by index: an array with gaps, which a first large datagram would make, is a slow one. */
  #view(length: number): Uint8Array {
    const views = this.#views;
    while (views.length <= length) views.push(undefined);
    return (views[length] = this.#incoming.subarray(0, length));
  }

  /** False where nothing was wrong: there was no datagram. */
  #report(events: ConnectedSocketEvents): boolean {
    const errno = this.#calls.errno();
    if (errno === EAGAIN || errno === EINTR) return false;
    this.counters.icmpErrors += 1;
    events.onError(errorName(errno));
    return true;
  }

  /** ECONNREFUSED is the ICMP error of an earlier datagram, reported to whoever sends next. False if that closed the socket. */
  #toldOfAnEarlier(connected: Connected): boolean {
    this.counters.icmpErrors += 1;
    connected.events.onError(errorName(ECONNREFUSED));
    if (!connected.open) return false;
    this.counters.retriedSends += 1;
    return true;
  }

  #again(connected: Connected, address: number, length: number): 0 | DropReasonCode {
    const errno = this.#sendOnce(connected.fd, address, length);
    return errno === 0 ? this.#sent(length) : this.#refused(connected, errno);
  }

  #sent(length: number): 0 {
    this.counters.sentDatagrams += 1;
    this.counters.sentBytes += length;
    return 0;
  }

  #refused(connected: Connected, errno: number): DropReasonCode {
    const reason = dropReasonOfErrno(errno);
    if (reason === DropReason.unreachable) connected.events.onError(errorName(errno));
    return this.counters.drop(reason);
  }

  /** Returns 0, or errno. */
  #sendOnce(fd: number, address: number, length: number): number {
    for (;;) {
      if (this.#calls.send(fd, address, length, MSG_DONTWAIT) >= 0) return 0;
      const errno = this.#calls.errno();
      if (errno !== EINTR) return errno;
      this.#line.breathe();
    }
  }
}
