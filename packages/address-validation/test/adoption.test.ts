import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { compileFunction } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { AddressPolicy } from "@udp-relay/address-validation";

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

describe("the README's node:dgram relay, with the policy", () => {
  it("forwards what comes from the public internet, and nothing else", async () => {
    const socket = await bound();
    const forwarded: string[] = [];
    const forward = (_: Buffer, { address }: { address: string }): number => forwarded.push(address);
    run(adopted(), { AddressPolicy, socket, forward });
    await send(socket, Uint8Array.of(1));
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
