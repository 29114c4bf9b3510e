/** Collections of the young generation during 1e6 calls: `collections.ts judge | judgeRinfo | format`. Node only. */
import { constants, PerformanceObserver } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { AddressPolicy, formatAddress } from "@udp-relay/address-validation";
import { report } from "../measure.ts";
import { peers, senders, tenThousandPrefixes } from "./peers.ts";

const [operation] = process.argv.slice(2);
const CALLS = 1_000_000;
const deny = tenThousandPrefixes().map(({ address, bits }) => `${address}/${bits}`);
const policy = AddressPolicy.preset("public-only", { deny });
const endpoints = peers(1_024, "both");
const rinfos = senders(endpoints);

const loops: Record<string, (calls: number) => number> = {
  judge(calls) {
    let sum = 0;
    for (let i = 0; i < calls; i++) sum += policy.judge(endpoints[i & 1_023]!);
    return sum;
  },
  judgeRinfo(calls) {
    let sum = 0;
    for (let i = 0; i < calls; i++) sum += policy.judgeRinfo(rinfos[i & 16_383]!);
    return sum;
  },
  format(calls) {
    let sum = 0;
    for (let i = 0; i < calls; i++) sum += formatAddress(endpoints[i & 1_023]!).length;
    return sum;
  },
};
const loop = loops[operation ?? ""];
if (loop === undefined) throw new TypeError(`no operation ${operation}`);

const starts: number[] = [];
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    const { kind } = (entry as unknown as { detail: { kind: number } }).detail;
    if (kind === constants.NODE_PERFORMANCE_GC_MINOR) starts.push(entry.startTime);
  }
});
observer.observe({ entryTypes: ["gc"] });
let sink = 0;
for (let i = 0; i < 50; i++) sink += loop(20_000);
await setTimeout(20);
const begun = performance.now();
sink += loop(CALLS);
const ended = performance.now();
// The entries arrive when the loop has turned.
await setTimeout(20);
const during = starts.filter((start) => start >= begun && start <= ended).length;
report(during, { calls: CALLS, elapsedMs: ended - begun, sink });
