import { createSocket } from "node:dgram";
import { numbered } from "../conformance/adapter-under-test.ts";

/** A node:dgram socket that sends to one port of this machine. */
export interface FloodingPeer {
  readonly received: number;
  send(bytes: Uint8Array): void;
  /** Sends without end, from its own event loop's turns; returns what ends it. */
  flood(): () => void;
  close(): Promise<void>;
}

export async function openFloodingPeer(port: number): Promise<FloodingPeer> {
  const socket = createSocket("udp4");
  let received = 0;
  socket.on("message", () => (received += 1));
  await new Promise<void>((resolve) => socket.bind({ address: "127.0.0.1", port: 0 }, resolve));
  return {
    get received() {
      return received;
    },
    send: (bytes) => {
      socket.send(bytes, port, "127.0.0.1");
    },
    flood: () => {
      const timer = setInterval(() => {
        for (let n = 0; n < 100; n++) socket.send(numbered(n), port, "127.0.0.1");
      }, 2);
      return () => {
        clearInterval(timer);
      };
    },
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
