import { connect } from "node:net";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { CncnetV2 } from "@udp-relay/relay";
import { V2Http, type V2HttpOptions } from "../src/cncnet/v2-http.ts";
import { VirtualTunnel } from "./virtual-tunnel.ts";

const open: V2Http[] = [];

afterEach(async () => {
  for (const http of open.splice(0)) await http.close();
});

interface Served {
  readonly tunnel: VirtualTunnel;
  readonly http: V2Http;
  get: (path: string, init?: RequestInit) => Promise<{ status: number; type: string | null; body: string }>;
}

/** The HTTP side on a free TCP port over a tunnel in memory: its clock is the tunnel's. */
async function serve(maxClients = 200, options: Partial<V2HttpOptions> = {}): Promise<Served> {
  const tunnel = new VirtualTunnel({ protocol: new CncnetV2(), maxClients });
  const side = {
    get maintenance(): boolean {
      return tunnel.maintenance;
    },
    set maintenance(on: boolean) {
      tunnel.maintenance = on;
    },
    get clientCount(): number {
      return tunnel.clients.size;
    },
    allot: (count: number) => (tunnel.maintenance ? ("maintenance" as const) : tunnel.allot(count)),
  };
  const http = await V2Http.listen(side, {
    host: "127.0.0.1",
    port: 0,
    maxClients,
    requestsPerMinute: 1_000_000,
    maintenancePassword: "",
    clock: tunnel.clock,
    ...options,
  });
  open.push(http);
  return {
    tunnel,
    http,
    get: async (path, init) => {
      const response = await fetch(`http://127.0.0.1:${http.port}${path}`, init);
      return {
        status: response.status,
        type: response.headers.get("content-type"),
        body: await response.text(),
      };
    },
  };
}

describe("V2 HTTP: GET /request?clients=N", () => {
  it("400 unless 2 <= N <= 8", async () => {
    const { tunnel, get } = await serve();
    for (const query of [
      "",
      "?clients=",
      "?clients=1",
      "?clients=9",
      "?clients=-2",
      "?clients=2.5",
      "?clients=x",
    ])
      expect((await get(`/request${query}`)).status).toBe(400);
    expect(tunnel.clients.size).toBe(0);
  });

  it("200, application/json, [id,id,...]: signed decimals, no spaces, distinct, never 0 and never 32767", async () => {
    const { tunnel, get } = await serve();
    const seen = new Set<number>();
    for (let n = 2; n <= 8; n++) {
      const { status, type, body } = await get(`/request?clients=${n}`);
      expect([status, type]).toEqual([200, "application/json"]);
      expect(body).toMatch(/^\[-?\d+(,-?\d+)+\]$/);
      const ids = JSON.parse(body) as number[];
      expect(ids.length).toBe(n);
      for (const id of ids) {
        expect(id >= -32_768 && id <= 32_766 && id !== 0).toBe(true);
        seen.add(id);
      }
    }
    expect(seen.size).toBe(35);
    expect(tunnel.clients.size).toBe(35);
  });

  it("refusals have a text that says why, as text/plain", async () => {
    const { tunnel, get } = await serve(3);
    const type = "text/plain; charset=utf-8";
    const invalid = { status: 400, type, body: "clients: a number from 2 to 8\n" };
    expect(await get("/request?clients=nine")).toEqual(invalid);
    await get("/request?clients=2");
    expect(await get("/request?clients=2")).toEqual({ status: 503, type, body: "full\n" });
    tunnel.maintenance = true;
    expect(await get("/request?clients=2")).toEqual({ status: 503, type, body: "maintenance\n" });
    expect(await get("/request?clients=1")).toEqual(invalid);
    expect(await get("/maintenance/x")).toEqual({ status: 401, type, body: "unauthorized\n" });
    expect(await get("/nothing")).toEqual({ status: 404, type, body: "not found\n" });
  });

  it("requests at once: each gets all of its ids or none, and nobody another's", async () => {
    const { tunnel, get } = await serve(10);
    const answers = await Promise.all(Array.from({ length: 12 }, () => get("/request?clients=3")));
    const granted = answers.filter(({ status }) => status === 200);
    expect(granted).toHaveLength(3);
    expect(new Set(granted.flatMap(({ body }) => JSON.parse(body) as number[])).size).toBe(9);
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(9);
    expect(tunnel.clients.size).toBe(9);
  });

  it("503 in maintenance, and when used + N > max: all or nothing", async () => {
    const { tunnel, get } = await serve(10);
    expect((await get("/request?clients=8")).status).toBe(200);
    expect((await get("/request?clients=3")).status).toBe(503);
    expect(tunnel.clients.size).toBe(8);
    expect((await get("/request?clients=2")).status).toBe(200);
    tunnel.advance(30_000);
    tunnel.maintenance = true;
    expect((await get("/request?clients=2")).status).toBe(503);
    tunnel.maintenance = false;
    expect((await get("/request?clients=8")).status).toBe(200);
  });
});

