import { adoptedProgram, LoopbackSockets, runProgram } from "@udp-relay/adoption";
import { afterEach, describe, expect, it } from "vitest";
import { QualityAnalyzer } from "@udp-relay/quality-analyzer";

const readme = new URL("../README.md", import.meta.url);
const sockets = new LoopbackSockets();
afterEach(() => {
  sockets.close();
});

describe("the README's node:dgram relay, with the analyzer", () => {
  it("logs what each RTP stream lost, and forwards it all", async () => {
    const socket = await sockets.open();
    const clients = new Map<string, object>([["silent", { id: "silent" }]]);
    const logged: unknown[][] = [];
    let forwarded = 0;
    let report = (): void => undefined;
    runProgram(adoptedProgram(readme), {
      ...{ QualityAnalyzer, socket, clients },
      keyOf: () => "A",
      newClient: () => clients.set("A", { id: "A", peer: "B" }).get("A"),
      forward: () => forwarded++,
      log: (...line: unknown[]) => logged.push(line),
      setInterval: (callback: () => void) => (report = callback),
    });
    for (let sequence = 0; sequence < 20; sequence++) {
      if (sequence === 10) continue;
      const packet = Buffer.alloc(12);
      packet.writeUInt16BE(sequence, 2);
      packet.writeUInt32BE(sequence * 1_800, 4);
      await sockets.send(socket, packet);
    }
    expect(forwarded).toBe(19);
    report();
    expect(logged).toMatchObject([
      ["silent", "no data", undefined, undefined],
      ["A", 50, { packets: 20, lost: 1 }, expect.any(Number)],
    ]);
  });
});
