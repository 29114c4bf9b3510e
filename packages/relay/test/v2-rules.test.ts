import { describe, expect, it } from "vitest";
import { CncnetV2 } from "@udp-relay/relay";
import { v2, VirtualTunnel, type VirtualTunnelOptions } from "./virtual-tunnel.ts";

const A = "198.51.100.1:1001";
const B = "198.51.100.2:1002";
const C = "198.51.100.3:1003";

/** A tunnel whose ids are 1, 2, 3, … in the order in which they are allotted. */
function tunnelOf(clients: number, options: VirtualTunnelOptions = {}): VirtualTunnel {
  const tunnel = new VirtualTunnel({ protocol: new CncnetV2(), ...options });
  let next = 0;
  if (clients > 0) tunnel.allot(clients, () => ++next);
  return tunnel;
}

describe("V2 header: sender i16 BE, receiver i16 BE, at least 4 bytes", () => {
  it("drops every datagram that is shorter", () => {
    const tunnel = tunnelOf(0);
    for (let length = 0; length < 4; length++) tunnel.send(A, new Uint8Array(length).fill(1));
    expect(tunnel.drops).toEqual({ tooShort: 4 });
  });

  it("forwards verbatim, header included, negative ids too", () => {
    const tunnel = tunnelOf(0);
    const ids = [0xfffe, 0x0102];
    tunnel.allot(2, () => ids.pop()!);
    tunnel.send(B, v2(0x0102, -2, 1));
    const datagram = v2(-2, 0x0102, Uint8Array.of(9, 8, 7));
    expect([...datagram.slice(0, 4)]).toEqual([0xff, 0xfe, 0x01, 0x02]);
    tunnel.send(A, datagram);
    expect(tunnel.received(B)).toEqual([datagram]);
    expect(tunnel.received(A)).toEqual([]);
  });
});

describe("V2 rule: sender == receiver != 0, or a bad source, is dropped", () => {
  it("drops a datagram to oneself", () => {
    const tunnel = tunnelOf(2);
    tunnel.send(A, v2(1, 1, 4));
    expect(tunnel.drops).toEqual({ selfAddressed: 1 });
  });

  it.each(["127.0.0.1:5", "10.0.0.1:5", "169.254.0.1:5", "100.64.0.1:5"])(
    "drops what comes from %s",
    (source) => {
      const tunnel = tunnelOf(2);
      tunnel.send(source, v2(1, 2, 4));
      tunnel.send(source, v2(0, 0, 46));
      expect(Object.keys(tunnel.drops)[0]).toMatch(/^address:/);
      expect(Object.values(tunnel.drops)).toEqual([2]);
      expect(tunnel.received(source)).toEqual([]);
    },
  );
});

describe("V2 rule: 0,0 of exactly 50 bytes is a ping, answered with its first 12", () => {
  it("answers 50 bytes with the first 12, under the ping limit of 20 an address and minute", () => {
    const tunnel = tunnelOf(0);
    const ping = v2(0, 0, 46);
    for (let i = 0; i < 25; i++) tunnel.send(A, ping);
    const pongs = tunnel.received(A);
    expect(pongs.length).toBe(20);
    expect(pongs[0]).toEqual(ping.slice(0, 12));
    expect(tunnel.drops).toEqual({ pingLimit: 5 });
  });

  it("drops every other length", () => {
    const tunnel = tunnelOf(0);
    for (const payload of [0, 4, 45, 47, 200]) tunnel.send(A, v2(0, 0, payload));
    expect(tunnel.drops).toEqual({ badPing: 5 });
  });
});

describe("V2 rule: an unknown sender is dropped, slots come from HTTP only", () => {
  it("registers nobody by a datagram", () => {
    const tunnel = tunnelOf(2);
    tunnel.send(A, v2(3, 1, 4));
    tunnel.send(A, v2(0, 1, 4));
    expect(tunnel.drops).toEqual({ unknownSender: 2 });
    expect(tunnel.clients.size).toBe(2);
  });
});

