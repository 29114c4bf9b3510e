import { createSocket } from "node:dgram";
import type { Socket } from "node:dgram";
import { formatEndpoint } from "@udp-relay/address-validation";
import { describe, expect, it } from "vitest";
import { SocketTap } from "../src/compose/socket-tap.ts";
import { untilReal } from "./conformance/adapter-under-test.ts";
import { bound, closed } from "./plain-sockets.ts";

type Send = (this: Socket, ...call: unknown[]) => void;

const message = Buffer.from("0123456789");

/** Every overload of `send`, and how many of the ten bytes it sends. `done` is a callback. */
function unconnected(port: number, done: () => void): [name: string, bytes: number, call: unknown[]][] {
  return [
    ["msg, port", 10, [message, port]],
    ["msg, port, callback", 10, [message, port, done]],
    ["msg, port, address", 10, [message, port, "127.0.0.1"]],
    ["msg, port, address, callback", 10, [message, port, "127.0.0.1", done]],
    ["msg, port, undefined, callback", 10, [message, port, undefined, done]],
    ["msg, offset, length, port", 4, [message, 3, 4, port]],
    ["msg, offset, length, port, callback", 4, [message, 3, 4, port, done]],
    ["msg, offset, length, port, address", 4, [message, 3, 4, port, "127.0.0.1"]],
    ["msg, offset, length, port, address, callback", 4, [message, 3, 4, port, "127.0.0.1", done]],
    ["nothing of msg", 0, [message, 3, 0, port, "127.0.0.1", done]],
    ["string", 5, ["héll", port, "127.0.0.1"]],
    ["list", 15, [[message, "héll"], port, "127.0.0.1", done]],
    ["empty list", 0, [[], port, "127.0.0.1"]],
    ["Uint16Array", 6, [new Uint16Array(3), port, "127.0.0.1"]],
    ["DataView", 7, [new DataView(new ArrayBuffer(9), 1, 7), port, "127.0.0.1"]],
  ];
}

function connected(done: () => void): [name: string, bytes: number, call: unknown[]][] {
  return [
    ["msg", 10, [message]],
    ["msg, callback", 10, [message, done]],
    ["msg, offset, length", 4, [message, 3, 4]],
    ["msg, offset, length, callback", 4, [message, 3, 4, done]],
    ["list, callback", 20, [[message, message], done]],
  ];
}

