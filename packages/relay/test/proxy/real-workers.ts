import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { endpointFromRinfo } from "@udp-relay/address-validation";
import type { RelayLog } from "../../src/operations/relay-log.ts";
import type { BackendSpec } from "../../src/proxy/backend.ts";
import { readProxyArguments } from "../../src/proxy/proxy-arguments.ts";
import { ProxyWorkers } from "../../src/proxy/workers/proxy-workers.ts";

const closing: (() => unknown)[] = [];

/** What is to be closed after the test, last first. */
export function closeLater(close: () => unknown): void {
  closing.push(close);
}

/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const close of closing.splice(0).reverse()) await close();
}

export async function socketAt(
  onMessage: (bytes: Buffer, port: number, socket: Socket) => void,
  host = "127.0.0.1",
): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("message", (bytes, { port }) => {
    onMessage(bytes, port, socket);
  });
  socket.on("error", () => undefined);
  socket.bind(0, host);
  await once(socket, "listening");
  closing.push(() => socket.close());
  return socket;
}

/** Answers with what it was sent, its own number in front. */
export const echo = (number: number): Promise<Socket> =>
  socketAt((bytes, port, socket) => {
    socket.send(Buffer.concat([Buffer.of(number), bytes]), port, "127.0.0.1");
  });

export const nameOf = (socket: Socket): string => `127.0.0.1:${socket.address().port}`;
export const specOf = (socket: Socket): BackendSpec => ({ endpoint: endpointFromRinfo(socket.address()) });

export interface Started {
  readonly proxy: ProxyWorkers;
  readonly port: number;
  /** Log lines of at least a warning, and what of them there was to say. */
  readonly warnings: { readonly message: string; readonly facts: object }[];
}

/** A proxy of two workers, unless the flags say otherwise, whose clients are on loopback. */
export async function startWorkers(
  backends: readonly Socket[],
  ...flags: readonly string[]
): Promise<Started> {
  const to = backends.flatMap((backend) => ["--to", nameOf(backend)]);
  const config = readProxyArguments([
    ...["--listen", "127.0.0.1:0", "--allow", "127.0.0.0/8", "--workers", "2"],
    ...to,
    ...flags,
  ])!;
  const warnings: Started["warnings"] = [];
  const nothing = (): void => undefined;
  const warn = (facts: object | string, message = ""): void => {
    warnings.push({ message, facts: typeof facts === "string" ? {} : facts });
  };
  const log: RelayLog = { trace: nothing, debug: nothing, info: nothing, warn, error: warn };
  const proxy = await ProxyWorkers.open({
    config,
    backends: config.to,
    log,
    onHealth: (backend, change) => {
      warn({ backend: backend.name }, change);
    },
    onError: (error) => {
      warn({ error: String(error) }, "threw");
    },
  });
  const ticker = setInterval(() => {
    proxy.tick();
  }, 20);
  closing.push(async () => {
    clearInterval(ticker);
    await proxy.close();
  });
  return { proxy, port: proxy.localEndpoint.port, warnings };
}

/** Until it is stopped, or the test ends. */
export function every(ms: number, what: () => void): () => void {
  const timer = setInterval(what, ms);
  const stop = (): void => {
    clearInterval(timer);
  };
  closing.push(stop);
  return stop;
}

export async function until(what: string, condition: () => boolean, limitMs = 20_000): Promise<void> {
  for (const end = performance.now() + limitMs; !condition();) {
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Clients that number what they send, and look at every answer. */
export class Clients {
  readonly answered: Set<number>[] = [];
  /** By client: the backends that it was answered by. */
  readonly backends: Set<number>[] = [];
  wrong = 0;
  datagrams = 0;
  readonly #sockets: Socket[] = [];
  #sent = 0;

  static async open(count: number, port: number, host = "127.0.0.1"): Promise<Clients> {
    const clients = new Clients();
    for (let index = 0; index < count; index++) {
      clients.answered.push(new Set());
      clients.backends.push(new Set());
      const socket = await socketAt((bytes, from) => {
        if (from !== port || bytes.length !== 9 || bytes.readUInt32LE(1) !== index) clients.wrong += 1;
        clients.backends[index]!.add(bytes[0]!);
        clients.answered[index]!.add(bytes.readUInt32LE(5));
      }, host);
      socket.connect(port, "127.0.0.1");
      await once(socket, "connect");
      clients.#sockets.push(socket);
    }
    return clients;
  }

  /** Returns the datagrams' number. */
  send(which: readonly number[] = this.answered.map((_, index) => index)): number {
    this.#sent += 1;
    for (const index of which) {
      const bytes = Buffer.alloc(8);
      bytes.writeUInt32LE(index, 0);
      bytes.writeUInt32LE(this.#sent, 4);
      this.#sockets[index]!.send(bytes);
      this.datagrams += 1;
    }
    return this.#sent;
  }

  /**
   * Sends to and fro, again if need be, until each has had an answer to a datagram of this call's: a newcomer is refused
   * as `tableBusy` while the other worker stands still in the middle of a join.
   */
  async exchange(which: readonly number[] = this.answered.map((_, index) => index)): Promise<void> {
    const first = this.#sent + 1;
    const isAnswered = (index: number): boolean =>
      [...this.answered[index]!].some((number) => number >= first);
    for (let tries = 0; tries < 40; tries++) {
      const missing = which.filter((index) => !isAnswered(index));
      if (missing.length === 0) return;
      this.send(missing);
      await new Promise((resolve) => setTimeout(resolve, 25 + 10 * tries));
    }
    throw new Error("some client was not answered");
  }
}
