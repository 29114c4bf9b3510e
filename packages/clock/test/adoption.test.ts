import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { compileFunction } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { CoarseClock, elapsedMs } from "@udp-relay/clock";

/** The program that the README's diff leaves: its own lines, and those that are added. */
function adopted(): string {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [, section = ""] = /## In an existing node:dgram relay\n([^]*?)(\n## |$)/.exec(readme) ?? [];
  const [, diff = ""] = /```diff\n([^]*?)```/.exec(section) ?? [];
  const lines = diff.split("\n").filter((line) => /^[ +](?!import )/.test(line));
  return lines.map((line) => line.slice(1)).join("\n");
}

/** Runs it with the names that it does not declare, and tells what it does at its end. */
function run(code: string, given: object): unknown {
  const program = compileFunction(code, Object.keys(given)) as (...values: unknown[]) => unknown;
  return program(...(Object.values(given) as unknown[]));
}

const open: Socket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
});

async function bound(): Promise<Socket> {
  const socket = createSocket("udp4");
  open.push(socket);
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

/** Sends from a socket of its own, and resolves once `socket` has handled it. */
async function send(socket: Socket, bytes: Uint8Array): Promise<void> {
  const handled = once(socket, "message");
  (await bound()).send(bytes, socket.address().port, "127.0.0.1");
  await handled;
}

describe("the README's node:dgram relay, with the clock", () => {
  it("times out who fell silent for 30 s, and nobody else", async () => {
    const socket = await bound();
    const clients = new Map(["early", "late", "now"].map((key) => [key, { lastSeen: 0 }]));
    let sweep = (): void => undefined;
    const clock = run(`${adopted()}\nreturn clock;`, {
      ...{ CoarseClock, elapsedMs, socket, clients },
      keyOf: () => "now",
      setInterval: (callback: () => void) => (sweep = callback),
    }) as CoarseClock;
    await send(socket, Uint8Array.of(1));
    const { lastSeen } = clients.get("now")!;
    expect(elapsedMs(clock.update(), lastSeen)).toBeLessThan(10_000);
    clients.get("early")!.lastSeen = (lastSeen - 30_000) >>> 0;
    clients.get("late")!.lastSeen = (lastSeen - 15_000) >>> 0;
    sweep();
    expect([...clients.keys()]).toEqual(["late", "now"]);
    clock[Symbol.dispose]();
  });
});
