import { once } from "node:events";
import { parseEndpoint } from "@udp-relay/address-validation";
import { adoptedProgram, LoopbackSockets, runProgram } from "@udp-relay/adoption";
import { afterEach, describe, expect, it } from "vitest";
import { type DatagramTransport, instrument, openTransport, type SocketStats } from "@udp-relay/adapters";

const readme = new URL("../README.md", import.meta.url);
const sockets = new LoopbackSockets();
afterEach(() => {
  sockets.close();
});

describe("the README's node:dgram relay", () => {
  it("is watched, by client, while it goes on as it was", async () => {
    const socket = await sockets.open();
    let relayed = 0;
    // What the program has at its top level would end with this function.
    const program = adoptedProgram(readme).replace("using stats", "const stats");
    const stats = runProgram(`let slow = 0;\n${program}\nreturn stats;`, {
      ...{ instrument, createSocket: () => socket },
      relay: () => relayed++,
      setInterval: () => ({ unref: () => undefined }),
    }) as SocketStats;
    for (const length of [1, 20]) await sockets.send(socket, new Uint8Array(length));
    expect(relayed).toBe(2);
    const bytes = stats.clients().map(({ bytesReceived }) => bytesReceived);
    expect(bytes.sort((a, b) => a - b)).toEqual([1, 20]);
    stats[Symbol.dispose]();
  });

  it("forwards over a transport in its socket's place", async () => {
    const receiver = await sockets.open();
    const endpoint = parseEndpoint(`127.0.0.1:${receiver.address().port}`);
    const route = (bytes: Uint8Array): object | undefined =>
      bytes[0] === 1 ? { endpoint, priorityClass: 0 } : undefined;
    const program = adoptedProgram(readme, 1).replace("50_001", "0").replace("0.0.0.0", "127.0.0.1");
    const transport = (await runProgram(`return (async () => {\n${program}\nreturn transport;\n})();`, {
      openTransport,
      route,
    })) as DatagramTransport;
    const arrived = once(receiver, "message");
    const sender = await sockets.open();
    for (const first of [2, 1])
      sender.send(Uint8Array.of(first, 9), transport.localEndpoint.port, "127.0.0.1");
    const [bytes] = (await arrived) as [Buffer];
    expect([...bytes]).toEqual([1, 9]);
    await transport.close();
  });
});
