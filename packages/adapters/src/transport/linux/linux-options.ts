import type { SharedMemory } from "@udp-relay/atomics-layout/memory";
import type { TransportOptions } from "../datagram-transport.ts";
import { socketOptions } from "../socket-options.ts";
import type { LinuxSocketOptions } from "./linux-socket.ts";
import type { SystemCalls } from "./system-calls.ts";

/** What a socket of this transport can be told beside the options of every transport. */
export interface LinuxSocketFeatures {
  /**
   * Lets the kernel join datagrams of one sender on the way in (UDP_GRO); they are handed over apart. Needs
   * `blocking`: an event loop reads the first datagram of each wake itself, without the size to split it by.
   * Costs 4 MiB a socket. Default false.
   */
  readonly gro?: boolean | undefined;
  /** Has the kernel stamp arrivals (SO_TIMESTAMPNS), so that `waitedMicros` is known. Default false. */
  readonly arrivalTimes?: boolean | undefined;
  /** Another way to libc than the runtime's own (koffi on Node, bun:ffi on Bun), such as `await openNodeFfi()`. */
  readonly systemCalls?: SystemCalls | undefined;
}

/** Options of `LinuxTransport.open`. */
export interface LinuxTransportOptions extends TransportOptions, LinuxSocketFeatures {
  /**
   * Leaves the event loop alone: datagrams are received by `runBlocking` only, in a thread that does nothing
   * else. Default false.
   */
  readonly blocking?: boolean | undefined;
  /** Joins datagrams of one size for one destination into one message (UDP_SEGMENT). Default false. */
  readonly gso?: boolean | undefined;
  /** A supervisor's socket (see `LinuxSockets`) instead of a new one; the options of the socket are then its. */
  readonly socket?: LinuxSocketHandle | undefined;
}

/** Options of `runBlocking`. */
export interface RunBlockingOptions {
  /** Called after each batch, and at least five times a second: timers do not run meanwhile. */
  readonly onTurn?: (() => void) | undefined;
}

/** Names a blocking transport to other threads. Structured-cloneable. */
export interface BlockingHandle {
  readonly memory: SharedMemory;
}

/** Names a supervisor's socket to the worker that is to read it. Structured-cloneable. */
export interface LinuxSocketHandle extends BlockingHandle {
  /** Descriptors belong to the process, so that a number names the socket in every thread. */
  readonly fd: number;
  readonly options: LinuxSocketOptions;
}

/** @throws AdapterError ERR_ADAPTER_OPTION naming the option */
export function linuxSocketOptions(options: TransportOptions & LinuxSocketFeatures): LinuxSocketOptions {
  return {
    ...socketOptions(options),
    gro: options.gro ?? false,
    arrivalTimes: options.arrivalTimes ?? false,
  };
}
