/** The same operations through a view: `argv[3]` is "generated", "compiled", or "compiled among others". */
import { compileLayout, createRegion, line, u32, type ViewClass } from "@udp-relay/atomics-layout";
import { measure } from "../measure.ts";
import { Client as Generated, type ClientView } from "./client.generated.ts";
import { Client as definition } from "./client.layout.ts";

const variant = process.argv[3];
const Client = variant === "generated" ? Generated : compileLayout(definition);
const region = createRegion(Client, { capacity: 1024 });
const view = new (Client.View as ViewClass<ClientView>)(region);
if (variant === "compiled among others") useOtherLayouts();

const loops: Record<string, (iterations: number) => number> = {
  "compound update": (iterations) => {
    for (let i = 0; i < iterations; i++) view.at(i & 1023).received(100, i);
    return view.at(0).packets;
  },
  "single-writer update": (iterations) => {
    for (let i = 0; i < iterations; i++) {
      view.at(i & 1023).ownSeenMs = i;
      view.addOwnPackets(1);
      view.addOwnBytes(100);
    }
    return view.at(0).ownPackets;
  },
  "add to an atomic u64": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += view.at(i & 1023).addPackets(1);
    return sum;
  },
  "read an atomic u64": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += view.at(i & 1023).packets;
    return sum;
  },
  "add to an atomic u32": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += view.at(i & 1023).addDrops(1);
    return sum;
  },
  "read an atomic u32": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += view.at(i & 1023).seenMs;
    return sum;
  },
  "peek at an atomic u32": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += view.at(i & 1023).peekSeenMs();
    return sum;
  },
  "read a single-writer u64": (iterations) => {
    let sum = 0;
    for (let i = 0; i < iterations; i++) sum += view.at(i & 1023).ownPackets;
    return sum;
  },
  "add to a single-writer u32": (iterations) => {
    for (let i = 0; i < iterations; i++) view.at(i & 1023).addOwnDrops(1);
    return view.at(0).ownDrops;
  },
};

measure(loops[process.argv[2]!]!);

/** Seven more layouts whose accessors run too: the closures that all compiled classes share have then seen them all. */
function useOtherLayouts(): void {
  for (let index = 0; index < 7; index++) {
    const groups = { hot: line({ seenMs: u32, drops: u32 }), own: line({ ownDrops: u32.singleWriter() }) };
    const Other = compileLayout(`Other${index}`, groups);
    const other = new Other.View(createRegion(Other, { capacity: 4 }));
    for (let i = 0; i < 10_000; i++) {
      other.at(i & 3).addDrops(1);
      other.ownDrops = other.peekSeenMs() + other.seenMs;
      other.addOwnDrops(1);
    }
  }
}
