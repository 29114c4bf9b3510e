import { adoptedProgram, LoopbackSockets, runProgram } from "@udp-relay/adoption";
import { afterEach, describe, expect, it } from "vitest";
import { CoarseClock, elapsedMs } from "@udp-relay/clock";

const readme = new URL("../README.md", import.meta.url);
const sockets = new LoopbackSockets();
afterEach(() => {
  sockets.close();
});

describe("the README's node:dgram relay, with the clock", () => {
  it("times out who fell silent for 30 s, and nobody else", async () => {
    const socket = await sockets.open();
    const clients = new Map(["early", "late", "now"].map((key) => [key, { lastSeen: 0 }]));
    let sweep = (): void => undefined;
    const clock = runProgram(`${adoptedProgram(readme)}\nreturn clock;`, {
      ...{ CoarseClock, elapsedMs, socket, clients },
      keyOf: () => "now",
      setInterval: (callback: () => void) => (sweep = callback),
    }) as CoarseClock;
    await sockets.send(socket, Uint8Array.of(1));
    const { lastSeen } = clients.get("now")!;
    expect(elapsedMs(clock.update(), lastSeen)).toBeLessThan(10_000);
    clients.get("early")!.lastSeen = (lastSeen - 30_000) >>> 0;
    clients.get("late")!.lastSeen = (lastSeen - 15_000) >>> 0;
    sweep();
    expect([...clients.keys()]).toEqual(["late", "now"]);
    clock[Symbol.dispose]();
  });
});