describe("listening in on a dgram socket", () => {
  it("sees every overload of send as the receiver does, and its callbacks are called", async () => {
    const { socket, receiver, lengths, sent, tap, port } = await tapped();
    let called = 0;
    const calls = unconnected(port, () => called++);
    for (const [name, bytes, call] of calls) {
      (socket.send as Send).apply(socket, call);
      expect([name, sent.at(-1)]).toEqual([name, [bytes, `127.0.0.1:${port}`]]);
    }
    const withCallback = calls.filter(([, , call]) => typeof call.at(-1) === "function").length;
    await untilReal(
      () => lengths.length === calls.length && called === withCallback,
      "all datagrams",
      () => [lengths, called],
    );
    expect(lengths).toEqual(calls.map(([, bytes]) => bytes));
    expect(sent.length).toBe(calls.length);
    tap[Symbol.dispose]();
    await closed(socket, receiver);
  });

  it("sees what a connected socket sends, until it is disconnected", async () => {
    const { socket, receiver, lengths, sent, port } = await tapped();
    await new Promise<void>((resolve) => socket.connect(port, "127.0.0.1", () => resolve()));
    let called = 0;
    const calls = connected(() => called++);
    for (const [name, bytes, call] of calls) {
      (socket.send as Send).apply(socket, call);
      expect([name, sent.at(-1)]).toEqual([name, [bytes, `127.0.0.1:${port}`]]);
    }
    await untilReal(
      () => lengths.length === calls.length && called === 3,
      "all datagrams",
      () => [lengths, called],
    );
    expect(lengths).toEqual(calls.map(([, bytes]) => bytes));
    expect(() => socket.send(message, 0, 4, port)).toThrow();
    expect(sent.length).toBe(calls.length);
    socket.disconnect();
    socket.send(message, port, "127.0.0.1");
    expect(sent.at(-1)).toEqual([10, `127.0.0.1:${port}`]);
    await closed(socket, receiver);
  });

  it("finds a socket that was connected before", async () => {
    const receiver = await bound();
    const { port } = receiver.address();
    const socket = createSocket("udp4");
    await new Promise<void>((resolve) => socket.connect(port, "127.0.0.1", () => resolve()));
    const sent: unknown[] = [];
    const tap = new SocketTap(socket, {
      received: () => undefined,
      sent: (bytes, to) => sent.push([bytes, to?.port]),
    });
    socket.send(message);
    expect(sent).toEqual([[10, port]]);
    tap[Symbol.dispose]();
    await closed(socket, receiver);
  });

  it("counts once what is sent before the socket is bound", async () => {
    const receiver = await bound();
    const { port } = receiver.address();
    const socket = createSocket("udp4");
    const sent: number[] = [];
    let arrived = 0;
    receiver.on("message", () => arrived++);
    new SocketTap(socket, { received: () => undefined, sent: (bytes) => sent.push(bytes) });
    socket.send(message, port, "127.0.0.1");
    socket.send("four", port, "127.0.0.1");
    await untilReal(
      () => arrived === 2 && sent.length >= 2,
      "both",
      () => [arrived, sent],
    );
    expect(sent).toEqual([10, 4]);
    await closed(socket, receiver);
  });

  it("cannot know whom a host name means", async () => {
    const { socket, receiver, sent, port } = await tapped();
    await new Promise<void>((resolve) => socket.send(message, port, "localhost", () => resolve()));
    expect(sent).toEqual([[10, undefined]]);
    await closed(socket, receiver);
  });

  it("counts nothing that send refused by throwing", async () => {
    const { socket, receiver, sent } = await tapped();
    expect(() => socket.send(message, 70_000, "127.0.0.1")).toThrow();
    expect(() => socket.send(message, 8, 9, 4_000, "127.0.0.1")).toThrow();
    expect(sent).toEqual([]);
    await closed(socket, receiver);
  });

  it("sees what arrives, before the program does", async () => {
    const receiver = await bound();
    const order: string[] = [];
    receiver.on("message", () => order.push("program"));
    const tap = new SocketTap(receiver, {
      received: (bytes, from) => order.push(`${bytes} bytes of ${from.address}`),
      sent: () => undefined,
    });
    const socket = createSocket("udp4");
    socket.send(message, receiver.address().port, "127.0.0.1");
    await untilReal(() => order.length === 2, "the datagram");
    expect(order).toEqual(["10 bytes of 127.0.0.1", "program"]);
    tap[Symbol.dispose]();
    await closed(socket, receiver);
  });

  it("leaves the socket as it was", async () => {
    const receiver = await bound();
    const before = description(receiver);
    const tap = new SocketTap(receiver, { received: () => undefined, sent: () => undefined });
    expect(Object.keys(receiver)).toEqual(before.keys);
    expect(description(receiver)).not.toEqual(before);
    tap[Symbol.dispose]();
    tap[Symbol.dispose]();
    expect(description(receiver)).toEqual(before);
    expect(Object.hasOwn(receiver, "send")).toBe(false);
    new SocketTap(receiver, { received: () => undefined, sent: () => undefined });
    await closed(receiver);
    expect(Object.hasOwn(receiver, "send")).toBe(false);
  });

  it("puts back a send that was the socket's own, and survives one that was put on top", async () => {
    const receiver = await bound();
    const socket = await bound();
    const { port } = receiver.address();
    let own = 0;
    const plain = socket.send.bind(socket) as Send;
    const ownSend = (...call: unknown[]): void => {
      own += 1;
      plain.apply(socket, call);
    };
    socket.send = ownSend;
    const sent: number[] = [];
    const tap = new SocketTap(socket, { received: () => undefined, sent: (bytes) => sent.push(bytes) });
    socket.send(message, port, "127.0.0.1");
    const tapped = socket.send.bind(socket) as Send;
    socket.send = (...call: unknown[]) => tapped.apply(socket, call);
    socket.send(message, port, "127.0.0.1");
    expect([own, sent]).toEqual([2, [10, 10]]);
    tap[Symbol.dispose]();
    socket.send(message, port, "127.0.0.1");
    expect([own, sent]).toEqual([3, [10, 10]]);
    const second = await bound();
    second.send = ownSend;
    new SocketTap(second, { received: () => undefined, sent: () => undefined })[Symbol.dispose]();
    expect(Object.getOwnPropertyDescriptor(second, "send")?.value).toBe(ownSend);
    await closed(socket, receiver, second);
  });
});

async function tapped(): Promise<{
  socket: Socket;
  receiver: Socket;
  port: number;
  lengths: number[];
  sent: [number, string | undefined][];
  tap: SocketTap;
}> {
  const [socket, receiver] = await Promise.all([bound(), bound()]);
  const lengths: number[] = [];
  receiver.on("message", (bytes) => lengths.push(bytes.length));
  const sent: [number, string | undefined][] = [];
  const tap = new SocketTap(socket, {
    received: () => undefined,
    sent: (bytes, to) => sent.push([bytes, to && formatEndpoint(to)]),
  });
  return { socket, receiver, port: receiver.address().port, lengths, sent, tap };
}

function description(socket: Socket): { keys: string[]; names: string[]; listeners: number[] } {
  const events = ["message", "listening", "connect", "close"];
  return {
    keys: Object.keys(socket),
    names: Object.getOwnPropertyNames(socket).sort(),
    listeners: events.map((event) => socket.listenerCount(event)),
  };
}
