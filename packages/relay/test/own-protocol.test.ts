import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { parseConfig, Relay, type RelayLog } from "@udp-relay/relay";
import RoomsProtocol from "../examples/rooms-protocol.ts";
import { RealPeer, until } from "./real-peer.ts";
import { VirtualTunnel } from "./virtual-tunnel.ts";

const A = "198.51.100.1:1001";
const B = "198.51.100.2:1002";

function datagram(kind: number, sender: number, receiver: number, sequence = 0, sentMs = 0): Uint8Array {
  return Uint8Array.of(kind, sender, receiver, sequence >> 8, sequence, sentMs >> 8, sentMs, 1, 2, 3);
}

describe("a protocol of one's own (examples/rooms-protocol.ts)", () => {
  it("names sender and receiver, answers pings, and refuses the rest", () => {
    const tunnel = new VirtualTunnel({ protocol: new RoomsProtocol() });
    tunnel.send(B, datagram(0, 2, 0));
    tunnel.send(A, datagram(1, 1, 2));
    expect(tunnel.received(B)).toEqual([datagram(1, 1, 2)]);
    tunnel.send(A, datagram(2, 0, 0, 5));
    expect(tunnel.received(A)).toEqual([datagram(2, 0, 0, 5).slice(0, 7)]);
    tunnel.send(A, datagram(9, 1, 2));
    tunnel.send(A, Uint8Array.of(1));
    expect(tunnel.drops).toEqual({ noHeader: 1, tooShort: 1 });
  });

  it("measures: 1 of 20 lost is counted", () => {
    const tunnel = new VirtualTunnel({ protocol: new RoomsProtocol() });
    tunnel.send(B, datagram(0, 2, 0));
    for (let sequence = 0; sequence < 20; sequence++) {
      tunnel.advance(20);
      if (sequence !== 7) tunnel.send(A, datagram(1, 1, 2, sequence, sequence * 20));
    }
    tunnel.publishMeasurements();
    const sender = tunnel.clients.snapshot().find(({ id }) => id === 1);
    expect(sender?.lossPerMille).toBeCloseTo(50, 0);
    expect(sender?.jitterMs).toBe(0);
  });
});

describe("a protocol that a program gives", () => {
  it.each([
    ["nothing of one", {}, /a name and a method read/],
    ["no read", { name: "x" }, /a name and a method read/],
    [
      "measures, and cannot",
      { name: "x", read: () => undefined, measures: {} },
      /a method measure\(datagram, into\)/,
    ],
  ])("is refused before a socket is open if it has %s", async (_, protocol, message) => {
    const config = parseConfig({ host: "127.0.0.1", port: 0 });
    const started = Relay.start(config, { protocol: protocol as never });
    await expect(started).rejects.toMatchObject({ code: "ERR_RELAY_CONFIG" });
    await expect(started).rejects.toThrow(message);
  });
});

describe("--protocol-module", () => {
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });

  it.each([0, 1])("relays by it with %i worker threads", async (workers) => {
    const relay = await Relay.start(
      parseConfig({
        host: "127.0.0.1",
        port: 0,
        allow: ["127.0.0.0/8"],
        workers,
        protocolModule: fileURLToPath(new URL("../examples/rooms-protocol.ts", import.meta.url)),
      }),
    );
    open.push(relay);
    expect(relay.protocolName).toBe("rooms");
    const [a, b] = [await RealPeer.open(1, relay.port), await RealPeer.open(2, relay.port)];
    open.push(a, b);
    await b.sendBytes(datagram(0, 2, 0));
    await until("registration", () => relay.report().consumed.registrations === 1);
    await a.sendBytes(datagram(1, 1, 2));
    await until("the datagram", () => b.received === 1);
    await relay.close();
    // The totals of a relay that has ended can be read.
    expect(relay.report()).toMatchObject({ received: 2, forwarded: 1, consumed: { registrations: 1 } });
  });

  it.each([0, 1])(
    "that throws is logged with its stack, once a burst, with %i worker threads",
    async (workers) => {
      const errors: unknown[][] = [];
      const quiet = (): void => undefined;
      const log: RelayLog = {
        ...{ trace: quiet, debug: quiet, info: quiet, warn: quiet },
        error: (...line: unknown[]) => errors.push(line),
      };
      const protocolModule = fileURLToPath(new URL("programs/throwing-protocol.ts", import.meta.url));
      const settings = { host: "127.0.0.1", port: 0, allow: ["127.0.0.0/8"], workers, protocolModule };
      const relay = await Relay.start(parseConfig(settings), { log });
      open.push(relay);
      const peer = await RealPeer.open(1, relay.port);
      open.push(peer);
      for (let i = 0; i < 5; i++) await peer.send(0, 0);
      await until("the drops", () => relay.report().dropped.protocolThrew === 5);
      await until("the line", () => errors.length > 0);
      expect(errors[0]).toEqual([
        {
          ...{ worker: 0, during: "read", suppressed: 0 },
          error: expect.stringMatching(/^Error: a user's mistake\n +at .*throwing-protocol/) as string,
        },
        "the protocol threw: what it threw at is dropped, or not measured",
      ]);
      expect(errors.length).toBeLessThan(5);
    },
  );

  it.each([
    [
      "/nowhere/protocol.js",
      /--protocol-module is "\/nowhere\/protocol.js", allowed: a module that can be loaded/,
    ],
    [
      fileURLToPath(import.meta.url).replace("own-protocol.test", "openmetrics-parser"),
      /whose default export has a name/,
    ],
  ])("refuses %s", async (protocolModule, message) => {
    await expect(Relay.start(parseConfig({ host: "127.0.0.1", port: 0, protocolModule }))).rejects.toThrow(
      message,
    );
  });
});
