import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { compileFunction } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { QualityAnalyzer } from "@udp-relay/quality-analyzer";

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

describe("the README's node:dgram relay, with the analyzer", () => {
  it("logs what each RTP stream lost, and forwards it all", async () => {
    const socket = await bound();
    const clients = new Map<string, object>([["silent", { id: "silent" }]]);
    const logged: unknown[][] = [];
    let forwarded = 0;
    let report = (): void => undefined;
    run(adopted(), {
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
      await send(socket, packet);
    }
    expect(forwarded).toBe(19);
    report();
    expect(logged).toMatchObject([
      ["silent", "no data", undefined, undefined],
      ["A", 50, { packets: 20, lost: 1 }, expect.any(Number)],
    ]);
  });
});
