import { attachRegion } from "@udp-relay/atomics-layout";
import { allocate } from "@udp-relay/atomics-layout/memory";
import { describe, expect, it } from "vitest";
import { layOut } from "../src/region-plan.ts";
import { runThreads, sibling } from "./threads.ts";

describe("threads that race to initialise one memory", () => {
  it("all find the same sound region", async () => {
    const plan = { name: "raced", hash: 3, capacity: 9, sections: [{ name: "cells", byteLength: 64 }] };
    const memories = Array.from({ length: 300 }, () => allocate(layOut(plan).byteLength));
    const threads = 3;
    const gate = new Int32Array(new SharedArrayBuffer(8));
    const task = { memories, gate, threads, plan };
    const found = await runThreads<string[]>(
      sibling("initializing-worker", import.meta.url),
      Array.from({ length: threads }, () => task),
    );
    memories.forEach((memory, i) => {
      const region = attachRegion({ kind: "@udp-relay/atomics-layout", memory }, plan);
      expect(found.map((keys) => keys[i])).toEqual(new Array(threads).fill(region.hashKeys.join()));
    });
    expect(new Set(found[0]).size).toBe(memories.length);
  });
});
