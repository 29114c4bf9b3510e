/* eslint @typescript-eslint/no-unused-vars: ["error", { ignoreUsingDeclarations: true }] */
import { parseEndpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { JOIN_BUSY, JOIN_FULL, TunnelClientTable } from "../src/index.ts";

const home = parseEndpoint("192.0.2.1:5000");
const away = parseEndpoint("198.51.100.7:6000");

describe("a table of ids", () => {
  it("counts both ways, rebinds, and forgets on removal", () => {
    using clients = TunnelClientTable.create({ capacity: 2, timeoutMs: 30_000, key: "u32", batch: 1 });
    let handle: number;
    {
      using _guard = clients.enter();
      const slot = clients.join(7, home, 1_000);
      expect(clients.created).toBe(true);
      expect(clients.join(7, away, 1_000)).toBe(slot);
      expect(clients.created).toBe(false);
      handle = clients.handle(slot);
      clients.received(slot, 100, 1_001);
      clients.received(slot, 50, 1_002);
      clients.sent(slot, 30, 1_003);
      expect(clients.isFrom(slot, home)).toBe(true);
      expect(clients.isFrom(slot, away)).toBe(false);
      expect(clients.endpoint(slot)).toEqual(home);
      expect(clients.rebind(slot, away, 1_004)).toBe(0);
      expect(clients.rebind(slot, home, 1_004)).toBe(JOIN_BUSY);
      expect(clients.isFrom(slot, away)).toBe(true);
      expect(clients.endpoint(slot)).toEqual(away);
      expect(clients.endpoint(slot)).toBe(clients.endpoint(slot));
      expect(clients.isTimedOut(slot, 31_001)).toBe(false);
      expect(clients.isTimedOut(slot, 31_002)).toBe(true);
      const other = clients.join(8, home, 1_004);
      clients.sent(other, 1, 1_004);
      expect(clients.join(9, home, 1_004)).toBe(JOIN_FULL);
    }
    const view = clients.client(handle);
    expect(clients.client(handle)).toBe(view);
    expect(view?.snapshot()).toMatchObject({
      id: 7,
      endpoint: away,
      packetsReceived: 2,
      bytesReceived: 150,
      packetsSent: 1,
      bytesSent: 30,
      latencyMs: undefined,
    });
    expect(clients.remove(handle)).toBe(true);
    expect(clients.remove(handle)).toBe(false);
    expect(clients.client(handle)).toBeUndefined();
    expect(view?.isLive).toBe(false);
  });
});

describe("a table of endpoints", () => {
  it("lets senders in by their rinfo and finds them again", () => {
    using clients = TunnelClientTable.create({ capacity: 10, timeoutMs: 30_000 });
    using _guard = clients.enter();
    const slot = clients.fromRinfo({ address: "192.0.2.1", port: 5000 }, 5);
    expect(slot).toBeGreaterThanOrEqual(0);
    expect(clients.findEndpoint(home)).toBe(slot);
    expect(clients.endpoint(slot)).toEqual(home);
    expect(clients.isFrom(slot, home)).toBe(true);
    expect(clients.findEndpoint(away)).toBe(-1);
    expect(clients.rekey(clients.handle(slot), away)).toBe(0);
    expect(clients.findEndpoint(away)).toBe(slot);
    expect(clients.isFrom(slot, away)).toBe(true);
    expect(clients.endpoint(slot)).toEqual(away);
  });
});
