import { bunCase, nodeCase, rustCase } from "../case.ts";
import type { BenchSuite } from "../suite.ts";

const handProgram = new URL("./by-hand.ts", import.meta.url);
const viewProgram = new URL("./by-view.ts", import.meta.url);
const platformProgram = new URL("./platform.ts", import.meta.url);

const CRATE = "crate: set_last_receive_tick_at, update_stats";

const updates: BenchSuite = {
  area: "layout",
  title:
    "One datagram's update of a client's record: tick, packets += 1, bytes += 100; 1,024 records in turn, Node",
  unit: "ns",
  reference: CRATE,
  cases: [
    rustCase(CRATE, "record-update", { args: ["crate"] }),
    rustCase("crate, bytes_out a constant 0", "record-update", { args: ["crate-constant"] }),
    rustCase("Rust: three relaxed atomics", "record-update", { args: ["atomics"] }),
    nodeCase("compound update by hand", handProgram, { args: ["compound update", "class"] }),
    nodeCase("compound update, generated", viewProgram, { args: ["compound update", "generated"] }),
    nodeCase("compound update, compileLayout", viewProgram, { args: ["compound update", "compiled"] }),
    nodeCase("one writer for life, generated", viewProgram, { args: ["single-writer update", "generated"] }),
    nodeCase("Atomics with carry by hand", platformProgram, { args: ["Atomics with carry"] }),
    nodeCase("Atomics on BigInt64Array", platformProgram, { args: ["Atomics on BigInt64Array"] }),
    nodeCase("plain writes (one thread only)", platformProgram, { args: ["plain"] }),
  ],
  goals: [{ case: "compound update, generated", against: CRATE, atMost: 1 }],
  notes: [
    "The crate's second stands still, so that it never folds its bandwidth. update_stats makes three additions; where",
    "bytes_out is a constant 0, the Rust compiler drops one of them. Ours makes two, and is one call into WebAssembly.",
  ],
};

const operations = [
  "compound update",
  "single-writer update",
  "add to an atomic u64",
  "read an atomic u64",
  "add to an atomic u32",
  "read an atomic u32",
  "peek at an atomic u32",
  "read a single-writer u64",
  "add to a single-writer u32",
];

/** One operation in several dresses, each of which checks the slot. */
const dresses = (operation: string, runtime: string, caseOf: typeof nodeCase): BenchSuite => {
  const byView = (name: string, variant: string) => caseOf(name, viewProgram, { args: [operation, variant] });
  const others = "compileLayout, seven other layouts in use";
  return {
    area: "layout",
    title: `${operation}, ${runtime}`,
    unit: "ns",
    reference: "a class written by hand",
    cases: [
      caseOf("a class written by hand", handProgram, { args: [operation, "class"] }),
      byView("generated", "generated"),
      byView("compileLayout", "compiled"),
      ...(operation.includes("u32") ? [byView(others, "compiled among others")] : []),
      caseOf("offsets in place, one region in module constants", handProgram, {
        args: [operation, "constants"],
      }),
    ],
    goals: [{ case: "generated", against: "a class written by hand", atMost: 1.05 }],
  };
};

/** Record updates against Rust and the platform, and generated accessors against the same code written by hand. */
export const suites: readonly BenchSuite[] = [
  updates,
  ...operations.map((operation) => dresses(operation, "Node", nodeCase)),
  dresses("compound update", "Bun", bunCase),
];
