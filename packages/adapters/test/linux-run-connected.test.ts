import { readlinkSync } from "node:fs";
import { parseEndpoint } from "@udp-relay/address-validation";
import { afterEach, describe, expect, it } from "vitest";
import {
  ConnectedSockets,
  DescriptorJournal,
  LinuxTransport,
  runConnected,
  stopBlocking,
} from "../src/transport/linux.ts";
import { linuxHere } from "./linux/linux-adapter.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** What a descriptor is now; an inode's number comes once. */
const openAs = (fd: number): string => {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "";
  }
};
const silent = { onDatagram: () => undefined, onError: () => undefined };

async function open(): Promise<{ transport: LinuxTransport; sockets: ConnectedSockets }> {
  const transport = await LinuxTransport.open({ host: "127.0.0.1", blocking: true });
  const sockets = await ConnectedSockets.open({ transport });
  closing.push(
    () => transport.close(),
    () => {
      sockets.close();
    },
  );
  return { transport, sockets };
}

describe.skipIf(!linuxHere)("runConnected", () => {
  it("hands over what comes to the transport and to the sockets, until it is told to stop", async () => {
    const { transport, sockets } = await open();
    const { port } = transport.localEndpoint;
    const heard: string[] = [];
    transport.onBatch = (batch) => {
      for (let i = 0; i < batch.count; i++) transport.send(batch.bytes(i), batch.endpoint(i));
    };
    const upstream = sockets.connect(parseEndpoint(`127.0.0.1:${port}`), {
      ...silent,
      onDatagram: (bytes) => {
        heard.push(new TextDecoder().decode(bytes));
        if (heard.length < 3) upstream.send(bytes);
        else stopBlocking(transport.blockingHandle);
      },
    });
    let turns = 0;
    upstream.send(new TextEncoder().encode("round"));
    runConnected(sockets, transport, { waitMs: 20, onTurn: () => (turns += 1) });
    expect(heard).toEqual(["round", "round", "round"]);
    expect(turns).toBeGreaterThanOrEqual(3);
  });

  it("asks before each turn how long it may wait, and brings that within its bounds", async () => {
    const { transport, sockets } = await open();
    const asked = [NaN, -1, 0, 1, 1e9];
    const waited: number[] = [];
    const turn = sockets.turn.bind(sockets);
    sockets.turn = (ms) => {
      waited.push(ms);
      return turn(0);
    };
    runConnected(sockets, transport, {
      waitMs: () => asked[waited.length]!,
      onTurn: () => {
        if (waited.length === asked.length) stopBlocking(transport.blockingHandle);
      },
    });
    expect(waited).toEqual([0, 0, 0, 1, 100]);
  });

  it("ends when the transport is closed, and by what a callback throws; then it can go on", async () => {
    const { transport, sockets } = await open();
    const run = (onTurn: () => void): void => {
      runConnected(sockets, transport, { waitMs: 0, onTurn });
    };
    expect(() => {
      run(() => {
        throw new Error("enough");
      });
    }).toThrow("enough");
    let turns = 0;
    run(() => {
      turns += 1;
      if (turns === 3) void transport.close();
    });
    expect(turns).toBe(3);
  });
});

describe.skipIf(!linuxHere)("a descriptor journal", () => {
  it("names what is open, and closes what a thread left when it died", async () => {
    const journal = await DescriptorJournal.create();
    const sockets = await ConnectedSockets.open({ journal: journal.shared });
    // The set; the self-check's socket is closed again.
    expect(journal.open).toHaveLength(1);
    const upstreams = [1, 2, 3].map((port) => sockets.connect(parseEndpoint(`127.0.0.1:${port}`), silent));
    upstreams[1]!.close();
    const left = journal.open;
    expect(left).toHaveLength(3);
    const ours = left.map(openAs).filter((link) => link.startsWith("socket:"));
    expect(ours).toHaveLength(2);
    // As after a kill: nobody closes the sockets themselves.
    expect(journal.closeAll()).toBe(3);
    expect(journal.open).toEqual([]);
    expect(left.map(openAs).filter((link) => ours.includes(link))).toEqual([]);
    expect(journal.closeAll()).toBe(0);
  });

  it("knows of nothing once all is closed in order", async () => {
    const journal = await DescriptorJournal.create();
    const sockets = await ConnectedSockets.open({ journal: journal.shared });
    sockets.connect(parseEndpoint("127.0.0.1:9"), silent);
    expect(journal.open).toHaveLength(2);
    sockets.close();
    expect(journal.open).toEqual([]);
  });
});
