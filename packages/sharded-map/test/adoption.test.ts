import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { compileFunction } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { compileLayout, line, u64 } from "@udp-relay/atomics-layout";
import { ShardedMap } from "@udp-relay/sharded-map";

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

const Room = compileLayout("Room", { hot: line({ packets: u64 }) });
type View = InstanceType<typeof Room.View>;

describe("the README's node:dgram relay, with the map", () => {
  it("counts each room's datagrams in memory that other threads see", async () => {
    const socket = await bound();
    const program = `let refused = 0;\n${adopted()}\nreturn { rooms, view };`;
    const { rooms, view } = run(program, { ShardedMap, Room, socket }) as { rooms: ShardedMap; view: View };
    for (const id of [7, 9, 7]) await send(socket, Uint8Array.of(id, 0, 0, 0));
    const guard = rooms.enter();
    expect([7, 9].map((id) => view.at(rooms.get(id)).packets)).toEqual([2, 1]);
    expect([rooms.size, rooms.get(8)]).toEqual([2, -1]);
    guard.leave();
    rooms[Symbol.dispose]();
  });
});
