import { QualityAnalyzer } from "@udp-relay/quality-analyzer";
import { gilbertElliott, SimulatedLink } from "@udp-relay/quality-analyzer/simulation";

const link = new SimulatedLink({ seed: 1, delayMs: 40, loss: gilbertElliott(20, 3) }); // 2 %, 3 in a row
const quality = new QualityAnalyzer({ sequenceBits: 16, timestampHz: 8_000 }); // RTP, G.711
for (let sequence = 0; sequence < 5_000; sequence++) {
  const sentMs = sequence * 20;
  if (link.send(172, sentMs) === 0) continue; // lost on the way
  quality.recordSequence(sequence & 0xffff, link.arrivalMs(0), sequence * 160);
  if (sequence % 50 === 0) quality.recordRtt(2 * (link.arrivalMs(0) - sentMs));
}
console.log(quality.lossPerMille ?? "no data", quality.lossWindow); // a rate, and what it rests on
console.log(quality.lossBursts?.meanPackets, quality.jitterMs, quality.rttMs, quality.estimateMos()?.mos);
console.log(link.truth.lossPerMille); // what really happened
