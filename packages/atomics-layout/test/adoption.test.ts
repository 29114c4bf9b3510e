import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { compileFunction } from "node:vm";
import { afterEach, describe, expect, it } from "vitest";
import { Worker } from "node:worker_threads";
import {
  attachRegion,
  compileLayout,
  createRegion,
  line,
  superviseWorker,
  u32,
  u64,
} from "@udp-relay/atomics-layout";

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

/** Hands back what it was given, and stays: the workers' program runs here, with that. */
const ECHO = `const { parentPort } = require("node:worker_threads");
  parentPort.once("message", (message) => parentPort.postMessage(message));
  setInterval(() => {}, 1e6);`;

describe("the README's node:dgram relay, with a region", () => {
  it("sums what all threads count", async () => {
    const library = { compileLayout, line, u32, u64, createRegion, superviseWorker, attachRegion };
    const Player = run(`${adopted(0)}\nreturn Player;`, library);
    const worker = new Worker(ECHO, { eval: true });
    const told = once(worker, "message");
    const region = run(`${adopted(1)}\nreturn region;`, { ...library, Player, worker });
    const [shared] = (await told) as [unknown];
    let forwarded = 0;
    const forward = (): number => forwarded++;
    const [one, other] = [await bound(), await bound()];
    for (const socket of [one, other]) run(adopted(2), { ...library, Player, shared, socket, forward });
    for (const to of [one, other, other]) await send(to, Uint8Array.of(7, 0, 0, 0));
    expect(run("return new Player.View(region).at(7).packets", { Player, region })).toBe(3);
    expect(forwarded).toBe(3);
    const ended = once(worker, "exit");
    await worker.terminate();
    await ended;
  });
});
