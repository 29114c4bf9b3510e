import { AdapterError } from "../../adapter-error.ts";
import type { LinuxSocketHandle } from "./linux-options.ts";
import type { LinuxSocketOptions } from "./linux-socket.ts";
import { LinuxSocket } from "./linux-socket.ts";
import { SocketLine } from "./socket-line.ts";
import type { SystemCalls } from "./system-calls.ts";

/** A socket that is this thread's, and the part of it that other threads see. */
export interface ClaimedSocket {
  readonly socket: LinuxSocket;
  readonly line: SocketLine;
}

/**
 * Binds a socket, or duplicates the supervisor's that `handle` names, and makes it this thread's.
 *
 * @throws AdapterError ERR_ADAPTER_BIND: what the system says, or another thread has the supervisor's socket
 *
 * Concurrency: any thread; of several that claim one handle one has it.
 */
export function claimSocket(
  calls: SystemCalls,
  options: LinuxSocketOptions,
  handle: LinuxSocketHandle | undefined,
): ClaimedSocket {
  const socket =
    handle === undefined ? LinuxSocket.bind(calls, options) : new LinuxSocket(calls, handle.fd).duplicate();
  const line = new SocketLine(handle?.memory);
  if (line.claim(socket.fd)) return { socket, line };
  socket.close();
  throw new AdapterError("ERR_ADAPTER_BIND", "another thread has that socket, or died with it unreleased");
}
