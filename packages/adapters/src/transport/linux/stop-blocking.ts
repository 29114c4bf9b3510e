import type { BlockingHandle } from "./linux-options.ts";
import { SocketLine } from "./socket-line.ts";

/**
 * Ends `runBlocking` or `runConnected` in whatever thread runs it, once its batch is dealt with and at most 100 ms later.
 *
 * Concurrency: any thread; no wait.
 */
export function stopBlocking(handle: BlockingHandle): void {
  new SocketLine(handle.memory).stop();
}