describe("V2 HTTP: the other paths", () => {
  it("GET /status says how many slots are free and in use", async () => {
    const { get } = await serve(200);
    await get("/request?clients=5");
    expect(await get("/status")).toEqual({
      status: 200,
      type: "text/plain; charset=utf-8",
      body: "195 slots free.\n5 slots in use.\n",
    });
  });

  it("GET /health says OK", async () => {
    const { get } = await serve();
    expect(await get("/health")).toMatchObject({ status: 200, body: "OK" });
  });

  it("anything else is 404, other methods too", async () => {
    const { get } = await serve();
    for (const path of ["/", "/requests", "/status/", "/maintenance", "//x"])
      expect((await get(path)).status).toBe(404);
    expect((await get("/status", { method: "POST" })).status).toBe(404);
  });

  it("/maintenance/{password}: 200 toggles; 401 when wrong or unset", async () => {
    const closed = await serve();
    expect((await closed.get("/maintenance/")).status).toBe(401);
    expect((await closed.get("/maintenance/test123456")).status).toBe(401);
    const { tunnel, get } = await serve(200, { maintenancePassword: "grün & gut" });
    expect((await get("/maintenance/wrong")).status).toBe(401);
    expect((await get("/maintenance/%")).status).toBe(401);
    expect(tunnel.maintenance).toBe(false);
    expect((await get(`/maintenance/${encodeURIComponent("grün & gut")}`)).status).toBe(200);
    expect(tunnel.maintenance).toBe(true);
    expect((await get(`/maintenance/${encodeURIComponent("grün & gut")}`)).status).toBe(200);
    expect(tunnel.maintenance).toBe(false);
  });
});

describe("V2 HTTP: limits", () => {
  it("4 requests an IP and 60 s, any path counts; over it 429 with Retry-After: 60", async () => {
    const { tunnel, http, get } = await serve(200, { requestsPerMinute: 4 });
    for (const path of ["/nothing", "/health", "/status", "/request?clients=1"])
      expect((await get(path)).status).not.toBe(429);
    const refused = await fetch(`http://127.0.0.1:${http.port}/health`);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
    tunnel.advance(60_000);
    for (let i = 0; i < 4; i++) expect((await get("/health")).status).toBe(200);
    expect((await get("/health")).status).toBe(429);
  });

  it("closes the connection after each response", async () => {
    const { http } = await serve();
    const socket = connect(http.port, "127.0.0.1");
    let text = "";
    socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    socket.write("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(socket, "close");
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(text.toLowerCase()).toContain("connection: close");
    expect(text.endsWith("\r\n\r\nOK")).toBe(true);
  });

  it("answers what is no HTTP, and what is too long, without harm", async () => {
    const { http, get } = await serve();
    for (const junk of ["\0\xff\r\n\r\n", `GET /${"x".repeat(20_000)} HTTP/1.1\r\n\r\n`]) {
      const socket = connect(http.port, "127.0.0.1");
      socket.on("error", () => undefined).on("data", () => undefined);
      socket.write(junk);
      await once(socket, "close");
    }
    expect((await get("/health")).status).toBe(200);
  });

  it.each([
    ...["//", "///", "//[", "/\\\\", "//%", "//a:99999/", "http://["].map((line) => [line, 404]),
    ...["//tunnel/request?clients=2", "/x/../request?clients=2", "/request/?clients=2"].map((line) => [
      line,
      404,
    ]),
    ["/request?clients=%zz", 400],
    ["/request", 400],
    ["/maintenance/%zz", 401],
    ["http://tunnel/health", 200],
    ["HTTP://[/health", 200],
  ])("answers the target %s by %i, and lives", async (line, status) => {
    const { http, get } = await serve();
    const socket = connect(http.port, "127.0.0.1");
    socket.write(`GET ${line} HTTP/1.1\r\nHost: tunnel\r\n\r\n`);
    let answer = "";
    socket.on("data", (bytes: Buffer) => (answer += bytes.toString()));
    await once(socket, "close");
    expect(answer.split("\r\n")[0]).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect((await get("/health")).status).toBe(200);
  });

  it("refuses a TCP port that is taken, by name", async () => {
    const { http } = await serve();
    await expect(serve(200, { port: http.port })).rejects.toMatchObject({ code: "ERR_RELAY_PORT_IN_USE" });
  });
});
