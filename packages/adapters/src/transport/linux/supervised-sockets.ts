import type { Endpoint } from "@udp-relay/address-validation";
import { AdapterError } from "../../adapter-error.ts";
import type { TransportOptions } from "../datagram-transport.ts";
import { installDefaultZones, integerOption } from "../socket-options.ts";
import { linuxSocketOptions } from "./linux-options.ts";
import type { LinuxSocketFeatures, LinuxSocketHandle } from "./linux-options.ts";
import { LinuxSocket } from "./linux-socket.ts";
import type { LinuxSocketOptions } from "./linux-socket.ts";
import { openSystemCalls } from "./open-system-calls.ts";
import { selfCheck } from "./self-check.ts";
import { SocketLine } from "./socket-line.ts";
import type { SystemCalls } from "./system-calls.ts";

/** Options of the sockets, as of `LinuxTransport.open`. */
export interface LinuxSocketsOptions
  extends
    LinuxSocketFeatures,
    Pick<TransportOptions, "host" | "port" | "ipv6Only" | "receiveBufferBytes" | "sendBufferBytes"> {
  /** Sockets, one a worker; several share the port (SO_REUSEPORT), which then has to be named. Default 1. */
  readonly count?: number | undefined;
}

/** What became of a socket's datagrams, whoever read them. Counts are modulo 2^32. */
export interface LinuxSocketStats {
  /** Datagrams of batches that were dealt with, by all workers that ever had the socket. */
  readonly finishedDatagrams: number;
  /** Datagrams that workers died with. */
  readonly workerDied: number;
  /** Datagrams that the kernel had no room for. */
  readonly kernelReceive: number;
}

/** The part of a worker that matters here: node:worker_threads' and Bun's have it. */
export interface WorkerLike {
  once(event: "exit", listener: () => void): unknown;
}

/**
 * Sockets that outlive the workers that read them. The supervisor binds them; each worker opens a transport on
 * its socket's handle, which works on a duplicate of the descriptor. When a worker dies its socket keeps its
 * queue and its place in the reuseport group; the successor opens the same handle and drains it. What died
 * with the worker is the one batch in its hands, counted as `workerDied`.
 *
 * Belongs to the thread that opened it, which has to be one that outlives the workers.
 */
export class LinuxSockets {
  /** The bound address and port, the same for all of them. */
  readonly localEndpoint: Endpoint;
  /** One a socket, for `LinuxTransport.open({ socket })` in a worker. */
  readonly handles: readonly LinuxSocketHandle[];
  readonly #calls: SystemCalls;
  readonly #sockets: readonly LinuxSocket[];
  readonly #lines: readonly SocketLine[];
  #final: readonly LinuxSocketStats[] | undefined;

  /**
   * Binds all sockets, before any of them is read: peers are spread over the group as it is then.
   *
   * @throws AdapterError as `LinuxTransport.open`
   */
  static async open(options: LinuxSocketsOptions = {}): Promise<LinuxSockets> {
    const count = integerOption("count", options.count, 1, 1, 1_024);
    const checked = linuxSocketOptions({ ...options, reusePort: count > 1 });
    const calls = options.systemCalls ?? (await openSystemCalls());
    selfCheck(calls);
    if (checked.ipv6) installDefaultZones();
    return new LinuxSockets(calls, checked, bindAll(calls, checked, count));
  }

  private constructor(calls: SystemCalls, options: LinuxSocketOptions, sockets: readonly LinuxSocket[]) {
    this.#calls = calls;
    this.#sockets = sockets;
    this.#lines = sockets.map(() => new SocketLine());
    this.localEndpoint = sockets[0]!.localEndpoint(options.ipv6);
    this.handles = sockets.map(({ fd }, index) => ({ fd, options, memory: this.#lines[index]!.memory }));
  }

  /**
   * Releases the socket when its worker's 'exit' comes, before any listener that is added later, such as the one
   * that starts the successor.
   */
  supervise(index: number, worker: WorkerLike): void {
    this.#line(index);
    worker.once("exit", () => this.release(index));
  }

  /**
   * Settles what a worker left behind that is known to be gone, so that a successor can open the socket: counts
   * the batch that it died with and closes its descriptor if nothing else did. After an orderly `close()` there
   * is nothing to settle.
   *
   * @returns datagrams that it died with
   */
  release(index: number): number {
    const line = this.#line(index);
    const fd = line.duplicate;
    if (this.#final === undefined && this.#sockets[index]!.isDuplicate(fd)) this.#calls.close(fd);
    line.giveBack();
    return line.bury();
  }

  /** Ends the `runBlocking` of one worker, or of all of them. */
  stop(index?: number): void {
    if (index !== undefined) this.#line(index).stop();
    else for (const line of this.#lines) line.stop();
  }

  /** By socket. */
  stats(): readonly LinuxSocketStats[] {
    return (
      this.#final ??
      this.#lines.map((line, index) => ({
        finishedDatagrams: line.finished,
        workerDied: line.died,
        kernelReceive: this.#sockets[index]!.kernelDrops ?? 0,
      }))
    );
  }

  /**
   * Stops every worker's `runBlocking` and closes the supervisor's descriptors. A socket is gone once its worker
   * has closed its transport, too.
   */
  close(): void {
    if (this.#final !== undefined) return;
    this.stop();
    this.#final = this.stats();
    for (const socket of this.#sockets) socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #line(index: number): SocketLine {
    const line = this.#lines[index];
    if (line !== undefined) return line;
    throw new AdapterError("ERR_ADAPTER_OPTION", `there is no socket ${index}, only ${this.#lines.length}`);
  }
}

function bindAll(calls: SystemCalls, options: LinuxSocketOptions, count: number): LinuxSocket[] {
  const sockets: LinuxSocket[] = [];
  try {
    while (sockets.length < count) sockets.push(LinuxSocket.bind(calls, options));
    return sockets;
  } catch (error) {
    for (const socket of sockets) socket.close();
    throw error;
  }
}
