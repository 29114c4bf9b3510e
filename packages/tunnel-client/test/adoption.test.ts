import { adoptedProgram, LoopbackSockets, runProgram } from "@udp-relay/adoption";
import { afterEach, describe, expect, it } from "vitest";
import { CoarseClock } from "@udp-relay/clock";
import { TunnelClientTable } from "@udp-relay/tunnel-client";

const readme = new URL("../README.md", import.meta.url);
const sockets = new LoopbackSockets();
afterEach(() => {
  sockets.close();
});

describe("the README's node:dgram relay, with the table", () => {
  it("knows each client's traffic, forwards all of it, and sweeps", async () => {
    const socket = await sockets.open();
    let forwarded = 0;
    let sweep = (): unknown => undefined;
    const { clients, clock } = runProgram(`${adoptedProgram(readme)}\nreturn { clients, clock };`, {
      ...{ CoarseClock, TunnelClientTable, socket },
      forward: () => forwarded++,
      setInterval: (callback: () => unknown) => (sweep = callback),
    }) as { clients: TunnelClientTable; clock: CoarseClock };
    for (const length of [1, 20]) await sockets.send(socket, new Uint8Array(length));
    expect(forwarded).toBe(2);
    const bytes = clients.snapshot().map(({ bytesReceived }) => bytesReceived);
    expect(bytes.sort((a, b) => a - b)).toEqual([1, 20]);
    expect(sweep()).toBe(0);
    clients[Symbol.dispose]();
    clock[Symbol.dispose]();
  });
});
