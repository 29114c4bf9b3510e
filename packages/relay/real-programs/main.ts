// npm run example packages/relay/real-programs/main.ts [-- NAME…]: programs that know nothing of a proxy, through `udp-relay proxy` in a process of its own.
import { dns } from "./dns.ts";
import { iperf } from "./iperf.ts";
import { Skipped } from "./program.ts";
import { gstreamer } from "./gstreamer.ts";
import { rtp } from "./rtp.ts";
import { wireguard } from "./wireguard.ts";

const cases: Readonly<Record<string, () => Promise<string>>> = { dns, iperf, rtp, gstreamer, wireguard };

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !Object.hasOwn(cases, name));
if (unknown !== undefined)
  throw new Error(`there is no case "${unknown}", allowed: ${Object.keys(cases).join(", ")}`);

const counts = { passed: 0, failed: 0, skipped: 0 };
for (const [name, run] of Object.entries(cases)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const startMs = performance.now();
  const say = (outcome: string, words: string): void => {
    const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
    console.log(`${outcome.padEnd(7)} ${name.padEnd(10)} ${seconds.padStart(5)} s  ${words}`);
  };
  try {
    say("passed", await run());
    counts.passed += 1;
  } catch (error) {
    const skipped = error instanceof Skipped;
    counts[skipped ? "skipped" : "failed"] += 1;
    say(skipped ? "skipped" : "FAILED", (error as Error).message);
  }
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;
