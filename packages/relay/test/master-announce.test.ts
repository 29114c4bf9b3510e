import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, expect, it, vi } from "vitest";
import { MasterAnnounce, type Announcement, type RelayLog } from "@udp-relay/relay";

const ANNOUNCEMENT: Announcement = {
  version: 3,
  name: "my; tunnel & more",
  port: 50_001,
  clients: 7,
  maxClients: 200,
  masterPassword: "s3cret",
  maintenance: false,
};

function logOf(): { log: RelayLog; warnings: string[] } {
  const warnings: string[] = [];
  const ignore = (): void => undefined;
  const log = {
    trace: ignore,
    debug: ignore,
    info: ignore,
    error: ignore,
    warn: (fields: object, message: string) => warnings.push(`${message} ${JSON.stringify(fields)}`),
  } as unknown as RelayLog;
  return { log, warnings };
}

/** Repeats only when it is told to. */
function manually(): {
  repeat: (announce: () => void, everyMs: number) => Disposable;
  again(): void;
  everyMs: number;
} {
  const timer = {
    everyMs: 0,
    announce: (): void => undefined,
    again: () => timer.announce(),
    repeat: (announce: () => void, everyMs: number) => {
      timer.announce = announce;
      timer.everyMs = everyMs;
      return { [Symbol.dispose]: () => (timer.announce = () => undefined) };
    },
  };
  return timer;
}

describe("master announce: GET {master}?version=&name=&port=&clients=&maxclients=&masterpw=&maintenance=", () => {
  it("tells a real server at once and every 60 s, with ; removed from the name", async () => {
    const asked: string[] = [];
    const methods: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? "");
      methods.push(request.method ?? "");
      response.end("OK");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/master-announce`;
    const timer = manually();
    const { log, warnings } = logOf();
    let clients = 7;
    const announce = new MasterAnnounce({
      url,
      read: () => ({ ...ANNOUNCEMENT, clients: clients++ }),
      log,
      repeat: timer.repeat,
    });
    expect(await announce.announce()).toBe(true);
    expect(methods).toEqual(["GET", "GET"]);
    expect(timer.everyMs).toBe(60_000);
    const first = new URL(asked[0]!, url);
    expect(first.pathname).toBe("/master-announce");
    expect([...first.searchParams]).toEqual([
      ["version", "3"],
      ["name", "my tunnel & more"],
      ["port", "50001"],
      ["clients", "7"],
      ["maxclients", "200"],
      ["masterpw", "s3cret"],
      ["maintenance", "0"],
    ]);
    announce[Symbol.dispose]();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(warnings).toEqual([]);
  });

  it("says that the tunnel is V2, and that it is in maintenance", async () => {
    const told: URL[] = [];
    using announce = new MasterAnnounce({
      url: "http://master.invalid/?key=1",
      read: () => ({ ...ANNOUNCEMENT, version: 2, maintenance: true }),
      repeat: manually().repeat,
      fetch: (url) => {
        told.push(url);
        return Promise.resolve(new Response("OK"));
      },
    });
    expect(await announce.announce()).toBe(true);
    const { searchParams } = told[0]!;
    expect(["key", "version", "maintenance"].map((name) => searchParams.get(name))).toEqual(["1", "2", "1"]);
  });

  it("gives up after 10 s, and tries again at the next turn", async () => {
    const timeout = new AbortController();
    const limits = vi.spyOn(AbortSignal, "timeout").mockReturnValue(timeout.signal);
    const { log, warnings } = logOf();
    const timer = manually();
    let asked = 0;
    using announce = new MasterAnnounce({
      url: "http://master.invalid/",
      read: () => ANNOUNCEMENT,
      log,
      repeat: timer.repeat,
      // As a master that never answers: only its signal ends a request.
      fetch: (_url, { signal }) =>
        new Promise((_, reject) => {
          asked += 1;
          signal.addEventListener("abort", () => reject(new DOMException("too late", "TimeoutError")));
        }),
    });
    const slow = announce.announce();
    expect(limits.mock.calls).toEqual([[10_000], [10_000]]);
    limits.mockRestore();
    timeout.abort();
    expect(await slow).toBe(false);
    expect(warnings).toHaveLength(2);
    timer.again();
    expect(asked).toBe(3);
  });

  it("failures are logged only, and without the password", async () => {
    const signals: AbortSignal[] = [];
    const outcomes: (() => Promise<Response>)[] = [
      () => Promise.resolve(new Response("no", { status: 500 })),
      () => Promise.reject(new TypeError("fetch failed")),
    ];
    const { log, warnings } = logOf();
    const announce = new MasterAnnounce({
      url: "https://master.invalid/announce?key=hidden",
      read: () => ANNOUNCEMENT,
      log,
      repeat: manually().repeat,
      fetch: (_url, { signal }) => {
        signals.push(signal);
        return (outcomes.shift() ?? outcomes[0] ?? (() => new Promise<never>(() => undefined)))();
      },
    });
    expect(await announce.announce()).toBe(false);
    await new Promise((resolve) => setImmediate(resolve));
    expect(warnings.length).toBe(2);
    expect(warnings.join()).not.toMatch(/s3cret|hidden/);
    announce[Symbol.dispose]();
    expect(signals[0]!.aborted).toBe(true);
  });

  it("is told again and again, and no more once it is disposed of", async () => {
    let told = 0;
    const timer = manually();
    const announce = new MasterAnnounce({
      url: "http://master.invalid/",
      read: () => ANNOUNCEMENT,
      log: logOf().log,
      repeat: timer.repeat,
      fetch: () => {
        told++;
        return Promise.resolve(new Response("OK"));
      },
    });
    timer.again();
    timer.again();
    announce[Symbol.dispose]();
    timer.again();
    await Promise.resolve();
    expect(told).toBe(3);
  });
});
