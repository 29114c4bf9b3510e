import { createSocket, type Socket } from "node:dgram";
import type { ProxyReport } from "@udp-relay/relay";
import { expect, freePorts, mustRun, needs, pause, run, Skipped, start } from "./program.ts";
import { lostBy, startProxy } from "./proxy-process.ts";

/** G.711 (payload type 0). */
const CLOCK_HZ = 8_000;
/** The receiver reports each 5 s or so, somewhat at random (RFC 3550, 6.2). */
const SECONDS = 11;
/** An RTP header and 20 ms. */
const PACKET_BYTES = 172;
const DROP_EVERY = 40;
/**
 * Two measurements of the same jitter, a proxy and some seconds apart, on a machine that does other things meanwhile.
 * ffmpeg sends seven packets at once, so there is a lot of it: some 30 ms.
 */
const JITTER_TOLERANCE_MS = 10;
const RECEIVER_REPORT = 201;

/** What the receiver said of the stream in its last report, and what had been dropped by then. */
interface Reported {
  reports: number;
  lost: number;
  dropped: number;
  jitterMs: number;
}

/**
 * ffmpeg plays to GStreamer's rtpbin, RTP and RTCP through a proxy each. Between player and proxy every 40th packet is
 * lost: what the receiver reports in RTCP has to be what the proxy has measured.
 */
export async function rtp(): Promise<string> {
  needs("ffmpeg", "gst-launch-1.0", "gst-inspect-1.0");
  if ((await run("gst-inspect-1.0", ["rtpbin"])).code !== 0) throw new Skipped("GStreamer has no rtpbin");
  const sockets: Socket[] = [];
  const last: Reported = { reports: 0, lost: 0, dropped: 0, jitterMs: 0 };
  let packets = 0;
  let dropped = 0;
  const reports = await open(sockets, (bytes) => {
    if (readReport(bytes, last)) last.dropped = dropped;
  });
  const port = await freePorts();
  const caps = `application/x-rtp,media=audio,clock-rate=${CLOCK_HZ},encoding-name=PCMU,payload=0`;
  const udp = ["udpsrc", "address=127.0.0.1"];
  const receiver = start("gst-launch-1.0", [
    ...[
      "rtpbin",
      "name=b",
      ...udp,
      `port=${port}`,
      `caps=${caps}`,
      "!",
      "b.recv_rtp_sink_0",
      "b.",
      "!",
      "rtppcmudepay",
      "!",
      "fakesink",
    ],
    ...[
      ...udp,
      `port=${port + 1}`,
      "caps=application/x-rtcp",
      "!",
      "b.recv_rtcp_sink_0",
      "b.send_rtcp_src_0",
    ],
    ...["!", "udpsink", "host=127.0.0.1", `port=${reports.address().port}`, "sync=false", "async=false"],
  ]);
  try {
    await pause(1_000);
    const measure = ["--measure", "rtp", "--idle-timeout-ms", "20000"];
    const media = await startProxy("127.0.0.1:0", [`127.0.0.1:${port}`], measure);
    const control = await startProxy("127.0.0.1:0", [`127.0.0.1:${port + 1}`], measure);
    const mediaWay = await way(sockets, media.port, () => {
      packets += 1;
      // Not the first ones: the receiver takes two in a row for a stream (RFC 3550, A.1).
      const drop = packets % DROP_EVERY === 20;
      if (drop) dropped += 1;
      return !drop;
    });
    const controlWay = await way(sockets, control.port, () => true);
    const url = `rtp://127.0.0.1:${mediaWay}?rtcpport=${controlWay}&pkt_size=${PACKET_BYTES}`;
    const quiet = ["-hide_banner", "-nostdin", "-loglevel", "warning"];
    const source = [
      "-re",
      "-f",
      "lavfi",
      "-i",
      `sine=frequency=440:sample_rate=${CLOCK_HZ}`,
      "-t",
      `${SECONDS}`,
    ];
    await mustRun("ffmpeg", [...quiet, ...source, "-c:a", "pcm_mulaw", "-f", "rtp", url]);
    await pause(500);
    const [mediaReport, controlReport] = [await media.stop(), await control.stop()];
    await receiver.stop("SIGINT");
    return verdict(mediaReport, controlReport, packets, dropped, last);
  } finally {
    for (const socket of sockets) socket.close();
    await receiver.stop("SIGKILL");
  }
}

function verdict(
  media: ProxyReport,
  control: ProxyReport,
  packets: number,
  dropped: number,
  { reports, lost, dropped: droppedThen, jitterMs: theirs }: Reported,
): string {
  const { fromClients } = media.measured!;
  const ours = fromClients.worstJitterMs ?? Number.NaN;
  expect(packets >= (SECONDS - 1) * 50, `ffmpeg sent ${packets} packets`);
  expect(lostBy(media) === undefined, `the proxy dropped: ${lostBy(media)}`);
  expect(
    fromClients.packets === packets && fromClients.lost === dropped,
    `the proxy measured ${fromClients.packets} packets, ${fromClients.lost} of them lost, not ${packets} and ${dropped}`,
  );
  expect(reports >= 1, `the receiver reported ${reports} times`);
  // A loss shows with the packet after it, and the report was on its way for a while.
  expect(
    lost > 0 && lost <= droppedThen && lost >= droppedThen - 2,
    `it reports ${lost} lost, ${droppedThen} were`,
  );
  expect(
    Math.abs(ours - theirs) < JITTER_TOLERANCE_MS,
    `jitter: ${ours} ms here, ${theirs} ms at the receiver`,
  );
  expect(lostBy(control) === undefined, `RTCP's proxy dropped: ${lostBy(control)}`);
  expect(control.backends[0]!.datagramsTo >= 2, `${control.backends[0]!.datagramsTo} sender reports passed`);
  return `${packets} packets, ${dropped} dropped on purpose; lost: proxy ${fromClients.lost}, receiver ${lost} of ${droppedThen} by its last of ${reports} reports; jitter: proxy ${ours.toFixed(2)} ms, receiver ${theirs.toFixed(2)} ms`;
}

/** Forwards to a port what comes and `passes`; returns its own port. */
async function way(sockets: Socket[], to: number, passes: () => boolean): Promise<number> {
  const socket = await open(sockets, (bytes) => {
    if (passes()) socket.send(bytes, to, "127.0.0.1");
  });
  return socket.address().port;
}

async function open(sockets: Socket[], onMessage: (bytes: Buffer) => void): Promise<Socket> {
  const socket = createSocket("udp4");
  sockets.push(socket);
  socket.on("message", onMessage);
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return socket;
}

/** The first report block of a receiver report (RFC 3550, 6.4.2), wherever it stands in the compound packet. */
function readReport(bytes: Buffer, into: Reported): boolean {
  let found = false;
  for (let at = 0; at + 4 <= bytes.length; at += 4 * (bytes.readUInt16BE(at + 2) + 1)) {
    const blocks = bytes[at]! & 31;
    if (bytes[at + 1] !== RECEIVER_REPORT || blocks === 0 || at + 32 > bytes.length) continue;
    found = true;
    into.reports += 1;
    into.lost = bytes.readIntBE(at + 13, 3);
    into.jitterMs = (1_000 * bytes.readUInt32BE(at + 20)) / CLOCK_HZ;
  }
  return found;
}