describe("V2 rule: the first packet binds the slot's endpoint, a later mismatch is dropped until the slot has timed out", () => {
  it("binds once", () => {
    const tunnel = tunnelOf(2);
    tunnel.send(A, v2(1, 2, 4));
    tunnel.send(B, v2(1, 2, 4));
    tunnel.send(B, v2(2, 1, 4));
    expect(tunnel.drops).toEqual({ unboundReceiver: 1, idTaken: 1 });
    expect(tunnel.received(A).length).toBe(1);
  });

  it("refuses at 29.999 s without refreshing, and takes over at 30.000 s", () => {
    const tunnel = tunnelOf(2);
    tunnel.send(A, v2(1, 2, 4));
    tunnel.send(C, v2(2, 1, 4));
    tunnel.advance(29_999);
    tunnel.send(C, v2(2, 1, 4));
    tunnel.send(B, v2(1, 2, 4));
    expect(tunnel.dropped("idTaken")).toBe(1);
    tunnel.advance(1);
    tunnel.send(B, v2(1, 2, 4));
    expect(tunnel.dropped("idTaken")).toBe(1);
    tunnel.received(A);
    tunnel.send(C, v2(2, 1, 4));
    expect(tunnel.received(B).length).toBe(1);
    expect(tunnel.received(A)).toEqual([]);
  });

  it("binds a slot in maintenance, too: it was allotted before", () => {
    const tunnel = tunnelOf(2);
    tunnel.maintenance = true;
    tunnel.send(A, v2(1, 2, 4));
    tunnel.send(B, v2(2, 1, 4));
    expect(tunnel.received(A).length).toBe(1);
  });
});

describe("V2 rule: a known sender is refreshed and counted", () => {
  it("keeps a client that sends; idle time runs from the allocation", () => {
    const tunnel = tunnelOf(2);
    tunnel.advance(20_000);
    tunnel.send(A, v2(1, 2, 4));
    tunnel.advance(10_000);
    tunnel.clients.sweep(tunnel.clock.update(), 1_000);
    expect(tunnel.clients.snapshot()).toMatchObject([{ id: 1, packetsReceived: 1, bytesReceived: 8 }]);
  });
});

describe("V2 rule: forward when the receiver has an endpoint that differs from the sender's", () => {
  it("drops what is for a slot that nobody has, or whose client has sent nothing", () => {
    const tunnel = tunnelOf(2);
    tunnel.send(A, v2(1, 9, 4));
    tunnel.send(A, v2(1, 2, 4));
    expect(tunnel.drops).toEqual({ unknownReceiver: 1, unboundReceiver: 1 });
  });

  it("drops what would come straight back", () => {
    const tunnel = tunnelOf(2);
    tunnel.send(A, v2(1, 2, 4));
    tunnel.send(A, v2(2, 1, 4));
    expect(tunnel.drops).toEqual({ unboundReceiver: 1, sameEndpoint: 1 });
    expect(tunnel.received(A)).toEqual([]);
  });
});

describe("allotted ids", () => {
  it("are distinct, unused, never 0 and never 32767, whatever is drawn", () => {
    const tunnel = tunnelOf(0);
    const drawn = [0, 32_767, 5, 5, 0, 7, 5, 65_535, 7, 9];
    expect(tunnel.allot(3, () => drawn.shift()!)).toEqual([5, 7, 65_535]);
    expect(tunnel.allot(1, () => drawn.shift()!)).toEqual([9]);
    expect(tunnel.clients.size).toBe(4);
  });

  it("come all or not at all, and expired ones make room", () => {
    const tunnel = tunnelOf(0, { maxClients: 10 });
    expect(tunnel.allot(8)).toHaveLength(8);
    expect(tunnel.allot(3)).toBe("full");
    expect(tunnel.clients.size).toBe(8);
    expect(tunnel.allot(2)).toHaveLength(2);
    tunnel.advance(30_000);
    expect(tunnel.allot(8)).toHaveLength(8);
    expect(tunnel.clients.size).toBe(8);
  });

  it("take nobody's place: a full table of unpaired clients stays as it is", () => {
    const tunnel = tunnelOf(0, { maxClients: 4 });
    const ids = tunnel.allot(4) as readonly number[];
    tunnel.advance(29_999);
    expect(tunnel.allot(2)).toBe("full");
    expect(tunnel.clients.snapshot().map(({ id }) => id)).toEqual(expect.arrayContaining([...ids]));
  });
});
