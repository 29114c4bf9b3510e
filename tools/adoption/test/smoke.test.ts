import { once } from "node:events";
import { adoptedProgram, LoopbackSockets, runProgram } from "@udp-relay/adoption";
import { afterEach, describe, expect, it } from "vitest";

const readme = new URL("../README.md", import.meta.url);
const sockets = new LoopbackSockets();
afterEach(() => {
  sockets.close();
});

describe("a README's diff of an existing relay", () => {
  it("leaves the relay's own lines and the added ones, without imports", () => {
    expect(adoptedProgram(readme)).toBe(
      `socket.on("message", (bytes, rinfo) => {
  if (!isEcho(bytes)) socket.send(bytes, rinfo.port, rinfo.address);
});`,
    );
  });

  it("is named where there is none", () => {
    expect(() => adoptedProgram(readme, 1)).toThrow(/README\.md has no diff 1/);
    expect(() => adoptedProgram(new URL("../../../LICENSE", import.meta.url))).toThrow(RangeError);
  });

  it("is a program that answers", async () => {
    const socket = await sockets.open();
    const asked: number[] = [];
    runProgram(adoptedProgram(readme), {
      socket,
      isEcho: ([first]: Uint8Array) => asked.push(first!) === 1,
    });
    await sockets.send(socket, Uint8Array.of(1));
    const client = await sockets.open();
    const answered = once(client, "message");
    client.send(Uint8Array.of(2), socket.address().port, "127.0.0.1");
    const [bytes] = (await answered) as [Buffer];
    expect([asked, [...bytes]]).toEqual([[1, 2], [2]]);
  });

  it("gives back what it returns, and throws what it throws", () => {
    expect(runProgram("return one + other;", { one: 1, other: 2 })).toBe(3);
    expect(() => runProgram("undeclared();", {})).toThrow(ReferenceError);
  });
});
