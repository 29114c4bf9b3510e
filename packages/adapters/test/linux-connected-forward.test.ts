import { afterEach, describe, expect, it } from "vitest";
import type { DatagramBatch } from "../src/index.ts";
import { ConnectedSockets, DropReason, LinuxTransport } from "../src/transport/linux.ts";
import type { ConnectedSocket, SystemCalls } from "../src/transport/linux.ts";
import { openSystemCalls } from "../src/transport/linux/open-system-calls.ts";
import { linuxHere } from "./linux/linux-adapter.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const silent = { onDatagram: () => undefined, onError: () => undefined };

async function listening(maxDatagramBytes = 2_048): Promise<LinuxTransport> {
  const transport = await LinuxTransport.open({ host: "127.0.0.1", blocking: true, maxDatagramBytes });
  closing.push(() => transport.close());
  return transport;
}

async function set(transport?: LinuxTransport, systemCalls?: SystemCalls): Promise<ConnectedSockets> {
  const sockets = await ConnectedSockets.open({
    ...(transport && { transport }),
    ...(systemCalls && { systemCalls }),
  });
  closing.push(() => {
    sockets.close();
  });
  return sockets;
}

/** A socket of a set of its own that talks to the transport. Loopback delivers while it sends. */
async function clientOf(transport: LinuxTransport): Promise<ConnectedSocket> {
  return (await set()).connect(transport.localEndpoint, silent);
}

/** What comes to a transport, as text. */
function heardBy(transport: LinuxTransport): string[] {
  const heard: string[] = [];
  transport.onBatch = (batch) => {
    for (let i = 0; i < batch.count; i++) heard.push(new TextDecoder().decode(batch.bytes(i)));
  };
  return heard;
}

const text = (letters: string): Uint8Array => new TextEncoder().encode(letters);

describe.skipIf(!linuxHere)("a connected socket that sends a batch's datagrams on", () => {
  it("sends them from where they lie, of every size; those of any other batch, and later, as a copy", async () => {
    const calls = await openSystemCalls();
    const addresses: number[] = [];
    const [transport, other, backend] = [await listening(), await listening(), await listening()];
    const sockets = await set(transport, {
      ...calls,
      send: (fd, address, length, flags) => {
        addresses.push(address);
        return calls.send(fd, address, length, flags);
      },
    });
    const heard = heardBy(backend);
    const upstream = sockets.connect(backend.localEndpoint, silent);
    const [client, stranger] = [await clientOf(transport), await clientOf(other)];
    const lengths = [0, 1, 128, 2_048];
    const sent = lengths.map((length, i) => String(i).repeat(length));
    addresses.length = 0;
    let kept: DatagramBatch | undefined;
    const lay: number[] = [];
    transport.onBatch = (batch) => {
      kept = batch;
      for (let i = 0; i < batch.count; i++) {
        lay.push(transport.addressOf(batch, i));
        expect(upstream.forward(batch, i)).toBe(0);
      }
    };
    for (const letters of sent) client.send(text(letters));
    sockets.turn(0);
    expect(addresses).toEqual(lay);
    expect(new Set(lay).size).toBe(lengths.length);
    expect(lay).not.toContain(0);
    expect(transport.addressOf(kept!, 0)).toBe(0);

    other.onBatch = (batch) => {
      expect(transport.addressOf(batch, 0)).toBe(0);
      expect(upstream.forward(batch, 0)).toBe(0);
    };
    stranger.send(text("of another socket"));
    other.turn(true);
    backend.turn(true);
    expect(heard).toEqual([...sent, "of another socket"]);
    expect(sockets.counted).toMatchObject({ sentDatagrams: 5, sentBytes: 0 + 1 + 128 + 2_048 + 17 });
  });

  it("sends the same bytes again after a refusal, and says why one is dropped", async () => {
    const calls = await openSystemCalls();
    const [transport, backend, spare] = [await listening(4_096), await listening(), await listening()];
    let refusals = 0;
    const sockets = await set(transport, {
      ...calls,
      send: (...parameters) => (refusals > 0 ? -1 : calls.send(...parameters)),
      errno: () => (refusals-- > 0 ? 111 : calls.errno()),
    });
    const [heard, helped] = [heardBy(backend), heardBy(spare)];
    const helper = sockets.connect(spare.localEndpoint, silent);
    let onError = (): void => void helper.send(text("help"));
    const upstream = sockets.connect(backend.localEndpoint, { ...silent, onError: () => onError() });
    const client = await clientOf(transport);
    // A set's sockets send 2,048 bytes at most.
    const large = (
      await ConnectedSockets.open({ maxDatagramBytes: 4_096 }).then((sockets) => {
        closing.push(() => {
          sockets.close();
        });
        return sockets;
      })
    ).connect(transport.localEndpoint, silent);
    const results: number[] = [];
    transport.onBatch = (batch) => results.push(upstream.forward(batch, 0));

    refusals = 1;
    client.send(text("data"));
    sockets.turn(0);
    expect(sockets.stats()).toMatchObject({ sentDatagrams: 2, retriedSends: 1, icmpErrors: 1, drops: {} });

    large.send(new Uint8Array(2_049));
    sockets.turn(0);
    onError = () => upstream.close();
    refusals = 1;
    client.send(text("lost"));
    sockets.turn(0);
    client.send(text("late"));
    sockets.turn(0);
    backend.turn(true);
    spare.turn(true);
    expect(results).toEqual([0, DropReason.tooLarge, DropReason.closed, DropReason.closed]);
    expect(heard).toEqual(["data"]);
    expect(helped).toEqual(["help"]);
    expect(sockets.stats()).toMatchObject({ sentDatagrams: 2, drops: { tooLarge: 1, closed: 2 } });
  });
});

