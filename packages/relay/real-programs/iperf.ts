import { createConnection, createServer, type Server } from "node:net";
import { expect, freePorts, mustRun, needs, pause, start } from "./program.ts";
import { lostBy, startProxy } from "./proxy-process.ts";

/** A stream's; a reader that is held up by its machine for half a second finds all of them in its buffer. */
const BITS_PER_SECOND = "1M";
const SECONDS = 4;
const STREAMS = 4;

interface IperfSum {
  readonly packets: number;
  readonly lost_packets: number;
  readonly jitter_ms: number;
}

/**
 * iperf3 -u both ways: four streams are four sessions. Its TCP control connection, to the port of the same number, is
 * no business of a UDP proxy's and goes beside it.
 */
export async function iperf(): Promise<string> {
  needs("iperf3");
  const [listen, backend] = [await freePorts(), await freePorts()];
  const server = start("iperf3", ["-s", "-B", "127.0.0.1", "-p", `${backend}`]);
  const beside = await forwardTcp(listen, backend);
  try {
    await pause(300);
    const proxy = await startProxy(`127.0.0.1:${listen}`, [`127.0.0.1:${backend}`]);
    const sums: string[] = [];
    let packets = 0;
    for (const way of [[], ["-R"]]) {
      const rate = ["-b", BITS_PER_SECOND, "-l", "1200", "-P", `${STREAMS}`, "-t", `${SECONDS}`];
      const said = await mustRun("iperf3", [
        "-u",
        "-c",
        "127.0.0.1",
        "-p",
        `${listen}`,
        "-J",
        ...rate,
        ...way,
      ]);
      const { sum } = (JSON.parse(said) as { end: { sum: IperfSum } }).end;
      expect(sum.packets > 1_000, `iperf3 sent ${sum.packets} datagrams`);
      expect(sum.lost_packets === 0, `iperf3 says that ${sum.lost_packets} of ${sum.packets} were lost`);
      packets += sum.packets;
      const name = way.length === 0 ? "to the server" : "to the client";
      sums.push(`${sum.packets} ${name}, ${sum.lost_packets} lost, jitter ${sum.jitter_ms.toFixed(3)} ms`);
    }
    const report = await proxy.stop();
    expect(lostBy(report) === undefined, `the proxy dropped: ${lostBy(report)}`);
    expect(report.counts.opened === 2 * STREAMS, `${report.counts.opened} sessions were opened`);
    const { datagramsTo, datagramsFrom } = report.backends[0]!;
    // Besides the streams' there is a greeting each way for each stream; what is sent last may be sent after the count.
    const passed = datagramsTo + datagramsFrom;
    const greetings = 2 * 2 * STREAMS;
    expect(passed >= packets + greetings, `${passed} passed the proxy, iperf3 counted ${packets}`);
    return sums.join("; ");
  } finally {
    beside.close();
    await server.stop();
  }
}

function forwardTcp(from: number, to: number): Promise<Server> {
  const server = createServer((incoming) => {
    const outgoing = createConnection(to, "127.0.0.1");
    incoming.pipe(outgoing).pipe(incoming);
    incoming.on("error", () => outgoing.destroy());
    outgoing.on("error", () => incoming.destroy());
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(from, "127.0.0.1", () => {
      resolve(server);
    });
  });
}
