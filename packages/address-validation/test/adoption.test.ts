import { adoptedProgram, LoopbackSockets, runProgram } from "@udp-relay/adoption";
import { afterEach, describe, expect, it } from "vitest";
import { AddressPolicy } from "@udp-relay/address-validation";

const readme = new URL("../README.md", import.meta.url);
const sockets = new LoopbackSockets();
afterEach(() => {
  sockets.close();
});

describe("the README's node:dgram relay, with the policy", () => {
  it("forwards what comes from the public internet, and nothing else", async () => {
    const socket = await sockets.open();
    const forwarded: string[] = [];
    const forward = (_: Buffer, { address }: { address: string }): number => forwarded.push(address);
    runProgram(adoptedProgram(readme), { AddressPolicy, socket, forward });
    await sockets.send(socket, Uint8Array.of(1));
    const sources = [
      ["198.41.0.4", 53],
      ["198.41.0.4", 0],
      ["192.168.1.1", 53],
    ] as const;
    for (const [address, port] of sources)
      socket.emit("message", Buffer.of(1), { address, port, family: "IPv4", size: 1 });
    expect(forwarded).toEqual(["198.41.0.4"]);
  });
});