describe.skipIf(!linuxHere)("how much one turn takes of a ready socket", () => {
  it("one datagram; after a full batch of the transport's, its share of as many", async () => {
    const [transport, backend] = [await listening(), await listening()];
    const sockets = await set(transport);
    const counts = [0, 0];
    const upstreams = counts.map((_, n) =>
      sockets.connect(backend.localEndpoint, { ...silent, onDatagram: () => (counts[n]! += 1) }),
    );
    backend.onBatch = (batch) => {
      for (let i = 0; i < batch.count; i++) {
        for (let n = 0; n < 40; n++) backend.send(batch.bytes(i), batch.endpoint(i));
      }
    };
    for (const upstream of upstreams) upstream.send(text("40 of them"));
    backend.turn(true);
    transport.onBatch = () => undefined;
    const client = await clientOf(transport);
    const heardInTurn = (): number[] => {
      counts.fill(0);
      sockets.turn(0);
      return [...counts];
    };
    expect(heardInTurn()).toEqual([1, 1]);
    for (let n = 0; n < 63; n++) client.send(text("many"));
    expect(heardInTurn()).toEqual([1, 1]);
    expect(heardInTurn()).toEqual([1, 1]);
    for (let n = 0; n < 64; n++) client.send(text("very many"));
    expect(heardInTurn()).toEqual([1, 1]);
    expect(heardInTurn()).toEqual([32, 32]);
    expect(heardInTurn()).toEqual([1, 1]);
  });

  it("nothing more of one that its own callback has closed", async () => {
    const [transport, backend] = [await listening(), await listening()];
    const sockets = await set(transport);
    let heard = 0;
    const upstream = sockets.connect(backend.localEndpoint, {
      ...silent,
      onDatagram: () => {
        heard += 1;
        upstream.close();
      },
    });
    backend.onBatch = (batch) => {
      for (let n = 0; n < 10; n++) backend.send(batch.bytes(0), batch.endpoint(0));
    };
    transport.onBatch = () => undefined;
    const client = await clientOf(transport);
    for (let n = 0; n < 64; n++) client.send(text("very many"));
    sockets.turn(0);
    upstream.send(text("ten"));
    backend.turn(true);
    sockets.turn(0);
    sockets.turn(0);
    expect(heard).toBe(1);
  });
});
