import { once } from "node:events";
import { adoptedProgram, LoopbackSockets, runProgram } from "@udp-relay/adoption";
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

const readme = new URL("../README.md", import.meta.url);
const sockets = new LoopbackSockets();
afterEach(() => {
  sockets.close();
});

/** Hands back what it was given, and stays: the workers' program runs here, with that. */
const ECHO = `const { parentPort } = require("node:worker_threads");
  parentPort.once("message", (message) => parentPort.postMessage(message));
  setInterval(() => {}, 1e6);`;

describe("the README's node:dgram relay, with a region", () => {
  it("sums what all threads count", async () => {
    const library = { compileLayout, line, u32, u64, createRegion, superviseWorker, attachRegion };
    const Player = runProgram(`${adoptedProgram(readme, 0)}\nreturn Player;`, library);
    const worker = new Worker(ECHO, { eval: true });
    const told = once(worker, "message");
    const region = runProgram(`${adoptedProgram(readme, 1)}\nreturn region;`, { ...library, Player, worker });
    const [shared] = (await told) as [unknown];
    let forwarded = 0;
    const forward = (): number => forwarded++;
    const [one, other] = [await sockets.open(), await sockets.open()];
    for (const socket of [one, other])
      runProgram(adoptedProgram(readme, 2), { ...library, Player, shared, socket, forward });
    for (const to of [one, other, other]) await sockets.send(to, Uint8Array.of(7, 0, 0, 0));
    expect(runProgram("return new Player.View(region).at(7).packets", { Player, region })).toBe(3);
    expect(forwarded).toBe(3);
    const ended = once(worker, "exit");
    await worker.terminate();
    await ended;
  });
});
