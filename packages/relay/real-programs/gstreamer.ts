import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, freePorts, mustRun, needs, pause, run, Skipped, start, until } from "./program.ts";
import { lostBy, startProxy } from "./proxy-process.ts";

const PACKETS = 250;
const SAMPLES_A_PACKET = 160;
const CAPS = "application/x-rtp,media=audio,clock-rate=8000,encoding-name=PCMU,payload=0";

/** gst-launch-1.0 plays G.711 to gst-launch-1.0 through the proxy: what is written at the end is what was played, byte for byte. */
export async function gstreamer(): Promise<string> {
  needs("gst-launch-1.0", "gst-inspect-1.0");
  for (const element of ["audiotestsrc", "mulawenc", "rtppcmupay", "udpsrc"]) {
    if ((await run("gst-inspect-1.0", [element])).code !== 0)
      throw new Skipped(`GStreamer has no ${element}`);
  }
  const folder = mkdtempSync(join(tmpdir(), "udp-relay-gst-"));
  const [sent, received] = [join(folder, "sent"), join(folder, "received")];
  const port = await freePorts();
  const receiver = start("gst-launch-1.0", [
    ...["udpsrc", "address=127.0.0.1", `port=${port}`, `caps=${CAPS}`, "!", "rtppcmudepay"],
    ...["!", "filesink", `location=${received}`, "buffer-mode=unbuffered"],
  ]);
  try {
    await pause(1_000);
    const proxy = await startProxy("127.0.0.1:0", [`127.0.0.1:${port}`], ["--measure", "rtp"]);
    await mustRun("gst-launch-1.0", [
      ...["audiotestsrc", "is-live=true", "wave=white-noise", `num-buffers=${PACKETS}`],
      ...[`samplesperbuffer=${SAMPLES_A_PACKET}`, "!", "audio/x-raw,rate=8000,channels=1", "!", "mulawenc"],
      ...["!", "tee", "name=t", "t.", "!", "queue", "!", "filesink", `location=${sent}`],
      ...["t.", "!", "queue", "!", "rtppcmupay", "min-ptime=20000000", "max-ptime=20000000"],
      ...["!", "udpsink", "host=127.0.0.1", `port=${proxy.port}`],
    ]);
    const bytes = statSync(sent).size;
    await until("all samples have arrived", () => statSync(received).size === bytes);
    const report = await proxy.stop();
    await receiver.stop("SIGINT");
    const same = await run("cmp", [sent, received]);
    expect(same.code === 0, `what arrived is not what was sent: ${same.stdout}`);
    expect(lostBy(report) === undefined, `the proxy dropped: ${lostBy(report)}`);
    const { packets, lost, worstJitterMs } = report.measured!.fromClients;
    expect(packets === PACKETS && lost === 0, `the proxy measured ${packets} packets, ${lost} lost`);
    return `${packets} packets, ${bytes} bytes of sound the same on both sides; jitter ${worstJitterMs!.toFixed(2)} ms`;
  } finally {
    await receiver.stop("SIGKILL");
    rmSync(folder, { recursive: true });
  }
}
