import { createRequire } from "node:module";
import { join } from "node:path";
import { UWebSocketsTransport } from "../../src/transport/uwebsockets.ts";
import type { UWebSocketApp, UWebSocketsTransportOptions } from "../../src/transport/uwebsockets.ts";
import { untilReal } from "./adapter-under-test.ts";
import type { AdapterUnderTest, Peer } from "./adapter-under-test.ts";

interface ListeningApp extends UWebSocketApp {
  listen(host: string, port: number, callback: (listenSocket: unknown) => void): unknown;
}

interface UWebSockets {
  App(): ListeningApp;
  us_socket_local_port(listenSocket: unknown): number;
  us_listen_socket_close(listenSocket: unknown): void;
}

/** The `ws` package's client. */
export interface WebSocketClient {
  binaryType: string;
  on(event: "open" | "error", listener: (error: unknown) => void): void;
  on(event: "message", listener: (bytes: Uint8Array, isBinary: boolean) => void): void;
  on(event: "close", listener: (code: number) => void): void;
  send(data: Uint8Array | string): void;
  pause(): void;
  resume(): void;
  terminate(): void;
}

/** uWebSockets.js and `ws`, from the folder that `npm run test:uws` filled. */
export interface WebSocketHarness {
  open(options?: Partial<UWebSocketsTransportOptions>): Promise<UWebSocketsTransport>;
  connect(transport: UWebSocketsTransport): Promise<WebSocketClient>;
  peer(transport: UWebSocketsTransport): Promise<Peer>;
  /** Stops listening, so that the process can end. */
  close(): void;
}

export function websocketHarness(folder: string): WebSocketHarness {
  const require = createRequire(join(folder, "package.json"));
  const { platform, arch, versions } = process;
  // Not the package's main, which quietly falls back to a JavaScript imitation.
  const uws = require(
    `@trufflesuite/uws-js-unofficial/binaries/uws_${platform}_${arch}_${versions.modules}.node`,
  ) as UWebSockets;
  const WebSocket = require("ws") as new (url: string) => WebSocketClient;
  const listenSockets: unknown[] = [];
  const ports = new Map<unknown, number>();

  const connect = (transport: UWebSocketsTransport): Promise<WebSocketClient> =>
    new Promise((resolve, reject) => {
      const client = new WebSocket(`ws://127.0.0.1:${ports.get(transport)}/udp`);
      client.on("open", () => resolve(client));
      client.on("error", reject);
    });

  return {
    async open(options = {}) {
      const app = uws.App();
      const transport = UWebSocketsTransport.open({ app, pattern: "/udp", ...options });
      await new Promise<void>((resolve, reject) => {
        app.listen("127.0.0.1", 0, (listenSocket) => {
          if (listenSocket === false) reject(new Error("cannot listen"));
          else {
            listenSockets.push(listenSocket);
            ports.set(transport, uws.us_socket_local_port(listenSocket));
            resolve();
          }
        });
      });
      return transport;
    },
    connect,
    async peer(transport) {
      const client = await connect(transport);
      const received: Uint8Array[] = [];
      client.on("message", (bytes, isBinary) => {
        if (!isBinary) throw new Error("a datagram came as text");
        received.push(new Uint8Array(bytes));
      });
      return {
        received,
        send: (bytes) => client.send(bytes),
        close: async () => client.terminate(),
      };
    },
    close() {
      for (const listenSocket of listenSockets.splice(0)) uws.us_listen_socket_close(listenSocket);
    },
  };
}

export function websocketAdapter(harness: WebSocketHarness): AdapterUnderTest {
  return {
    name: "uwebsockets",
    open: (options) => harness.open(options),
    peer(transport) {
      if (!(transport instanceof UWebSocketsTransport))
        throw new TypeError("a WebSocket peer needs its transport");
      return harness.peer(transport);
    },
    until: untilReal,
    datagramSockets: false,
    linkLocal: undefined,
  };
}
