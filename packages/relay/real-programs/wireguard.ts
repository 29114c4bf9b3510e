import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, mustRun, needs, pause, run, type Running, Skipped, start, until } from "./program.ts";
import { lostBy, startProxy } from "./proxy-process.ts";

const SECONDS = 3;
const PORT = 51_820;
/** The tunnels' devices have names of their own: wireguard-go's control socket is one for all namespaces.
 * Addresses for documentation (RFC 5737), in namespaces of our own that lead nowhere else. */
const CLIENT = { name: "client", device: `wgc${process.pid}`, outer: "192.0.2.1", inner: "198.51.100.1" };
const SERVER = { name: "server", device: `wgs${process.pid}`, outer: "192.0.2.5", inner: "198.51.100.2" };
const PROXY = { toClient: "192.0.2.2", toServer: "192.0.2.6" };

interface Key {
  readonly file: string;
  readonly publicKey: string;
}

/**
 * wireguard-go at both ends, each in a network namespace of its own, the proxy in a third between them: iperf3 through
 * the tunnel, TCP and UDP. The proxy counts what WireGuard's own counters tell of losses.
 */
export async function wireguard(): Promise<string> {
  needs("wireguard-go", "wg", "ip", "iperf3");
  const namespaces = new Namespaces();
  try {
    await namespaces.open();
    return await namespaces.measure();
  } finally {
    await namespaces.close();
  }
}

class Namespaces {
  readonly #prefix = `udp-relay-${process.pid}-${randomInt(1_000)}`;
  readonly #folder = mkdtempSync(join(tmpdir(), "udp-relay-wg-"));
  readonly #running: Running[] = [];

  /** @throws Skipped where namespaces or tunnels cannot be made */
  async open(): Promise<void> {
    for (const name of ["client", "proxy", "server"]) {
      const { code, stderr } = await run("ip", ["netns", "add", this.#space(name)]);
      if (code !== 0) throw new Skipped(`network namespaces cannot be made here: ${stderr.trim()}`);
      await this.#in(name, "ip", "link", "set", "lo", "up");
    }
    await this.#join(CLIENT.name, CLIENT.outer, PROXY.toClient);
    await this.#join(SERVER.name, SERVER.outer, PROXY.toServer);
    const [client, server] = [await this.#key("client"), await this.#key("server")];
    for (const end of [CLIENT, SERVER]) {
      const tunnel = start("ip", ["netns", "exec", this.#space(end.name), "wireguard-go", "-f", end.device]);
      this.#running.push(tunnel);
      const here = async (): Promise<boolean> => {
        const { code } = await run("ip", ["netns", "exec", this.#space(end.name), "wg", "show", end.device]);
        return code === 0;
      };
      await until(`a tunnel is there: ${tunnel.stderr()}`, here);
    }
    const tunnel = ({ name, device }: typeof CLIENT, key: Key, peer: Key, ...rest: string[]): Promise<void> =>
      this.#in(name, "wg", "set", device, "private-key", key.file, "peer", peer.publicKey, ...rest);
    await tunnel(SERVER, server, client, "allowed-ips", `${CLIENT.inner}/32`);
    await this.#in(SERVER.name, "wg", "set", SERVER.device, "listen-port", `${PORT}`);
    const endpoint = `${PROXY.toClient}:${PORT}`;
    await tunnel(CLIENT, client, server, "endpoint", endpoint, "allowed-ips", `${SERVER.inner}/32`);
    for (const end of [CLIENT, SERVER]) {
      await this.#in(end.name, "ip", "address", "add", `${end.inner}/24`, "dev", end.device);
      await this.#in(end.name, "ip", "link", "set", end.device, "mtu", "1420", "up");
    }
  }

  async measure(): Promise<string> {
    const proxy = await startProxy(
      `${PROXY.toClient}:${PORT}`,
      [`${SERVER.outer}:${PORT}`],
      ["--measure", "wireguard"],
      ["ip", "netns", "exec", this.#space("proxy")],
    );
    this.#running.push(
      start("ip", ["netns", "exec", this.#space(SERVER.name), "iperf3", "-s", "-B", SERVER.inner]),
    );
    await pause(500);
    const client = ["netns", "exec", this.#space(CLIENT.name), "iperf3", "-c", SERVER.inner, "-J"];
    const length = ["-t", `${SECONDS}`, "-b"];
    const udp = JSON.parse(await mustRun("ip", [...client, "-u", "-l", "1200", ...length, "2M"])) as {
      end: { sum: { packets: number; lost_packets: number } };
    };
    const tcp = JSON.parse(await mustRun("ip", [...client, ...length, "10M"])) as {
      end: { sum_received: { bytes: number; bits_per_second: number } };
    };
    const report = await proxy.stop();
    const { packets, lost_packets } = udp.end.sum;
    const { bytes, bits_per_second } = tcp.end.sum_received;
    const { fromClients, fromBackends } = report.measured!;
    expect(lostBy(report) === undefined, `the proxy dropped: ${lostBy(report)}`);
    expect(lost_packets === 0, `iperf3 -u through the tunnel lost ${lost_packets} of ${packets}`);
    expect(bytes > 1_000_000, `iperf3 through the tunnel brought ${bytes} bytes`);
    expect(report.counts.opened === 1, `${report.counts.opened} sessions were opened`);
    const carried = packets + Math.floor(bytes / 1_400);
    expect(
      fromClients.packets >= carried,
      `${fromClients.packets} transport messages carried ${carried} datagrams`,
    );
    expect(
      fromClients.lost + fromBackends.lost === 0,
      `by its counter ${fromClients.lost} of ${fromClients.packets} and ${fromBackends.lost} of ${fromBackends.packets} were lost`,
    );
    const { rttMs } = report.backends[0]!;
    return `UDP in the tunnel: ${packets}, ${lost_packets} lost; TCP ${(bits_per_second / 1e6).toFixed(1)} Mbit/s; ${fromClients.packets} and ${fromBackends.packets} transport messages, none lost; handshake ${rttMs === null ? "-" : `${rttMs.toFixed(1)} ms`}`;
  }

  async close(): Promise<void> {
    for (const running of this.#running) await running.stop();
    for (const name of ["client", "proxy", "server"]) await run("ip", ["netns", "delete", this.#space(name)]);
    rmSync(this.#folder, { recursive: true });
  }

  #space(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  async #in(name: string, ...command: string[]): Promise<void> {
    await mustRun("ip", ["netns", "exec", this.#space(name), ...command]);
  }

  /** A pair of interfaces between an end and the proxy. */
  async #join(end: string, address: string, proxyAddress: string): Promise<void> {
    const there = `to-${end}`;
    const pair = ["eth0", "netns", this.#space(end), "type", "veth", "peer", "name", there];
    await mustRun("ip", ["link", "add", ...pair, "netns", this.#space("proxy")]);
    for (const [name, device, own] of [
      [end, "eth0", address],
      ["proxy", there, proxyAddress],
    ] as const) {
      await this.#in(name, "ip", "address", "add", `${own}/30`, "dev", device);
      await this.#in(name, "ip", "link", "set", device, "up");
    }
  }

  async #key(name: string): Promise<Key> {
    const file = join(this.#folder, name);
    writeFileSync(file, await mustRun("wg", ["genkey"]), { mode: 0o600 });
    const publicKey = (await mustRun("sh", ["-c", `wg pubkey < '${file}'`])).trim();
    return { file, publicKey };
  }
}
