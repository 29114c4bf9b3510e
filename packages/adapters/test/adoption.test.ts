import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { compileFunction } from "node:vm";
import { parseEndpoint } from "@udp-relay/address-validation";
import { afterEach, describe, expect, it } from "vitest";
import { type DatagramTransport, instrument, openTransport, type SocketStats } from "@udp-relay/adapters";

/** The program that the README's diff leaves: its own lines, and those that are added. */
function adopted(index: number): string {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [, section = ""] = /## In an existing node:dgram relay\n([^]*?)(\n## |$)/.exec(readme) ?? [];
  const [, diff = ""] = [...section.matchAll(/```diff\n([^]*?)```/g)][index] ?? [];
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

describe("the README's node:dgram relay", () => {
  it("is watched, by client, while it goes on as it was", async () => {
    const socket = await bound();
    let relayed = 0;
    // What the program has at its top level would end with this function.
    const program = adopted(0).replace("using stats", "const stats");
    const stats = run(`let slow = 0;\n${program}\nreturn stats;`, {
      ...{ instrument, createSocket: () => socket },
      relay: () => relayed++,
      setInterval: () => ({ unref: () => undefined }),
    }) as SocketStats;
    for (const length of [1, 20]) await send(socket, new Uint8Array(length));
    expect(relayed).toBe(2);
    const bytes = stats.clients().map(({ bytesReceived }) => bytesReceived);
    expect(bytes.sort((a, b) => a - b)).toEqual([1, 20]);
    stats[Symbol.dispose]();
  });

  it("forwards over a transport in its socket's place", async () => {
    const receiver = await bound();
    const endpoint = parseEndpoint(`127.0.0.1:${receiver.address().port}`);
    const route = (bytes: Uint8Array): object | undefined =>
      bytes[0] === 1 ? { endpoint, priorityClass: 0 } : undefined;
    const program = adopted(1).replace("50_001", "0").replace("0.0.0.0", "127.0.0.1");
    const transport = (await run(`return (async () => {\n${program}\nreturn transport;\n})();`, {
      openTransport,
      route,
    })) as DatagramTransport;
    const arrived = once(receiver, "message");
    const sender = await bound();
    for (const first of [2, 1])
      sender.send(Uint8Array.of(first, 9), transport.localEndpoint.port, "127.0.0.1");
    const [bytes] = (await arrived) as [Buffer];
    expect([...bytes]).toEqual([1, 9]);
    await transport.close();
  });
});
