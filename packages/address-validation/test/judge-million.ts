/**
 * Run by no-allocation.test.ts under --trace-gc: judges 1e6 times between two lines of output, between which the
 * engine would report each collection, as often as it is told.
 */
import { AddressPolicy, endpointFromWords, formatAddress } from "../src/index.ts";
import { maskOf } from "../src/prefix.ts";
import { Random } from "./random.ts";

const [operation, windows] = process.argv.slice(2);
const random = new Random(1);
const deny = Array.from({ length: 10_000 }, (_, index) => {
  const bits = index % 2 === 0 ? 104 + random.below(25) : 32 + random.below(33);
  return bits > 96
    ? `${formatAddress(endpointFromWords(0, 0, 0xffff, random.next() & maskOf(bits - 96), 0))}/${bits - 96}`
    : `${formatAddress(endpointFromWords(0x20000000 | random.below(0x10000000), random.next() & maskOf(bits - 32), 0, 0, 0))}/${bits}`;
});
const policy = AddressPolicy.preset("public-only", { deny, own: ["198.41.0.4:50001"] });
const endpoints = Array.from({ length: 1_024 }, (_, index) => {
  const port = 1 + random.below(65_535);
  if (index === 0) return endpointFromWords(0, 0, 0xffff, 0xc6290004, 50_001);
  if (index % 8 === 1) return endpointFromWords(0x64ff9b, 0, 0, random.next(), port);
  if (index % 2 === 0) return endpointFromWords(0, 0, 0xffff, random.next(), port);
  return endpointFromWords(
    0x20000000 | random.below(0x10000000),
    random.next(),
    random.next(),
    random.next(),
    port,
  );
});
const rinfos = endpoints.map((endpoint) => ({ address: formatAddress(endpoint), port: endpoint.port }));

function judge(times: number): number {
  let refused = 0;
  for (let i = 0; i < times; i++) if (policy.judge(endpoints[i & 1_023]!) !== 0) refused++;
  return refused;
}

function judgeRinfo(times: number): number {
  let refused = 0;
  for (let i = 0; i < times; i++) if (policy.judgeRinfo(rinfos[i & 1_023]!) !== 0) refused++;
  return refused;
}

function allocate(times: number): number {
  let sum = 0;
  for (let i = 0; i < times; i++) sum += formatAddress(endpoints[i & 1_023]!).length;
  return sum;
}

const run = operation === "judge" ? judge : operation === "judgeRinfo" ? judgeRinfo : allocate;
// Several windows: how long it takes until all of it is optimised is up to the machine's load.
for (let window = 0; window < Number(windows); window++) {
  for (let i = 0; i < 20; i++) run(20_000);
  await new Promise((resolve) => setTimeout(resolve, 20));
  console.log("begin");
  const counted = run(1_000_000);
  console.log("end", counted);
}
