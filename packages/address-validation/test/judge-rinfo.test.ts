import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { RemoteInfo } from "node:dgram";
import { networkInterfaces } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import {
  AddressPolicy,
  endpointFromBytes,
  endpointFromRinfo,
  endpointsEqual,
  formatEndpoint,
  installZones,
  parseAddress,
  REASON_CODES,
  reasonCode,
  reasonName,
  zonesFromNetworkInterfaces,
} from "../src/index.ts";
import { Random } from "./random.ts";

afterEach(() => {
  installZones(undefined);
});

describe("judgeRinfo", () => {
  it("gives the verdict of judge, and a reason for what is no sender", () => {
    const policy = new AddressPolicy();
    expect(policy.judgeRinfo({ address: "8.8.8.8", port: 53 })).toBe(0);
    expect(reasonName(policy.judgeRinfo({ address: "::ffff:10.0.0.1", port: 53 }))).toBe("private");
    expect(reasonName(policy.judgeRinfo({ address: "fe80::1%eth0", port: 53 }))).toBe("link-local");
    for (const [address, port] of [
      ["localhost", 53],
      ["8.8.8.8", 65_536],
      ["8.8.8.8", -1],
      ["8.8.8.8", NaN],
      ["8.8.8.8", "53"],
      ["8.8.8.8%1", 53],
      ["fe80::1%", 53],
      [undefined, 53],
    ] as [string, number][]) {
      expect(reasonName(policy.judgeRinfo({ address, port }))).toBe("malformed");
    }
    const drops = new Uint32Array(REASON_CODES);
    drops[policy.judgeRinfo({ address: "127.0.0.1", port: 1 })]!++;
    expect(drops[reasonCode("loopback")]).toBe(1);
  });

  it("lets no refused sender into the cache, so that a flood evicts nobody", () => {
    const policy = new AddressPolicy();
    const mine = { address: "198.41.0.4", port: 5_000 };
    expect(policy.judgeRinfo(mine)).toBe(0);
    const cached = endpointFromRinfo(mine);
    const random = new Random(11);
    for (let i = 0; i < 200_000; i++) {
      const address = `10.${random.below(256)}.${random.below(256)}.${random.below(256)}`;
      if (policy.judgeRinfo({ address, port: 5_000 }) === 0) expect.unreachable(address);
    }
    expect(endpointFromRinfo(mine)).toBe(cached);
    for (let i = 0; i < 70_000; i++) {
      const address = `fe80::${random.below(65_536).toString(16)}%eth0`;
      if (policy.judgeRinfo({ address, port: 5_000 }) === 0) expect.unreachable(address);
    }
    expect(endpointFromRinfo(mine)).toBe(cached);
  });
});

describe("what a socket reports", () => {
  it("is 127.0.0.1 on an IPv4 socket", async () => {
    const rinfo = await loopback("udp4", "127.0.0.1");
    expect(formatEndpoint(endpointFromRinfo(rinfo))).toBe(`127.0.0.1:${rinfo.port}`);
    expect(reasonName(new AddressPolicy().judgeRinfo(rinfo))).toBe("loopback");
  });

  it("is the same endpoint on a dual-stack socket, although in mapped form", async () => {
    const rinfo = await loopback("udp6", "::ffff:127.0.0.1");
    expect(rinfo.address).toBe("::ffff:127.0.0.1");
    expect(endpointFromRinfo(rinfo)).toEqual(parseAddress("127.0.0.1", rinfo.port));
    expect(reasonName(new AddressPolicy().judgeRinfo(rinfo))).toBe("loopback");
  });

  const interfaces = networkInterfaces();
  const [name, local] =
    Object.entries(interfaces)
      .flatMap(([of, addresses]) => (addresses ?? []).map((address) => [of, address] as const))
      .find(([, address]) => address.family === "IPv6" && address.scopeid > 0) ?? [];

  it.skipIf(local?.family !== "IPv6")(
    "is, of a link-local sender, the endpoint of its interface index",
    async () => {
      if (local?.family !== "IPv6") return expect.unreachable();
      const rinfo = await loopback("udp6", `${local.address}%${name}`);
      installZones(zonesFromNetworkInterfaces(interfaces));
      const endpoint = endpointFromRinfo(rinfo);
      expect(endpoint.zone).toBe(local.scopeid);
      // What a socket address of the same sender holds.
      const { a0, a1, a2, a3 } = parseAddress(local.address);
      const bytes = new Uint8Array(new ArrayBuffer(16));
      [a0, a1, a2, a3].forEach((word, index) => new DataView(bytes.buffer).setInt32(4 * index, word));
      expect(endpointsEqual(endpoint, endpointFromBytes(bytes, 0, 6, rinfo.port, local.scopeid))).toBe(true);
      expect(formatEndpoint(endpoint)).toBe(`[${rinfo.address}]:${rinfo.port}`);
    },
  );
});

/** Sends a datagram to itself and returns what the receiver is told. */
async function loopback(type: "udp4" | "udp6", address: string): Promise<RemoteInfo> {
  const socket = createSocket(type);
  try {
    socket.bind(0);
    await once(socket, "listening");
    const received = once(socket, "message");
    socket.send("x", socket.address().port, address);
    const [, rinfo] = (await received) as [Buffer, RemoteInfo];
    return rinfo;
  } finally {
    socket.close();
  }
}
