import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { compileFunction } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { CoarseClock } from "@udp-relay/clock";
import { TunnelClientTable } from "@udp-relay/tunnel-client";

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

describe("the README's node:dgram relay, with the table", () => {
  it("knows each client's traffic, forwards all of it, and sweeps", async () => {
    const socket = await bound();
    let forwarded = 0;
    let sweep = (): unknown => undefined;
    const { clients, clock } = run(`${adopted()}\nreturn { clients, clock };`, {
      ...{ CoarseClock, TunnelClientTable, socket },
      forward: () => forwarded++,
      setInterval: (callback: () => unknown) => (sweep = callback),
    }) as { clients: TunnelClientTable; clock: CoarseClock };
    for (const length of [1, 20]) await send(socket, new Uint8Array(length));
    expect(forwarded).toBe(2);
    const bytes = clients.snapshot().map(({ bytesReceived }) => bytesReceived);
    expect(bytes.sort((a, b) => a - b)).toEqual([1, 20]);
    expect(sweep()).toBe(0);
    clients[Symbol.dispose]();
    clock[Symbol.dispose]();
  });
});
