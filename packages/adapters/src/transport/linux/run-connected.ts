import type { ConnectedSockets } from "./connected-sockets.ts";
import type { LinuxTransport } from "./linux-transport.ts";
import type { RunBlockingOptions } from "./linux-options.ts";
import { SocketLine } from "./socket-line.ts";

/** What `runBlocking` waits for at most, too: a stop from another thread is heeded within that. */
const LONGEST_WAIT_MS = 100;

/** Options of `runConnected`. */
export interface RunConnectedOptions extends RunBlockingOptions {
  /** How long one turn waits in the kernel while nothing comes, 0 to 100 ms; 100 by default. A function is asked each time. */
  readonly waitMs?: number | (() => number) | undefined;
}

/**
 * `runBlocking` of a thread with many sockets: turns a set and the transport that it was opened with until the transport
 * is closed or `stop` is called, `LinuxSockets.stop` or `stopBlocking(transport.blockingHandle)`. Promises, timers and
 * messages of this thread stand still meanwhile; `onTurn` is called after each turn.
 *
 * What callbacks and `onTurn` throw ends it, too.
 */
export function runConnected(
  sockets: ConnectedSockets,
  transport: LinuxTransport,
  { onTurn, waitMs = LONGEST_WAIT_MS }: RunConnectedOptions = {},
): void {
  const line = new SocketLine(transport.blockingHandle.memory);
  // A transport that was closed has given its descriptor back.
  while (line.running && line.duplicate >= 0) {
    const longestMs = typeof waitMs === "number" ? waitMs : waitMs();
    // What is no number does not wait.
    sockets.turn(Math.max(0, Math.min(LONGEST_WAIT_MS, longestMs)) || 0);
    onTurn?.();
  }
}
